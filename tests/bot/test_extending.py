"""More time at the desk: at once, after a yes, or not; the old end stands until a cloud says otherwise."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bot import answers
from bot.asking import Wish
from bot.deciding import Click
from bot.desk import Desk
from policies.grant import GrantState
from policies.holding import Direction, Overruled, Present, RefusedForGood, Unreachable
from policies.request import AccessRequest, RequestState
from policies.rules import Approvals, Policy
from policies.values import GroupName, PersonId, RequestId, RoleName
from tests import builders
from tests.builders import AWS, HOUR, NOW, StoppedClock
from workers.clock import look_at
from workers.ledger import schema
from workers.ledger.claims import Settled, claim_due, settle_claims
from workers.ledger.ledger import Ledger
from workers.ledger.writing import Writing
from workers.recheck import StillAllowed

READ = RoleName("prod-db-readonly")
ANA, BEN, CHLOE, DEV, EMI = (PersonId(name) for name in ("ana", "ben", "chloe", "dev", "emi"))
HALF = timedelta(minutes=30)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(scope="module")
def meridian() -> Policy:
    return builders.meridian()


@pytest.fixture
def desk(ledger: Ledger, meridian: Policy) -> Desk:
    return Desk(ledger, lambda: meridian)


def work(
    ledger: Ledger, outcome: Present | RefusedForGood | Unreachable, way: Direction = Direction.GRANT
) -> None:
    """What a worker does with everything that is to start or to last longer, or to be moved back."""
    claims = ledger.retrying(lambda writing: claim_due(writing, AWS, way, worker="w", most=9))
    ledger.retrying(lambda writing: settle_claims(writing, [Settled(claim, outcome) for claim in claims]))


def live(desk: Desk, ledger: Ledger, who: PersonId, duration: timedelta = HOUR) -> RequestId:
    """Somebody's live access: Ben needs nobody, everybody else needs Ben."""
    answer = desk.ask(Wish(who, who, READ, duration, None, "replication lag"))
    assert isinstance(answer, answers.Asked | answers.Starting)
    request = answer.view.request
    if isinstance(answer, answers.Asked):
        desk.approve(Click(BEN, desk.token(request), None))
    work(ledger, Present(NOW + 4 * HOUR))
    return request.id


def stored(ledger: Ledger, name: RequestId) -> AccessRequest:
    with ledger.reading() as reader:
        found = reader.request(name)
    assert found is not None
    return found


def state(ledger: Ledger, name: RequestId) -> tuple[GrantState, timedelta]:
    """Where its grant stands, and how long it lasts altogether."""
    with ledger.reading() as reader:
        grants = reader.grants_of(name)
    return grants[0].state, grants[0].ends_at - NOW.replace(microsecond=0)


def yes(desk: Desk, ledger: Ledger, who: PersonId, name: RequestId) -> answers.ClickAnswer:
    return desk.approve_longer(Click(who, desk.token(stored(ledger, name)), None))


def kinds(ledger: Ledger) -> list[str]:
    with ledger.reading() as reader:
        return [entry.kind for entry in reader.entries()]


def test_whoever_needs_nobody_gets_more_time_once_the_cloud_has_moved_its_end(desk: Desk, ledger: Ledger):
    name = live(desk, ledger, BEN)
    answer = desk.extend(BEN, name, None)
    assert isinstance(answer, answers.Extended)
    assert answer.adding == HALF
    assert state(ledger, name) == (GrantState.EXTENDING, HOUR)
    work(ledger, Present(NOW + HOUR + HALF))
    assert state(ledger, name) == (GrantState.LIVE, HOUR + HALF)
    assert stored(ledger, name).ends_at == NOW + HOUR + HALF
    assert kinds(ledger)[-4:] == [
        "request.extension_allowed",
        "grant.extending",
        "grant.extended",
        "request.extended",
    ]


def test_whoever_needed_a_yes_needs_one_for_more_time(desk: Desk, ledger: Ledger):
    name = live(desk, ledger, ANA)
    answer = desk.extend(ANA, name, timedelta(minutes=20))
    assert isinstance(answer, answers.AskedLonger)
    assert answer.view.more is not None
    assert [person.id for person in answer.view.more.asked] == [BEN]
    assert state(ledger, name) == (GrantState.LIVE, HOUR)
    assert isinstance(yes(desk, ledger, BEN, name), answers.Approved)
    work(ledger, Present(NOW + 2 * HOUR))
    assert state(ledger, name) == (GrantState.LIVE, HOUR + timedelta(minutes=20))


