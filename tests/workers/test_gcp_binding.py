"""The conditional binding over the pretend Google Cloud: one write for all, and ends that hold."""

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from policies.entitlements.gcp import GcpResource
from policies.grant import Grant
from policies.holding import (
    Absent,
    Ensure,
    LookAgain,
    Outcome,
    Present,
    RefusedForGood,
    Remove,
    StillThere,
    Unreachable,
)
from policies.values import HoldingKey
from sandbox.aws.faults import Kind
from sandbox.gcp import names
from sandbox.gcp.standin import GcpStandIn
from sandbox.gcp.use import Allowed, People
from sandbox.gcp.use import Refused as NotLetIn
from tests.gcp import (
    EDITOR,
    INSTANCE,
    KEY,
    LOGS,
    SHOP,
    VIEWER,
    Calls,
    Open,
    Operator,
    ShutAfter,
    access_grant,
    conditional_bindings,
    worker_client,
)
from tests.sandbox.gcp.clients import binding, key_of
from workers.clouds.cloud import Again, Checkup, ClaimLost, Found, Holding, Refused, Seen, Work
from workers.clouds.gcp.client import GcpClient
from workers.clouds.gcp.conditional_binding import ConditionalBindings
from workers.clouds.gcp.policy import AllowPolicy, _size
from workers.clouds.labels import Labels

NUMBERS = itertools.count(7000)
ONCE = ["GetIamPolicy", "SetIamPolicy", "GetIamPolicy"]
BEYOND = "roles/secretmanager.viewer"
"""A role the worker may not grant."""
HURRIED = {"seconds": (0.3, 0.3)}


@pytest.fixture
def adapter(gcp: GcpStandIn) -> ConditionalBindings:
    return conditional_bindings(gcp)


@pytest.fixture
def grant(gcp: GcpStandIn) -> Grant:
    return access_grant(next(NUMBERS), gcp.clock.now())


@pytest.fixture
def holding(grant: Grant) -> Holding:
    return Holding.of([grant])


@pytest.fixture
def operator(gcp: GcpStandIn) -> Operator:
    return Operator(gcp)


def crowd(gcp: GcpStandIn, count: int, **rest: Any) -> list[Grant]:  # noqa: ANN401 (a grant's)
    """Grants of people who sign in through a pool, as many as are wanted."""
    pool = "principal://iam.googleapis.com/locations/global/workforcePools/meridian/subject"
    now, numbers = gcp.clock.now(), [next(NUMBERS) for _ in range(count)]
    return [access_grant(number, now, member=f"{pool}/{number}", **rest) for number in numbers]


def starting(grant: Grant, fence: Any = None) -> Work:  # noqa: ANN401 (a fence)
    return Work(Holding.of([grant]), Ensure(grant.ends_at), fence or Open())


def ending(grant: Grant, fence: Any = None) -> Work:  # noqa: ANN401 (a fence)
    return Work(Holding.of([grant]), Remove(early=True), fence or Open())


def given_until(gcp: GcpStandIn, grant: Grant) -> list[str]:
    """The ends of the bindings under a grant's mark, by the stand-in."""
    title = f"prodaccess {grant.holding.rpartition('/')[2]}"
    return [one["ends_at"] for one in gcp.bindings() if one["title"] == title]


def tried(adapter: ConditionalBindings, work: Work, tries: int = 4) -> Outcome | None:
    """What a work comes to, tried as a job tries it: again after Unreachable, and never after more."""
    for _ in range(tries):
        (outcome,) = adapter.carry_out([work])
        if not isinstance(outcome, Unreachable):
            return outcome
    return outcome


# A person's access


@pytest.fixture
def ana(gcp: GcpStandIn, google_people: People) -> str:
    """Ana's own token."""
    return google_people.sign_in(gcp.person("ana"))


