"""What stands in front of the pretend AWS: its log, its faults, its view of the roles."""

# ruff: noqa: ANN401 - boto3 makes its clients up

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from sandbox.aws import names
from sandbox.aws.faults import Kind
from sandbox.aws.keys import Keys
from sandbox.aws.standin import AwsStandIn
from sandbox.aws.use import Allowed, NotAnsweredError, People, Refused

Refusal = Callable[..., str]
SessionOf = Callable[[str, str], Keys]


def _since(aws: AwsStandIn) -> int:
    return len(aws.log(everything=True))


def test_every_change_is_in_the_log_in_order(aws: AwsStandIn, role: Any, session_of: SessionOf) -> None:
    since = _since(aws)
    role.lease(names.person_arn("ana"))
    session_of("ana", role.arn)
    role.delete()
    log = aws.log(since=since)
    assert [call["action"] for call in log] == [
        "CreateRole",
        "PutRolePolicy",
        "AttachRolePolicy",
        "AssumeRole",
        "DetachRolePolicy",
        "DeleteRolePolicy",
        "DeleteRole",
    ]
    assert {call["role"] for call in log} == {role.name}
    assert {call["status"] for call in log} == {200}
    worker = f"arn:aws:sts::{names.SHOP_PROD}:assumed-role/prod-access-spoke/worker"
    assert [call["who"] for call in log if call["service"] == "iam"] == [worker] * 6
    assert [call["who"] for call in log if call["service"] == "sts"] == [f"{names.PEOPLE_ACCOUNT}/ana"]


def test_the_log_has_refusals_reads_and_the_moved_time(aws: AwsStandIn, role: Any, refusal: Refusal) -> None:
    since = _since(aws)
    assert refusal(role.iam.get_role, RoleName=role.name) == "NoSuchEntity"
    assert refusal(role.iam.delete_role, RoleName=role.name) == "AccessDenied"
    read, change = aws.log(since=since, everything=True)
    assert (read["action"], read["code"], read["mutating"]) == ("GetRole", "NoSuchEntity", False)
    assert (change["action"], change["code"], change["mutating"]) == ("DeleteRole", "AccessDenied", True)
    assert aws.log(since=since) == [change]
    assert abs(datetime.fromisoformat(change["at"]) - aws.clock.now()) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("kind", "code"),
    [(Kind.THROTTLE, "Throttling"), (Kind.UNAVAILABLE, "ServiceUnavailable"), (Kind.ERROR, "AccessDenied")],
)
def test_a_call_is_refused_undone(
    aws: AwsStandIn, role: Any, refusal: Refusal, kind: Kind, code: str
) -> None:
    aws.break_calls(kind, ["CreateRole"], times=1)
    since = _since(aws)
    assert refusal(role.create, principal=names.person_arn("ana")) == code
    assert [(call["reached"], call["fault"]) for call in aws.log(since=since)] == [(False, kind)]
    role.create(names.person_arn("ana"))


def test_an_error_is_what_it_is_told_to_be(aws: AwsStandIn, role: Any, refusal: Refusal) -> None:
    aws.break_calls(Kind.ERROR, ["GetRole"], status=500, code="ServiceFailure", message="<down>")
    assert refusal(role.iam.get_role, RoleName=role.name) == "ServiceFailure"
    aws.break_calls(Kind.ERROR, ["DescribeLogGroups"], code="ThrottlingException")


def test_a_json_service_is_refused_in_json(
    aws: AwsStandIn, people: People, role: Any, session_of: SessionOf
) -> None:
    role.lease(names.person_arn("ana"), policy="logs-readonly")
    session = session_of("ana", role.arn)
    aws.break_calls(Kind.ERROR, ["DescribeLogGroups"], code="ThrottlingException", times=1)
    refused = people.call(session, "logs", "describe_log_groups")
    assert isinstance(refused, Refused)
    assert refused.code == "ThrottlingException"
    assert people.call(session, "logs", "describe_log_groups") == Allowed()


@pytest.mark.parametrize(
    ("kind", "error"), [(Kind.RESET, ConnectionClosedError), (Kind.SILENT, ReadTimeoutError)]
)
def test_a_call_lost_on_its_way_is_not_done(
    aws: AwsStandIn, hasty_role: Any, kind: Kind, error: type[Exception]
) -> None:
    aws.break_calls(kind, ["CreateRole"], times=1)
    since = _since(aws)
    with pytest.raises(error):
        hasty_role.create(names.person_arn("ana"))
    hasty_role.create(names.person_arn("ana"))
    assert [call["reached"] for call in aws.log(since=since)] == [False, True]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Kind.LOST, ConnectionClosedError),
        (Kind.LATE, ReadTimeoutError),
        (Kind.TORN, HTTPClientError),
        (Kind.TRUNCATED, ResponseParserError),
    ],
)
def test_a_call_lost_on_its_way_back_is_done(
    aws: AwsStandIn, hasty_role: Any, kind: Kind, error: type[Exception]
) -> None:
    aws.break_calls(kind, ["CreateRole"], times=1)
    since = _since(aws)
    with pytest.raises(error):
        hasty_role.create(names.person_arn("ana"))
    with pytest.raises(hasty_role.iam.exceptions.EntityAlreadyExistsException):
        hasty_role.create(names.person_arn("ana"))
    assert [call["reached"] for call in aws.log(since=since)] == [True, True]