@pytest.mark.parametrize("who", [ANA, CHLOE])
def test_nobody_says_yes_to_their_own_longer_time_or_to_what_is_not_theirs(
    desk: Desk, ledger: Ledger, who: PersonId
):
    name = live(desk, ledger, ANA)
    desk.extend(ANA, name, None)
    answer = yes(desk, ledger, who, name)
    assert isinstance(answer, answers.OwnRequest if who == ANA else answers.NotAnApprover)
    assert isinstance(
        desk.would_decide_longer(Click(who, desk.token(stored(ledger, name)), None)), type(answer)
    )
    assert state(ledger, name) == (GrantState.LIVE, HOUR)


def test_more_time_that_is_denied_leaves_the_old_end(desk: Desk, ledger: Ledger):
    name = live(desk, ledger, ANA)
    desk.extend(ANA, name, None)
    click = Click(BEN, desk.token(stored(ledger, name)), None)
    assert desk.would_decide_longer(click) is None
    assert isinstance(desk.deny_longer(click, "replica is being rebuilt"), answers.Denied)
    assert stored(ledger, name).extension is None
    assert isinstance(desk.deny_longer(click, "again"), answers.NothingToDecide)


def test_a_click_on_an_older_version_decides_nothing(desk: Desk, ledger: Ledger):
    name = live(desk, ledger, ANA)
    before = Click(BEN, desk.token(stored(ledger, name)), None)
    desk.extend(ANA, name, None)
    assert isinstance(desk.approve_longer(before), answers.StaleCard)
    assert isinstance(desk.approve_longer(Click(BEN, "made up", None)), answers.UnknownCard)
    assert isinstance(desk.would_decide_longer(Click(BEN, "made up", None)), answers.UnknownCard)


def test_nobody_answers_and_it_lapses_no_later_than_the_access_ends(
    desk: Desk, ledger: Ledger, clock: StoppedClock
):
    name = live(desk, ledger, ANA)
    desk.extend(ANA, name, None)
    clock.move(HALF)
    ledger.retrying(lambda writing: look_at(writing, name))
    assert stored(ledger, name).extension is None
    assert kinds(ledger)[-1] == "request.extension_lapsed"


def test_nobody_holds_anything_longer_than_the_rules_give_for_the_whole_of_it(desk: Desk, ledger: Ledger):
    name = live(desk, ledger, BEN, timedelta(minutes=100))
    too_much = desk.extend(BEN, name, HALF)
    assert isinstance(too_much, answers.NotLonger)
    assert too_much.decision.kind.value == "too_long"
    what_is_left = desk.extend(BEN, name, None)
    assert isinstance(what_is_left, answers.Extended)
    assert what_is_left.adding == timedelta(minutes=20)
    assert isinstance(desk.extend(BEN, name, None), answers.AlreadyExtending)
    work(ledger, Present(NOW + 2 * HOUR))
    assert isinstance(desk.extend(BEN, name, None), answers.NoLonger)


def test_only_whoever_asked_or_holds_it_wants_more_time(desk: Desk, ledger: Ledger):
    name = live(desk, ledger, ANA)
    assert isinstance(desk.extend(BEN, name, None), answers.MayNotExtend)
    assert isinstance(desk.extend(ANA, RequestId("pa-none"), None), answers.NothingToExtend)


def test_what_is_not_live_or_nearly_over_is_not_extended(desk: Desk, ledger: Ledger, clock: StoppedClock):
    waiting = desk.ask(Wish(ANA, ANA, READ, HOUR, None, "lag"))
    assert isinstance(waiting, answers.Asked)
    assert isinstance(desk.extend(ANA, waiting.view.request.id, None), answers.NothingToExtend)
    name = live(desk, ledger, BEN)
    clock.move(HOUR - timedelta(seconds=9))
    assert isinstance(desk.extend(BEN, name, None), answers.NothingToExtend)


def test_while_new_access_is_frozen_nothing_lasts_longer(desk: Desk, ledger: Ledger):
    name, other = live(desk, ledger, BEN), live(desk, ledger, ANA)
    desk.extend(ANA, other, None)
    ledger.retrying(lambda writing: writing.freeze("chloe"))
    assert isinstance(desk.extend(BEN, name, None), answers.Frozen)
    assert isinstance(yes(desk, ledger, BEN, other), answers.Frozen)


def test_a_cloud_that_does_not_confirm_in_time_keeps_the_old_end(
    desk: Desk, ledger: Ledger, clock: StoppedClock
):
    name = live(desk, ledger, BEN)
    desk.extend(BEN, name, None)
    work(ledger, Unreachable("ConnectTimeoutError", 2 * HOUR))
    clock.move(HOUR)
    (claim,) = ledger.retrying(lambda writing: claim_due(writing, AWS, Direction.REVOKE, worker="w", most=9))
    assert claim.grants[0].state is GrantState.ENDING
    assert stored(ledger, name).ends_at == NOW + HOUR


