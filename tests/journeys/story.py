"""The whole story without a person at the page: asked, approved, used, ended; one JSON object a line.

    python -m tests.journeys.story [--database sqlite|postgresql] [--home .story]

Every process is real, every answer comes from the stand-ins, and the end is proved three ways, apart: ended
early by its holder; workers and clock killed, so the dates alone refuse; the stand-in's dates stopped, so
the workers alone take it away. Exit code 1 when anything was seen that should not be, or not seen.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from datetime import timedelta
from pathlib import Path

from policies.grant import Grant, GrantState
from sandbox.aws.keys import Keys
from sandbox.aws.use import Allowed, Refused
from sandbox.slack.person import Message, Person
from sandbox.world import DidNotHappenError, World
from workers.logs import start_logging

CHANNEL = "C0DB"
WORKERS = ("worker-grant-aws", "worker-revoke-aws", "clock")
PEOPLE = {"ana": "U0ANA", "ben": "U0BEN", "dev": "U0DEV", "ivy": "U0IVY"}
HALF_A_SECOND = timedelta(milliseconds=500)


class Story:
    """Tells each step as it is seen, and remembers whether all were as they should be."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ok = True

    def tell(self, step: str, ok: object, **facts: object) -> None:
        """One line."""
        self.ok = self.ok and bool(ok)
        print(json.dumps({"step": step, "ok": bool(ok), **facts}, ensure_ascii=False), flush=True)  # noqa: T201

    def person(self, name: str) -> Person:
        """Somebody at their Slack client."""
        return self.world.person(PEOPLE[name])

    def can_use(self, name: str, grant: Grant, session: Keys | None = None) -> tuple[bool, str]:
        """Whether AWS lets somebody read with this grant, in an open session or a new one; and its words."""
        keys = session or self.world.people.assume(self.world.aws.person(name), grant.holding, name)
        if isinstance(keys, Refused):
            return False, keys.code
        answer = self.world.people.read(keys)
        return isinstance(answer, Allowed), answer.code if isinstance(answer, Refused) else ""

    def session(self, name: str, grant: Grant) -> Keys:
        """An open session, to be tried again after the end."""
        keys = self.world.people.assume(self.world.aws.person(name), grant.holding, name)
        if isinstance(keys, Refused):
            message = f"{name} could not take on {grant.holding}: {keys.code}"
            raise DidNotHappenError(message)
        return keys

    def grant_of(self, name: str) -> Grant | None:
        """The grant somebody holds or is getting."""
        states = [GrantState.PLANNED, GrantState.GRANTING, GrantState.LIVE]
        with self.world.ledger.reading() as reader:
            found = [grant for grant in reader.grants(states=states) if grant.person == name]
        return found[0] if found else None

    def live(self, name: str) -> Grant | None:
        """The grant somebody holds, once a read from AWS has shown it."""
        grant = self.grant_of(name)
        return grant if grant is not None and grant.state is GrantState.LIVE else None

    def ask(self, name: str, duration: str) -> Message:
        """Ask, and wait for the card."""
        asking = self.person(name)
        asking.types(f"/prod-access prod-db-readonly {duration} INC-42 replication lag", CHANNEL)
        full = {"ana": "Ana Ruiz", "dev": "Dev Patel", "ivy": "Ivy Chen"}[name]
        ben = self.person("ben")
        return self.world.until("the card", lambda: ben.message(CHANNEL, f"Waiting* · {full}"))

    def approve(self, name: str, card: Message) -> Grant:
        """Approve, and wait until it is live."""
        self.person("ben").clicks("Approve", card)
        return self.world.until(f"{name}'s access is live", lambda: self.live(name), seconds=20)


def tell_all(story: Story) -> None:
    """The acts, in order: everything is granted before time moves."""
    early = act_asking(story)
    act_ended_early(story, early)
    by_workers = story.approve("ivy", story.ask("ivy", "15m"))
    by_cloud = story.approve("dev", story.ask("dev", "30m"))
    act_workers_alone(story, by_workers)
    act_cloud_alone(story, by_cloud)
    act_audit(story)


