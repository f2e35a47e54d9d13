"""The whole story without a person at the page: asked, approved, used, ended; one JSON object a line.

    python -m tests.journeys.story [--database sqlite|postgresql] [--home .story]

One request gives access in AWS, Google Cloud and Azure. Every process is real and every answer comes from the
stand-ins: a person really calls each cloud, before, during and after. The end is proved apart: ended early by
its holder; workers and clock killed, so what each cloud knows of the end refuses alone (Azure's direct
assignments know of none, and it is said); the clouds' dates stopped, so the workers alone take it away. In
between it is extended, and once a cloud says no and nothing is left in any of the three. At last a pager
rings: an emergency starts in its incident, ends with it, and is reviewed. Exit code 1 when anything was seen
that should not be, or not seen.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from policies.catalogue import Role
from policies.entitlements import holding_key, resolve
from policies.files import load
from policies.grant import Grant, GrantState
from policies.incident import IncidentState
from policies.values import IncidentId, PersonId, RequestId, RoleName
from sandbox.aws.faults import Kind
from sandbox.organisation import CONSOLE
from sandbox.slack.person import Message, Outcome, Person
from sandbox.world import CLOUDS, DidNotHappenError, World
from tests.builders import grant as any_grant
from tests.journeys.clouds import Tried, clouds_of
from workers.ledger import incidents
from workers.logs import start_logging

CHANNEL: Final = "C0DB"
ROLE: Final = RoleName("prod-db-readonly")
PEOPLE: Final = {"ana": "U0ANA", "ben": "U0BEN", "emi": "U0EMI"}
SECURITY: Final = "C0SECURITY"
NAMES: Final = {"ana": "Ana Ruiz"}
THREE: Final = ("aws", "gcp", "azure")
"""What the role reaches."""
NO_END_OF_ITS_OWN: Final = {"azure"}
"""Where nothing ends by itself: a direct role assignment carries no date."""
HALF_A_SECOND: Final = timedelta(milliseconds=500)

Held = Mapping[str, Grant]
"""Somebody's grants, by cloud."""
Sessions = Mapping[str, Any]


