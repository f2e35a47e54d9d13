"""What was really tried with somebody's access: the demo's steps are ticked by it, in every window."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.demo.ports import Tried, Used

_REMEMBERED = 50


@dataclass(frozen=True)
class Proof:
    """One real call and the cloud's answer; `seq` grows, `at` is the machine's own time."""

    seq: int
    at: float
    person: str
    cloud: str
    request: str | None
    allowed: bool
    code: str
    message: str
    call: str


class Proofs:
    """The last of them, for as long as the server runs."""

    def __init__(self) -> None:
        self._proofs: deque[Proof] = deque(maxlen=_REMEMBERED)
        self._seq = 0

    def tried(self, person: str, cloud: str, request: str | None, tried: Tried) -> None:
        """Somebody pressed Try."""
        self._add(person, cloud, request, tried)

    def used(self, person: str, lines: Sequence[str], used: Used) -> None:
        """Somebody ran the lines of a message."""
        self._add(person, used.cloud, used.request, Tried(used.ok, "", used.output, lines[-1]))

    def newest(self) -> list[Proof]:
        """All of them, the oldest first."""
        return list(self._proofs)

    def _add(self, person: str, cloud: str, request: str | None, tried: Tried) -> None:
        self._seq += 1
        self._proofs.append(
            Proof(
                self._seq,
                time.time(),
                person,
                cloud,
                request,
                tried.allowed,
                tried.code,
                tried.message,
                tried.call,
            )
        )