def test_a_person_gets_in_until_the_end_and_then_not_though_nobody_does_anything(
    gcp: GcpStandIn, adapter: ConditionalBindings, google_people: People, grant: Grant, ana: str
):
    assert isinstance(google_people.read(ana), NotLetIn)
    assert adapter.carry_out([starting(grant)]) == (Present(grant.ends_at),)
    assert google_people.read(ana) == Allowed(names.DATABASES)
    gcp.clock.move_to(grant.ends_at - timedelta(seconds=5))
    assert google_people.read(ana) == Allowed(names.DATABASES)
    gcp.clock.move_to(grant.ends_at)
    assert isinstance(google_people.read(ana), NotLetIn)
    assert adapter.look(Holding.of([grant])) == StillThere()


def test_a_person_who_is_ended_early_does_not_get_in_any_more(
    gcp: GcpStandIn, adapter: ConditionalBindings, google_people: People, grant: Grant, ana: str
):
    standing = gcp.bindings()
    adapter.carry_out([starting(grant)])
    assert google_people.read(ana) == Allowed(names.DATABASES)
    gcp.stop_dates()
    assert adapter.carry_out([ending(grant)]) == (Absent(),)
    assert isinstance(google_people.read(ana), NotLetIn)
    assert gcp.bindings() == standing


def test_an_end_that_is_moved_lets_in_past_the_old_one_and_not_past_the_new(
    gcp: GcpStandIn, adapter: ConditionalBindings, google_people: People, grant: Grant, ana: str
):
    adapter.carry_out([starting(grant)])
    later = grant.ends_at + timedelta(minutes=20)
    calls = Calls(gcp)
    assert adapter.ensure(Holding.of([grant]), later, Open()) == Present(later)
    assert calls.actions() == ONCE
    assert given_until(gcp, grant) == [later.isoformat()]
    gcp.clock.move_to(grant.ends_at + timedelta(seconds=1))
    assert google_people.read(ana) == Allowed(names.DATABASES)
    gcp.clock.move_to(later)
    assert isinstance(google_people.read(ana), NotLetIn)


def test_an_end_can_be_moved_nearer_too(gcp: GcpStandIn, adapter: ConditionalBindings, grant: Grant):
    adapter.carry_out([starting(grant)])
    sooner = grant.ends_at - timedelta(minutes=20)
    assert adapter.ensure(Holding.of([grant]), sooner, Open()) == Present(sooner)
    assert given_until(gcp, grant) == [sooner.isoformat()]


def test_with_googles_lag_a_start_is_read_at_once_and_the_end_is_exact(
    gcp: GcpStandIn, adapter: ConditionalBindings, google_people: People, grant: Grant, ana: str
):
    gcp.lag()
    assert adapter.carry_out([starting(grant)]) == (Present(grant.ends_at),)
    assert isinstance(google_people.read(ana), NotLetIn)
    gcp.clock.move(timedelta(minutes=8))
    assert google_people.read(ana) == Allowed(names.DATABASES)
    gcp.clock.move_to(grant.ends_at)
    assert isinstance(google_people.read(ana), NotLetIn)


def test_standing_access_is_told_and_never_taken(
    gcp: GcpStandIn, adapter: ConditionalBindings, google_people: People
):
    standing, ivys = gcp.bindings(), access_grant(next(NUMBERS), gcp.clock.now(), person="ivy")
    token = google_people.sign_in(gcp.person("ivy"))
    with capture_logs() as logs:
        assert adapter.carry_out([starting(ivys)]) == (Present(ivys.ends_at),)
    assert [(one["event"], one["holding"], one["roles"]) for one in logs] == [
        ("standing_access", ivys.holding, (VIEWER,))
    ]
    assert adapter.carry_out([ending(ivys)]) == (Absent(),)
    assert gcp.bindings() == standing
    assert google_people.read(token) == Allowed(names.DATABASES)


# One write for all


def test_five_hundred_works_on_one_resource_are_one_read_one_write_and_one_look(gcp: GcpStandIn):
    gcp.settle(policy_bytes=10**6)
    adapter = ConditionalBindings(
        worker_client(gcp), Labels(INSTANCE, [KEY]), lambda: (SHOP,), most_bytes=10**6
    )
    many = crowd(gcp, 500)
    calls = Calls(gcp)
    assert adapter.carry_out([starting(grant) for grant in many]) == (Present(many[0].ends_at),) * 500
    assert calls.actions() == ONCE
    (written,) = (call for call in calls.all() if call["action"] == "SetIamPolicy")
    assert (len(written["added"]), written["removed"]) == (500, [])
    calls = Calls(gcp)
    assert adapter.carry_out([ending(grant) for grant in many]) == (Absent(),) * 500
    assert calls.actions() == ONCE


