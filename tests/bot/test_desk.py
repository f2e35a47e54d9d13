"""The desk over the example organisation: what each verb does, and what it answers."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot import answers
from bot.asking import Wish
from bot.deciding import Click
from bot.desk import Desk
from bot.views import CardState
from policies.grant import EndCause, GrantState
from policies.incident import Incident, opened
from policies.people import People
from policies.request import AccessRequest, RequestState
from policies.review import Review, Verdict, answered
from policies.rules import Policy
from policies.values import IncidentId, PersonId, RequestId, RoleName
from tests import builders
from tests.builders import HOUR, NOW, StoppedClock
from workers.clock import look_at
from workers.ending import Stopped
from workers.ledger import incidents, reviews
from workers.ledger.ledger import Ledger

READ = RoleName("prod-db-readonly")
WRITE = RoleName("prod-db-write")
ANA, BEN, CHLOE, DEV, EMI = (PersonId(name) for name in ("ana", "ben", "chloe", "dev", "emi"))


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(scope="module")
def meridian() -> Policy:
    return builders.meridian()


@pytest.fixture
def desk(ledger: Ledger, meridian: Policy) -> Desk:
    return Desk(ledger, lambda: meridian)


def wish(
    role: RoleName = READ,
    *,
    who: PersonId = ANA,
    whose: PersonId | None = None,
    last: timedelta | None = HOUR,
) -> Wish:
    return Wish(who, whose or who, role, last, "INC-42", "replication lag")


def ask(desk: Desk, role: RoleName = READ, who: PersonId = ANA) -> AccessRequest:
    answer = desk.ask(wish(role, who=who, last=None))
    assert isinstance(answer, answers.Asked)
    return answer.view.request


def click(desk: Desk, person: PersonId, request: AccessRequest, message: str | None = None) -> Click:
    return Click(person, desk.token(request), message)


def stored(ledger: Ledger, request: AccessRequest) -> AccessRequest:
    with ledger.reading() as reader:
        found = reader.request(request.id)
    assert found is not None
    return found


def kinds(ledger: Ledger) -> list[str]:
    with ledger.reading() as reader:
        return [entry.kind for entry in reader.entries()]


def test_an_ask_that_needs_a_yes_waits_and_says_whose(desk: Desk):
    answer = desk.ask(wish())
    assert isinstance(answer, answers.Asked)
    assert answer.view.state is CardState.WAITING
    assert [person.name for person in answer.view.asked] == ["Ben Okafor"]
    assert answer.view.reason == "replication lag"
    assert answer.view.request.lapses_at == NOW + timedelta(minutes=30)


def test_an_ask_that_needs_nobody_plans_its_grants_at_once(desk: Desk, ledger: Ledger):
    answer = desk.ask(wish(who=BEN))
    assert isinstance(answer, answers.Starting)
    with ledger.reading() as reader:
        (grant,) = reader.grants_of(answer.view.request.id)
    assert (grant.state, grant.ends_at) == (GrantState.PLANNED, NOW + HOUR)
    assert grant.principal.arn == "arn:aws:iam::777788889999:user/ben"  # type: ignore[union-attr]


def test_without_a_duration_it_is_the_roles_default(desk: Desk):
    answer = desk.ask(wish(last=None))
    assert isinstance(answer, answers.Asked)
    assert (answer.defaulted, answer.view.request.duration) == (True, HOUR)


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (wish(last=timedelta(hours=8)), "too_long"),
        (wish(last=timedelta(seconds=10)), "too_short"),
        (wish(RoleName("prod-db-readnoly")), "unknown_role"),
        (wish(who=EMI), "not_allowed"),
        (wish(whose=BEN), "not_for_others"),
        (wish(who=PersonId("oskar")), "not_allowed"),
    ],
)
def test_what_the_rules_do_not_allow_is_refused_and_written_down(
    desk: Desk, ledger: Ledger, asked: Wish, kind: str
):
    answer = desk.ask(asked)
    assert isinstance(answer, answers.NotAllowed)
    assert answer.decision.kind.value == kind
    assert kinds(ledger) == ["ask.refused"]


def test_the_same_wish_while_it_waits_sends_nothing_new(desk: Desk, ledger: Ledger):
    ask(desk)
    again = desk.ask(wish(last=timedelta(hours=2)))
    assert isinstance(again, answers.AlreadyAsked)
    assert again.wanted == timedelta(hours=2)
    assert kinds(ledger) == ["request.asked"]


def test_the_same_command_delivered_twice_has_one_effect(desk: Desk, ledger: Ledger):
    desk.ask(wish(), operation="trigger-1")
    assert isinstance(desk.ask(wish(), operation="trigger-1"), answers.AlreadyAsked)
    assert kinds(ledger) == ["request.asked"]


def test_another_duration_is_asked_anew(desk: Desk, ledger: Ledger):
    request = ask(desk)
    answer = desk.change(ANA, request.id, timedelta(hours=2))
    assert isinstance(answer, answers.Asked)
    assert answer.view.reason == "replication lag"
    assert stored(ledger, request).state is RequestState.WITHDRAWN


def test_the_last_yes_fixes_the_end_and_plans_the_grants(desk: Desk, ledger: Ledger, clock: StoppedClock):
    request = ask(desk)
    clock.move(timedelta(minutes=1))
    assert isinstance(desk.approve(click(desk, BEN, request)), answers.Approved)
    after = stored(ledger, request)
    assert (after.state, after.ends_at) == (RequestState.APPROVED, clock() + HOUR)
    assert kinds(ledger) == ["request.asked", "request.approved", "grant.planned"]


def test_one_of_two_yeses_is_counted_and_the_other_decides(desk: Desk, ledger: Ledger):
    request = ask(desk, WRITE)
    counted = desk.approve(click(desk, BEN, request))
    assert isinstance(counted, answers.Counted)
    assert [person.name for person in counted.view.asked] == ["Emi Sato"]
    again = desk.approve(click(desk, BEN, stored(ledger, request)))
    assert isinstance(again, answers.AlreadyCounted)
    assert isinstance(desk.approve(click(desk, EMI, stored(ledger, request))), answers.Approved)


@pytest.mark.parametrize(
    ("person", "kind"),
    [(ANA, answers.OwnRequest), (CHLOE, answers.NotAnApprover), (EMI, answers.NotAnApprover)],
)
def test_a_yes_that_does_not_count_changes_nothing_and_is_written_down(
    desk: Desk, ledger: Ledger, person: PersonId, kind: type
):
    request = ask(desk)
    assert isinstance(desk.approve(click(desk, person, request)), kind)
    assert stored(ledger, request) == request
    assert kinds(ledger)[1:] == ["click.refused"]


@pytest.mark.parametrize("person", [DEV, CHLOE])
def test_whoever_asked_or_would_have_it_never_approves_it(desk: Desk, person: PersonId):
    answer = desk.ask(wish(RoleName("prod-operator"), who=DEV, whose=CHLOE))
    if isinstance(answer, answers.NotAllowed):
        assert answer.decision.kind.value == "nobody_can_approve"
        return
    assert isinstance(answer, answers.Asked)
    assert isinstance(desk.approve(click(desk, person, answer.view.request)), answers.OwnRequest)


def test_a_denial_keeps_its_reason(desk: Desk, ledger: Ledger):
    request = ask(desk)
    answer = desk.deny(click(desk, BEN, request), "replica is being rebuilt")
    assert isinstance(answer, answers.Denied)
    assert (answer.view.state, answer.view.note) == (CardState.DENIED, "replica is being rebuilt")
    assert stored(ledger, request).state is RequestState.REFUSED


def test_the_loser_of_two_approvers_is_told_who_won(desk: Desk):
    request = ask(desk)
    token = desk.token(request)
    desk.approve(Click(BEN, token, None))
    late = desk.deny(Click(BEN, token, None), "too late")
    assert isinstance(late, answers.AlreadyDecided)
    assert late.view.decided_by is not None
    assert late.view.decided_by.name == "Ben Okafor"


def test_many_clicks_at_once_make_one_decision(desk: Desk, ledger: Ledger):
    request = ask(desk)
    token = desk.token(request)
    start = threading.Barrier(8)
    got: list[str] = []

    def press(number: int) -> None:
        start.wait()
        mine = Click(BEN, token, None)
        answer = desk.approve(mine) if number % 2 else desk.deny(mine, "no")
        got.append(type(answer).__name__)

    threads = [threading.Thread(target=press, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got)[:7] == ["AlreadyDecided"] * 7
    assert sum(kind in {"request.approved", "request.denied"} for kind in kinds(ledger)) == 1


@pytest.mark.parametrize("token", ["", "guessed", "a" * 300])
def test_a_token_we_never_made_decides_nothing(desk: Desk, token: str):
    ask(desk)
    assert isinstance(desk.approve(Click(BEN, token, None)), answers.UnknownCard)


def test_a_token_on_another_message_decides_nothing(desk: Desk, ledger: Ledger):
    request = ask(desk)
    token = desk.token(request)
    ledger.retrying(lambda writing: writing.bind_tokens(request.id, 0, "1.1"))
    assert isinstance(desk.approve(Click(BEN, token, "2.2")), answers.UnknownCard)
    assert isinstance(desk.approve(Click(BEN, token, "1.1")), answers.Approved)


def test_the_token_of_an_older_version_is_stale(desk: Desk):
    request = ask(desk, WRITE)
    old = desk.token(request)
    desk.approve(Click(BEN, old, None))
    assert isinstance(desk.approve(Click(EMI, old, None)), answers.StaleCard)


def test_rules_that_want_more_by_now_void_the_card(ledger: Ledger, meridian: Policy):
    in_force = [meridian]
    desk = Desk(ledger, lambda: in_force[0])
    request = ask(desk)
    in_force[0] = _wanting_security_too(meridian)
    answer = desk.approve(click(desk, BEN, request))
    assert isinstance(answer, answers.RulesChanged)
    assert answer.view.needed == 2
    assert isinstance(desk.approve(click(desk, BEN, stored(ledger, request))), answers.Counted)


def _wanting_security_too(policy: Policy) -> Policy:
    rules = tuple(
        rule.model_copy(update={"match": rule.match.model_copy(update={"role": (WRITE, READ)})})
        if rule.id == "writes-need-security"
        else rule
        for rule in policy.rules
    )
    return _with(policy, rules=rules)


def _with(policy: Policy, **changes: object) -> Policy:
    return Policy(**{name: getattr(policy, name) for name in Policy.model_fields} | changes)


def test_an_ask_that_waits_is_withdrawn_by_its_requester_only(desk: Desk, ledger: Ledger):
    request = ask(desk)
    assert isinstance(desk.end(BEN, request.id), answers.MayNotEnd)
    assert isinstance(desk.withdraw(ANA, request.id), answers.Withdrawn)
    assert stored(ledger, request).state is RequestState.WITHDRAWN


@pytest.mark.parametrize(
    ("person", "cause"), [(ANA, EndCause.BY_HOLDER), (BEN, EndCause.BY_OTHER), (DEV, EndCause.BY_OTHER)]
)
def test_holder_approver_and_commander_can_end_what_runs(
    desk: Desk, ledger: Ledger, person: PersonId, cause: EndCause
):
    request = ask(desk)
    desk.approve(click(desk, BEN, request))
    assert isinstance(desk.end(person, request.id), answers.Ending)
    with ledger.reading() as reader:
        (grant,) = reader.grants_of(request.id)
    assert (grant.state, grant.cause, grant.ended_by) == (GrantState.ENDING, cause, person)


def test_others_cannot_end_what_runs_and_what_is_over_stays_over(desk: Desk):
    request = ask(desk)
    desk.approve(click(desk, BEN, request))
    assert isinstance(desk.end(CHLOE, request.id), answers.MayNotEnd)
    desk.end_by_token(click(desk, ANA, request))
    assert isinstance(desk.end(ANA, request.id), answers.NothingToEnd)
    assert isinstance(desk.end(ANA, RequestId("pa-none")), answers.NothingToEnd)
    assert isinstance(desk.end_by_token(Click(ANA, "guessed", None)), answers.UnknownCard)


def test_an_operator_at_a_terminal_can_end_anything_and_is_named(desk: Desk, ledger: Ledger):
    request = ask(desk)
    desk.approve(click(desk, BEN, request))
    assert desk.end_as_operator("root", request.id) is Stopped.ENDING
    with ledger.reading() as reader:
        assert reader.grants_of(request.id)[0].ended_by == "operator:root"
    assert desk.end_as_operator("root", request.id) is Stopped.OVER
    assert desk.end_as_operator("root", RequestId("pa-none")) is Stopped.UNKNOWN


def test_an_unanswered_ask_lapses(desk: Desk, ledger: Ledger, clock: StoppedClock):
    request = ask(desk)
    clock.move(timedelta(minutes=30))
    ledger.retrying(lambda writing: look_at(writing, request.id))
    answer = desk.approve(click(desk, BEN, stored(ledger, request)))
    assert isinstance(answer, answers.AlreadyDecided)
    assert answer.view.state is CardState.LAPSED


def test_mine_and_waiting_show_what_concerns_a_person(desk: Desk):
    request = ask(desk)
    assert [one.request.id for one in desk.mine(ANA)] == [request.id]
    assert [one.request.id for one in desk.waiting(BEN)] == [request.id]
    assert desk.waiting(CHLOE) == desk.waiting(ANA) == ()


def test_roles_say_what_somebody_may_have_now(desk: Desk):
    lines = {line.name: line for line in desk.roles(ANA)}
    assert lines[READ].longest == timedelta(hours=2)
    assert lines[READ].asks == ("database on-call",)
    assert lines[RoleName("prod-logs")].asks == ()
    assert [line.name for line in desk.roles(ANA, "read data")] == [READ]
    assert {line.name: line for line in desk.roles(EMI)}[WRITE].refusal is not None


def test_a_preview_says_who_would_be_asked(desk: Desk):
    preview = desk.preview(wish(last=None))
    assert preview is not None
    assert [person.name for person in preview.asked] == ["Ben Okafor"]
    assert preview.default == HOUR
    assert desk.preview(wish(RoleName("nothing"))) is None


def test_without_rules_nothing_is_decided(ledger: Ledger):
    desk = Desk(ledger, lambda: None)
    assert isinstance(desk.ask(wish()), answers.NoRules)
    assert isinstance(desk.end(ANA, RequestId("pa-none")), answers.NoRules)
    assert desk.mine(ANA) == desk.roles(ANA) == ()
    assert desk.preview(wish()) is None


def test_somebody_without_an_account_in_the_cloud_is_told(ledger: Ledger, meridian: Policy):
    known = tuple(
        one.model_copy(update={"aws": None}) if one.id == ANA else one for one in meridian.people.people
    )
    changed = _with(meridian, people=People(people=known, groups=meridian.people.groups))
    assert isinstance(Desk(ledger, lambda: changed).ask(wish()), answers.NoIdentity)


def test_frozen_nothing_new_is_asked_or_approved_and_live_access_still_ends(desk: Desk, ledger: Ledger):
    request = ask(desk)
    assert ledger.retrying(lambda writing: writing.freeze("operator:root"))
    assert not ledger.retrying(lambda writing: writing.freeze("operator:root"))
    assert isinstance(desk.approve(click(desk, BEN, request)), answers.Frozen)
    assert isinstance(desk.ask(wish(RoleName("prod-logs"))), answers.Frozen)
    assert isinstance(desk.end(ANA, request.id), answers.Withdrawn)
    assert ledger.retrying(lambda writing: writing.thaw("operator:root"))
    assert not ledger.retrying(lambda writing: writing.thaw("operator:root"))
    assert isinstance(desk.ask(wish(RoleName("prod-logs"))), answers.Starting)
    assert {"ledger.frozen", "ledger.thawed"} <= set(kinds(ledger))


# Emergencies

OPERATE, ADMIN = RoleName("prod-operator"), RoleName("prod-admin")
HALF_AN_HOUR = timedelta(minutes=30)


def break_down(ledger: Ledger, name: str = "INC-42") -> None:
    """There is a live incident of this name."""
    moment = ledger.now()
    made = Incident(id=IncidentId(name), title="text-1", opened_at=moment, live_since=moment, heard_at=moment)
    with ledger.writing() as writing:
        incidents.add(writing, opened(made, moment))


def emergency(role: RoleName = OPERATE, *, who: PersonId = ANA, reference: str | None = "INC-42") -> Wish:
    return Wish(who, who, role, HALF_AN_HOUR, reference, "only this restarts workers", emergency=True)


def started(desk: Desk, asked: Wish | None = None) -> AccessRequest:
    answer = desk.ask(asked or emergency())
    assert isinstance(answer, answers.Starting)
    return answer.view.request


def review_of(ledger: Ledger, request: AccessRequest) -> Review:
    with ledger.reading() as reader:
        found = reviews.find(reader, request.id)
    assert found is not None
    return found


def answer_review(ledger: Ledger, request: AccessRequest) -> None:
    review = review_of(ledger, request)
    with ledger.writing() as writing:
        reviews.save(writing, answered(review, EMI, Verdict.AS_EXPECTED, None, writing.now))


def refused(desk: Desk, asked: Wish) -> str:
    answer = desk.ask(asked)
    assert isinstance(answer, answers.NotAllowed)
    return answer.decision.kind.value


def test_an_emergency_waits_for_nobody_and_its_review_is_opened_with_it(desk: Desk, ledger: Ledger):
    break_down(ledger)
    request = started(desk)
    assert (request.state, request.approvals, request.emergency) == (RequestState.APPROVED, (), True)
    assert request.incident == "INC-42"
    review = review_of(ledger, request)
    assert (review.holder, review.handed_out_by, review.incident) == (ANA, ANA, "INC-42")
    assert (review.opened_at, review.ends_at) == (NOW, NOW + timedelta(days=1))
    assert review.due_at == NOW + timedelta(hours=22)
    assert {"request.approved", "grant.planned", "review.opened"} <= set(kinds(ledger))


def test_where_its_review_cannot_be_written_an_emergency_gives_nothing(desk: Desk, ledger: Ledger):
    break_down(ledger)
    before = kinds(ledger)
    refusing = "BEGIN SELECT RAISE(ABORT, 'no review'); END"
    with ledger.engine.begin() as connection:
        connection.execute(text(f"CREATE TRIGGER no_review BEFORE INSERT ON reviews {refusing}"))
    assert isinstance(desk.ask(emergency()), answers.LedgerAway)
    assert kinds(ledger) == before
    assert desk.mine(ANA) == ()


@pytest.mark.parametrize(
    "asked",
    [emergency(ADMIN), emergency(WRITE), emergency(reference="INC-9"), emergency(reference=None)],
    ids=["no rule gives it", "no rule gives this either", "no such incident", "no incident named"],
)
def test_an_emergency_that_no_rule_allows_is_refused(desk: Desk, ledger: Ledger, asked: Wish):
    break_down(ledger)
    assert isinstance(desk.ask(asked), answers.NotAllowed)
    assert "request.asked" not in kinds(ledger)


def test_without_a_rule_for_emergencies_there_are_none(ledger: Ledger, meridian: Policy):
    break_down(ledger)
    rules = tuple(rule for rule in meridian.rules if not rule.match.emergency)
    without = _with(meridian, rules=rules)
    assert isinstance(Desk(ledger, lambda: without).ask(emergency()), answers.NotAllowed)


def test_what_is_held_already_is_not_started_again_by_an_emergency(desk: Desk, ledger: Ledger):
    break_down(ledger)
    first = started(desk)
    again = desk.ask(emergency())
    assert isinstance(again, answers.AlreadyHeld)
    assert again.view.request.id == first.id
    assert kinds(ledger).count("review.opened") == 1


def test_the_same_role_without_an_emergency_still_waits_for_its_yes(desk: Desk, ledger: Ledger):
    break_down(ledger)
    answer = desk.ask(emergency()._replace(emergency=False))
    assert isinstance(answer, answers.Asked)
    with ledger.reading() as reader:
        assert reviews.waiting(reader) == ()


def test_a_second_emergency_waits_until_the_first_is_reviewed(desk: Desk, ledger: Ledger):
    for name in ("INC-42", "INC-43"):
        break_down(ledger, name)
    first = started(desk)
    desk.end(ANA, first.id)
    elsewhere = emergency(READ, reference="INC-43")
    assert refused(desk, elsewhere) == "unreviewed"
    assert started(desk, emergency(READ, who=CHLOE, reference="INC-43")).beneficiary == CHLOE
    answer_review(ledger, first)
    assert started(desk, elsewhere).incident == "INC-43"


def test_in_the_same_incident_a_second_emergency_does_not_wait_for_a_review_that_is_in_time(
    desk: Desk, ledger: Ledger, clock: StoppedClock
):
    break_down(ledger)
    started(desk)
    clock.move(timedelta(days=1) - timedelta(microseconds=1))
    assert started(desk, emergency(READ)).incident == "INC-42"


def test_in_the_same_incident_a_second_emergency_waits_for_a_review_that_is_overdue(
    desk: Desk, ledger: Ledger, clock: StoppedClock
):
    break_down(ledger)
    started(desk)
    clock.move(timedelta(days=1))
    assert refused(desk, emergency(READ)) == "unreviewed"


def test_access_that_a_commander_hands_out_is_reviewed_with_who_handed_it_out(desk: Desk, ledger: Ledger):
    moment = ledger.now()
    made = Incident(
        id=IncidentId("INC-42"),
        title="text-1",
        severity="sev1",
        commander=DEV,
        opened_at=moment,
        live_since=moment,
        heard_at=moment,
    )
    with ledger.writing() as writing:
        incidents.add(writing, opened(made, moment))
    answer = desk.ask(wish(OPERATE, who=DEV, whose=ANA))
    assert isinstance(answer, answers.Starting)
    review = review_of(ledger, answer.view.request)
    assert (review.holder, review.handed_out_by) == (ANA, DEV)