class Story:
    """Tells each step as it is seen, and remembers whether all were as they should be."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clouds = clouds_of(world)
        self.ok = True

    def tell(self, step: str, ok: object, **facts: object) -> None:
        """One line."""
        self.ok = self.ok and bool(ok)
        print(json.dumps({"step": step, "ok": bool(ok), **facts}, ensure_ascii=False), flush=True)  # noqa: T201

    def person(self, name: str) -> Person:
        """Somebody at their Slack client."""
        return self.world.person(PEOPLE[name])

    def can_use(self, name: str, held: Held, when: str, *, expected: bool, sessions: Sessions) -> bool:
        """Really use every cloud, in the open sessions and in new ones; whether all answered as expected."""
        fine = []
        for name_of_cloud, grant in held.items():
            cloud, session = self.clouds[name_of_cloud], sessions.get(name_of_cloud)
            tried = [cloud.tries(name, grant), *([cloud.tries(name, grant, session)] if session else [])]
            fine.append(all(one.allowed is expected for one in tried))
            allowed = any(one.allowed for one in tried)
            self.tell("can_use", fine[-1], cloud=cloud.name, when=when, allowed=allowed, answer=_codes(tried))
        return all(fine)

    def open(self, name: str, held: Held) -> dict[str, Any]:
        """An open session in each cloud, to be tried again after the end."""
        return {cloud: self.clouds[cloud].open(name, grant) for cloud, grant in held.items()}

    def held(self, name: str, *states: GrantState) -> dict[str, Grant]:
        """The grants of somebody that are in these states."""
        with self.world.ledger.reading() as reader:
            found = reader.grants(states=states)
        return {grant.cloud: grant for grant in found if grant.person == name}

    def live(self, name: str, clouds: Collection[str] = THREE) -> Held | None:
        """What somebody holds, once reads have shown all of it."""
        held = self.held(name, GrantState.LIVE)
        return held if set(held) == set(clouds) else None

    def standing(self) -> dict[str, list[str]]:
        """What of ours stands anywhere."""
        found = {name: sorted(cloud.standing()) for name, cloud in self.clouds.items()}
        return {name: keys for name, keys in found.items() if keys}

    def until_taken(self, act: Callable[[], Outcome]) -> None:
        """Do it again while Slack says that the app did not answer.

        To Slack's client a jump of time looks like a silence: some seconds later it connects anew, and what
        is pressed in that moment is lost, as it would be in a real network.
        """
        self.world.until("Slack took it", lambda: act().acked, seconds=20)

    def ask(self, name: str, duration: str, role: str = ROLE) -> Message:
        """Ask, and wait for the card."""
        open_still = [state for state in GrantState if state is not GrantState.GONE]
        self.world.until("the ledger knows of the end", lambda: not self.held(name, *open_still), seconds=30)
        line = f"/prod-access {role} {duration} INC-42 replication lag"
        self.until_taken(lambda: self.person(name).types(line, CHANNEL))
        ben = self.person("ben")
        return self.world.until("the card", lambda: ben.message(CHANNEL, f"Waiting* · {NAMES[name]}"))

    def approve(self, name: str, card: Message, clouds: Collection[str] = THREE) -> Held:
        """Approve, and wait until it is live everywhere."""
        self.until_taken(lambda: self.person("ben").clicks("Approve", card))
        return self.world.until(f"{name}'s access is live", lambda: self.live(name, clouds), seconds=20)

    def nothing_stands(self, *, seconds: float = 20) -> None:
        """Wait until nothing of ours is left in any cloud."""
        self.world.until("nothing is left", lambda: not self.standing(), seconds=seconds)


def _codes(tried: list[Tried]) -> list[str]:
    return [one.code for one in tried if one.code]


def tell_all(story: Story) -> None:
    """The acts, in order."""
    held = act_asking(story)
    act_extended(story, held)
    act_ended_early(story, held)
    act_rolled_back(story)
    act_workers_alone(story, story.approve("ana", story.ask("ana", "15m")))
    act_clouds_alone(story, story.approve("ana", story.ask("ana", "30m")))
    act_identity_center(story)
    act_incident(story)
    act_audit(story)


def act_asking(story: Story) -> Held:
    """Ask, be refused one's own yes, be approved, use it in three clouds."""
    ana, ben = story.person("ana"), story.person("ben")
    card = story.ask("ana", "1h")
    reply = story.world.until("the reply", lambda: ana.message(CHANNEL, f"Asked: {ROLE} for 1 h"))
    story.tell("asked", reply.only_you, request=card.shown[-7:], reply=reply.text)
    story.can_use("ana", _not_yet(story), "before", expected=False, sessions={})
    ana.clicks("Approve", card)
    no = story.world.until("the answer", lambda: ana.message(CHANNEL, "your own request"))
    story.tell("own_request_refused", no.only_you, reply=no.text)
    started = time.monotonic()
    held = story.approve("ana", card)
    story.tell("approved", set(held) == set(THREE), seconds=round(time.monotonic() - started, 3))
    live = story.world.until("the live card", lambda: ben.message(CHANNEL, "Live until"))
    story.tell("live", "Approve" not in live.buttons, card=live.text)
    story.can_use("ana", held, "during", expected=True, sessions={})
    how = story.world.until("how to use it", lambda: ana.message("D", f"You have {ROLE}"))
    commands = ("aws configure set profile.", "gcloud ", "az ")
    story.tell("told_how", all(command in how.shown for command in commands))
    return held


def _not_yet(story: Story) -> Held:
    """The grants that the newest request would become: their names are known before anything exists."""
    with story.world.ledger.reading() as reader:
        (request,) = reader.requests(most=1)
    policy = load(story.world.org)
    role, holder = policy.catalogue.get(request.role), policy.people.get(request.beneficiary)
    if role is None or holder is None:
        raise DidNotHappenError(f"{request.id} is for nobody and nothing")
    return {grant.cloud: grant for grant in _would_be(story, role, holder.id, request.id)}