def test_starts_ends_and_looks_are_done_in_one_write(
    gcp: GcpStandIn, adapter: ConditionalBindings, grant: Grant
):
    (old,) = crowd(gcp, 1, roles=(EDITOR, LOGS))
    adapter.carry_out([starting(old)])
    calls = Calls(gcp)
    look = Work(Holding.of(crowd(gcp, 1)), LookAgain(), Open())
    assert adapter.carry_out([look, starting(grant), ending(old)]) == (
        Absent(),
        Present(grant.ends_at),
        Absent(),
    )
    assert calls.actions() == ONCE


def test_where_nothing_is_to_be_changed_nothing_is_written(
    gcp: GcpStandIn, adapter: ConditionalBindings, grant: Grant
):
    adapter.carry_out([starting(grant)])
    calls = Calls(gcp)
    (unknown,) = crowd(gcp, 1)
    assert adapter.carry_out([starting(grant), ending(unknown)]) == (Present(grant.ends_at), Absent())
    assert calls.actions() == ["GetIamPolicy", "GetIamPolicy"]


def test_each_resource_has_a_write_of_its_own_and_one_that_fails_stops_no_other(
    adapter: ConditionalBindings, grant: Grant
):
    folder = GcpResource(alias="production", name=names.FOLDER)
    target = grant.entitlement.model_copy(update={"alias": folder.alias, "resource": folder.name})
    key = HoldingKey(grant.holding.replace(SHOP.name, folder.name))
    other = grant.model_copy(update={"entitlement": target, "holding": key})
    outcomes = adapter.carry_out([starting(other), starting(grant)])
    assert outcomes == (RefusedForGood("gcp_permission_denied"), Present(grant.ends_at))


def test_all_roles_of_a_grant_are_given_and_taken_together(gcp: GcpStandIn, adapter: ConditionalBindings):
    both = access_grant(next(NUMBERS), gcp.clock.now(), roles=(EDITOR, VIEWER))
    assert adapter.carry_out([starting(both)]) == (Present(both.ends_at),)
    assert given_until(gcp, both) == [both.ends_at.isoformat()] * 2
    assert adapter.carry_out([ending(both)]) == (Absent(),)
    assert given_until(gcp, both) == []


def test_the_reason_in_googles_log_names_the_grants(
    gcp: GcpStandIn, adapter: ConditionalBindings, grant: Grant
):
    calls = Calls(gcp)
    adapter.carry_out([starting(grant)])
    assert [call["reason"] for call in calls.all() if call["reason"]] == [f"{INSTANCE}: {grant.id}"]


# Fences


def test_a_work_whose_claim_is_lost_is_left_out_and_the_rest_goes_on(
    gcp: GcpStandIn, adapter: ConditionalBindings, grant: Grant
):
    (lost,) = crowd(gcp, 1)
    calls = Calls(gcp)
    outcomes = adapter.carry_out([starting(lost, ShutAfter(0)), starting(grant)])
    assert outcomes == (None, Present(grant.ends_at))
    assert given_until(gcp, lost) == []
    assert [call["reason"] for call in calls.all() if call["reason"]] == [f"{INSTANCE}: {grant.id}"]


def test_nothing_is_said_of_a_lost_claim_when_the_write_fails_too(
    gcp: GcpStandIn, adapter: ConditionalBindings, grant: Grant
):
    gcp.break_calls(Kind.UNAVAILABLE, ["SetIamPolicy"], times=1)
    (lost,) = crowd(gcp, 1)
    outcomes = adapter.carry_out([starting(lost, ShutAfter(0)), starting(grant)])
    assert outcomes == (None, Unreachable("gcp_unavailable"))


