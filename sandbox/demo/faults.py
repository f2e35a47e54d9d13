"""What can go wrong in the demo, and the sentence of what one should then see.

Only the workers' calls are broken: a person at a cloud, and the cloud view, see it as it is.
"""

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from redis import Redis, RedisError

from sandbox.aws.faults import Kind
from sandbox.azure.faults import Kind as AzureKind
from sandbox.demo.ports import Fault, NotPossibleError
from sandbox.gcp.settings import REAL_LAG
from sandbox.world import World

_OURS: Final = "prod-access"
"""A part of every worker's name, in every cloud."""
_SLOW: Final = 3_000
_ASKED_TO_WAIT: Final = 5
_AZURE_LAG: Final = timedelta(minutes=10)
_NONE: Final = timedelta()
_A_DAY: Final = 86_400

Mend: TypeAlias = Callable[[], object]
"""Takes a fault away again."""


class _Known(NamedTuple):
    title: str
    sentence: str
    momentary: bool = False


_KNOWN: Final[Mapping[str, _Known]] = {
    "azure_refuses": _Known(
        "Azure says no",
        "Approve a request: the card says Not given. What AWS and Google Cloud gave is taken back at once.",
    ),
    "gcp_away": _Known(
        "Google Cloud away",
        "A start waits. On the way out the others end, Google Cloud refuses by its own clock, and 5 min "
        "later the card says stuck.",
    ),
    "aws_slow": _Known(
        "AWS slow, 3 s a call", "The card says starting until AWS shows it, and nothing before."
    ),
    "azure_throttles": _Known(
        "Azure throttles",
        "The workers wait as long as Azure asks; the card says starting. The others are live.",
    ),
    "real_lag": _Known(
        "Real-life lag: Google Cloud 7 min, Azure 10 min",
        "What is there does not work yet, and what is gone may still work: Try says so until you move the "
        "clock 10 min.",
    ),
    "slack_drops": _Known("Slack drops our calls", "Work goes on; cards and threads catch up in order."),
    "kill_worker": _Known(
        "Kill a worker", "Nothing changes: it starts again and goes on where it stopped.", momentary=True
    ),
    "empty_redis": _Known("Empty Redis", "Nothing changes: the ledger knows everything.", momentary=True),
}


class Faults:
    """Those in force, each with the way to take it away; safe to use from several threads."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._on: dict[str, Mend] = {}
        self._victims: Iterator[str] = itertools.cycle(_workers(world))
        self._lock = threading.Lock()

    def all(self) -> tuple[Fault, ...]:
        """Every fault there is, and whether it is in force."""
        return tuple(
            Fault(name, one.title, one.sentence, name in self._on, one.momentary)
            for name, one in _KNOWN.items()
        )

    def put(self, name: str, *, on: bool) -> None:
        """Switch one on or off; NotPossibleError when there is none of this name."""
        if name not in _KNOWN:
            raise NotPossibleError(f"There is no fault called {name}.")
        with self._lock:
            if not on:
                self._on.pop(name, lambda: None)()
            elif _KNOWN[name].momentary:
                self._strike(name)
            elif name not in self._on:
                self._on[name] = self._break(name)

    def _strike(self, name: str) -> None:
        if name == "kill_worker":
            self._world.kill(next(self._victims))
            return
        with suppress(RedisError), Redis.from_url(self._world.redis_url, socket_timeout=1) as redis:
            redis.flushall()

    def _break(self, name: str) -> Mend:
        match name:
            case "aws_slow":
                number = self._world.aws.break_calls(Kind.SLOW, who=_OURS, milliseconds=_SLOW)
                return partial(self._world.aws.mend, number)
            case "gcp_away":
                number = self._world.gcp.break_calls(Kind.UNAVAILABLE, who=_OURS)
                return partial(self._world.gcp.mend, number)
            case "slack_drops":
                return self._break_slack()
            case "real_lag":
                return self._lag()
            case _:
                return partial(self._world.azure.mend, self._break_azure(name))

    def _break_azure(self, name: str) -> int:
        azure = self._world.azure
        if name == "azure_throttles":
            return azure.break_calls(AzureKind.THROTTLE, who=_OURS, retry_after=_ASKED_TO_WAIT)
        no = {"status": 403, "code": "AuthorizationFailed"}
        return azure.break_calls(AzureKind.ERROR, ["roleAssignments/write"], who=_OURS, **no)

    def _break_slack(self) -> Mend:
        fault = self._world.page.post("faults", kind="error", status=503, seconds=_A_DAY)
        return lambda: self._world.page.post("faults", clear=fault["id"])

    def _lag(self) -> Mend:
        """Both clouds' documented worst, either way."""
        self._set_lag(REAL_LAG, _AZURE_LAG)
        return lambda: self._set_lag(_NONE, _NONE)

    def _set_lag(self, gcp: timedelta, azure: timedelta) -> None:
        self._world.gcp.lag(gcp)
        self._world.azure.configure(propagation=azure.total_seconds())


def _workers(world: World) -> list[str]:
    return [name for name in world.workers if name.startswith("worker-")]
