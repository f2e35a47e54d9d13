"""What people are shown of a request comes from the ledger and the policy, and nothing else."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.asking import Wish
from bot.deciding import Click
from bot.desk import Desk
from bot.views import CardState, RequestView, card_state, person_view, view
from policies.audit import moment_text
from policies.catalogue import Risk
from policies.grant import EndCause, GrantState
from policies.holding import Direction, Present, RefusedForGood
from policies.request import AccessRequest, RequestState, adopted
from policies.rules import Policy
from policies.values import PersonId, RoleName
from tests.bot.slack_bench import meridian, with_
from tests.builders import ANA, AWS, BEN, EMI, HOUR, NOW, StoppedClock, grant, request
from workers.clock import look_at
from workers.ledger.claims import Settled, claim_due, settle_claims
from workers.ledger.ledger import Ledger
from workers.ledger.writing import Writing

READ, WRITE = RoleName("prod-db-readonly"), RoleName("prod-db-write")
DEV, IVY, CHLOE = PersonId("dev"), PersonId("ivy"), PersonId("chloe")


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def desk(ledger: Ledger) -> Desk:
    return Desk(ledger, meridian)


def asked(desk: Desk, role: RoleName = READ, who: PersonId = ANA, whose: PersonId = ANA) -> AccessRequest:
    answer = desk.ask(Wish(who, whose, role, None, "INC-42", "replication lag"))
    made: AccessRequest = answer.view.request  # type: ignore[union-attr]
    return made


def shown(ledger: Ledger, one: AccessRequest, policy: Policy | None = None) -> RequestView:
    with ledger.reading() as reader:
        found = reader.request(one.id)
        assert found is not None
        return view(reader, policy or meridian(), found)


def press(desk: Desk, ledger: Ledger, one: AccessRequest, who: PersonId) -> None:
    with ledger.reading() as reader:
        found = reader.request(one.id)
    assert found is not None
    desk.approve(Click(who, desk.token(found), None))


def test_a_waiting_request_says_who_is_asked(desk: Desk, ledger: Ledger):
    found = shown(ledger, asked(desk))
    assert (found.state, found.requester.name, found.beneficiary.name) == (
        CardState.WAITING,
        "Ana Ruiz",
        "Ana Ruiz",
    )
    assert [(one.name, one.slack, one.title) for one in found.asked] == [
        ("Ben Okafor", "U0BEN", "database on-call")
    ]
    assert [group.title for group in found.groups] == ["database on-call"]
    assert (found.needed, found.missing, found.yeses, found.nobody_else_can) == (1, 1, (), False)
    assert (found.reason, found.note, found.on_behalf) == ("replication lag", None, False)
    assert (found.role_title, found.reads_only, found.risk) == ("Read production databases", True, Risk.LOW)
    (cloud,) = found.clouds
    assert (cloud.cloud, cloud.place, cloud.state, cloud.target) == ("aws", "shop-prod", None, None)
    assert cloud.try_command == "rds describe-db-instances"


def test_with_one_of_two_yeses_only_the_other_is_asked(desk: Desk, ledger: Ledger):
    one = asked(desk, WRITE)
    press(desk, ledger, one, BEN)
    found = shown(ledger, one)
    assert (found.needed, found.missing) == (2, 1)
    assert [yes.person.name for yes in found.yeses] == ["Ben Okafor"]
    assert [person.id for person in found.asked] == [EMI]
    assert [group.name for group in found.groups] == ["security"]


def test_an_approved_request_shows_its_grants(desk: Desk, ledger: Ledger):
    one = asked(desk)
    press(desk, ledger, one, BEN)
    found = shown(ledger, one)
    (cloud,) = found.clouds
    assert (found.state, cloud.state) == (CardState.STARTING, GrantState.PLANNED)
    assert cloud.target is not None
    assert (cloud.place, cloud.try_command) == ("shop-prod", "rds describe-db-instances")
    assert found.asked == ()
    assert found.decided_by is not None
    assert found.decided_by.name == "Ben Okafor"


def test_a_denial_shows_its_note(desk: Desk, ledger: Ledger):
    one = asked(desk)
    desk.deny(Click(BEN, desk.token(one), None), "being rebuilt")
    found = shown(ledger, one)
    assert (found.state, found.note) == (CardState.DENIED, "being rebuilt")


def test_whoever_ended_it_is_named(desk: Desk, ledger: Ledger):
    one = asked(desk)
    press(desk, ledger, one, BEN)
    desk.end(DEV, one.id)
    found = shown(ledger, one)
    assert found.ended_by is not None
    assert (found.ended_by.name, found.cause, found.state) == (
        "Dev Patel",
        EndCause.BY_OTHER,
        CardState.ENDING,
    )


def test_what_somebody_asked_for_somebody_else_names_both(desk: Desk, ledger: Ledger):
    found = shown(ledger, asked(desk, RoleName("prod-operator"), DEV, IVY))
    assert (found.on_behalf, found.requester.id, found.beneficiary.id) == (True, DEV, IVY)
    assert [person.id for person in found.asked] == [CHLOE]


def test_when_nobody_is_left_who_could_say_yes_it_says_so(desk: Desk, ledger: Ledger):
    one = asked(desk)
    policy = meridian()
    empty = tuple(
        group.model_copy(update={"members": ()}) if group.name == "db-oncall" else group
        for group in policy.people.groups
    )
    people = type(policy.people)(people=policy.people.people, groups=empty)
    found = shown(ledger, one, with_(policy, people=people))
    assert (found.asked, found.nobody_else_can, found.missing) == ((), True, 1)


def test_a_role_and_a_person_that_are_gone_stand_for_themselves(desk: Desk, ledger: Ledger):
    one = asked(desk)
    policy = meridian()
    kept = tuple(role for role in policy.catalogue.roles if role.name != READ)
    without = type(policy.catalogue)(roles=kept)
    found = shown(ledger, one, with_(policy, catalogue=without))
    assert (found.role_title, found.reads_only, found.clouds) == ("", False, ())
    assert person_view(policy.people, PersonId("zoe")).name == "zoe"


def test_an_unanswered_request_has_lapsed(desk: Desk, ledger: Ledger, clock: StoppedClock):
    one = asked(desk)
    clock.move(timedelta(minutes=30))
    ledger.retrying(lambda writing: look_at(writing, one.id))
    assert shown(ledger, one).state is CardState.LAPSED


@pytest.mark.parametrize(
    ("changes", "grants", "face"),
    [
        ({"state": RequestState.PENDING}, (), CardState.WAITING),
        ({"state": RequestState.WITHDRAWN}, (), CardState.WITHDRAWN),
        ({"state": RequestState.LAPSED}, (), CardState.LAPSED),
        ({"state": RequestState.REFUSED, "note": "n"}, (), CardState.DENIED),
        ({"state": RequestState.REFUSED}, (), CardState.NOT_GIVEN),
        ({"state": RequestState.FAILED}, (), CardState.NOT_GIVEN),
        ({"state": RequestState.ENDED}, (GrantState.GONE,), CardState.ENDED),
        ({"state": RequestState.APPROVED}, (GrantState.PLANNED,), CardState.STARTING),
        ({"state": RequestState.APPROVED}, (GrantState.LIVE, GrantState.GRANTING), CardState.STARTING),
        ({"state": RequestState.ACTIVE}, (GrantState.LIVE, GrantState.LIVE), CardState.LIVE),
        ({"state": RequestState.ACTIVE}, (GrantState.LIVE, GrantState.ENDING), CardState.ENDING),
        ({"state": RequestState.ACTIVE}, (GrantState.GONE, GrantState.GONE), CardState.ENDING),
    ],
)
def test_the_face_of_a_card(changes: dict[str, object], grants: tuple[GrantState, ...], face: CardState):
    made = tuple(grant(number, state=state) for number, state in enumerate(grants))
    assert card_state(request(**changes), made) is face


ENDED_THEN = {"state": GrantState.GONE, "cause": EndCause.ON_TIME}
LATER = {"state": GrantState.LIVE, "ends_at": NOW + 2 * HOUR}


@pytest.mark.parametrize(
    ("first", "second", "face"),
    [
        (ENDED_THEN, LATER, CardState.LIVE),
        ({**ENDED_THEN, "state": GrantState.ENDING}, LATER, CardState.LIVE),
        ({**ENDED_THEN, "state": GrantState.ENDING, "stuck_at": NOW}, LATER, CardState.STUCK),
        ({**ENDED_THEN, "cause": EndCause.BY_HOLDER}, LATER, CardState.ENDING),
        (ENDED_THEN, {**LATER, "state": GrantState.EXTENDING}, CardState.LIVE),
        (ENDED_THEN, {**LATER, "state": GrantState.ENDING}, CardState.ENDING),
        (ENDED_THEN, {**LATER, "state": GrantState.LIVE, "ends_at": NOW + HOUR}, CardState.ENDING),
    ],
)
def test_a_cloud_that_ended_in_time_while_others_last_longer_leaves_it_live(
    first: dict[str, object], second: dict[str, object], face: CardState
):
    assert card_state(request(state=RequestState.ACTIVE), (grant(1, **first), grant(2, **second))) is face


def settle(ledger: Ledger, outcome: Present | RefusedForGood) -> None:
    """What a worker does with everything that is to start or to last longer."""
    claims = ledger.retrying(lambda writing: claim_due(writing, AWS, Direction.GRANT, worker="w", most=9))
    ledger.retrying(lambda writing: settle_claims(writing, [Settled(claim, outcome) for claim in claims]))


def test_an_end_that_was_moved_is_known_by_where_it_was(desk: Desk, ledger: Ledger, clock: StoppedClock):
    one = asked(desk, who=BEN, whose=BEN)
    settle(ledger, Present(NOW + 4 * HOUR))
    assert shown(ledger, one).moved_ends == ()
    for minutes in (20, 10):
        clock.move(timedelta(minutes=5))
        desk.extend(BEN, one.id, timedelta(minutes=minutes))
        assert shown(ledger, one).more is not None
        settle(ledger, Present(NOW + 4 * HOUR))
    first, second = shown(ledger, one).moved_ends
    assert (first.was, first.until) == (NOW + HOUR, NOW + HOUR + timedelta(minutes=20))
    assert (second.was, second.until) == (first.until, NOW + HOUR + timedelta(minutes=30))
    assert (second.by.name, second.rule) == ("Ben Okafor", "on-call-reads")
    assert second.at == NOW + timedelta(minutes=10)


def test_an_end_that_no_cloud_moved_was_not_moved(desk: Desk, ledger: Ledger):
    one = asked(desk, who=BEN, whose=BEN)
    settle(ledger, Present(NOW + 4 * HOUR))
    desk.extend(BEN, one.id, None)
    settle(ledger, RefusedForGood("LimitExceeded"))
    assert shown(ledger, one).moved_ends == ()


def test_what_was_adopted_has_moved_ends_too(ledger: Ledger):
    one = request(state=RequestState.ACTIVE, decided_at=None)
    longer = one.event("extended", NOW, by=ANA, ends_at=moment_text(NOW + 2 * HOUR), kept=[])

    def write(writing: Writing) -> None:
        writing.add_request(adopted(one, NOW + HOUR))
        writing.record([longer])

    ledger.retrying(write)
    (moved,) = shown(ledger, one).moved_ends
    assert (moved.was, moved.until, moved.rule) == (NOW + HOUR, NOW + 2 * HOUR, "")


def test_the_cloud_that_said_no_is_known_by_its_code(desk: Desk, ledger: Ledger):
    one = asked(desk, who=BEN, whose=BEN)
    assert shown(ledger, one).cloud_no is None
    settle(ledger, RefusedForGood("LimitExceeded"))
    assert shown(ledger, one).cloud_no == (AWS, "LimitExceeded")


def test_more_time_that_waits_says_who_is_asked(desk: Desk, ledger: Ledger):
    one = asked(desk)
    press(desk, ledger, one, BEN)
    settle(ledger, Present(NOW + 4 * HOUR))
    desk.extend(ANA, one.id, None)
    more = shown(ledger, one).more
    assert more is not None
    assert ([person.name for person in more.asked], more.missing, more.allowed) == (["Ben Okafor"], 1, False)
    assert [group.title for group in more.groups] == ["database on-call"]
    assert (more.adding, more.ends_at) == (timedelta(minutes=30), NOW + 1.5 * HOUR)
    assert shown(ledger, one).waits_for_more


def test_one_stuck_grant_makes_the_card_stuck():
    made = (grant(1, state=GrantState.GONE), grant(2, state=GrantState.ENDING, stuck_at=NOW + HOUR))
    assert card_state(request(state=RequestState.ACTIVE), made) is CardState.STUCK


def test_every_state_of_a_request_has_a_face():
    for state in RequestState:
        assert card_state(request(state=state), (grant(state=GrantState.LIVE),)) in CardState