def test_a_cloud_that_refuses_to_move_its_end_keeps_the_access_until_then(desk: Desk, ledger: Ledger):
    name = live(desk, ledger, BEN)
    desk.extend(BEN, name, None)
    work(ledger, RefusedForGood("LimitExceeded"))
    assert state(ledger, name) == (GrantState.EXTENDING, HOUR)
    work(ledger, Present(NOW + HOUR), Direction.REVOKE)
    assert state(ledger, name) == (GrantState.LIVE, HOUR)
    assert stored(ledger, name).state is RequestState.ACTIVE
    assert stored(ledger, name).ends_at == NOW + HOUR


def test_the_rules_are_asked_again_before_the_cloud_is(desk: Desk, ledger: Ledger, meridian: Policy):
    name = live(desk, ledger, ANA)
    desk.extend(ANA, name, None)
    yes(desk, ledger, BEN, name)
    (claim,) = ledger.retrying(lambda writing: claim_due(writing, AWS, Direction.GRANT, worker="w", most=9))
    assert StillAllowed(ledger, lambda: meridian)(claim) == {}
    shorter = with_rules(meridian, max_duration=HOUR)
    assert StillAllowed(ledger, lambda: shorter)(claim) == {name: Overruled("too_long", shorter.hash)}


def test_the_holder_is_warned_once_and_again_after_an_extension(
    desk: Desk, ledger: Ledger, clock: StoppedClock
):
    name = live(desk, ledger, BEN)
    clock.move(timedelta(minutes=50))
    for _ in range(2):
        ledger.retrying(lambda writing: look_at(writing, name))
    assert kinds(ledger).count("request.warned") == 1
    desk.extend(BEN, name, None)
    work(ledger, Present(NOW + 2 * HOUR))
    clock.move(HALF)
    ledger.retrying(lambda writing: look_at(writing, name))
    assert kinds(ledger).count("request.warned") == 2


def test_the_buttons_of_a_card_extend_what_it_is_about(desk: Desk, ledger: Ledger):
    name = live(desk, ledger, BEN)
    token = desk.token(stored(ledger, name))
    assert isinstance(desk.extend_by_token(Click(BEN, "made up", None)), answers.NothingToExtend)
    assert isinstance(desk.extend_by_token(Click(BEN, token, None)), answers.Extended)
    work(ledger, Present(NOW + 4 * HOUR))
    assert isinstance(desk.extend_by_token(Click(BEN, token, None)), answers.AlreadyExtending)
    assert stored(ledger, name).ends_at == NOW + HOUR + HALF


def test_how_much_longer_it_could_be_is_shown_with_what_somebody_holds(desk: Desk, ledger: Ledger):
    live(desk, ledger, ANA)
    (shown,) = desk.mine(ANA)
    assert shown.room is not None
    assert (shown.room.adding, shown.room.longest, shown.room.needs_a_yes) == (HALF, 2 * HOUR, True)


def test_what_was_adopted_is_not_extended_as_nobody_knows_how_long_it_was_held(
    desk: Desk, ledger: Ledger, clock: StoppedClock
):
    del clock
    name = live(desk, ledger, BEN)
    adopted = stored(ledger, name).model_copy(update={"decided_at": None, "version": 9})
    ledger.retrying(lambda writing: _replace(writing, adopted))
    assert isinstance(desk.extend(BEN, name, HALF), answers.NoLonger)
    (shown,) = desk.mine(BEN)
    assert shown.room is not None
    assert shown.room.adding is None


def _replace(writing: Writing, request: AccessRequest) -> None:
    body = request.model_dump_json()
    writing.rows(
        update(schema.requests)
        .where(schema.requests.c.id == request.id)
        .values(body=body, version=request.version)
        .returning(schema.requests.c.id)
    )


def test_what_the_role_no_longer_gives_is_not_extended(ledger: Ledger, meridian: Policy):
    in_force = [meridian]
    desk = Desk(ledger, lambda: in_force[0])
    name = live(desk, ledger, BEN)
    desk.extend(BEN, name, None)
    (claim,) = ledger.retrying(lambda writing: claim_due(writing, AWS, Direction.GRANT, worker="w", most=9))
    in_force[0] = builders.meridian("gcp")
    no = Overruled("role_changed", in_force[0].hash)
    assert StillAllowed(ledger, lambda: in_force[0])(claim) == {name: no}
    other = live(Desk(ledger, lambda: meridian), ledger, ANA)
    assert isinstance(desk.extend(ANA, other, None), answers.NoLonger)


def test_what_is_ending_already_is_not_extended(desk: Desk, ledger: Ledger):
    name = live(desk, ledger, BEN)
    desk.end(BEN, name)
    assert isinstance(desk.extend(BEN, name, None), answers.NothingToExtend)


