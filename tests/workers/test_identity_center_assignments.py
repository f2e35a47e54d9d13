"""The real boto3 over the pretend Identity Center: what is under way, what failed, and whose is what."""

# ruff: noqa: ANN401 - boto3 makes its clients up

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from policies.grant import EndCause, Grant, GrantState
from policies.holding import Absent, Direction, Outcome, Present, RefusedForGood, StillThere, Unreachable
from sandbox.aws.faults import Kind
from sandbox.identity_center import names
from sandbox.identity_center.settings import Absent as AbsentDeletes
from sandbox.identity_center.standin import IdentityCenterStandIn
from tests.builders import LEASE, PRINCIPAL, StoppedClock
from tests.identity_center import (
    PLACE,
    READ,
    TARGET,
    WRITE,
    account_assignments,
    assignment_of,
    center_grant,
    client_of,
)
from workers.clouds.aws import client as aws_client
from workers.clouds.cloud import ClaimLost, Holding
from workers.clouds.identity_center.account_assignment import AccountAssignments
from workers.jobs import Drain, Unfenced
from workers.ledger.ledger import Ledger
from workers.reconciler import Reconciler

NUMBERS = itertools.count(9000)
MINUTE = timedelta(minutes=1)
CREATE, DELETE = "CreateAccountAssignment", "DeleteAccountAssignment"
FOLLOW, UNFOLLOW = "DescribeAccountAssignmentCreationStatus", "DescribeAccountAssignmentDeletionStatus"
MAKING, REMOVING = "ListAccountAssignmentCreationStatus", "ListAccountAssignmentDeletionStatus"
LIST = "ListAccountAssignments"
IN_PROGRESS = Unreachable("identity_center_in_progress", timedelta(seconds=5))


class ShutAfter:
    """A fence that lets so many looks at the claim pass."""

    def __init__(self, passes: int) -> None:
        self._left = passes

    def check(self) -> None:
        """Let it through or not."""
        self._left -= 1
        if self._left < 0:
            raise ClaimLost("claim_lost")


@pytest.fixture
def adapter(identity_center: IdentityCenterStandIn) -> AccountAssignments:
    return account_assignments(identity_center)


@pytest.fixture
def grant(identity_center: IdentityCenterStandIn) -> Grant:
    return center_grant(next(NUMBERS), identity_center.clock.now())


@pytest.fixture
def holding(grant: Grant) -> Holding:
    return Holding.of([grant])


@pytest.fixture
def operator(identity_center: IdentityCenterStandIn) -> Any:
    return client_of(identity_center, identity_center.operator)


@pytest.fixture
def slow(identity_center: IdentityCenterStandIn) -> IdentityCenterStandIn:
    """The stand-in while operations take a minute."""
    identity_center.settle(operation_seconds=60)
    return identity_center


def ensure(adapter: AccountAssignments, grant: Grant) -> Outcome:
    return adapter.ensure(Holding.of([grant]), grant.ends_at, Unfenced())


def remove(adapter: AccountAssignments, grant: Grant) -> Outcome:
    return adapter.remove(Holding.of([grant]), Unfenced(), early=False)


def tried(work: Any, adapter: AccountAssignments, grant: Grant, tries: int = 4) -> Outcome:
    """What it comes to as a job tries it: again after Unreachable, and never after more."""
    for _ in range(tries):
        outcome: Outcome = work(adapter, grant)
        if not isinstance(outcome, Unreachable):
            return outcome
    return outcome


def people_on(identity_center: IdentityCenterStandIn, permission_set: str = READ) -> list[str]:
    """Who is assigned a permission set, as AWS has it."""
    return [
        one["name"]
        for one in identity_center.assignments()
        if one["permission_set"] == permission_set and one["since"]
    ]


def changes(identity_center: IdentityCenterStandIn, since: int) -> list[str]:
    return [call["action"] for call in identity_center.log(since=since)]


