"""Assignments are made and removed later, as AWS does it."""

# ruff: noqa: ANN401 - boto3 makes its clients up

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.identity_center import names
from sandbox.identity_center.settings import Absent
from sandbox.identity_center.standin import IdentityCenterStandIn
from tests.sandbox.identity_center.asks import (
    READ,
    READ_ARN,
    WHERE,
    assigned,
    create,
    delete,
    made,
    removed,
    triple,
)

ANA, BEN = names.user_id("ana"), names.user_id("ben")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def slow(identity_center: IdentityCenterStandIn) -> IdentityCenterStandIn:
    """The stand-in while operations take a minute."""
    identity_center.settle(operation_seconds=60)
    return identity_center


def code_of(refused: "pytest.ExceptionInfo[ClientError]") -> str:
    return str(refused.value.response["Error"]["Code"])


def test_an_assignment_is_made_later_and_only_then_listed(slow: IdentityCenterStandIn, access: Any) -> None:
    begun = create(access)
    assert (begun["Status"], begun["PrincipalId"]) == ("IN_PROGRESS", ANA)
    assert made(access, begun)["Status"] == "IN_PROGRESS"
    assert assigned(access) == []
    slow.clock.move(MINUTE)
    assert made(access, begun)["Status"] == "SUCCEEDED"
    assert assigned(access) == [ANA]


def test_it_is_removed_later_too(slow: IdentityCenterStandIn, access: Any) -> None:
    create(access)
    slow.clock.move(MINUTE)
    begun = delete(access)
    assert assigned(access) == [ANA]
    slow.clock.move(MINUTE)
    assert removed(access, begun)["Status"] == "SUCCEEDED"
    assert assigned(access) == []


def test_what_is_on_its_way_is_in_the_view(slow: IdentityCenterStandIn, access: Any) -> None:
    create(access)
    (coming,) = [one for one in slow.assignments() if one["permission_set"] == READ]
    assert (coming["name"], coming["since"], coming["under_way"]) == ("ana", "", "creation")
    slow.clock.move(MINUTE)
    delete(access)
    (going,) = [one for one in slow.assignments() if one["permission_set"] == READ]
    assert (going["under_way"], going["key"]) == ("deletion", f"{READ_ARN}/account/111122223333/user/{ANA}")


def test_the_same_three_cannot_be_changed_while_a_change_is_under_way(
    slow: IdentityCenterStandIn, access: Any, operator: Any
) -> None:
    create(access)
    for client in (access, operator):
        with pytest.raises(ClientError) as refused:
            create(client)
        assert code_of(refused) == "ConflictException"
    slow.clock.move(MINUTE)
    delete(access)
    with pytest.raises(ClientError) as refused:
        create(access)
    assert code_of(refused) == "ConflictException"
    create(access, principal=BEN)
    create(access, account=names.PAY_PROD)


@pytest.mark.usefixtures("identity_center")
def test_making_what_is_there_succeeds_and_makes_no_second_one(access: Any) -> None:
    assert made(access, create(access))["Status"] == "SUCCEEDED"
    assert made(access, create(access))["Status"] == "SUCCEEDED"
    assert assigned(access) == [ANA]


def test_removing_what_is_not_there_is_refused_or_fails(
    identity_center: IdentityCenterStandIn, access: Any
) -> None:
    with pytest.raises(ClientError) as refused:
        delete(access)
    assert code_of(refused) == "ResourceNotFoundException"
    identity_center.settle(absent=Absent.FAILED)
    failed = removed(access, delete(access))
    assert (failed["Status"], "404" in failed["FailureReason"]) == ("FAILED", True)


def test_too_many_creations_at_once_are_refused(slow: IdentityCenterStandIn, access: Any) -> None:
    slow.settle(outstanding=3)
    for person in ("ana", "ben", "chloe"):
        create(access, principal=names.user_id(person))
    with pytest.raises(ClientError) as refused:
        create(access, principal=names.user_id("dev"))
    assert code_of(refused) == "ServiceQuotaExceededException"
    slow.clock.move(MINUTE)
    create(access, principal=names.user_id("dev"))


def test_more_than_twenty_calls_a_second_are_throttled_and_not_counted(
    identity_center: IdentityCenterStandIn, access: Any
) -> None:
    identity_center.clock.move(timedelta(seconds=2))
    identity_center.settle(calls_a_second=3)
    for _ in range(3):
        assigned(access)
    for _ in range(2):
        with pytest.raises(ClientError) as refused:
            assigned(access)
        assert code_of(refused) == "ThrottlingException"
    identity_center.clock.move(timedelta(seconds=1))
    assigned(access)


def test_a_failure_comes_later_and_in_words(identity_center: IdentityCenterStandIn, access: Any) -> None:
    identity_center.settle(failure_reason="An unexpected internal service exception was encountered")
    begun = create(access)
    assert "FailureReason" not in begun
    failed = made(access, begun)
    assert (failed["Status"], failed["FailureReason"][:13]) == ("FAILED", "An unexpected")
    assert assigned(access) == []