def _would_be(story: Story, role: Role, person: PersonId, request: RequestId) -> list[Grant]:
    policy = load(story.world.org)
    holder = policy.people.get(person)
    found = []
    for entitlement in role.entitlements:
        target = resolve(entitlement, policy.clouds)
        principal = holder.principal_in(target.cloud) if holder else None
        if principal is None:
            raise DidNotHappenError(f"{person} has no account in {target.cloud}")
        key = holding_key(target, principal, role.name, request)
        found.append(any_grant(cloud=target.cloud, principal=principal, entitlement=target, holding=key))
    return found


def act_extended(story: Story, held: Held) -> None:
    """Half an hour more, with a yes: every cloud moves its end first, then the ledger does."""
    ana, ben = story.person("ana"), story.person("ben")
    ana.types("/prod-access extend 30m", CHANNEL)
    card = story.world.until("the live card", lambda: ben.message(CHANNEL, "Live until"))
    asked = story.world.until("the thread asks", lambda: _with_button(ben, card, "Approve"))
    started = time.monotonic()
    ben.clicks("Approve", asked)
    before = {grant.ends_at for grant in held.values()}
    moved = story.world.until("every end has moved", lambda: _moved(story, before), seconds=20)
    longer = {grant.ends_at for grant in moved.values()}
    ok = longer == {max(before) + timedelta(minutes=30)}
    story.tell("extended", ok, seconds=round(time.monotonic() - started, 3), asked=asked.text)
    story.can_use("ana", moved, "during", expected=True, sessions={})


def _with_button(reader: Person, card: Message, button: str) -> Message | None:
    return next((line for line in reader.thread(card) if button in line.buttons), None)


def _moved(story: Story, before: set[Any]) -> Held | None:
    held = story.live("ana")
    return held if held and not before & {grant.ends_at for grant in held.values()} else None


def act_ended_early(story: Story, held: Held) -> None:
    """Ended by its holder long before its time: open sessions are cut, nothing is left anywhere."""
    ana, ben = story.person("ana"), story.person("ben")
    sessions = story.open("ana", held)
    ana.types("/prod-access end", CHANNEL)
    story.nothing_stands()
    refused = story.can_use("ana", held, "after", expected=False, sessions=sessions)
    card = story.world.until("the ended card", lambda: ended_card(ben))
    story.tell("ended_early", refused, left=story.standing(), card=card.text)
    told = story.world.until("the last line of the thread", lambda: told_to_the_end(ben, card))
    words = ("Asked", "Approved", "Live in AWS", "Extended", "Ended")
    in_order = [any(word in line for line in told) for word in words]
    story.tell("thread", all(in_order), lines=told)


def ended_card(reader: Person) -> Message | None:
    """The newest card that says its access ended."""
    return next((one for one in reversed(reader.sees(CHANNEL)) if one.text.startswith("Ended")), None)


def told_to_the_end(reader: Person, card: Message) -> list[str] | None:
    """The thread of a card, once its last line says that it ended: it comes after the card is drawn."""
    lines = [line.text for line in reader.thread(card)]
    return lines if lines and "Ended" in lines[-1] else None


def act_rolled_back(story: Story) -> None:
    """Azure says no for good: what AWS and Google gave already is taken back, and nothing is left."""
    world, ben = story.world, story.person("ben")
    broken = world.azure.break_calls(
        Kind.ERROR, ["roleAssignments/write"], status=403, code="AuthorizationFailed"
    )
    card = story.ask("ana", "20m")
    held = _not_yet(story)
    ben.clicks("Approve", card)
    given = world.until("it is not given", lambda: ben.message(CHANNEL, "Not given"), seconds=20)
    story.nothing_stands()
    world.azure.mend(broken)
    refused = story.can_use("ana", held, "after", expected=False, sessions={})
    story.tell("rolled_back", refused, left=story.standing(), card=given.text)