def now_at(identity_center: IdentityCenterStandIn) -> int:
    """The number the next call has in the stand-in's log."""
    return len(identity_center.log(everything=True))


# Replies that are lost, and calls that never arrive

LOST = [
    *itertools.product([CREATE], [Kind.LOST, Kind.TORN, Kind.TRUNCATED]),
    *itertools.product([FOLLOW, MAKING, REMOVING, LIST], [Kind.LOST, Kind.TRUNCATED, Kind.THROTTLE]),
]


@pytest.mark.parametrize(("action", "kind"), LOST)
def test_a_lost_reply_of_any_call_ends_in_one_assignment(
    identity_center: IdentityCenterStandIn,
    adapter: AccountAssignments,
    grant: Grant,
    action: str,
    kind: Kind,
):
    since = now_at(identity_center)
    identity_center.break_calls(kind, [action], times=1)
    assert tried(ensure, adapter, grant) == Present(grant.ends_at)
    assert people_on(identity_center) == ["ana"]
    assert changes(identity_center, since) == [CREATE]


UNLOST = [
    *itertools.product([DELETE], [Kind.LOST, Kind.TORN, Kind.TRUNCATED]),
    *itertools.product([UNFOLLOW, MAKING, REMOVING, LIST], [Kind.LOST, Kind.TRUNCATED, Kind.THROTTLE]),
]


@pytest.mark.parametrize(("action", "kind"), UNLOST)
def test_a_lost_reply_of_a_removal_ends_in_none(
    identity_center: IdentityCenterStandIn,
    adapter: AccountAssignments,
    grant: Grant,
    action: str,
    kind: Kind,
):
    ensure(adapter, grant)
    identity_center.break_calls(kind, [action], times=1)
    assert tried(remove, adapter, grant) == Absent()
    assert people_on(identity_center) == []


@pytest.mark.parametrize(
    ("action", "kind"),
    [*itertools.product([CREATE, DELETE], [Kind.THROTTLE, Kind.UNAVAILABLE, Kind.RESET])],
)
def test_a_change_that_was_not_done_is_done_the_next_time(
    identity_center: IdentityCenterStandIn,
    adapter: AccountAssignments,
    grant: Grant,
    action: str,
    kind: Kind,
):
    work, done = (ensure, Present(grant.ends_at)) if action == CREATE else (remove, Absent())
    if action == DELETE:
        ensure(adapter, grant)
    identity_center.break_calls(kind, [action], times=1)
    assert isinstance(work(adapter, grant), Unreachable)
    assert tried(work, adapter, grant) == done