@pytest.mark.usefixtures("identity_center")
def test_who_left_the_directory_can_neither_be_assigned_nor_removed(access: Any, store: Any) -> None:
    create(access)
    store.delete_user(IdentityStoreId=names.IDENTITY_STORE, UserId=ANA)
    failed = removed(access, delete(access))
    assert failed["FailureReason"] == (
        f"Received a 404 status error: the USER assignee {ANA} was not found in directory "
        f"{names.IDENTITY_STORE}"
    )
    assert assigned(access) == [ANA]
    assert made(access, create(access))["Status"] == "FAILED"


def test_a_list_may_answer_what_was_before(identity_center: IdentityCenterStandIn, access: Any) -> None:
    identity_center.settle(read_lag_seconds=30)
    assert made(access, create(access))["Status"] == "SUCCEEDED"
    assert assigned(access) == []
    identity_center.clock.move(MINUTE)
    assert assigned(access) == [ANA]


def test_what_is_under_way_is_listed_by_id_alone(slow: IdentityCenterStandIn, access: Any) -> None:
    begun = create(access)
    progress = {"Status": "IN_PROGRESS"}
    listed = access.list_account_assignment_creation_status(**WHERE, Filter=progress)
    (one,) = listed["AccountAssignmentsCreationStatus"]
    assert set(one) == {"Status", "RequestId", "CreatedDate"}
    assert one["RequestId"] == begun["RequestId"]
    none = access.list_account_assignment_deletion_status(**WHERE, Filter=progress)
    assert none["AccountAssignmentsDeletionStatus"] == []
    slow.clock.move(MINUTE)
    assert not access.list_account_assignment_creation_status(**WHERE, Filter=progress)[
        "AccountAssignmentsCreationStatus"
    ]


@pytest.mark.usefixtures("identity_center")
def test_the_ids_of_creations_and_deletions_are_not_interchangeable(access: Any) -> None:
    begun = create(access)
    with pytest.raises(ClientError) as refused:
        removed(access, begun)
    assert code_of(refused) == "ResourceNotFoundException"


def test_long_lists_come_in_pages(identity_center: IdentityCenterStandIn, access: Any) -> None:
    people = [names.user_id(person) for person in names.PEOPLE]
    for person in people:
        create(access, principal=person)
    identity_center.settle(page=4)
    where = {**WHERE, "AccountId": names.SHOP_PROD, "PermissionSetArn": READ_ARN}
    first = access.list_account_assignments(**where)
    second = access.list_account_assignments(**where, NextToken=first["NextToken"])
    assert (len(first["AccountAssignments"]), "NextToken" in second) == (4, False)
    found = [one["PrincipalId"] for page in (first, second) for one in page["AccountAssignments"]]
    assert sorted(found) == sorted(people)


@pytest.mark.usefixtures("identity_center")
def test_for_a_user_what_their_groups_have_is_listed_too(operator: Any) -> None:
    create(operator)
    answer = operator.list_account_assignments_for_principal(
        **WHERE, PrincipalType="USER", PrincipalId=ANA, Filter={"AccountId": names.SHOP_PROD}
    )
    assert [(one["PrincipalType"], one["PermissionSetArn"]) for one in answer["AccountAssignments"]] == [
        ("USER", READ_ARN),
        ("GROUP", names.EVERYDAY_ARN),
    ]


@pytest.mark.usefixtures("identity_center")
def test_a_permission_set_that_somebody_has_cannot_be_deleted(operator: Any) -> None:
    create(operator)
    words = {**WHERE, "PermissionSetArn": READ_ARN}
    with pytest.raises(ClientError) as refused:
        operator.delete_permission_set(**words)
    assert code_of(refused) == "ConflictException"
    delete(operator)
    operator.delete_permission_set(**words)
    assert READ_ARN not in operator.list_permission_sets(**WHERE)["PermissionSets"]
    with pytest.raises(ClientError) as refused:
        operator.create_account_assignment(**triple())
    assert code_of(refused) == "ResourceNotFoundException"


def test_every_change_is_in_the_log_with_its_assignment_and_its_operation(
    identity_center: IdentityCenterStandIn, access: Any
) -> None:
    since = len(identity_center.log(everything=True))
    begun = create(access)
    made(access, begun)
    (call,) = identity_center.log(since=since)
    assert (call["action"], call["operation"]) == ("CreateAccountAssignment", begun["RequestId"])
    assert call["assignment"] == f"{READ_ARN}/account/{names.SHOP_PROD}/user/{ANA}"
    assert "assumed-role/prod-access-assignments/worker" in call["who"]
    assert len(identity_center.log(since=since, everything=True)) == 2
