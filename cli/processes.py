"""The processes: bot, announcer, worker, clock; all of them at once; and the tables they stand on."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import structlog
import typer
from sqlalchemy.exc import SQLAlchemyError

from cli import wiring
from cli.output import CannotDo, say
from cli.web import NOT_FOR_IT
from policies.values import CloudName
from workers import valkey
from workers.adapters import NotInstalled
from workers.clock import Clock
from workers.heartbeat import Heartbeat
from workers.ledger.migrate import migrate as migrate_tables
from workers.logs import start_logging
from workers.settings import Settings
from workers.supervisor import Program, Supervisor
from workers.wiring import CLOUDS, Hands

log = structlog.get_logger(__name__)


def queues(clouds: Iterable[CloudName]) -> tuple[str, ...]:
    """The queues of these clouds."""
    return tuple(f"{direction}-{cloud}" for cloud in clouds for direction in ("grant", "revoke"))


QUEUES = queues(CLOUDS)
"""The queues a worker can serve."""


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (up, bot, announcer, worker, clock, migrate):
        app.command()(command)


def bot() -> None:
    """Serve Slack: commands, forms and buttons, over Socket Mode."""
    from bot.wiring import Face  # noqa: PLC0415 (only this process and the announcer need Slack)

    given = wiring.settings()
    problem = given.missing()
    if problem:
        raise CannotDo(problem)
    start_logging("bot", given.log_level)
    wiring.ready_ledger(given)
    face = Face(given)
    with Heartbeat(face.shared.ledger, face.shared.name, "bot"):
        face.serve(stop_on_signal())


def announcer() -> None:
    """Tell people what happened: cards, threads, messages."""
    from bot.wiring import face  # noqa: PLC0415 (only this process and the bot need Slack)

    given = wiring.settings()
    problem = given.missing()
    if problem:
        raise CannotDo(problem)
    start_logging("announcer", given.log_level)
    wiring.ready_ledger(given)
    speaking = face()
    with Heartbeat(speaking.shared.ledger, speaking.shared.name, "announcer"):
        speaking.announce_for_ever()


def worker(
    queue: Annotated[str, typer.Argument(help=f"One of {', '.join(QUEUES)}; one worker serves one queue.")],
) -> None:
    """Serve one queue: make or take back what is due in one cloud."""
    if queue not in QUEUES:
        raise CannotDo(f'there is no queue called "{queue}". There are: {", ".join(QUEUES)}.')
    from workers.wiring import hands  # noqa: PLC0415 (the one that the tasks use)
    from workers.worker import serve  # noqa: PLC0415 (rq takes a while to import)

    given = wiring.settings()
    start_logging(f"worker {queue}", given.log_level)
    wiring.ready_ledger(given)
    mine = hands()
    try:
        mine.warm(queue)
    except NotInstalled as error:
        raise CannotDo(f"{error}.") from error
    with Heartbeat(mine.ledger, mine.name, queue):
        on_purpose = serve(given, queue)
    if not on_purpose:
        raise typer.Exit(1)


def clock() -> None:
    """Wake what is due and lapse what is late; any number of clocks may run."""
    given = wiring.settings()
    start_logging("clock", given.log_level)
    wiring.ready_ledger(given)
    mine = Hands(given)
    ticking = Clock(
        mine.ledger,
        CLOUDS,
        nudge=mine.bells.nudge,
        drain=mine.drain,
        reconcile=mine.reconcile,
        chores=mine.chores(),
    )
    with Heartbeat(mine.ledger, mine.name, "clock"):
        ticking.run(stop_on_signal())


def migrate() -> None:
    """Create or upgrade the ledger's tables."""
    given = wiring.settings()
    engine = wiring.engine_of(given)
    try:
        migrate_tables(engine)
    except SQLAlchemyError as error:
        raise CannotDo(f"the ledger's database cannot be reached: {type(error).__name__}") from error
    engine.dispose()
    say("The ledger is up to date.")


def up() -> None:
    """Run everything here, supervised: bot, announcer, workers, clock, web, and Redis if none is given."""
    given = wiring.settings()
    problem = given.missing()
    if problem:
        raise CannotDo(problem)
    start_logging("up", given.log_level)
    given.home.mkdir(parents=True, exist_ok=True)
    programs, env = everything(given, Hands(given).clouds_in_use())
    supervisor = Supervisor(programs)
    if "redis" in supervisor.children:
        supervisor.start("redis")
        wait_for_redis(env["REDIS_URL"])
    if given.database_url:
        migrate()
    wiring.ready_ledger(given)
    supervisor.start()
    supervisor.run(stop_on_signal())


def everything(given: Settings, clouds: Iterable[CloudName] = CLOUDS) -> tuple[list[Program], dict[str, str]]:
    """The programs of one machine, and what their environment needs: a Redis of our own if none is given."""
    env: dict[str, str] = {}
    programs: list[Program] = []
    if not given.redis_url:
        try:
            redis, url = valkey.program(given.home, given.keys[0])
        except valkey.NoServer as error:
            raise CannotDo(str(error)) from error
        programs.append(redis)
        env["REDIS_URL"] = url
    return [*programs, *product(env, clouds)], env


def product(env: dict[str, str], clouds: Iterable[CloudName] = CLOUDS) -> list[Program]:
    """The processes of prod-access itself: a worker each way for every cloud in use."""
    workers = [("worker", queue) for queue in queues(clouds)]
    commands = [("bot",), ("announcer",), *workers, ("clock",), ("web",)]
    start = (sys.executable, "-m", "cli.main")
    root = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    env = {"PYTHONPATH": path, **env}
    return [Program("-".join(words), (*start, *words), {**env, **_without(words)}) for words in commands]


def _without(words: tuple[str, ...]) -> dict[str, str]:
    """What a program is not to find in its environment."""
    return dict.fromkeys(NOT_FOR_IT, "") if words == ("web",) else {}


def wait_for_redis(url: str, seconds: float = 10.0) -> None:
    """Wait until our own Redis takes commands; CannotDo when it does not."""
    deadline = time.monotonic() + seconds
    while not valkey.answers(url):
        if time.monotonic() > deadline:
            raise CannotDo("the built-in Redis did not start; its log is above.")
        time.sleep(0.02)


def stop_on_signal() -> threading.Event:
    """An event that is set once somebody asks this process to end."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