@pytest.mark.parametrize("kind", [Kind.LATE, Kind.SILENT])
def test_a_change_that_is_never_answered_is_looked_up(
    identity_center: IdentityCenterStandIn, grant: Grant, kind: Kind, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(aws_client, "READ_SECONDS", 0.3)
    identity_center.break_calls(kind, [CREATE], times=1)
    assert tried(ensure, account_assignments(identity_center), grant) == Present(grant.ends_at)
    assert people_on(identity_center) == ["ana"]


def test_throttled_for_ever_is_unreachable_and_not_refused(
    identity_center: IdentityCenterStandIn, adapter: AccountAssignments, grant: Grant, holding: Holding
):
    ensure(adapter, grant)
    identity_center.break_calls(Kind.THROTTLE)
    throttled = Unreachable("ThrottlingException")
    assert [adapter.look(holding), remove(adapter, grant), ensure(adapter, grant)] == [throttled] * 3


# What is under way


def test_what_aws_is_at_work_on_is_not_live_and_is_not_begun_twice(
    slow: IdentityCenterStandIn, adapter: AccountAssignments, grant: Grant, holding: Holding
):
    since = now_at(slow)
    assert [ensure(adapter, grant) for _ in range(2)] == [
        IN_PROGRESS,
        Unreachable("ConflictException", timedelta(seconds=5)),
    ]
    assert adapter.look(holding) == IN_PROGRESS
    slow.clock.move(MINUTE)
    assert ensure(adapter, grant) == Present(grant.ends_at)
    accepted = [call for call in slow.log(since=since) if call["status"] == 200]
    assert [call["action"] for call in accepted] == [CREATE]


def test_an_end_that_aws_is_at_work_on_is_not_gone(
    slow: IdentityCenterStandIn, adapter: AccountAssignments, grant: Grant, holding: Holding
):
    ensure(adapter, grant)
    slow.clock.move(MINUTE)
    assert remove(adapter, grant) == IN_PROGRESS
    assert remove(adapter, grant) == IN_PROGRESS
    assert adapter.look(holding) == IN_PROGRESS
    slow.clock.move(MINUTE)
    assert remove(adapter, grant) == Absent()
    assert people_on(slow) == []


def test_an_assignment_that_is_being_removed_is_not_present_however_it_is_listed(
    slow: IdentityCenterStandIn, adapter: AccountAssignments, grant: Grant
):
    ensure(adapter, grant)
    slow.clock.move(MINUTE)
    remove(adapter, grant)
    assert people_on(slow) == ["ana"]
    assert ensure(adapter, grant) == IN_PROGRESS
    slow.clock.move(MINUTE)
    assert ensure(adapter, grant) == IN_PROGRESS
    slow.clock.move(MINUTE)
    assert ensure(adapter, grant) == Present(grant.ends_at)


def test_an_assignment_that_is_being_made_is_not_absent_however_it_is_listed(
    slow: IdentityCenterStandIn, adapter: AccountAssignments, grant: Grant, holding: Holding
):
    ensure(adapter, grant)
    assert people_on(slow) == []
    assert [remove(adapter, grant), adapter.look(holding)] == [IN_PROGRESS] * 2
    slow.clock.move(MINUTE)
    assert adapter.look(holding) == StillThere()
    remove(adapter, grant)
    slow.clock.move(MINUTE)
    assert remove(adapter, grant) == Absent()


@pytest.mark.usefixtures("slow")
def test_what_others_are_at_work_on_does_not_hold_us_up(
    adapter: AccountAssignments,
    grant: Grant,
    holding: Holding,
    operator: Any,
):
    for changed in ({"PrincipalId": names.user_id("ben")}, {"TargetId": names.PAY_PROD}):
        operator.create_account_assignment(**assignment_of("ana", **changed))
    assert adapter.look(holding) == Absent()
    assert ensure(adapter, grant) == IN_PROGRESS


def test_what_an_operation_is_about_is_asked_once(
    slow: IdentityCenterStandIn,
    adapter: AccountAssignments,
    holding: Holding,
    operator: Any,
):
    operator.create_account_assignment(**assignment_of("ben"))
    since = now_at(slow)
    for _ in range(3):
        adapter.look(holding)
    asked = [call["action"] for call in slow.log(since=since, everything=True)]
    assert (asked.count(FOLLOW), asked.count(MAKING)) == (1, 3)


def test_somebody_elses_operation_on_the_same_assignment_is_waited_for(
    slow: IdentityCenterStandIn,
    adapter: AccountAssignments,
    grant: Grant,
    operator: Any,
):
    operator.create_account_assignment(**assignment_of("ana"))
    assert ensure(adapter, grant) == Unreachable("ConflictException", timedelta(seconds=5))
    slow.clock.move(MINUTE)
    assert ensure(adapter, grant) == Present(grant.ends_at)


def test_a_list_that_lags_behind_is_not_believed_to_be_live_or_gone(
    identity_center: IdentityCenterStandIn, adapter: AccountAssignments, grant: Grant
):
    identity_center.settle(read_lag_seconds=30)
    soon = timedelta(seconds=1)
    assert ensure(adapter, grant) == Unreachable("not_visible_yet", soon)
    identity_center.clock.move(MINUTE)
    assert ensure(adapter, grant) == Present(grant.ends_at)
    assert remove(adapter, grant) == Unreachable("still_there", soon)
    identity_center.clock.move(MINUTE)
    assert remove(adapter, grant) == Absent()


def test_moving_the_end_takes_no_call_that_changes_anything(
    identity_center: IdentityCenterStandIn, adapter: AccountAssignments, grant: Grant, holding: Holding
):
    ensure(adapter, grant)
    since, later = now_at(identity_center), grant.ends_at + timedelta(hours=1)
    assert adapter.ensure(holding, later, Unfenced()) == Present(later)
    assert changes(identity_center, since) == []


def test_a_claim_lost_while_an_operation_is_followed_stops_the_thread(
    slow: IdentityCenterStandIn, adapter: AccountAssignments, grant: Grant, holding: Holding
):
    with pytest.raises(ClaimLost):
        adapter.ensure(holding, grant.ends_at, ShutAfter(1))
    with pytest.raises(ClaimLost):
        adapter.ensure(holding, grant.ends_at, ShutAfter(0))
    slow.clock.move(MINUTE)
    assert remove(adapter, grant) == IN_PROGRESS


# What is not there


def test_a_list_that_finds_nothing_to_list_is_not_an_end(
    identity_center: IdentityCenterStandIn, adapter: AccountAssignments, grant: Grant, holding: Holding
):
    ensure(adapter, grant)
    identity_center.break_calls(Kind.ERROR, [LIST], code="ResourceNotFoundException")
    unknown = Unreachable("ResourceNotFoundException", timedelta(seconds=5))
    assert [adapter.look(holding), remove(adapter, grant)] == [unknown] * 2
    assert people_on(identity_center) == ["ana"]


def test_a_deletion_that_finds_nothing_to_delete_is_not_an_end(
    identity_center: IdentityCenterStandIn, adapter: AccountAssignments, grant: Grant
):
    ensure(adapter, grant)
    identity_center.break_calls(Kind.ERROR, [DELETE], code="ResourceNotFoundException", times=1)
    assert remove(adapter, grant) == Unreachable("still_there", timedelta(seconds=1))
    assert remove(adapter, grant) == Absent()


def test_with_its_permission_set_an_assignment_is_gone(
    adapter: AccountAssignments,
    grant: Grant,
    holding: Holding,
    operator: Any,
):
    operator.delete_permission_set(InstanceArn=names.INSTANCE, PermissionSetArn=TARGET.permission_set_arn)
    assert [adapter.look(holding), remove(adapter, grant)] == [Absent()] * 2
    assert ensure(adapter, grant) == RefusedForGood("identity_center_not_found")


def test_another_instance_says_nothing_about_this_one(adapter: AccountAssignments, grant: Grant):
    elsewhere = TARGET.model_copy(update={"instance": "arn:aws:sso:::instance/ssoins-ffffffffffffffff"})
    assert remove(adapter, grant.model_copy(update={"entitlement": elsewhere})) == Unreachable(
        "ResourceNotFoundException"
    )


@pytest.mark.parametrize("absent", list(AbsentDeletes))
def test_what_somebody_removed_by_hand_meanwhile_is_gone(
    identity_center: IdentityCenterStandIn,
    adapter: AccountAssignments,
    grant: Grant,
    operator: Any,
    absent: AbsentDeletes,
):
    identity_center.settle(absent=absent, read_lag_seconds=30)
    ensure(adapter, grant)
    identity_center.clock.move(MINUTE)
    operator.delete_account_assignment(**assignment_of("ana"))
    operator.list_instances()  # and it has succeeded
    assert isinstance(remove(adapter, grant), Unreachable)
    identity_center.clock.move(MINUTE)
    assert remove(adapter, grant) == Absent()


# What fails later


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (
            "Received a 403 status error: Access denied by IAM",
            RefusedForGood("identity_center_may_not_use_iam"),
        ),
        (
            "An unexpected internal service exception was encountered",
            Unreachable("identity_center_not_now"),
        ),
    ],
)
def test_a_start_that_fails_later_is_refused_or_tried_again(
    identity_center: IdentityCenterStandIn,
    adapter: AccountAssignments,
    grant: Grant,
    reason: str,
    outcome: Outcome,
):
    identity_center.settle(failure_reason=reason)
    assert ensure(adapter, grant) == outcome
    identity_center.settle(failure_reason="")
    assert ensure(adapter, grant) == Present(grant.ends_at)