def act_workers_alone(story: Story, held: Held) -> None:
    """The clouds' dates are stopped: after the end they would go on for ever, until the workers come."""
    world = story.world
    sessions = story.open("ana", held)
    for cloud in story.clouds.values():
        cloud.stop_dates()
    _all(world, signal.SIGSTOP)
    world.clock.move_to(_end(held) + HALF_A_SECOND)
    still = story.can_use("ana", held, "dates_stopped", expected=True, sessions=sessions)
    _all(world, signal.SIGCONT)
    world.until("the workers took it away", lambda: not _stand(story, held), seconds=30)
    refused = story.can_use("ana", held, "after", expected=False, sessions=sessions)
    story.tell("ended_by_workers", still and refused, request=next(iter(held.values())).request)
    for cloud in story.clouds.values():
        cloud.mend()


def act_clouds_alone(story: Story, held: Held) -> None:
    """Workers and clock are dead: what each cloud knows of the end refuses alone, while the grant stands."""
    world = story.world
    sessions = story.open("ana", held)
    story.can_use("ana", held, "during", expected=True, sessions=sessions)
    world.kill(*world.workers, again=False)
    world.clock.move_to(_end(held) + HALF_A_SECOND)
    native = {cloud: grant for cloud, grant in held.items() if cloud not in NO_END_OF_ITS_OWN}
    others = {cloud: grant for cloud, grant in held.items() if cloud in NO_END_OF_ITS_OWN}
    refused = story.can_use("ana", native, "after", expected=False, sessions=sessions)
    stands = _stand(story, held)
    story.tell("ended_by_cloud", refused and stands == set(held), clouds=sorted(native))
    story.can_use("ana", others, "workers_dead", expected=True, sessions=sessions)
    world.revive(*world.workers)
    story.nothing_stands(seconds=40)
    caught_up = story.can_use("ana", held, "after", expected=False, sessions=sessions)
    story.tell("caught_up", caught_up, left=story.standing(), by_workers_only=sorted(others))


def act_identity_center(story: Story) -> None:
    """AWS through Identity Center: nothing there ends by itself, so the workers alone end it, in time."""
    world, clouds = story.world, ["identity-center"]
    held = story.approve("ana", story.ask("ana", "30m", CONSOLE), clouds)
    story.can_use("ana", held, "during", expected=True, sessions={})
    world.kill(*world.workers, again=False)
    world.clock.move_to(_end(held) + HALF_A_SECOND)
    story.can_use("ana", held, "workers_dead", expected=True, sessions={})
    world.revive(*world.workers)
    story.nothing_stands(seconds=40)
    refused = story.can_use("ana", held, "after", expected=False, sessions={})
    card = world.until("the ended card", lambda: ended_card(story.person("ben")))
    story.tell("ended_by_workers_only", refused, cloud=clouds[0], left=story.standing(), card=card.text)


def act_incident(story: Story) -> None:
    """A page, an emergency in its incident, its end by the pager's word, and the review."""
    incident = act_paged(story)
    act_incident_resolved(story, act_emergency(story, incident))
    act_review(story)


def act_paged(story: Story) -> IncidentId:
    """A page makes its incident known."""
    started = time.monotonic()
    story.world.pagers.hand.fire("INC-42", "checkout-api", "checkout is down", "sev2")
    story.world.pagers.webhooks.send()
    live = story.world.until("the incident is live", lambda: _incident(story, IncidentState.LIVE))
    story.tell("paged", live.service == "checkout-api", incident=live.id, seconds=_since(started))
    return live.id