def test_every_write_is_behind_the_fence_also_when_somebody_else_was_faster(
    gcp: GcpStandIn, grant: Grant, operator: Operator
):
    racing = Racing(gcp, [lambda: operator.bind(binding("roles/browser", names.member("ben")))])
    adapter = ConditionalBindings(racing, Labels(INSTANCE, [KEY]), lambda: (SHOP,))
    with pytest.raises(ClaimLost):
        adapter.ensure(Holding.of([grant]), grant.ends_at, ShutAfter(1))
    assert given_until(gcp, grant) == []


# Others change the policy too


class Racing(GcpClient):
    """A client whose reads are each followed by somebody else's change, as long as there are any."""

    def __init__(self, gcp: GcpStandIn, changes: Sequence[Any]) -> None:
        super().__init__(
            instance=INSTANCE, now=gcp.clock.now, endpoint=gcp.endpoint_url, credentials=key_of(gcp)
        )
        self._changes = list(changes)

    def read(self, resource: str) -> AllowPolicy:
        """The policy, which is not the current one any more."""
        policy = super().read(resource)
        if self._changes:
            self._changes.pop(0)()
        return policy


@pytest.mark.parametrize("role", [LOGS, "roles/browser"])
def test_what_somebody_else_writes_between_our_read_and_our_write_is_kept(
    gcp: GcpStandIn, grant: Grant, operator: Operator, role: str
):
    racing = Racing(gcp, [lambda: operator.bind(binding(role, names.member("ben")))])
    adapter = ConditionalBindings(racing, Labels(INSTANCE, [KEY]), lambda: (SHOP,))
    assert adapter.carry_out([starting(grant)]) == (Present(grant.ends_at),)
    assert (role, [names.member("ben")]) in [(one["role"], one["members"]) for one in gcp.bindings()]


def test_a_stale_write_that_google_calls_forbidden_is_not_refused_for_good(
    gcp: GcpStandIn, grant: Grant, operator: Operator
):
    gcp.settle(permission_before_etag=True)
    racing = Racing(gcp, [lambda: operator.bind(binding("roles/browser", names.member("ben")))])
    adapter = ConditionalBindings(racing, Labels(INSTANCE, [KEY]), lambda: (SHOP,))
    assert adapter.carry_out([starting(grant)]) == (Present(grant.ends_at),)


def test_a_forbidden_write_that_cannot_be_read_after_is_tried_again(
    gcp: GcpStandIn, adapter: ConditionalBindings
):
    beyond = access_grant(next(NUMBERS), gcp.clock.now(), roles=(BEYOND,))
    gcp.break_calls(Kind.UNAVAILABLE, ["GetIamPolicy"], after=1, times=1)
    assert adapter.carry_out([starting(beyond)]) == (Unreachable("gcp_unavailable"),)


def test_a_policy_that_somebody_never_stops_changing_is_left_for_later(
    gcp: GcpStandIn, grant: Grant, operator: Operator
):
    def change() -> None:
        operator.bind(binding("roles/browser", f"user:{next(PEOPLE)}@{names.DOMAIN}"))

    racing = Racing(gcp, [change] * 4)
    adapter = ConditionalBindings(racing, Labels(INSTANCE, [KEY]), lambda: (SHOP,))
    assert adapter.carry_out([starting(grant)]) == (Unreachable("gcp_aborted"),)
    assert adapter.carry_out([starting(grant)]) == (Present(grant.ends_at),)


def test_eight_writers_at_once_lose_nothing_of_one_another(gcp: GcpStandIn):
    grants = crowd(gcp, 8)
    with ThreadPoolExecutor(8) as pool:
        works = [pool.submit(tried, conditional_bindings(gcp), starting(grant), 20) for grant in grants]
    assert [work.result() for work in works] == [Present(grant.ends_at) for grant in grants]
    assert [given_until(gcp, grant) for grant in grants] == [[grant.ends_at.isoformat()] for grant in grants]


PEOPLE: Iterator[str] = itertools.cycle(("ben", "chloe", "dev", "emi"))


# Refused together, tried apart