def test_an_end_that_fails_later_is_tried_again_for_ever(
    identity_center: IdentityCenterStandIn, adapter: AccountAssignments, grant: Grant
):
    ensure(adapter, grant)
    identity_center.settle(failure_reason="Received a 403 status error: Access denied by IAM")
    for _ in range(3):
        assert remove(adapter, grant) == Unreachable("identity_center_may_not_use_iam")
    identity_center.settle(failure_reason="")
    assert remove(adapter, grant) == Absent()


def test_who_left_the_directory_cannot_be_given_anything_and_an_end_says_why_it_is_stuck(
    identity_center: IdentityCenterStandIn, adapter: AccountAssignments, grant: Grant
):
    ensure(adapter, grant)
    store = client_of(identity_center, identity_center.operator, "identitystore")
    store.delete_user(IdentityStoreId=names.IDENTITY_STORE, UserId=names.user_id("ana"))
    assert remove(adapter, grant) == Unreachable("assignee_not_in_directory")
    nobody = center_grant(next(NUMBERS), identity_center.clock.now(), person="nobody")
    assert ensure(adapter, nobody) == RefusedForGood("assignee_not_in_directory")


def test_what_the_access_role_may_not_assign_is_refused_for_good(adapter: AccountAssignments, grant: Grant):
    everyday = TARGET.model_copy(update={"permission_set_arn": names.EVERYDAY_ARN})
    outcome = ensure(adapter, grant.model_copy(update={"entitlement": everyday}))
    assert outcome == RefusedForGood("AccessDeniedException")


