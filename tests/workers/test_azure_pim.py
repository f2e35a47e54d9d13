"""Assignments through PIM over the pretend Azure: they end by themselves, and at first not at all."""

import itertools
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, ClassVar

import pytest

from policies.grant import Grant
from policies.holding import Absent, Outcome, Present, RefusedForGood, Standing, StillThere, Unreachable
from sandbox.azure import names
from sandbox.azure.faults import Kind
from sandbox.azure.standin import AzureStandIn
from sandbox.azure.use import Allowed, People, Refused
from tests.azure import (
    SHOP,
    Open,
    asked,
    azure_client,
    azure_grant,
    ensured,
    made,
    now_at,
    removed,
    role_assignments,
    standing,
)
from workers.clouds.azure.client import AzureClient, Missing, Repeated
from workers.clouds.azure.mode import KEPT
from workers.clouds.azure.records import Instance, Request
from workers.clouds.azure.role_assignment import RoleAssignments
from workers.clouds.cloud import Holding, Seen

NUMBERS = itertools.count(2000)
ASK, READ = "roleAssignmentScheduleRequests/write", "roleAssignmentScheduleRequests/read"
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
FIVE = 5 * MINUTE
SETTLING = "azure_pim_settling"


@pytest.fixture
def adapter(azure: AzureStandIn) -> Iterator[RoleAssignments]:
    """The adapter of a worker that PIM is open to."""
    with role_assignments(azure) as wired:
        yield wired


@pytest.fixture
def grant(azure: AzureStandIn) -> Grant:
    return azure_grant(next(NUMBERS), azure.clock.now())


@pytest.fixture
def holding(grant: Grant) -> Holding:
    return Holding.of([grant])


def until(grant: Grant, end: datetime) -> Grant:
    return grant.model_copy(update={"ends_at": end})


def another_grant(azure: AzureStandIn, last: timedelta) -> Grant:
    return azure_grant(next(NUMBERS), azure.clock.now(), last=last)


def ends(azure: AzureStandIn) -> list[datetime]:
    return [datetime.fromisoformat(one["ends_at"]) for one in made(azure) if one["pim"]]


def problem(outcome: Outcome) -> str:
    assert isinstance(outcome, Unreachable), outcome
    return outcome.problem


# From the beginning to the end


def test_it_ends_by_itself_with_us_dead(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, holding: Holding, azure_people: People
):
    ana = azure_people.sign_in("ana")
    assert isinstance(azure_people.read(ana), Refused)
    assert ensured(adapter, grant) == Present(grant.ends_at)
    assert azure_people.read(ana) == Allowed((names.DATABASE,))
    azure.clock.move_to(grant.ends_at + SECOND)
    assert isinstance(azure_people.read(ana), Refused)
    assert made(azure) == []
    assert isinstance(adapter.look(holding), Absent)


def test_its_end_is_read_back(azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, holding: Holding):
    ensured(adapter, grant)
    assert ends(azure) == [grant.ends_at]
    assert adapter._look(holding) == Seen(grant.ends_at, complete=True)


def test_the_request_says_whose_it_is(azure: AzureStandIn, adapter: RoleAssignments, grant: Grant):
    ensured(adapter, grant)
    with azure_client(azure) as client:
        (request,) = client.requests(SHOP.id)
    assert request.justification
    assert request.justification.startswith(f"prod-access instance=prod-access-tests grant={grant.id} ")
    assert len(request.justification) < 500
    assert (request.maker, request.status) == (azure.worker.object_id, "Provisioned")


def test_it_is_taken_away_before_its_end(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, azure_people: People
):
    ensured(adapter, grant)
    azure.clock.move(FIVE + SECOND)
    assert isinstance(removed(adapter, grant), Absent)
    assert isinstance(azure_people.read(azure_people.sign_in("ana")), Refused)
    assert made(azure) == []


def test_what_is_listed_for_a_while_after_its_end_is_absent(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, holding: Holding
):
    azure.configure(pim_instance_lag=3600)
    ensured(adapter, grant)
    azure.clock.move_to(grant.ends_at + SECOND)
    with azure_client(azure) as client:
        assert len([one for one in client.instances(SHOP.id) if one.ends_at]) == 1
    assert isinstance(adapter.look(holding), Absent)