def test_a_role_we_may_not_give_refuses_nobody_else(
    gcp: GcpStandIn, adapter: ConditionalBindings, grant: Grant
):
    editing = access_grant(next(NUMBERS), gcp.clock.now(), roles=(EDITOR,))
    beyond = access_grant(next(NUMBERS), gcp.clock.now(), roles=(BEYOND,))
    assert adapter.carry_out([starting(grant), starting(beyond), starting(editing)]) == (
        Present(grant.ends_at),
        RefusedForGood("gcp_permission_denied"),
        Present(editing.ends_at),
    )


def test_people_who_do_not_exist_any_more_refuse_nobody_else(gcp: GcpStandIn, adapter: ConditionalBindings):
    many = crowd(gcp, 20)
    gone = [
        access_grant(next(NUMBERS), gcp.clock.now(), person="x", member=f"user:{name}@{names.DOMAIN}")
        for name in ("left", "gone")
    ]
    mixed = [gone[0], *many, gone[1]]
    outcomes = adapter.carry_out([starting(grant) for grant in mixed])
    no = RefusedForGood("gcp_invalid_argument")
    assert outcomes == (no, *(Present(grant.ends_at) for grant in many), no)


def test_a_policy_that_is_refused_whatever_we_do_is_not_written_for_ever(
    gcp: GcpStandIn, adapter: ConditionalBindings
):
    gcp.break_calls(Kind.ERROR, ["SetIamPolicy"], status=400, code="INVALID_ARGUMENT")
    calls = Calls(gcp)
    outcomes = adapter.carry_out([starting(grant) for grant in crowd(gcp, 60)])
    assert calls.actions().count("SetIamPolicy") == 48
    assert {type(outcome) for outcome in outcomes} == {Unreachable, RefusedForGood}
    assert {getattr(one, "problem", "gcp_refused_together") for one in outcomes} == {"gcp_refused_together"}


def test_ends_that_are_refused_with_starts_are_written_next_and_without_them(
    gcp: GcpStandIn, adapter: ConditionalBindings
):
    here, coming = crowd(gcp, 6), crowd(gcp, 16)
    adapter.carry_out([starting(grant) for grant in here])
    beyond = crowd(gcp, 16, roles=(BEYOND,))
    calls = Calls(gcp)
    works = [starting(grant) for grant in (*coming, *beyond)] + [ending(grant) for grant in here]
    outcomes = adapter.carry_out(works)
    assert outcomes[-len(here) :] == (Absent(),) * len(here)
    written = [call for call in calls.all() if call["action"] == "SetIamPolicy"]
    ours = {grant.id for grant in here}
    assert [call["status"] for call in written[:2]] == [403, 200]
    assert {grant for grant in ours if grant in str(written[1])} == ours


def test_one_forbidden_role_is_asked_for_once(gcp: GcpStandIn, adapter: ConditionalBindings):
    calls = Calls(gcp)
    beyond = crowd(gcp, 20, roles=(BEYOND,))
    outcomes = adapter.carry_out([starting(grant) for grant in beyond])
    assert outcomes == (RefusedForGood("gcp_permission_denied"),) * 20
    assert calls.actions().count("SetIamPolicy") == 1


def test_an_end_is_never_refused_for_good(gcp: GcpStandIn, adapter: ConditionalBindings, grant: Grant):
    adapter.carry_out([starting(grant)])
    gcp.break_calls(Kind.ERROR, ["SetIamPolicy"], times=1)
    assert adapter.carry_out([ending(grant)]) == (Unreachable("gcp_permission_denied"),)
    assert adapter.carry_out([ending(grant)]) == (Absent(),)


def test_a_full_policy_refuses_what_does_not_fit_before_google_is_asked(gcp: GcpStandIn, grant: Grant):
    small = ConditionalBindings(worker_client(gcp), Labels(INSTANCE, [KEY]), lambda: (SHOP,), most_bytes=1000)
    calls = Calls(gcp)
    assert small.carry_out([starting(grant)]) == (RefusedForGood("gcp_policy_full"),)
    assert calls.actions() == ["GetIamPolicy"]