def test_too_much_under_way_at_aws_is_a_matter_of_waiting(
    slow: IdentityCenterStandIn,
    adapter: AccountAssignments,
    grant: Grant,
    operator: Any,
):
    slow.settle(outstanding=1)
    operator.create_account_assignment(**assignment_of("ben"))
    busy = Unreachable("ServiceQuotaExceededException", timedelta(seconds=5))
    assert ensure(adapter, grant) == busy


def test_an_operation_whose_id_is_not_known_everywhere_yet_is_under_way(
    identity_center: IdentityCenterStandIn, adapter: AccountAssignments, grant: Grant
):
    identity_center.break_calls(Kind.ERROR, [FOLLOW], code="ResourceNotFoundException", times=1)
    assert ensure(adapter, grant) == IN_PROGRESS
    assert ensure(adapter, grant) == Present(grant.ends_at)


# Whose is what


def test_groups_and_other_people_keep_what_they_have(
    identity_center: IdentityCenterStandIn,
    adapter: AccountAssignments,
    grant: Grant,
    operator: Any,
):
    group = {"PrincipalType": "GROUP", "PrincipalId": names.group_id(names.SRE)}
    operator.create_account_assignment(**assignment_of("ana", **group))
    operator.create_account_assignment(**assignment_of("ben"))
    ensure(adapter, grant)
    assert remove(adapter, grant) == Absent()
    assert sorted(people_on(identity_center)) == ["ben", names.SRE]
    assert [found.labels["person"] for found in adapter.find_ours()] == ["ben"]


def test_what_the_ledger_knows_is_found_without_an_end_of_its_own(
    identity_center: IdentityCenterStandIn,
    grant: Grant,
    operator: Any,
):
    adapter = account_assignments(identity_center, known=lambda _keys: [grant.holding])
    ensure(adapter, grant)
    (found,) = adapter.find_ours()
    assert (found.key, found.ends_at, found.genuine) == (grant.holding, None, True)
    tag = {"InstanceArn": names.INSTANCE, "ResourceArn": TARGET.permission_set_arn}
    operator.untag_resource(**tag, TagKeys=[names.MANAGED])
    assert adapter.find_ours() == (found,)