def act_asking(story: Story) -> Grant:
    """Ask, be refused one's own yes, be approved, use it."""
    ana, ben = story.person("ana"), story.person("ben")
    card = story.ask("ana", "1h")
    reply = story.world.until("the reply", lambda: ana.message(CHANNEL, "Asked: prod-db-readonly for 1 h"))
    story.tell("asked", reply.only_you, request=card.shown[-7:], reply=reply.text)
    allowed, code = story.can_use("ana", _not_yet(story, card))
    story.tell("can_use", not allowed, cloud="aws", when="before", allowed=allowed, answer=code)
    ana.clicks("Approve", card)
    no = story.world.until("the answer", lambda: ana.message(CHANNEL, "your own request"))
    story.tell("own_request_refused", no.only_you, reply=no.text)
    started = time.monotonic()
    grant = story.approve("ana", card)
    story.tell("approved", ok=True, seconds=round(time.monotonic() - started, 3))
    live = story.world.until("the live card", lambda: ben.message(CHANNEL, "Live until"))
    story.tell("live", "Approve" not in live.buttons, card=live.text)
    allowed, code = story.can_use("ana", grant)
    story.tell("can_use", allowed, cloud="aws", when="during", allowed=allowed, answer=code)
    how = story.world.until("how to use it", lambda: ana.message("D", "You have prod-db-readonly"))
    story.tell("told_how", "aws configure set profile." in how.shown)
    return grant


def _not_yet(story: Story, card: Message) -> Grant:
    """The grant that the card would become: its role's name is known before the role exists."""
    with story.world.ledger.reading() as reader:
        (request,) = reader.requests(most=1)
    from tests.aws import shop_grant  # noqa: PLC0415 (only its shape is needed)

    made = shop_grant(1, story.world.clock.now())
    holding = made.holding.rsplit("-", 1)[0] + "-" + request.id.removeprefix("pa-")
    return made.model_copy(update={"holding": holding, "request": request.id, "person": card.user})


def act_ended_early(story: Story, grant: Grant) -> None:
    """A one-hour grant is ended by its holder after a moment: open sessions are cut, nothing is left."""
    ana, ben = story.person("ana"), story.person("ben")
    session = story.session("ana", grant)
    ana.types("/prod-access end", CHANNEL)
    story.world.until("no role is left", lambda: not story.world.aws.roles())
    old, new = story.can_use("ana", grant, session), story.can_use("ana", grant)
    refused = not old[0] and not new[0]
    story.tell(
        "can_use", refused, cloud="aws", when="after", allowed=old[0] or new[0], answer=[old[1], new[1]]
    )
    card = story.world.until("the ended card", lambda: ended_card(ben))
    story.tell("ended_early", refused, roles_left=len(story.world.aws.roles()), card=card.text)
    told = story.world.until("the last line of the thread", lambda: told_to_the_end(ben, card))
    in_order = [any(word in line for line in told) for word in ("Asked", "Approved", "Live in AWS", "Ended")]
    story.tell("thread", all(in_order) and len(told) == len(in_order), lines=told)


def ended_card(reader: Person) -> Message | None:
    """The newest card that says its access ended."""
    return next((one for one in reversed(reader.sees(CHANNEL)) if one.text.startswith("Ended")), None)


def told_to_the_end(reader: Person, card: Message) -> list[str] | None:
    """The thread of a card, once its last line says that it ended: it comes after the card is drawn."""
    lines = [line.text for line in reader.thread(card)]
    return lines if lines and "Ended" in lines[-1] else None


