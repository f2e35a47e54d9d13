"""The floors that are processes of their own: a bare Bolt app, a bare RQ worker, a bare Python.

    python -m bench.bare bolt                 SLACK_* in the environment, as the bot has them
    python -m bench.bare worker REDIS_URL
    python -m bench.bare sdks MODULE ...

Each says `ready` on its standard output and lives until its standard input ends.
"""

import importlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

QUEUE: Final = "bench"
LATENESS: Final = "bench:lateness"


def started(due: float) -> None:
    """The bare job: how late it began, into a list in Redis."""
    now = time.time()
    from rq import get_current_job  # noqa: PLC0415 (the bare Bolt app should not import it)

    job = get_current_job()
    if job is not None:
        job.connection.rpush(LATENESS, now - due)


def bolt() -> None:
    """One listener that acknowledges, in an app with the settings of ours."""
    from slack_bolt import Ack, App  # noqa: PLC0415 (each floor imports its own)
    from slack_bolt.adapter.socket_mode import SocketModeHandler  # noqa: PLC0415
    from slack_sdk import WebClient  # noqa: PLC0415

    app = App(
        client=WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]),
        token_verification_enabled=False,
        process_before_response=True,
        listener_executor=ThreadPoolExecutor(32),
        request_verification_enabled=False,
        ignoring_self_events_enabled=False,
    )

    def just_ack(ack: Ack) -> None:
        ack()

    app.command("/prod-access")(just_ack)
    handler = SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"], concurrency=32, ping_interval=5)
    handler.connect()  # type: ignore[no-untyped-call]


def worker(redis_url: str) -> None:
    """RQ's in-process worker as it comes, on one queue."""
    from redis import Redis  # noqa: PLC0415 (as above)
    from rq import SimpleWorker  # noqa: PLC0415

    _end_with_stdin()
    bare = SimpleWorker([QUEUE], connection=Redis.from_url(redis_url))
    _say_ready()
    bare.work(logging_level="ERROR")


def _say_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def _end_with_stdin() -> None:
    def wait() -> None:
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


@contextmanager
def running(*words: str, env: Mapping[str, str] | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """One of these floors as a process, from the moment it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.bare", *words],
        env={**os.environ, **(env or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"the bare {words[0]} did not start")
        yield process
    finally:
        process.communicate()


def main() -> None:
    """Be one of the floors."""
    match sys.argv[1:]:
        case ["bolt"]:
            bolt()
        case ["worker", redis_url]:
            worker(redis_url)
            return
        case ["sdks", *modules]:
            for module in modules:
                importlib.import_module(module)
        case _:
            sys.exit(__doc__)
    _say_ready()
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
