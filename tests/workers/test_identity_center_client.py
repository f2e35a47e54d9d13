"""What each error of sso-admin means, and the session of the access role."""

import os
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from sandbox.aws.faults import Kind
from sandbox.identity_center import names
from sandbox.identity_center.standin import IdentityCenterStandIn
from tests.identity_center import PLACE, READ, TARGET, WorkerClient
from workers.clouds.aws.client import Missing, SessionOver
from workers.clouds.cloud import Again, CloudError, Refused, Unknown
from workers.clouds.identity_center.client import (
    CREATE,
    Conflict,
    OneOperation,
    OnePermissionSet,
    PermissionSets,
    Status,
    _meaning,
)

MEANS: list[tuple[type[CloudError], str]] = [
    (Conflict, "ConflictException"),
    (Missing, "ResourceNotFoundException"),
    (Unknown, "InternalServerException"),
    (SessionOver, "UnrecognizedClientException"),
    (Again, "ServiceQuotaExceededException"),
    (Again, "InvalidSignatureException"),
    (Refused, "AccessDeniedException"),
    (Refused, "ValidationException"),
    (Refused, "something nobody has seen yet"),
]


@pytest.mark.parametrize(("meaning", "code"), MEANS)
def test_an_error_code_means_one_thing(meaning: type[CloudError], code: str):
    found = _meaning(code)
    assert (type(found), found.problem) == (meaning, code)


OVER_HTTP: list[tuple[type[CloudError], int, str]] = [
    (Conflict, 400, "ConflictException"),
    (Missing, 400, "ResourceNotFoundException"),
    (Again, 400, "ThrottlingException"),
    (Again, 400, "ServiceQuotaExceededException"),
    (Refused, 400, "AccessDeniedException"),
    (Refused, 400, "ValidationException"),
    (Unknown, 500, "InternalServerException"),
    (Unknown, 400, "InternalServerException"),
    (Unknown, 503, "ServiceUnavailableException"),
]


@pytest.mark.parametrize(("meaning", "status", "code"), OVER_HTTP)
def test_a_change_that_is_refused_over_http_means_the_same(
    identity_center: IdentityCenterStandIn, meaning: type[CloudError], status: int, code: str
):
    identity_center.break_calls(Kind.ERROR, ["CreateAccountAssignment"], status=status, code=code)
    with pytest.raises(CloudError) as caught:
        WorkerClient(identity_center).begin(TARGET, CREATE, **words_of("ana"))
    assert (type(caught.value), caught.value.problem) == (meaning, code)


def words_of(person: str) -> dict[str, object]:
    return {
        "TargetType": "AWS_ACCOUNT",
        "TargetId": names.SHOP_PROD,
        "PermissionSetArn": TARGET.permission_set_arn,
        "PrincipalType": "USER",
        "PrincipalId": names.user_id(person),
    }


def test_a_change_is_sent_once_and_a_read_three_times(identity_center: IdentityCenterStandIn):
    client = WorkerClient(identity_center)
    identity_center.break_calls(Kind.RESET, ["CreateAccountAssignment", "ListPermissionSets"])
    with pytest.raises(Unknown):
        client.begin(TARGET, CREATE, **words_of("ana"))
    with pytest.raises(Again):
        client.read(PLACE, PermissionSets, "list_permission_sets")
    (fault,) = identity_center.faults()
    assert fault["hits"] == 1 + 3


def test_half_an_answer_to_a_change_is_not_an_answer(identity_center: IdentityCenterStandIn):
    identity_center.break_calls(Kind.TRUNCATED, ["CreateAccountAssignment"], times=1)
    with pytest.raises(Unknown, match="ValidationError"):
        WorkerClient(identity_center).begin(TARGET, CREATE, **words_of("ana"))


WHOLE = {
    "RequestId": "r",
    "Status": "SUCCEEDED",
    "TargetId": names.SHOP_PROD,
    "PermissionSetArn": TARGET.permission_set_arn,
    "PrincipalId": names.user_id("ana"),
}


def test_an_operation_is_read_from_the_answers_of_both_ways():
    about = {**WHOLE, "Status": "FAILED", "FailureReason": "why"}
    for name in ("AccountAssignmentCreationStatus", "AccountAssignmentDeletionStatus"):
        operation = OneOperation.model_validate({name: about}).operation
        assert (operation.id, operation.status, operation.reason) == ("r", Status.FAILED, "why")


@pytest.mark.parametrize("status", ["DONE", "", None])
def test_a_status_nobody_knows_is_not_taken_for_done(status: str | None):
    with pytest.raises(ValidationError):
        OneOperation.model_validate({"AccountAssignmentCreationStatus": {**WHOLE, "Status": status}})


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_an_operation_that_does_not_say_what_it_is_about_is_not_an_answer(name: str):
    half = {known: value for known, value in WHOLE.items() if known != name}
    with pytest.raises(ValidationError):
        OneOperation.model_validate({"AccountAssignmentCreationStatus": half})