def act_emergency(story: Story, incident: IncidentId) -> Held:
    """It starts at once, and security sees it."""
    world, ana, emi = story.world, story.person("ana"), story.person("emi")
    started = time.monotonic()
    line = f"/prod-access emergency {ROLE} {incident} only this shows which queries hang"
    story.until_taken(lambda: ana.types(line, CHANNEL))
    reply = world.until("the reply", lambda: ana.message(CHANNEL, "Started, until"))
    held = world.until("the emergency is live", lambda: story.live("ana"), seconds=20)
    loud = world.until("security sees it", lambda: emi.message(SECURITY, "EMERGENCY"))
    story.tell("emergency", reply.only_you, seconds=_since(started), reply=reply.text, told=loud.shown)
    story.can_use("ana", held, "during", expected=True, sessions={})
    return held


def act_incident_resolved(story: Story, held: Held) -> None:
    """What hangs on it goes on for the grace time, and then ends everywhere."""
    world, sessions = story.world, story.open("ana", held)
    world.pagers.hand.resolve("INC-42")
    world.pagers.webhooks.send()
    over = world.until("the incident is resolved", lambda: _incident(story, IncidentState.RESOLVED))
    story.can_use("ana", held, "in the grace time", expected=True, sessions=sessions)
    world.clock.move_to(over.due_at)
    story.nothing_stands(seconds=40)
    refused = story.can_use("ana", held, "after", expected=False, sessions=sessions)
    story.tell("incident_resolved", refused, incident=over.id, left=story.standing())


def act_review(story: Story) -> None:
    """Somebody who had no part in it looks at it."""
    world, emi = story.world, story.person("emi")
    asks = world.until("the review can be answered", lambda: _asks_for_a_review(emi), seconds=30)
    story.until_taken(lambda: emi.clicks("As expected", asks))
    done = world.until("it is reviewed", lambda: emi.message(SECURITY, "Reviewed: as expected"))
    story.tell("review", "As expected" not in done.buttons, message=done.shown)


def _asks_for_a_review(reader: Person) -> Message | None:
    """The message once its access has ended; until then it cannot be reviewed."""
    return next((one for one in reader.sees(SECURITY) if "As expected" in one.buttons), None)


def _incident(story: Story, state: IncidentState) -> Any:  # noqa: ANN401 (an incident with its moments)
    with story.world.ledger.reading() as reader:
        return next(iter(incidents.in_states(reader, [state])), None)


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)


def _all(world: World, number: signal.Signals) -> None:
    for name in world.workers:
        world.supervisor.children[name].signal(number)


def _end(held: Held) -> Any:  # noqa: ANN401 (a moment)
    return max(grant.ends_at for grant in held.values())


def _stand(story: Story, held: Held) -> set[str]:
    """The clouds where these still stand."""
    return {cloud for cloud, grant in held.items() if grant.holding in story.clouds[cloud].standing()}


def act_audit(story: Story) -> None:
    """The log verifies, and every change any cloud saw is named in it."""
    world = story.world
    command = [sys.executable, "-m", "cli.main", "audit", "verify", "--json"]
    env = {**os.environ, "DATABASE_URL": world.database_url, "PROD_ACCESS_HOME": str(world.home)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    story.tell(
        "audit", done.returncode == 0, answer=json.loads(done.stdout or "{}"), errors=done.stderr[-500:]
    )
    with world.ledger.reading() as reader:
        named = "\n".join(entry.body for entry in reader.entries())
    for name, cloud in story.clouds.items():
        changes = list(cloud.changes())
        unnamed = sorted({change.named for change in changes if change.named not in named})
        story.tell(
            "every_change_named", changes and not unnamed, cloud=name, changes=len(changes), unnamed=unnamed
        )


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
    with World(
        asked.home,
        database_url=given,
        postgres=postgres,
        clouds=(*CLOUDS, "identity-center"),
        pagers=True,
    ) as world:
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
            cut_off = "Failed to process a message" in line  # by the SDK's reconnect: see `until_taken`
            story.tell("error_logged", ok=bool(moved_away or cut_off), line=line[:500])
    story.tell("story", ok=story.ok, seconds=round(time.monotonic() - started, 1))
    return 0 if story.ok else 1


if __name__ == "__main__":
    sys.exit(main())
