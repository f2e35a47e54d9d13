"""A cloud in memory: the port with nothing behind it, for faults that no stand-in has time for."""

import threading
from collections.abc import Callable, Iterable
from datetime import datetime

from policies.values import CloudName, HoldingKey
from workers.clouds.cloud import Checkup, Cloud, CloudError, Fence, Found, Holding, Place, Seen


class SimulatedCloud(Cloud):
    """What it holds, until when; `before` and `after` run around every change and may raise."""

    name = CloudName("aws")

    def __init__(self) -> None:
        self.held: dict[HoldingKey, datetime] = {}
        self.known: dict[HoldingKey, Holding] = {}
        self.changes: list[tuple[str, HoldingKey]] = []
        self.before: Callable[[str, Holding], None] = lambda _verb, _holding: None
        self.after: Callable[[str, Holding], None] = lambda _verb, _holding: None
        self.reading: Callable[[Holding], None] = lambda _holding: None
        self._lock = threading.Lock()

    def _ensure(self, holding: Holding, until: datetime, fence: Fence) -> None:
        fence.check()
        self.before("create", holding)
        with self._lock:
            self.held[holding.key] = until
            self.known[holding.key] = holding
            self.changes.append(("create", holding.key))
        self.after("create", holding)

    def _remove(self, holding: Holding, fence: Fence, *, early: bool) -> None:  # noqa: ARG002 (the port's signature)
        fence.check()
        self.before("delete", holding)
        with self._lock:
            if self.held.pop(holding.key, None) is not None:
                self.changes.append(("delete", holding.key))
        self.after("delete", holding)

    def _look(self, holding: Holding) -> Seen | None:
        self.reading(holding)
        with self._lock:
            until = self.held.get(holding.key)
        return None if until is None else Seen(until, complete=True)

    def _places(self) -> Iterable[Place]:
        return [Place("memory", self._found)]

    def _found(self) -> Iterable[Found]:
        grants = {key: one.grant for key, one in self.known.items()}
        return [
            Found(key, {"grant": grants[key]} if key in grants else {}, until, genuine=True)
            for key, until in self.held.items()
        ]

    def _describe(self, found: Found) -> Holding | None:
        return self.known.get(found.key) if found.key in self.held else None

    def _doctor(self) -> Iterable[Checkup]:
        return [Checkup("simulated", ok=True, detail="in memory")]


def failing(error: CloudError, times: int = 1) -> Callable[[str, Holding], None]:
    """A hook that raises so often, and then no more."""
    left = [times]

    def hook(_verb: str, _holding: Holding) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise error

    return hook