@pytest.mark.parametrize(
    ("answer", "session"),
    [
        ({"Name": "x"}, timedelta(hours=1)),
        ({"Name": "x", "SessionDuration": "PT1H"}, timedelta(hours=1)),
        ({"Name": "x", "SessionDuration": "PT12H"}, timedelta(hours=12)),
        ({"Name": "x", "SessionDuration": "PT90M"}, timedelta(minutes=90)),
    ],
)
def test_how_long_a_session_is_is_read_as_it_is_written(answer: dict[str, str], session: timedelta):
    assert OnePermissionSet.model_validate({"PermissionSet": answer}).permission_set.session == session


def test_every_page_of_a_list_is_read(identity_center: IdentityCenterStandIn):
    identity_center.settle(page=1)
    pages = list(WorkerClient(identity_center).pages(PLACE, PermissionSets, "list_permission_sets"))
    assert [len(page.arns) for page in pages] == [1, 1, 1]


# The session of the access role


def assumed(identity_center: IdentityCenterStandIn, since: int) -> int:
    calls = identity_center.log(since=since, everything=True)
    return [call["action"] for call in calls].count("AssumeRole")


def now_at(identity_center: IdentityCenterStandIn) -> int:
    """The number the next call has in the stand-in's log."""
    return len(identity_center.log(everything=True))


def sets(client: WorkerClient) -> list[str]:
    return client.read(PLACE, PermissionSets, "list_permission_sets").arns


def test_the_access_role_is_assumed_once_for_all_its_places_and_anew_before_its_end(
    identity_center: IdentityCenterStandIn,
):
    since, client = now_at(identity_center), WorkerClient(identity_center)
    client.warm(PLACE)
    client.warm(PLACE.model_copy(update={"alias": "pay-prod", "id": names.PAY_PROD}))
    sets(client)
    assert assumed(identity_center, since) == 1
    identity_center.clock.move(timedelta(minutes=56))
    sets(client)
    assert assumed(identity_center, since) == 2


def test_another_access_role_is_another_session(identity_center: IdentityCenterStandIn):
    client = WorkerClient(identity_center)
    client.warm(PLACE)
    other = PLACE.model_copy(update={"access_role": f"{names.ACCESS_ROLE}-2"})
    with pytest.raises(Refused, match="AccessDenied"):
        client.warm(other)


@pytest.mark.parametrize("code", ["ExpiredTokenException", "UnrecognizedClientException"])
def test_a_session_that_is_over_is_assumed_anew_once(identity_center: IdentityCenterStandIn, code: str):
    client = WorkerClient(identity_center)
    client.warm(PLACE)
    since = now_at(identity_center)
    identity_center.break_calls(Kind.ERROR, ["ListPermissionSets"], code=code, times=1)
    assert names.CATALOGUE[READ] in sets(client)
    assert assumed(identity_center, since) == 1


def test_a_session_that_is_over_again_at_once_is_left_for_later(identity_center: IdentityCenterStandIn):
    identity_center.break_calls(Kind.ERROR, ["ListPermissionSets"], code="ExpiredTokenException")
    with pytest.raises(Again, match="ExpiredTokenException"):
        sets(WorkerClient(identity_center))


def test_a_change_refused_by_a_session_that_is_over_is_sent_again(identity_center: IdentityCenterStandIn):
    identity_center.break_calls(
        Kind.ERROR, ["CreateAccountAssignment"], code="ExpiredTokenException", times=1
    )
    operation = WorkerClient(identity_center).begin(TARGET, CREATE, **words_of("ana"))
    assert operation.status is Status.IN_PROGRESS


def test_without_the_external_id_the_role_refuses(identity_center: IdentityCenterStandIn):
    client = WorkerClient(identity_center)
    assert not client.gets_in_without_the_external_id(PLACE)
    identity_center.break_calls(Kind.THROTTLE, ["AssumeRole"])
    with pytest.raises(Again):
        client.gets_in_without_the_external_id(PLACE)


def test_a_client_does_not_survive_a_fork(identity_center: IdentityCenterStandIn):
    client = WorkerClient(identity_center)
    client.warm(PLACE)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            client.warm(PLACE)
        except RuntimeError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        assert answer.read() == "an AWS client does not survive a fork; make one per process"


def test_no_secret_is_in_what_is_raised(identity_center: IdentityCenterStandIn):
    client = WorkerClient(identity_center)
    client.warm(PLACE)
    identity_center.break_calls(Kind.ERROR, ["ListPermissionSets"], message="names ana and her account")
    with pytest.raises(Refused) as caught:
        sets(client)
    assert str(caught.value) == "AccessDeniedException"
    known: Any = client._hub._behind[PLACE.access_role, PLACE.region]
    assert names.EXTERNAL_ID not in repr(known)
