"""The state of the world, read by one at a time however many pages ask, and never waited for long."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool

from sandbox.demo.ports import State

_PATIENCE = 1.0
_YOUNG = 0.4


class Reading:
    """The last state that was read, read anew when somebody asks and it is not young any more."""

    def __init__(self, read: Callable[[], State]) -> None:
        self._read = read
        self._last: State | None = None
        self._last_at = 0.0
        self._under_way: asyncio.Task[None] | None = None

    async def now(self, *, fresh: bool) -> State:
        """The state now; the last one where reading takes long. `fresh` waits for one begun after this."""
        if fresh and self._under_way is not None:
            await asyncio.wait([self._under_way])
        if fresh or self._last is None or asyncio.get_running_loop().time() - self._last_at > _YOUNG:
            await self._wait(None if fresh or self._last is None else _PATIENCE)
        if self._last is None:
            raise RuntimeError("the state of the world could not be read")
        return self._last

    async def _wait(self, patience: float | None) -> None:
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._refresh())
        done, _still = await asyncio.wait([self._under_way], timeout=patience)
        for task in done:
            task.result()

    async def _refresh(self) -> None:
        self._last = await run_in_threadpool(self._read)
        self._last_at = asyncio.get_running_loop().time()


def plain(value: object) -> Any:  # noqa: ANN401 - any JSON
    """A value of `ports` as JSON: moments and lengths in seconds, `offset` under the name offset_seconds."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if is_dataclass(value):
        return {_named(one.name): plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def _named(name: str) -> str:
    return "offset_seconds" if name == "offset" else name
