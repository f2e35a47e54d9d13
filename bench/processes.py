"""`processes`: how long each process takes to start, and how much memory it then has.

Each is started once more beside the one that runs, with the same command and environment. A process has
started when the ledger has heard of it, the bot when it is connected to Slack too. Memory is the
proportional set size where the system tells it, else the resident set, a second later.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from bench import bare
from bench.measure import MB, SECONDS, Measure, Row
from bench.stage import Stage
from workers.supervisor import Program

_LEDGER: Final = ("sqlalchemy", "alembic.command", "pydantic", "yaml", "structlog", "typer", "rich.console")
_QUEUE: Final = ("redis", "rq")
_SLACK: Final = ("slack_sdk", "slack_bolt", "slack_bolt.adapter.socket_mode")
SDKS: Final[Mapping[str, tuple[str, ...]]] = {
    "bot": (*_LEDGER, *_QUEUE, *_SLACK),
    "announcer": (*_LEDGER, *_QUEUE, *_SLACK),
    "worker-revoke-aws": (*_LEDGER, *_QUEUE, "boto3", "botocore.config"),
    "clock": (*_LEDGER, *_QUEUE),
}
"""What each process stands on; the floor imports it and no more."""
_GOAL: Final = 2.0
_SETTLED_AFTER: Final = 1.0
_PATIENCE: Final = 60.0


class Started(NamedTuple):
    """Seconds until it was there, and its megabytes a while later."""

    seconds: float
    megabytes: float


def measure(stage: Stage, times: int, processes: tuple[str, ...] = tuple(SDKS)) -> Measure:
    """Start and memory of each process against a bare Python with the same libraries."""
    rows: list[Row] = []
    for name in processes:
        ours = [_start_ours(stage, name) for _ in range(times)]
        floor = [_start_bare(stage, name) for _ in range(times)]
        rows += _rows(name, ours, floor)
    kind = "PSS" if Path("/proc/self/smaps_rollup").exists() else "RSS"
    how = f"Floor: a bare Python that imports the same SDKs. Memory is {kind}; the middle of {times} starts."
    return Measure("processes", how, tuple(rows))


def _rows(name: str, ours: list[Started], floor: list[Started]) -> Iterator[Row]:
    for what, unit, number in (("start", SECONDS, 0), ("memory", MB, 1)):
        mine, bare_one = median(one[number] for one in ours), median(one[number] for one in floor)
        goal, met = f"≤ {_GOAL:g} × bare", mine <= _GOAL * bare_one
        yield Row(f"{name}: {what}", bare_one, mine, unit, goal, met)


def _start_ours(stage: Stage, name: str) -> Started:
    program = stage.world.supervisor.children[name].program
    links = _links(stage)
    started = time.monotonic()
    with _process(program) as pid:
        _wait(lambda: _is_known(stage, pid) and (name != "bot" or _links(stage) > links))
        took = time.monotonic() - started
        time.sleep(_SETTLED_AFTER)
        return Started(took, megabytes(pid))


def _start_bare(stage: Stage, name: str) -> Started:
    started = time.monotonic()
    with bare.running("sdks", *SDKS[name], env=stage.world.clock.env()) as process:
        return Started(time.monotonic() - started, megabytes(process.pid))


@contextmanager
def _process(program: Program) -> Iterator[int]:
    process = subprocess.Popen(
        program.command,
        env={**os.environ, **program.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not look():
        if time.monotonic() > deadline:
            raise TimeoutError("a process did not start")
        time.sleep(0.01)


def _is_known(stage: Stage, pid: int) -> bool:
    with stage.ledger.reading() as reader:
        return any(one.name.endswith(f":{pid}") for one in reader.alive(stage.now().replace(year=2000)))


def _links(stage: Stage) -> int:
    return len(stage.world.page.get("sockets")["connections"])


def megabytes(pid: int) -> float:
    """The memory of a process: its proportional share where it can be read, else what is resident."""
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    file, word = (rollup, "Pss:") if rollup.exists() else (Path(f"/proc/{pid}/status"), "VmRSS:")
    lines = file.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(word)) / 1024