def test_what_ends_makes_room_for_what_starts_with_it(gcp: GcpStandIn, grant: Grant):
    (old,) = crowd(gcp, 1)
    conditional_bindings(gcp).carry_out([starting(old)])
    full = sum(map(_size, worker_client(gcp).read(SHOP.name).bindings))
    adapter = ConditionalBindings(
        worker_client(gcp), Labels(INSTANCE, [KEY]), lambda: (SHOP,), most_bytes=full
    )
    assert adapter.carry_out([starting(grant)]) == (RefusedForGood("gcp_policy_full"),)
    assert adapter.carry_out([starting(grant), ending(old)]) == (Present(grant.ends_at), Absent())


# Replies that are lost


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.TORN, Kind.TRUNCATED])
def test_a_lost_reply_to_a_write_is_looked_up(
    gcp: GcpStandIn, adapter: ConditionalBindings, grant: Grant, kind: Kind
):
    gcp.break_calls(kind, ["SetIamPolicy"], times=1)
    calls = Calls(gcp)
    assert adapter.carry_out([starting(grant)]) == (Present(grant.ends_at),)
    assert calls.actions() == ONCE
    gcp.break_calls(kind, ["SetIamPolicy"], times=1)
    assert adapter.carry_out([ending(grant)]) == (Absent(),)


@pytest.mark.timeout(20)  # it hangs for a minute when the client brings its own patience
@pytest.mark.parametrize("kind", [Kind.LATE, Kind.SILENT])
def test_a_write_that_is_never_answered_ends_in_one_binding(gcp: GcpStandIn, grant: Grant, kind: Kind):
    adapter = conditional_bindings(gcp, **HURRIED)
    gcp.break_calls(kind, ["SetIamPolicy"], times=1)
    assert tried(adapter, starting(grant)) == Present(grant.ends_at)
    assert given_until(gcp, grant) == [grant.ends_at.isoformat()]


@pytest.mark.parametrize("kind", [Kind.THROTTLE, Kind.UNAVAILABLE, Kind.RESET])
@pytest.mark.parametrize("action", ["GetIamPolicy", "SetIamPolicy"])
def test_what_was_not_done_is_done_the_next_time(
    gcp: GcpStandIn, adapter: ConditionalBindings, grant: Grant, action: str, kind: Kind
):
    gcp.break_calls(kind, [action], times=1)
    (first,) = adapter.carry_out([starting(grant)])
    assert isinstance(first, Unreachable)
    assert tried(adapter, starting(grant)) == Present(grant.ends_at)
    assert given_until(gcp, grant) == [grant.ends_at.isoformat()]


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.TORN, Kind.TRUNCATED])
def test_a_lost_reply_to_a_look_says_nothing(
    gcp: GcpStandIn, adapter: ConditionalBindings, grant: Grant, kind: Kind
):
    gcp.break_calls(kind, ["GetIamPolicy"], after=1, times=1)
    (outcome,) = adapter.carry_out([starting(grant)])
    assert isinstance(outcome, Unreachable)
    assert adapter.carry_out([starting(grant)]) == (Present(grant.ends_at),)


def test_throttled_for_ever_is_unreachable_and_not_refused(
    gcp: GcpStandIn, adapter: ConditionalBindings, grant: Grant
):
    adapter.carry_out([starting(grant)])
    gcp.settle(reads_per_minute=0)
    for work in (starting(grant), ending(grant)):
        (outcome,) = adapter.carry_out([work])
        assert isinstance(outcome, Unreachable)
        assert outcome.problem == "gcp_rate_limit_exceeded"
        assert outcome.after is not None


def test_a_reader_who_is_behind_never_says_more_than_it_saw(
    gcp: GcpStandIn, adapter: ConditionalBindings, grant: Grant
):
    gcp.clock.move(timedelta(seconds=60))
    gcp.settle(read_lag_seconds=30)
    assert adapter.carry_out([starting(grant)]) == (Unreachable("not_visible_yet", timedelta(seconds=1)),)
    assert adapter.carry_out([starting(grant)]) == (Unreachable("gcp_aborted"),)
    gcp.clock.move(timedelta(seconds=31))
    assert adapter.carry_out([starting(grant)]) == (Present(grant.ends_at),)
    assert given_until(gcp, grant) == [grant.ends_at.isoformat()]


# What is not ours