def test_what_the_ledger_does_not_know_ends_in_a_quarter_of_an_hour(
    identity_center: IdentityCenterStandIn, adapter: AccountAssignments, grant: Grant
):
    ensure(adapter, grant)
    (found,) = adapter.find_ours()
    assert found.genuine
    assert found.ends_at is not None
    left = found.ends_at - identity_center.clock.now()
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    described = adapter.describe(found)
    assert described is not None
    assert (described.key, described.principal, described.entitlement) == (
        grant.holding,
        grant.principal,
        grant.entitlement,
    )
    assert (described.person, described.role) == ("ana", READ)
    assert described.grant == f"{described.request}-1"


def test_what_the_ledger_does_not_know_is_left_alone_where_the_permission_set_is_not_marked(
    adapter: AccountAssignments,
    grant: Grant,
    operator: Any,
):
    tag = {"InstanceArn": names.INSTANCE, "ResourceArn": TARGET.permission_set_arn}
    operator.tag_resource(**tag, Tags=[{"Key": names.MANAGED, "Value": "no"}])
    ensure(adapter, grant)
    (found,) = adapter.find_ours()
    assert (found.genuine, found.ends_at) == (False, None)
    assert adapter.describe(found) is None


def test_somebody_the_policy_does_not_know_is_called_by_their_id(
    adapter: AccountAssignments,
    operator: Any,
):
    operator.create_account_assignment(**assignment_of("ivy", PermissionSetArn=names.CATALOGUE[WRITE]))
    (found,) = adapter.find_ours()
    described = adapter.describe(found)
    assert described is not None
    assert (described.person, described.role) == (names.user_id("ivy"), WRITE)


def test_what_is_gone_before_it_is_read_again_is_not_described(
    identity_center: IdentityCenterStandIn, adapter: AccountAssignments, grant: Grant
):
    ensure(adapter, grant)
    (found,) = adapter.find_ours()
    remove(adapter, grant)
    assert adapter.describe(found) is None
    elsewhere = account_assignments(identity_center, places=())
    assert elsewhere.find_ours() == ()
    assert elsewhere.describe(found) is None


def test_everybody_on_every_page_of_every_permission_set_is_found(
    identity_center: IdentityCenterStandIn,
    operator: Any,
):
    identity_center.settle(page=2)
    for person in names.PEOPLE:
        operator.create_account_assignment(**assignment_of(person))
        operator.create_account_assignment(**assignment_of(person, TargetId=names.PAY_PROD))
    pay = PLACE.model_copy(update={"alias": "pay-prod", "id": names.PAY_PROD})
    adapter = account_assignments(identity_center, places=(PLACE, pay))
    assert len({found.key for found in adapter.find_ours()}) == 2 * len(names.PEOPLE)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def test_an_unknown_assignment_is_written_down_when_first_seen_and_ended_a_quarter_of_an_hour_later(
    identity_center: IdentityCenterStandIn,
    ledger: Ledger,
    clock: StoppedClock,
    operator: Any,
):
    def known(keys: Any) -> list[Any]:
        with ledger.reading() as reader:
            return [grant.holding for grant in reader.grants_on(keys)]

    adapter = account_assignments(identity_center, known=known, now=clock)
    group = {"PrincipalType": "GROUP", "PrincipalId": names.group_id(names.SRE)}
    operator.create_account_assignment(**assignment_of("ana"))
    operator.create_account_assignment(**assignment_of("ana", **group))
    reconciler = Reconciler(ledger, adapter, lambda: None)
    first_seen = clock()
    assert reconciler.run() == {"Adopt": 1}
    clock.move(timedelta(minutes=10))
    assert reconciler.run() == {}
    with ledger.reading() as reader:
        (adopted,) = reader.grants()
    assert (adopted.state, adopted.ends_at) == (GrantState.LIVE, first_seen + timedelta(minutes=15))
    clock.move(timedelta(minutes=5))
    Drain(ledger, adapter, Direction.REVOKE, worker="w", threads=2, linger=timedelta(seconds=0.05)).run()
    with ledger.reading() as reader:
        (ended,) = reader.grants()
    assert (ended.state, ended.cause) == (GrantState.GONE, EndCause.ON_TIME)
    assert people_on(identity_center) == [names.SRE]