def test_what_does_not_end_on_its_date_is_seen_and_taken_away(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, holding: Holding, azure_people: People
):
    ensured(adapter, grant)
    azure.stop_dates()
    azure.clock.move_to(grant.ends_at + HOUR)
    assert isinstance(adapter.look(holding), StillThere)
    assert isinstance(removed(adapter, grant), Absent)
    assert isinstance(azure_people.read(azure_people.sign_in("ana")), Refused)


# The first minutes


def test_in_its_first_minute_it_does_not_exist_and_yet_it_is_there(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, holding: Holding, azure_people: People
):
    ensured(adapter, grant)
    outcome = removed(adapter, grant)
    assert asked(azure, ASK)[-1]["code"] == "RoleAssignmentDoesNotExist"
    assert problem(outcome) == SETTLING
    assert isinstance(adapter.look(holding), StillThere)
    assert isinstance(azure_people.read(azure_people.sign_in("ana")), Allowed)


def test_in_its_first_five_minutes_it_is_not_taken_away_and_we_wait_exactly_so_long(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    ensured(adapter, grant)
    azure.clock.move(2 * MINUTE)
    outcome = removed(adapter, grant)
    assert asked(azure, ASK)[-1]["code"] == "ActiveDurationTooShort"
    assert isinstance(outcome, Unreachable)
    assert outcome.problem == SETTLING
    assert outcome.after is not None
    assert 3 * MINUTE <= outcome.after <= 3 * MINUTE + 20 * SECOND
    azure.clock.move(outcome.after)
    assert isinstance(removed(adapter, grant), Absent)


@pytest.mark.parametrize("last", [4 * MINUTE, FIVE, FIVE + SECOND])
def test_a_window_that_pim_takes_no_more_is_assigned_directly(
    azure: AzureStandIn, adapter: RoleAssignments, last: timedelta
):
    short = another_grant(azure, last)
    assert ensured(adapter, short) == Present(short.ends_at)
    assert [one["pim"] for one in made(azure)] == [False]
    assert isinstance(removed(adapter, short), Absent)


def test_a_window_that_is_too_short_for_azure_after_all_is_assigned_directly(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    azure.configure(pim_floor=7200)
    assert ensured(adapter, grant) == Present(grant.ends_at)
    assert [one["pim"] for one in made(azure)] == [False]


def test_a_window_longer_than_requests_are_remembered_is_assigned_directly(
    azure: AzureStandIn, adapter: RoleAssignments
):
    long = another_grant(azure, timedelta(days=60))
    assert ensured(adapter, long) == Present(long.ends_at)
    assert [one["pim"] for one in made(azure)] == [False]


def test_soon_after_an_end_the_same_again_waits(azure: AzureStandIn, adapter: RoleAssignments, grant: Grant):
    ensured(adapter, grant)
    azure.clock.move_to(grant.ends_at + SECOND)
    again = another_grant(azure, HOUR)
    assert ensured(adapter, again, tries=1) == Unreachable(SETTLING, timedelta(seconds=15))
    azure.clock.move(2 * MINUTE)
    assert ensured(adapter, again) == Present(again.ends_at)


def test_what_a_list_still_shows_after_its_end_is_nobodys_standing_access(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    ensured(adapter, grant)
    azure.clock.move_to(grant.ends_at + SECOND)
    azure.configure(listing_lag=600)
    assert problem(ensured(adapter, another_grant(azure, HOUR), tries=1)) == SETTLING


def test_the_same_end_can_be_asked_for_again_after_an_early_end(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    ensured(adapter, grant)
    azure.clock.move(FIVE + SECOND)
    removed(adapter, grant)
    azure.clock.move(2 * MINUTE)
    again = until(another_grant(azure, HOUR), grant.ends_at)
    assert ensured(adapter, again) == Present(grant.ends_at)


# Another end


def test_a_later_end_holds(azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, azure_people: People):
    ensured(adapter, grant)
    azure.clock.move(20 * MINUTE)
    later = until(grant, grant.ends_at + HOUR)
    assert ensured(adapter, later) == Present(later.ends_at)
    assert ends(azure) == [later.ends_at]
    azure.clock.move_to(grant.ends_at + SECOND)
    assert isinstance(azure_people.read(azure_people.sign_in("ana")), Allowed)
    azure.clock.move_to(later.ends_at + SECOND)
    assert isinstance(azure_people.read(azure_people.sign_in("ana")), Refused)


def test_a_later_end_waits_until_pim_knows_what_it_made(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    ensured(adapter, grant)
    later = until(grant, grant.ends_at + HOUR)
    assert problem(ensured(adapter, later, tries=1)) == SETTLING
    azure.clock.move(MINUTE + SECOND)
    assert ensured(adapter, later) == Present(later.ends_at)


def test_an_end_that_is_nearer_again_is_moved_back(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    later = until(grant, grant.ends_at + HOUR)
    ensured(adapter, later)
    azure.clock.move(2 * MINUTE)
    assert ensured(adapter, grant) == Present(grant.ends_at)
    assert ends(azure) == [grant.ends_at]


def test_an_end_that_is_too_near_for_pim_is_put_where_pim_takes_it(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    ensured(adapter, grant)
    azure.clock.move_to(grant.ends_at - MINUTE)
    later = until(grant, grant.ends_at + 2 * MINUTE)
    assert ensured(adapter, later) == Present(later.ends_at)
    (end,) = ends(azure)
    assert later.ends_at < end <= azure.clock.now() + FIVE + 20 * SECOND
    since = now_at(azure)
    assert ensured(adapter, later) == Present(later.ends_at)
    assert asked(azure, ASK, since) == []


def test_two_grants_of_one_holding_are_one_assignment_until_the_later_end(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    ensured(adapter, grant)
    azure.clock.move(2 * MINUTE)
    second = another_grant(azure, 2 * HOUR)
    assert ensured(adapter, second) == Present(second.ends_at)
    assert ends(azure) == [second.ends_at]


def test_what_was_made_directly_stays_so(azure: AzureStandIn, adapter: RoleAssignments, azure_people: People):
    short = another_grant(azure, 3 * MINUTE)
    ensured(adapter, short)
    later = until(short, short.ends_at + HOUR)
    assert ensured(adapter, later) == Present(later.ends_at)
    assert [one["pim"] for one in made(azure)] == [False]
    assert isinstance(removed(adapter, later), Absent)
    assert isinstance(azure_people.read(azure_people.sign_in("ana")), Refused)


# Replies that do not come


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.TORN, Kind.TRUNCATED, Kind.RESET, Kind.THROTTLE])
def test_whatever_happens_to_a_request_it_ends_in_one_assignment(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, kind: Kind
):
    azure.break_calls(kind, [ASK], times=1)
    assert ensured(adapter, grant) == Present(grant.ends_at)
    assert ends(azure) == [grant.ends_at]


@pytest.mark.parametrize("kind", [Kind.LATE, Kind.SILENT])
def test_a_reply_that_never_comes_is_looked_up(azure: AzureStandIn, grant: Grant, kind: Kind):
    with role_assignments(azure, read_seconds=0.3) as hurried:
        azure.break_calls(kind, [ASK], times=1)
        assert ensured(hurried, grant) == Present(grant.ends_at)
    assert ends(azure) == [grant.ends_at]


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.TORN, Kind.TRUNCATED, Kind.RESET, Kind.UNAVAILABLE])
def test_whatever_happens_to_a_removal_it_ends_in_nothing(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, kind: Kind
):
    ensured(adapter, grant)
    azure.clock.move(FIVE + SECOND)
    azure.break_calls(kind, [ASK], times=1)
    assert isinstance(removed(adapter, grant, tries=2), Absent)
    assert made(azure) == []


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.TORN, Kind.RESET])
def test_whatever_happens_to_a_new_end_it_is_read_back(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, kind: Kind
):
    ensured(adapter, grant)
    azure.clock.move(2 * MINUTE)
    later = until(grant, grant.ends_at + HOUR)
    azure.break_calls(kind, [ASK], times=1)
    assert ensured(adapter, later) == Present(later.ends_at)
    assert ends(azure) == [later.ends_at]


@pytest.mark.parametrize("action", [READ, "roleAssignmentScheduleInstances/read", "roleAssignments/read"])
@pytest.mark.parametrize("kind", [Kind.LOST, Kind.TRUNCATED, Kind.THROTTLE, Kind.UNAVAILABLE])
def test_a_lost_look_is_not_absence(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, *, action: str, kind: Kind
):
    ensured(adapter, grant)
    azure.break_calls(kind, [action])
    assert isinstance(adapter.look(Holding.of([grant])), Unreachable)


class Blind(AzureClient):
    """A client that lists nothing new for a while."""

    sees_requests = True
    sees_instances = True

    def requests(self, scope: str, principal: str | None = None) -> list[Request]:
        """What is listed by now."""
        return super().requests(scope, principal) if self.sees_requests else []

    def instances(self, scope: str, principal: str | None = None) -> list[Instance]:
        """What is listed by now."""
        return super().instances(scope, principal) if self.sees_instances else []


class NoRequests(Blind):
    """It does not list the newest requests."""

    sees_requests = False


class NoInstances(Blind):
    """It does not list the newest instances."""

    sees_instances = False


class NothingShown(NoRequests, NoInstances):
    """It does not even find the newest requests by their names, but for one that was just refused again."""

    refused = False

    def ask(self, scope: str, name: str, words: Mapping[str, object]) -> Request:
        """Ask, and note a refusal."""
        try:
            return super().ask(scope, name, words)
        except Repeated:
            self.refused = True
            raise

    def request(self, scope: str, name: str) -> Request:
        """What is known of by now."""
        if not self.refused:
            raise Missing("RoleAssignmentScheduleRequestNotFound")
        self.refused = False
        return super().request(scope, name)


class NoNewRequests(AzureClient):
    """Its list of requests is six minutes behind."""

    def requests(self, scope: str, principal: str | None = None) -> list[Request]:
        """What is listed by now."""
        listed = super().requests(scope, principal)
        return [one for one in listed if self.now() - one.asked_at > 6 * MINUTE]


class OldNews(AzureClient):
    """It goes on listing what it listed first."""

    def __init__(self, **words: Any) -> None:  # noqa: ANN401
        super().__init__(**words)
        self.requests = cache(super().requests)  # type: ignore[method-assign]
        self.instances = cache(super().instances)  # type: ignore[method-assign]


class Changed(AzureClient):
    """It lists instances with something changed about them."""

    change: ClassVar[dict[str, Any]] = {}
    late = timedelta(0)

    def instances(self, scope: str, principal: str | None = None) -> list[Instance]:
        """What is listed, otherwise."""
        return [self._otherwise(one) for one in super().instances(scope, principal)]

    def _otherwise(self, one: Instance) -> Instance:
        ends_at = one.ends_at + self.late if one.ends_at else None
        return one.model_copy(update={"ends_at": ends_at} | self.change)


class Drifted(Changed):
    """Its ends are a little before what was asked."""

    late = -2 * SECOND


class Permanent(Changed):
    """Its ends are gone, as when a licence runs out."""

    change: ClassVar[dict[str, Any]] = {"ends_at": None}


class Unbacked(Changed):
    """It does not say what is behind an instance."""

    change: ClassVar[dict[str, Any]] = {"backing": None}


def test_an_end_that_drifted_by_a_moment_is_the_end(azure: AzureStandIn, grant: Grant):
    with role_assignments(azure, kind=Drifted) as adapter:
        assert ensured(adapter, grant) == Present(grant.ends_at)


def test_what_became_permanent_is_seen_without_an_end_and_taken_away(
    azure: AzureStandIn, grant: Grant, holding: Holding
):
    with role_assignments(azure, kind=Permanent) as adapter:
        ensured(adapter, grant)
        assert adapter._look(holding) == Seen(None, complete=True)
        azure.clock.move(FIVE + SECOND)
        assert isinstance(removed(adapter, grant), Absent)
    assert made(azure) == []


def test_without_a_licence_and_without_a_name_for_it_nothing_is_deleted_blindly(
    azure: AzureStandIn, grant: Grant
):
    with role_assignments(azure, kind=Unbacked) as adapter:
        ensured(adapter, grant)
        azure.configure(licensed=False, pim_backed_delete=True)
        azure.clock.move(FIVE + SECOND)
        assert removed(adapter, grant) == Unreachable("azure_pim_unreadable")
    assert len(made(azure)) == 1


def test_a_new_end_that_no_list_shows_yet_is_asked_for_under_the_same_name(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    ensured(adapter, grant)
    azure.clock.move(2 * MINUTE)
    later = until(grant, grant.ends_at + HOUR)
    with role_assignments(azure, kind=OldNews) as late:
        assert problem(ensured(late, later, tries=2)) == "ends_too_soon"
    assert asked(azure, ASK)[-1]["code"] == "RoleAssignmentRequestExists"
    assert ensured(adapter, later) == Present(later.ends_at)


def test_an_end_that_comes_back_is_asked_for_anew(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    later = until(grant, grant.ends_at + HOUR)
    ensured(adapter, grant)
    azure.clock.move(2 * MINUTE)
    for wanted in (later, grant, later, grant):
        assert ensured(adapter, wanted) == Present(wanted.ends_at)
        assert ends(azure) == [wanted.ends_at]


def test_what_no_list_shows_yet_is_found_by_its_name_and_asked_for_once(azure: AzureStandIn, grant: Grant):
    since = now_at(azure)
    with role_assignments(azure, kind=NoRequests) as blind:
        for _ in range(2):
            assert ensured(blind, grant, tries=1) == Present(grant.ends_at)
    assert [call["code"] for call in asked(azure, ASK, since)] == [None]
    assert ends(azure) == [grant.ends_at]


def test_what_is_not_even_found_by_its_name_is_asked_for_under_the_same_name(
    azure: AzureStandIn, grant: Grant, adapter: RoleAssignments
):
    with role_assignments(azure, kind=NothingShown) as blind:
        assert problem(ensured(blind, grant, tries=2)) == "not_visible_yet"
    assert asked(azure, ASK)[-1]["code"] == "RoleAssignmentRequestExists"
    assert ends(azure) == [grant.ends_at]
    assert ensured(adapter, grant) == Present(grant.ends_at)


def test_what_no_list_shows_yet_is_taken_away_when_it_may_be(azure: AzureStandIn, grant: Grant):
    with role_assignments(azure, kind=NoRequests) as blind:
        ensured(blind, grant)
        azure.clock.move(FIVE + SECOND)
        removed(blind, grant)
        assert made(azure) == []
        azure.clock.move(MINUTE)
        assert isinstance(removed(blind, grant), Absent)


def test_what_is_pending_and_in_no_list_is_taken_back(azure: AzureStandIn, grant: Grant):
    azure.configure(pim_provisioning=40)
    with role_assignments(azure, kind=NoRequests) as blind:
        assert problem(ensured(blind, grant, tries=1)) == "not_complete_yet"
        assert isinstance(removed(blind, grant), Absent)
    azure.clock.move(41 * SECOND)
    assert made(azure) == []


def test_the_newest_request_may_be_missing_from_a_list_that_has_an_older_one(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    ensured(adapter, grant)
    azure.clock.move_to(grant.ends_at + HOUR)
    assert isinstance(adapter.look(Holding.of([grant])), Absent)
    later = another_grant(azure, HOUR)
    with role_assignments(azure, kind=NoNewRequests) as late:
        assert ensured(late, later, tries=1) == Present(later.ends_at)
        assert isinstance(late.look(Holding.of([later])), StillThere)


def test_what_another_grant_asked_for_a_moment_ago_is_neither_absent_nor_standing_nor_made_twice(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    ensured(adapter, grant)
    newest, since = another_grant(azure, HOUR), now_at(azure)
    settling = Unreachable(SETTLING, timedelta(seconds=15))
    with role_assignments(azure, kind=NoRequests) as blind:
        assert ensured(blind, newest, tries=1) == settling
        assert removed(blind, newest) == settling
        assert blind.look(Holding.of([newest])) == settling
    assert asked(azure, ASK, since) == []
    assert [one["pim"] for one in made(azure)] == [True]
    azure.clock.move(2 * MINUTE)
    assert ensured(adapter, newest) == Present(newest.ends_at)


def test_what_is_in_no_list_of_requests_for_long_is_not_ours(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    ensured(adapter, grant)
    azure.clock.move(6 * MINUTE + SECOND)
    newest = another_grant(azure, HOUR)
    with role_assignments(azure, kind=NoRequests) as blind:
        assert isinstance(blind.look(Holding.of([newest])), Absent)


def test_a_grant_whose_first_request_is_over_asks_anew(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    ensured(adapter, grant)
    azure.clock.move(6 * MINUTE + SECOND)
    assert isinstance(removed(adapter, grant), Absent)
    azure.clock.move(3 * MINUTE)
    assert ensured(adapter, grant) == Present(grant.ends_at)
    assert ends(azure) == [grant.ends_at]


def test_a_grant_whose_request_was_taken_back_asks_anew(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    azure.configure(pim_provisioning=40)
    ensured(adapter, grant)
    assert isinstance(removed(adapter, grant), Absent)
    azure.mend()
    assert ensured(adapter, grant) == Present(grant.ends_at)


def test_what_was_asked_for_a_moment_ago_is_not_absent_though_no_list_shows_it(
    azure: AzureStandIn, grant: Grant
):
    with role_assignments(azure, kind=NoInstances) as blind:
        assert problem(ensured(blind, grant)) == "not_complete_yet"
        since = now_at(azure)
        assert removed(blind, grant) == Unreachable(SETTLING, timedelta(seconds=15))
        assert asked(azure, ASK, since) == []
        azure.clock.move(7 * MINUTE)
        assert isinstance(blind.look(Holding.of([grant])), Absent)


# What takes its time, and what never comes


def test_provisioning_may_take_a_while(azure: AzureStandIn, adapter: RoleAssignments, grant: Grant):
    azure.configure(pim_provisioning=40)
    assert problem(ensured(adapter, grant)) == "not_complete_yet"
    azure.clock.move(41 * SECOND)
    assert ensured(adapter, grant) == Present(grant.ends_at)
    assert len(asked(azure, ASK)) >= 1


def test_what_is_still_pending_is_taken_back(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, azure_people: People
):
    azure.configure(pim_provisioning=40)
    ensured(adapter, grant)
    assert isinstance(removed(adapter, grant), Absent)
    azure.clock.move(41 * SECOND)
    assert made(azure) == []
    assert isinstance(azure_people.read(azure_people.sign_in("ana")), Refused)


def test_a_policy_that_wants_an_approval_is_a_refusal_and_nothing_stays_behind(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    azure.configure(pim_needs_approval=True)
    no = RefusedForGood("azure_pim_needs_approval")
    assert ensured(adapter, grant) == no
    assert ensured(adapter, grant) == no
    assert isinstance(removed(adapter, grant), Absent)
    with azure_client(azure) as client:
        assert [one.status for one in client.requests(SHOP.id)] == ["Canceled"]


def test_a_policy_that_says_no_is_not_gone_round(azure: AzureStandIn, adapter: RoleAssignments):
    azure.configure(pim_longest_days=1)
    long = another_grant(azure, timedelta(days=2))
    assert ensured(adapter, long) == RefusedForGood("RoleAssignmentRequestPolicyValidationFailed")
    assert made(azure) == []


def test_somebody_the_directory_does_not_know_yet_is_tried_again(azure: AzureStandIn):
    nobody = azure_grant(next(NUMBERS), azure.clock.now(), person="99990000-0000-4000-8000-00000000e001")
    with role_assignments(azure, application=azure.operator) as anybody:
        assert ensured(anybody, nobody) == Unreachable("SubjectNotFound")


# What is not ours


def give(azure: AzureStandIn, name: str, person: str) -> None:
    """The operator gives somebody standing access."""
    with azure_client(azure, azure.operator) as another:
        words = {"role_definition_id": names.role_id(names.READER), "principal_id": names.PEOPLE[person]}
        another.assign(f"{SHOP.id}/providers/Microsoft.Authorization/roleAssignments/{name}", words)


def test_standing_access_is_enough_and_left_alone(
    azure: AzureStandIn, adapter: RoleAssignments, azure_people: People
):
    before = standing(azure)
    chloes = azure_grant(next(NUMBERS), azure.clock.now(), person="chloe")
    assert ensured(adapter, chloes) == Standing()
    assert isinstance(removed(adapter, chloes), Absent)
    assert azure_people.read(azure_people.sign_in("chloe")) == Allowed((names.DATABASE,))
    assert standing(azure) == before


def test_standing_access_given_after_our_end_is_never_removed(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, holding: Holding, azure_people: People
):
    ensured(adapter, grant)
    azure.clock.move_to(grant.ends_at + SECOND)
    give(azure, "00000000-0000-4000-8000-00000000f001", "ana")
    since = now_at(azure)
    assert isinstance(removed(adapter, grant), Absent)
    assert isinstance(adapter.look(holding), Absent)
    assert asked(azure, ASK, since) == []
    assert isinstance(azure_people.read(azure_people.sign_in("ana")), Allowed)


def test_standing_access_that_took_the_place_of_ours_is_never_removed(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, azure_people: People
):
    ensured(adapter, grant)
    azure.clock.move(10 * MINUTE)
    with role_assignments(azure) as before_us:
        removed(before_us, grant)
    give(azure, "00000000-0000-4000-8000-00000000f002", "ana")
    assert isinstance(removed(adapter, grant), Absent)
    assert isinstance(azure_people.read(azure_people.sign_in("ana")), Allowed)


def test_pim_access_by_another_identity_is_not_ours(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, azure_people: People
):
    with role_assignments(azure, b"the key of another installation", application=azure.operator) as theirs:
        ensured(theirs, grant)
    azure.clock.move(FIVE + SECOND)
    assert ensured(adapter, grant) == RefusedForGood("name_taken_by_another")
    ours = another_grant(azure, HOUR)
    assert ensured(adapter, ours) == Standing()
    assert isinstance(removed(adapter, ours), Absent)
    assert isinstance(azure_people.read(azure_people.sign_in("ana")), Allowed)


def test_what_we_made_still_ends_when_the_signing_key_is_lost(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    ensured(adapter, grant)
    azure.clock.move(FIVE + SECOND)
    with role_assignments(azure, b"a new key, since the old is lost") as now:
        assert isinstance(removed(now, grant), Absent)
    assert made(azure) == []


# The licence


def test_without_a_licence_it_is_assigned_directly_at_once(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, azure_people: People
):
    azure.configure(licensed=False)
    assert ensured(adapter, grant, tries=1) == Present(grant.ends_at)
    assert [one["pim"] for one in made(azure)] == [False]
    assert isinstance(azure_people.read(azure_people.sign_in("ana")), Allowed)
    assert isinstance(removed(adapter, grant), Absent)


@pytest.mark.parametrize(
    "code", ["AadPremiumLicenseRequired", "TenantHasNoLicence", "AuthorizationFailed", "LicenseExpired"]
)
def test_any_word_of_a_licence_or_of_permission_is_enough(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, code: str
):
    status = 403 if code == "AuthorizationFailed" else 400
    azure.break_calls(Kind.ERROR, [ASK], status=status, code=code)
    assert ensured(adapter, grant, tries=1) == Present(grant.ends_at)
    assert [one["pim"] for one in made(azure)] == [False]


def test_a_refusal_is_remembered_for_a_while_and_then_pim_is_asked_again(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    azure.configure(licensed=False)
    ensured(adapter, grant)
    removed(adapter, grant)
    since = now_at(azure)
    ensured(adapter, another_grant(azure, HOUR))
    assert asked(azure, ASK, since) == []
    azure.mend()
    azure.forget_assignments()
    azure.clock.move(KEPT + SECOND)
    last = another_grant(azure, HOUR)
    assert ensured(adapter, last) == Present(last.ends_at)
    assert [one["pim"] for one in made(azure)] == [True]


def test_a_person_who_is_refused_says_nothing_about_pim(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    nobody = azure_grant(next(NUMBERS), azure.clock.now(), person="99990000-0000-4000-8000-00000000e002")
    since = now_at(azure)
    assert ensured(adapter, nobody) == Unreachable("PrincipalNotFound")
    assert asked(azure, ASK, since)[0]["code"] == "AuthorizationFailed"
    assert ensured(adapter, grant) == Present(grant.ends_at)
    assert [one["pim"] for one in made(azure)] == [True]


def test_a_licence_lost_half_way_leaves_the_end_and_refuses_a_later_one(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, azure_people: People
):
    ensured(adapter, grant)
    azure.configure(licensed=False)
    azure.clock.move(10 * MINUTE)
    later = until(grant, grant.ends_at + HOUR)
    assert ensured(adapter, later) == RefusedForGood("AadPremiumLicenseRequired")
    assert ensured(adapter, grant) == Present(grant.ends_at)
    azure.clock.move_to(grant.ends_at + SECOND)
    assert isinstance(azure_people.read(azure_people.sign_in("ana")), Refused)
    assert isinstance(removed(adapter, grant), Absent)


def test_a_licence_lost_half_way_is_no_way_to_stay(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, azure_people: People
):
    ensured(adapter, grant)
    azure.configure(licensed=False, pim_backed_delete=True)
    azure.clock.move(10 * MINUTE)
    assert problem(removed(adapter, grant)) == "still_there"
    assert made(azure) == []
    assert isinstance(azure_people.read(azure_people.sign_in("ana")), Refused)
    azure.clock.move(30 * SECOND)
    assert isinstance(removed(adapter, grant), Absent)


def test_what_can_be_taken_away_in_neither_way_is_tried_until_it_is_gone(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    ensured(adapter, grant)
    azure.configure(licensed=False)
    azure.clock.move(10 * MINUTE)
    assert removed(adapter, grant) == Unreachable("RoleAssignmentDeleteNotPermitted")
    azure.mend()
    assert isinstance(removed(adapter, grant), Absent)


def test_a_pim_that_lets_nobody_look_is_not_absence_while_access_stands(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant, holding: Holding
):
    ensured(adapter, grant)
    azure.break_calls(Kind.ERROR, [READ], status=400, code="AadPremiumLicenseRequired")
    assert adapter.look(holding) == Unreachable("azure_pim_unreadable")
    azure.clock.move_to(grant.ends_at + SECOND)
    assert isinstance(adapter.look(holding), Absent)


def test_a_pim_that_lets_nobody_look_is_not_asked(
    azure: AzureStandIn, adapter: RoleAssignments, grant: Grant
):
    policies = "roleManagementPolicyAssignments/read"
    azure.break_calls(Kind.ERROR, [READ, policies], status=403, code="AuthorizationFailed")
    since = now_at(azure)
    assert ensured(adapter, grant) == Present(grant.ends_at)
    assert isinstance(removed(adapter, grant), Absent)
    assert asked(azure, ASK, since) == []


def test_a_fence_stands_before_every_change(azure: AzureStandIn, adapter: RoleAssignments, holding: Holding):
    class Counting(Open):
        checked = 0

        def check(self) -> None:
            """Count it."""
            self.checked += 1

    fence, since = Counting(), now_at(azure)
    end = azure.clock.now().replace(microsecond=0) + HOUR
    adapter.ensure(holding, end, fence)
    azure.clock.move(2 * MINUTE)
    adapter.ensure(holding, end + HOUR, fence)
    azure.clock.move(4 * MINUTE)
    adapter.remove(holding, fence, early=True)
    changed = [call for call in azure.log(since=since, everything=True) if call["mutating"]]
    assert fence.checked == len(changed) == 3