def test_what_looks_like_ours_is_kept_as_it_is(
    gcp: GcpStandIn, adapter: ConditionalBindings, grant: Grant, operator: Operator
):
    adapter.carry_out([starting(grant)])
    operator.change(copy_for_ben)
    (copied,) = [one for one in gcp.bindings() if one["members"] == [names.member("ben")]]
    adapter.ensure(Holding.of([grant]), grant.ends_at + timedelta(minutes=5), Open())
    assert copied in gcp.bindings()
    assert adapter.carry_out([ending(grant)]) == (Absent(),)
    assert copied in gcp.bindings()


def copy_for_ben(bindings: Any) -> None:  # noqa: ANN401 (protobuf's own)
    copied = bindings.add()
    copied.CopyFrom(bindings[-2])
    copied.members[:] = [names.member("ben")]


def lengthen(bindings: Any) -> None:  # noqa: ANN401 (protobuf's own)
    bindings[-1].condition.expression = 'request.time < timestamp("2035-01-01T00:00:00Z")'


def shorten(bindings: Any) -> None:  # noqa: ANN401 (protobuf's own)
    bindings[-1].condition.expression = 'request.time < timestamp("2034-01-01T00:00:00Z")'


def make_endless(bindings: Any) -> None:  # noqa: ANN401 (protobuf's own)
    bindings[-1].condition.expression = 'request.time > timestamp("2020-01-01T00:00:00Z")'


def add_ben(bindings: Any) -> None:  # noqa: ANN401 (protobuf's own)
    bindings[-1].members.append(names.member("ben"))


@pytest.mark.parametrize("edit", [lengthen, add_ben])
def test_a_binding_of_ours_that_somebody_edited_is_left_and_never_called_gone(
    gcp: GcpStandIn,
    adapter: ConditionalBindings,
    grant: Grant,
    operator: Operator,
    edit: Any,  # noqa: ANN401
):
    adapter.carry_out([starting(grant)])
    operator.change(edit)
    edited = gcp.bindings()[-1]
    assert adapter.carry_out([ending(grant)]) == (Unreachable("gcp_binding_altered"),)
    assert gcp.bindings()[-1] == edited
    assert [(one.key, one.genuine) for one in adapter.find_ours()] == [(grant.holding, False)]
    operator.change(lambda bindings: bindings.pop())
    assert adapter.carry_out([ending(grant)]) == (Absent(),)


def test_what_was_left_over_long_ago_goes_with_the_next_write(gcp: GcpStandIn, adapter: ConditionalBindings):
    old, new = (access_grant(next(NUMBERS), gcp.clock.now(), person=person) for person in ("ana", "ben"))
    adapter.carry_out([starting(old)])
    gcp.clock.move_to(old.ends_at + timedelta(minutes=61))
    until = gcp.clock.now().replace(microsecond=0) + timedelta(minutes=30)
    assert adapter.ensure(Holding.of([new]), until, Open()) == Present(until)
    assert given_until(gcp, old) == []


def test_what_another_installation_gave_is_left_alone(
    gcp: GcpStandIn, adapter: ConditionalBindings, grant: Grant
):
    conditional_bindings(gcp, b"the key of another installation").carry_out([starting(grant)])
    theirs = gcp.bindings()[-1]
    assert adapter.carry_out([starting(grant)]) == (Present(grant.ends_at),)
    assert adapter.carry_out([ending(grant)]) == (Unreachable("gcp_binding_altered"),)
    assert gcp.bindings()[-1] == theirs
    assert {one.key: one.genuine for one in adapter.find_ours()} == {grant.holding: False}


# From the cloud's side


def test_what_is_ours_is_found_once_with_its_labels_and_its_end(
    gcp: GcpStandIn, adapter: ConditionalBindings
):
    both = access_grant(next(NUMBERS), gcp.clock.now(), roles=(EDITOR, VIEWER))
    adapter.carry_out([starting(both)])
    (found,) = adapter.find_ours()
    assert (found.key, found.ends_at, found.genuine) == (both.holding, both.ends_at, True)
    assert {name: found.labels[name] for name in ("grant", "request", "person", "role")} == {
        "grant": both.id,
        "request": both.request,
        "person": "ana",
        "role": "prod-db-readonly",
    }


