"""Calls that go wrong on demand, and what botocore makes of them."""

# ruff: noqa: ANN401 - boto3 makes its clients up

import json
import time
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from sandbox.aws.faults import Kind
from sandbox.aws.keys import Keys
from sandbox.identity_center import names
from sandbox.identity_center.standin import IdentityCenterStandIn
from sandbox.identity_center.use import NotAnsweredError, People
from tests.sandbox.identity_center.asks import READ, assigned, create
from tests.sandbox.identity_center.conftest import ClientOf

ANA = names.user_id("ana")
CREATE = ["CreateAccountAssignment"]


@pytest.fixture(name="hasty")
def _hasty(client: ClientOf, access_keys: Keys) -> Any:
    """sso-admin for somebody who does not wait long for an answer."""
    return client("sso-admin", access_keys, read_timeout=0.3)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.THROTTLE, "ThrottlingException"),
        (Kind.UNAVAILABLE, "ServiceUnavailableException"),
        (Kind.ERROR, "AccessDeniedException"),
    ],
)
def test_a_change_is_refused_undone(
    identity_center: IdentityCenterStandIn, access: Any, kind: Kind, code: str
) -> None:
    identity_center.break_calls(kind, CREATE, times=1)
    since = len(identity_center.log(everything=True))
    with pytest.raises(ClientError) as refused:
        create(access)
    assert refused.value.response["Error"]["Code"] == code
    assert [(one["reached"], one["fault"]) for one in identity_center.log(since=since)] == [(False, kind)]
    assert assigned(access) == []


@pytest.mark.parametrize(
    ("kind", "error"), [(Kind.RESET, ConnectionClosedError), (Kind.SILENT, ReadTimeoutError)]
)
def test_a_change_lost_on_its_way_is_not_done(
    identity_center: IdentityCenterStandIn, access: Any, hasty: Any, kind: Kind, error: type[Exception]
) -> None:
    identity_center.break_calls(kind, CREATE, times=1)
    with pytest.raises(error):
        create(hasty)
    assert assigned(access) == []


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Kind.LOST, ConnectionClosedError),
        (Kind.LATE, ReadTimeoutError),
        (Kind.TORN, ConnectionClosedError),
        (Kind.TRUNCATED, KeyError),
    ],
)
def test_a_change_lost_on_its_way_back_is_done(
    identity_center: IdentityCenterStandIn, access: Any, hasty: Any, kind: Kind, error: type[Exception]
) -> None:
    identity_center.break_calls(kind, CREATE, times=1)
    with pytest.raises(error):
        create(hasty)
    assert assigned(access) == [ANA]


def test_half_a_json_text_is_an_empty_answer_to_botocore(
    identity_center: IdentityCenterStandIn, access: Any
) -> None:
    identity_center.break_calls(Kind.TRUNCATED, ["ListInstances"], times=1)
    answer = access.list_instances()
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], "Instances" in answer) == (200, False)


def test_half_an_answer_of_sts_cannot_be_read(
    identity_center: IdentityCenterStandIn, client: ClientOf
) -> None:
    identity_center.break_calls(Kind.TRUNCATED, ["AssumeRole"], times=1)
    sts = client("sts", identity_center.worker)
    words = {"RoleArn": names.ACCESS_ROLE, "RoleSessionName": "worker", "ExternalId": names.EXTERNAL_ID}
    with pytest.raises(Exception, match=r"invalid XML|Unable to parse"):
        sts.assume_role(**words)


def test_a_slow_call_is_done(identity_center: IdentityCenterStandIn, access: Any) -> None:
    identity_center.break_calls(Kind.SLOW, ["ListAccountAssignments"], milliseconds=150)
    start = time.monotonic()
    assigned(access)
    assert time.monotonic() - start > 0.15


def test_a_fault_chooses_its_calls_and_can_be_mended(
    identity_center: IdentityCenterStandIn, access: Any, operator: Any
) -> None:
    number = identity_center.break_calls(Kind.ERROR, who="prod-access-assignments", after=1, code="Odd")
    assigned(operator)
    assigned(access)
    with pytest.raises(ClientError, match="Odd"):
        assigned(access)
    (fault,) = identity_center.faults()
    assert fault["hits"] == 1
    identity_center.mend(number)
    assigned(access)
    assert identity_center.faults() == []


def test_a_throttled_person_is_not_let_in(
    identity_center: IdentityCenterStandIn, holders: People, access: Any
) -> None:
    create(access)
    identity_center.break_calls(Kind.RESET, ["GetRoleCredentials"], times=1)
    with pytest.raises(NotAnsweredError):
        holders.open(identity_center.person("ana"), READ)


@pytest.mark.parametrize(
    ("method", "page", "body", "status"),
    [
        ("POST", "faults", {"kind": "unheard"}, 400),
        ("PATCH", "settings", {"unheard": 1}, 400),
        ("GET", "nothing", None, 404),
        ("POST", "nothing", None, 404),
    ],
)
def test_the_control_pages_say_what_is_wrong(
    identity_center: IdentityCenterStandIn, method: str, page: str, body: object, status: int
) -> None:
    url = f"{identity_center.endpoint_url}/_sandbox/{page}"
    answer = httpx.request(method, url, content=json.dumps(body))
    assert answer.status_code == status
    assert answer.json()["error"]
    assert httpx.get(f"{identity_center.endpoint_url}/_sandbox/settings").json()["page"] == 100