@pytest.fixture(name="hasty_role")
def _hasty_role(role: Any, client: Any, spoke_keys: Keys) -> Any:
    """A role made by a worker that waits one second for an answer."""
    return replace(role, iam=client("iam", spoke_keys, read_timeout=1))


def test_a_fault_waits_strikes_and_stops(aws: AwsStandIn, role: Any, refusal: Refusal) -> None:
    number = aws.break_calls(Kind.THROTTLE, ["GetRole"], after=1, times=2)
    codes = [refusal(role.iam.get_role, RoleName=role.name) for _ in range(4)]
    assert codes == ["NoSuchEntity", "Throttling", "Throttling", "NoSuchEntity"]
    assert [(fault["id"], fault["hits"]) for fault in aws.faults()] == [(number, 2)]
    aws.mend(number)
    assert aws.faults() == []


def test_a_fault_may_meet_one_caller_only(
    aws: AwsStandIn, people: People, role: Any, refusal: Refusal
) -> None:
    aws.break_calls(Kind.UNAVAILABLE, who="prod-access")
    assert refusal(role.create, principal=names.person_arn("ana")) == "ServiceUnavailable"
    assert _code(people.assume(aws.person("ana"), role.arn, "ana")) == "AccessDenied"


def test_calls_are_slowed(aws: AwsStandIn, role: Any, refusal: Refusal) -> None:
    aws.break_calls(Kind.SLOW, ["GetRole"], milliseconds=300)
    started = datetime.now(UTC)
    assert refusal(role.iam.get_role, RoleName=role.name) == "NoSuchEntity"
    assert datetime.now(UTC) - started >= timedelta(milliseconds=300)


def test_unreachable_is_not_refused(
    aws: AwsStandIn, people: People, role: Any, session_of: SessionOf
) -> None:
    role.lease(names.person_arn("ana"))
    session = session_of("ana", role.arn)
    aws.break_calls(Kind.RESET, ["DescribeDBInstances"], times=1)
    with pytest.raises(NotAnsweredError):
        people.read(session)
    assert people.read(session) == Allowed((names.DATABASE,))


def test_with_dates_stopped_only_removing_ends_it(
    aws: AwsStandIn, people: People, role: Any, session_of: SessionOf
) -> None:
    role.lease(names.person_arn("ana"))
    aws.stop_dates()
    aws.clock.move_to(role.ends_at + timedelta(minutes=1))
    session = session_of("ana", role.arn)
    assert people.read(session) == Allowed((names.DATABASE,))
    role.deny(condition={})
    assert _code(people.read(session)) == "AccessDenied"
    role.deny()
    aws.mend()
    assert _code(people.read(session)) == "AccessDenied"


def test_the_cloud_view_reads_what_aws_has(aws: AwsStandIn, role: Any) -> None:
    role.lease(names.person_arn("ana"))
    before = _seen(aws, role.name)
    ends_at = role.ends_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert before["assumable_until"] == before["denied_after"] == ends_at
    assert before["trusts"] == [names.person_arn("ana")]
    assert before["policies"] == [names.CATALOGUE["rds-readonly"]]
    assert before["boundary"] == names.BOUNDARY
    assert before["tags"] == {"prod-access:grant-id": role.name}
    assert not before["denied_now"]
    aws.clock.move_to(role.ends_at + timedelta(seconds=2))
    assert _seen(aws, role.name)["denied_now"]
    role.deny({"DateLessThan": {"aws:TokenIssueTime": ends_at}})
    assert _seen(aws, role.name)["sessions_cut_at"] == ends_at
    role.deny(condition={})
    assert _seen(aws, role.name)["denied_now"]


def _seen(aws: AwsStandIn, name: str) -> dict[str, Any]:
    return next(role for role in aws.roles() if role["name"] == name)


def test_the_emulators_own_pages_are_out_of_reach(aws: AwsStandIn) -> None:
    assert httpx.post(f"{aws.endpoint_url}/_ministack/reset").status_code == 404
    assert httpx.get(f"{aws.endpoint_url}/_sandbox/nothing").status_code == 404
    wrong = httpx.post(f"{aws.endpoint_url}/_sandbox/faults", json={"kind": "gremlins"})
    assert wrong.status_code == 400
    assert "gremlins" in wrong.json()["error"]


def test_boto3s_own_retries_meet_a_fault_once(aws: AwsStandIn, role: Any) -> None:
    aws.break_calls(Kind.THROTTLE, ["GetRole"], times=1)
    with pytest.raises(ClientError):
        role.iam.get_role(RoleName=role.name)
    assert [fault["hits"] for fault in aws.faults()] == [1]


def _code(outcome: object) -> str:
    assert isinstance(outcome, Refused), outcome
    return outcome.code
