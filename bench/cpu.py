"""What each process of the product spent of the processor: what a busy machine changes least."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.measure import rounded
from bench.stage import Stage

_TICK: Final = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM = 11, 12
"""Where utime and stime stand after the command's name (proc(5))."""


class Meter:
    """Counts from when it is made."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        children = self._stage.world.supervisor.children
        return {name: _spent(child.pid) for name, child in children.items() if child.pid is not None}

    def per(self, count: int) -> Mapping[str, float]:
        """Milliseconds of processor time for each of so many things, by process."""
        spent = {name: now - self._before.get(name, 0.0) for name, now in self._now().items()}
        return {name: rounded(seconds * 1000 / count) for name, seconds in spent.items()}


def _spent(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICK
