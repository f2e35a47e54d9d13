"""Runs the pretend AWS by hand, or one of its processes.

python -m sandbox.aws                     start everything, print how to reach it, until interrupted
python -m sandbox.aws proxy STATE         the proxy alone, in front of the emulator of that folder
"""

import argparse
import json
import os
import sys
import threading
from pathlib import Path

from sandbox.aws import names, proxy


def main() -> None:
    """Parses the command line and runs."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.aws", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["all", "proxy"], default="all")
    parser.add_argument("state", nargs="?", type=Path)
    parser.add_argument("--port", type=int, default=0)
    asked = parser.parse_args()
    if asked.what == "proxy":
        _proxy(asked.state, asked.port)
    else:
        _everything(asked.port)


def _proxy(state: Path, port: int) -> None:
    threading.Thread(target=_end_with_starter, daemon=True).start()

    def ready(bound: int) -> None:
        draft = state / "proxy.new"
        draft.write_text(json.dumps({"port": bound}), encoding="utf-8")
        draft.replace(state / "proxy.json")

    proxy.run(state, port, ready)


def _everything(port: int) -> None:
    from sandbox.aws.standin import AwsStandIn  # noqa: PLC0415 - the proxy does without it

    with AwsStandIn(port=port) as aws:
        settings = aws.env(aws.person(names.PEOPLE[0]))
        sys.stdout.write("".join(f"export {name}={value}\n" for name, value in settings.items()))
        sys.stdout.write(f"# as {names.PEOPLE[0]}; the log: {aws.endpoint_url}/_sandbox/log\n")
        sys.stdout.flush()
        threading.Event().wait()


def _end_with_starter() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