def test_a_yes_after_it_has_lapsed_does_not_count(desk: Desk, ledger: Ledger, clock: StoppedClock):
    name = live(desk, ledger, ANA)
    desk.extend(ANA, name, None)
    clock.move(HALF)
    assert isinstance(yes(desk, ledger, BEN, name), answers.NothingToDecide)


def with_rules(meridian: Policy, **changes: object) -> Policy:
    """The example organisation, whose engineers read under other conditions."""
    rules = tuple(
        rule.model_copy(update=changes) if rule.id == "engineers-read" else rule for rule in meridian.rules
    )
    return Policy(**{**{name: getattr(meridian, name) for name in Policy.model_fields}, "rules": rules})


def with_a_yes_from_security_too(meridian: Policy) -> Policy:
    """The same; their reading needs two yeses."""
    both = tuple(Approvals(groups=(GroupName(group),), count=1) for group in ("db-oncall", "security"))
    return with_rules(meridian, approvals=both)


def test_when_the_rules_come_to_want_more_yeses_they_are_asked_for_and_can_be_given(
    ledger: Ledger, meridian: Policy
):
    in_force = [meridian]
    desk = Desk(ledger, lambda: in_force[0])
    name = live(desk, ledger, ANA)
    desk.extend(ANA, name, None)
    in_force[0] = with_a_yes_from_security_too(meridian)
    changed = yes(desk, ledger, BEN, name)
    assert isinstance(changed, answers.RulesChanged)
    assert [group.name for group in changed.view.groups] == ["db-oncall", "security"]
    assert not changed.view.nobody_else_can
    assert kinds(ledger)[-2:] == ["request.extension_revised", "request.extension_asked"]
    assert state(ledger, name) == (GrantState.LIVE, HOUR)
    assert isinstance(yes(desk, ledger, BEN, name), answers.Counted)
    assert isinstance(yes(desk, ledger, EMI, name), answers.Approved)
    work(ledger, Present(NOW + HOUR + HALF))
    assert state(ledger, name) == (GrantState.LIVE, HOUR + HALF)


def test_when_the_rules_come_to_want_fewer_yeses_those_that_are_given_count(ledger: Ledger, meridian: Policy):
    in_force = [with_a_yes_from_security_too(meridian)]
    desk = Desk(ledger, lambda: in_force[0])
    waiting = desk.ask(Wish(ANA, ANA, READ, HOUR, None, "replication lag"))
    assert isinstance(waiting, answers.Asked)
    for person in (BEN, EMI):
        name = waiting.view.request.id
        desk.approve(Click(person, desk.token(stored(ledger, name)), None))
    work(ledger, Present(NOW + HOUR))
    desk.extend(ANA, name, None)
    in_force[0] = meridian
    assert isinstance(yes(desk, ledger, BEN, name), answers.Approved)


def test_more_time_that_the_rules_refuse_is_written_down_and_is_no_part_of_the_story(
    desk: Desk, ledger: Ledger
):
    name = live(desk, ledger, ANA)
    told = len(kinds(ledger))
    assert isinstance(desk.extend(ANA, name, 3 * HOUR), answers.NotLonger)
    with ledger.reading() as reader:
        (entry,) = list(reader.entries())[told:]
        assert entry not in list(reader.entries(request=name))
    assert (entry.kind, json.loads(entry.body)) == (
        "extension.refused",
        {
            "by": "ana",
            "card": name,
            "ends_at": "2026-11-24T18:02:11.000000Z",
            "answer": "too_long",
            "policy": builders.meridian().hash,
        },
    )


def test_a_yes_covers_the_end_that_it_was_given_to(desk: Desk, ledger: Ledger):
    name = live(desk, ledger, ANA)
    digests = {one.digest for one in stored(ledger, name).approvals}
    for more in (20, 10):
        desk.extend(ANA, name, timedelta(minutes=more))
        yes(desk, ledger, BEN, name)
        extension = stored(ledger, name).extension
        assert extension is not None
        digests |= {one.digest for one in extension.approvals}
        work(ledger, Present(NOW + 4 * HOUR))
    assert len(digests) == 3


def test_a_press_on_a_card_for_another_end_gives_no_time_and_says_when_it_changed(
    desk: Desk, ledger: Ledger, clock: StoppedClock
):
    name = live(desk, ledger, ANA)
    desk.extend(ANA, name, timedelta(minutes=10))
    shown = Click(BEN, desk.token(stored(ledger, name)), None)
    desk.deny_longer(shown, "too short to be worth it")
    clock.move(timedelta(minutes=5))
    desk.extend(ANA, name, HALF)
    answer = desk.approve_longer(shown)
    assert isinstance(answer, answers.StaleCard)
    assert answer.changed_at == NOW + timedelta(minutes=5)
    assert state(ledger, name) == (GrantState.LIVE, HOUR)
    assert isinstance(yes(desk, ledger, BEN, name), answers.Approved)
