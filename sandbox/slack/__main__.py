"""`python -m sandbox.slack --port N`: the Slack stand-in as one process."""

import argparse
import sys
from pathlib import Path

from sandbox.slack.server import application, listening, server
from sandbox.slack.slack import Slack
from sandbox.slack.world import meridian, with_people


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.slack", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--people", type=Path, help="JSON with people, channels and usergroups to add or replace"
    )
    parser.add_argument(
        "--rate-scale", type=float, default=1.0, help="multiplies every rate limit; 0 lifts them"
    )
    return parser.parse_args()


def main() -> None:
    """Serve until interrupted."""
    told = _arguments()
    world = with_people(meridian(), told.people) if told.people else meridian()
    slack = Slack.of(world, rate_scale=told.rate_scale)
    listener = listening(told.host, told.port)
    one = server(application(slack), listener)
    sys.stdout.write(
        f"A pretend Slack, team Meridian, at {slack.base_url} (SLACK_API_URL={slack.base_url}/api/)\n"
    )
    sys.stdout.flush()
    one.run(sockets=[listener])


if __name__ == "__main__":
    main()