# What an operator is told


def test_a_healthy_place_says_who_has_what(adapter: AccountAssignments, grant: Grant):
    ensure(adapter, grant)
    said = {checkup.name.rpartition(": ")[2]: (checkup.ok, checkup.detail) for checkup in adapter.doctor()}
    assert said == {
        "nobody gets in without the external id": (True, "refused, as it should be"),
        f"{READ} is ours alone": (True, "1 people have it now"),
        f"{WRITE} is ours alone": (True, "0 people have it now"),
    }


def told(adapter: AccountAssignments, about: str) -> tuple[bool, str]:
    (checkup,) = [one for one in adapter.doctor() if about in one.name]
    return checkup.ok, checkup.detail


def test_a_permission_set_that_is_not_ours_alone_is_told(
    identity_center: IdentityCenterStandIn,
    adapter: AccountAssignments,
    operator: Any,
):
    tag = {"InstanceArn": names.INSTANCE, "ResourceArn": TARGET.permission_set_arn}
    operator.untag_resource(**tag, TagKeys=[names.MANAGED])
    operator.update_permission_set(
        InstanceArn=names.INSTANCE, PermissionSetArn=TARGET.permission_set_arn, SessionDuration="PT4H"
    )
    group = {"PrincipalType": "GROUP", "PrincipalId": names.group_id(names.SRE)}
    operator.create_account_assignment(**assignment_of("ana", **group))
    ok, said = told(adapter, READ)
    assert not ok
    for words in ("prod-access:managed=true", "live on for 4:00:00", names.group_id(names.SRE)):
        assert words in said
    assert adapter.session(TARGET) == timedelta(hours=4)
    swapped = PLACE.model_copy(update={"permission_sets": {READ: names.CATALOGUE[WRITE]}})
    ok, said = told(account_assignments(identity_center, places=(swapped,)), READ)
    assert (ok, said) == (False, f"its ARN is that of {WRITE}")


def test_an_access_role_that_does_not_let_us_in_is_told(identity_center: IdentityCenterStandIn):
    shut = PLACE.model_copy(update={"external_id": "another"})
    ok, said = told(account_assignments(identity_center, places=(shut,)), READ)
    assert (ok, said) == (False, f"AccessDenied; check {names.ACCESS_ROLE}")


def test_an_external_id_that_could_not_be_tried_is_told(
    identity_center: IdentityCenterStandIn, adapter: AccountAssignments
):
    identity_center.break_calls(Kind.ERROR, ["AssumeRole"], status=403, code="ExpiredToken")
    ok, said = told(adapter, "external id")
    assert (ok, said) == (False, "could not be tried: ExpiredToken")


def test_warming_signs_in_and_says_nothing_when_it_cannot(identity_center: IdentityCenterStandIn):
    since = now_at(identity_center)
    account_assignments(identity_center).warm()
    assert [call["action"] for call in identity_center.log(since=since, everything=True)] == ["AssumeRole"]
    identity_center.break_calls(Kind.ERROR, ["AssumeRole"], status=403, code="AccessDenied")
    account_assignments(identity_center).warm()


def test_only_assignments_and_users_of_identity_center_are_worked_on(
    adapter: AccountAssignments, grant: Grant
):
    with pytest.raises(TypeError, match="not an account assignment"):
        adapter.look(Holding.of([grant.model_copy(update={"entitlement": LEASE})]))
    with pytest.raises(TypeError, match="not held by a user of Identity Center"):
        adapter.look(Holding.of([grant.model_copy(update={"principal": PRINCIPAL})]))