def test_what_is_found_can_be_taken_over_and_ended(gcp: GcpStandIn, adapter: ConditionalBindings):
    both = access_grant(next(NUMBERS), gcp.clock.now(), roles=(EDITOR, VIEWER))
    adapter.carry_out([starting(both)])
    (found,) = adapter.find_ours()
    assert adapter.describe(found) == Holding.of([both])
    assert adapter.remove(Holding.of([both]), Open(), early=True) == Absent()
    assert adapter.describe(found) is None
    assert adapter.describe(Found(HoldingKey("projects/another/bindings/1"), {}, None, genuine=True)) is None


def test_a_copy_beside_ours_is_found_apart(adapter: ConditionalBindings, grant: Grant, operator: Operator):
    adapter.carry_out([starting(grant)])
    operator.change(copy_for_ben)
    copy = HoldingKey(f"{grant.holding}/altered")
    assert {one.key: one.genuine for one in adapter.find_ours()} == {grant.holding: True, copy: False}


def test_what_is_found_ends_when_the_last_of_it_does(
    adapter: ConditionalBindings, operator: Operator, grant: Grant
):
    adapter.carry_out([starting(grant)])
    operator.change(copy_for_ben)
    operator.change(lengthen)
    operator.change(copy_for_ben)
    operator.change(shorten)
    assert [one.ends_at for one in adapter.find_ours()] == [grant.ends_at, datetime(2035, 1, 1, tzinfo=UTC)]
    operator.change(make_endless)
    assert [one.ends_at for one in adapter.find_ours()] == [grant.ends_at, None]


def test_doctor_counts_what_is_there_and_what_should_not_be(
    gcp: GcpStandIn, adapter: ConditionalBindings, operator: Operator
):
    assert all(checkup.ok for checkup in adapter.doctor())
    ivys = access_grant(next(NUMBERS), gcp.clock.now(), person="ivy")
    adapter.carry_out([starting(ivys)])
    operator.change(copy_for_ben)
    gcp.clock.move_to(ivys.ends_at + timedelta(hours=2))
    assert [(checkup.ok, checkup.detail) for checkup in adapter.doctor()] == [
        (True, "bindings of ours now: 1"),
        (False, "not so: 1"),
        (False, "over for long and still there: 1"),
        (False, "given for nothing: 1"),
    ]


def test_doctor_says_where_a_policy_cannot_be_read(gcp: GcpStandIn):
    folder = GcpResource(alias="production", name=names.FOLDER)
    adapter = ConditionalBindings(worker_client(gcp), Labels(INSTANCE, [KEY]), lambda: (folder, SHOP))
    refused, *rest = adapter.doctor()
    assert refused == Checkup(
        "gcp production: its policy can be read",
        ok=False,
        detail=f"gcp_permission_denied; check what the worker may do on {names.FOLDER}",
    )
    assert all(checkup.ok for checkup in rest)


def test_warming_reads_one_policy_and_says_nothing_when_it_cannot(
    gcp: GcpStandIn, adapter: ConditionalBindings
):
    calls = Calls(gcp)
    adapter.warm()
    assert calls.actions() == ["GetIamPolicy"]
    gcp.break_calls(Kind.UNAVAILABLE)
    adapter.warm()


# One alone


def test_one_alone_is_the_same_as_all_of_one(
    gcp: GcpStandIn, adapter: ConditionalBindings, holding: Holding, grant: Grant
):
    adapter._ensure(holding, grant.ends_at, Open())
    assert adapter._look(holding) == Seen(grant.ends_at, complete=True)
    adapter._remove(holding, Open(), early=False)
    assert adapter._look(holding) is None
    beyond = Holding.of([access_grant(next(NUMBERS), gcp.clock.now(), roles=(BEYOND,))])
    with pytest.raises(Refused, match="gcp_permission_denied"):
        adapter._ensure(beyond, grant.ends_at, Open())
    gcp.break_calls(Kind.UNAVAILABLE)
    with pytest.raises(Again, match="gcp_unavailable"):
        adapter._look(holding)
