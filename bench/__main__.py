"""`python -m bench`: measure, print one JSON object per measure, and with --write put them into the pages."""

import argparse
import json
import logging
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Final

import structlog

import bench
from bench import ask, calls, click, decision, ends, jobs, processes, quiet, report, sweep
from bench.databases import Database, databases
from bench.measure import Measure
from bench.singles import Singles, singles
from bench.sizes import FULL, QUICK, Size
from bench.stage import Stage, staged

NAMES: Final = ("decision", "sweep", "calls", "quiet", "click", "ends", "processes", "ask")
"""In this order: the calls of an approval are counted first while nothing else is live."""


class Run:
    """One run; what several measures need is made when the first of them needs it."""

    def __init__(self, home: Path, size: Size, exits: ExitStack) -> None:
        self.size = size
        self._home = home
        self._exits = exits

    @cached_property
    def databases(self) -> tuple[Database, ...]:
        """SQLite, and a PostgreSQL of our own."""
        return self._exits.enter_context(databases(self._home / "databases"))

    @cached_property
    def stage(self) -> Stage:
        """The whole product in its world."""
        return self._exits.enter_context(staged(self._home / "world", self.size.people))

    @cached_property
    def floor(self) -> list[float]:
        """The lateness of bare jobs."""
        return jobs.lateness(self.stage.world.redis_url, self.size.jobs)

    @cached_property
    def singles(self) -> Singles:
        """Ends and approvals one at a time."""
        return singles(self.stage, self.size)

    def measure(self, name: str) -> Measure:
        """Take one measure."""
        steps: dict[str, Callable[[], Measure]] = {
            "decision": lambda: decision.measure(self.size),
            "sweep": lambda: sweep.measure(self.databases, self.size),
            "quiet": lambda: quiet.measure(self.singles.ends, self.floor, self.size.apart),
            "click": lambda: click.measure(
                self.singles.clicks, click.in_flight(self.stage, self.size.in_flight), self.floor
            ),
            "calls": lambda: calls.measure(self.stage, self.size),
            "ends": lambda: ends.measure(self.databases, self.stage, self.size),
            "processes": lambda: processes.measure(self.stage, self.size.starts),
            "ask": lambda: ask.measure(self.stage, self.size),
        }
        return steps[name]()


def taken(run: Run, names: tuple[str, ...]) -> Iterator[Measure | None]:
    """Each measure as it is taken and printed; None for one that broke."""
    for name in names:
        started = time.monotonic()
        try:
            measure = run.measure(name)
        except Exception as error:  # noqa: BLE001 (the boundary of a measure: the next one is taken all the same)
            traceback.print_exc()
            print(json.dumps({"measure": name, "broken": f"{type(error).__name__}: {error}"}), flush=True)
            yield None
        else:
            told = {**measure.as_json(), "seconds": round(time.monotonic() - started, 1)}
            print(json.dumps(told, ensure_ascii=False), flush=True)
            yield measure


def main() -> int:
    """Measure; 0 unless something broke."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=bench.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="MEASURE", help=f"Of {', '.join(NAMES)}; all by default.")
    parser.add_argument("--quick", action="store_true", help="Smaller numbers, within a minute.")
    parser.add_argument("--write", action="store_true", help="Fill docs/performance.md and the README.")
    parser.add_argument("--home", type=Path, default=Path(".bench"))
    asked = parser.parse_args()
    strange = set(asked.names) - set(NAMES)
    if strange:
        parser.error(f"there is no measure called {', '.join(sorted(strange))}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    names = tuple(name for name in NAMES if name in asked.names or not asked.names)
    with ExitStack() as exits:
        found = list(taken(Run(asked.home, QUICK if asked.quick else FULL, exits), names))
    if asked.write:
        report.write([measure for measure in found if measure is not None], quick=asked.quick)
    return 1 if None in found else 0


if __name__ == "__main__":
    sys.exit(main())