def act_workers_alone(story: Story, grant: Grant) -> None:
    """The dates are stopped: after the end AWS would go on for ever, until the workers take it away."""
    world = story.world
    session = story.session("ivy", grant)
    world.aws.stop_dates()
    for name in WORKERS:
        world.supervisor.children[name].signal(signal.SIGSTOP)
    world.clock.move_to(grant.ends_at + HALF_A_SECOND)
    allowed, _ = story.can_use("ivy", grant, session)
    story.tell("dates_stopped", allowed, cloud="aws", allowed=allowed)
    for name in WORKERS:
        world.supervisor.children[name].signal(signal.SIGCONT)
    world.until("the workers took it away", lambda: not _role(story, grant), seconds=30)
    allowed, code = story.can_use("ivy", grant, session)
    story.tell("can_use", not allowed, cloud="aws", when="after", allowed=allowed, answer=code)
    story.tell("ended_by_workers", not allowed, request=grant.request)
    world.aws.mend()


def act_cloud_alone(story: Story, grant: Grant) -> None:
    """Workers and clock are dead: the dates alone refuse, open sessions too, while the role still stands."""
    world = story.world
    session = story.session("dev", grant)
    allowed, _ = story.can_use("dev", grant, session)
    story.tell("can_use", allowed, cloud="aws", when="during", allowed=allowed)
    world.kill(*WORKERS, again=False)
    world.clock.move_to(grant.ends_at + HALF_A_SECOND)
    old, new = story.can_use("dev", grant, session), story.can_use("dev", grant)
    stands = _role(story, grant)
    refused = not old[0] and not new[0]
    story.tell(
        "can_use", refused, cloud="aws", when="after", allowed=old[0] or new[0], answer=[old[1], new[1]]
    )
    story.tell("ended_by_cloud", refused and stands, role_still_stands=stands)
    world.revive(*WORKERS)
    world.until("the role is gone once they are back", lambda: not _role(story, grant), seconds=40)
    story.tell("caught_up", not world.aws.roles(), roles_left=len(world.aws.roles()))


def _role(story: Story, grant: Grant) -> bool:
    return grant.holding in {role["arn"] for role in story.world.aws.roles()}


def act_audit(story: Story) -> None:
    """The log verifies, and every change AWS saw is named in it."""
    world = story.world
    command = [sys.executable, "-m", "cli.main", "audit", "verify", "--json"]
    env = {**os.environ, "DATABASE_URL": world.database_url, "PROD_ACCESS_HOME": str(world.home)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    story.tell(
        "audit", done.returncode == 0, answer=json.loads(done.stdout or "{}"), errors=done.stderr[-500:]
    )
    with world.ledger.reading() as reader:
        named = "\n".join(entry.body for entry in reader.entries())
    unnamed = [call for call in world.aws.log() if call["role"] and f"/{call['role']}" not in named]
    ours = [call for call in unnamed if call["service"] == "iam"]
    story.tell("every_change_named", not ours, changes=len(world.aws.log()), unnamed=ours[:3])


def main() -> int:
    """Tell the story; 0 when everything was as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--home", type=Path, default=Path(".story"))
    asked = parser.parse_args()
    started = time.monotonic()
    start_logging("story", "WARNING")
    given = os.environ.get("DATABASE_URL", "")
    postgres = asked.database == "postgresql" and not given
    with World(asked.home, database_url=given, postgres=postgres) as world:
        story = Story(world)
        kind = world.ledger.engine.dialect.name
        story.tell("up", ok=True, database=kind, seconds=round(time.monotonic() - started, 1))
        try:
            tell_all(story)
        except Exception as error:  # noqa: BLE001 (the boundary of the story: it tells that it broke)
            traceback.print_exc()
            story.tell("broken", ok=False, why=str(error))
        for line in world.errors():
            moved_away = given and "clock_skew" in line  # a database of yours does not follow our clock
            story.tell("error_logged", ok=bool(moved_away), line=line[:500])
    story.tell("story", ok=story.ok, seconds=round(time.monotonic() - started, 1))
    return 0 if story.ok else 1


if __name__ == "__main__":
    sys.exit(main())
