"""Calls that go wrong on demand, and what Google's own client makes of them."""

# ruff: noqa: ANN401 - protobuf makes its messages up

import json
import time
from datetime import datetime
from typing import Any

import httpx
import pytest
import requests
from google.api_core import exceptions
from google.protobuf import json_format

from sandbox.aws.faults import Kind
from sandbox.gcp import names
from sandbox.gcp.standin import GcpStandIn
from sandbox.gcp.use import NotAnsweredError, People
from tests.sandbox.gcp.clients import Leases, binding, policy_of


@pytest.fixture(name="viewer")
def _viewer(title: str, until: datetime) -> Any:
    return binding("roles/cloudsql.viewer", names.member("ana"), until=until, title=title)


def present(gcp: GcpStandIn, viewer: Any) -> bool:
    return viewer.condition.title in [one["title"] for one in gcp.bindings()]


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [
        (Kind.THROTTLE, (exceptions.TooManyRequests, "RESOURCE_EXHAUSTED")),
        (Kind.UNAVAILABLE, (exceptions.ServiceUnavailable, "UNAVAILABLE")),
        (Kind.ERROR, (exceptions.Forbidden, "PERMISSION_DENIED")),
    ],
)
def test_a_change_is_refused_undone(
    gcp: GcpStandIn, leases: Leases, viewer: Any, kind: Kind, refusal: tuple[type[Exception], str]
) -> None:
    gcp.break_calls(kind, ["SetIamPolicy"], times=1)
    since = len(gcp.log(everything=True))
    error, status = refusal
    with pytest.raises(error) as refused:
        leases.add(viewer)
    assert refused.value.response.json()["error"]["status"] == status
    assert [(one["reached"], one["fault"]) for one in gcp.log(since=since)] == [(False, kind)]
    assert not present(gcp, viewer)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (412, "FAILED_PRECONDITION", exceptions.PreconditionFailed),
        (500, "INTERNAL", exceptions.InternalServerError),
        (504, "DEADLINE_EXCEEDED", exceptions.GatewayTimeout),
    ],
)
def test_an_error_is_what_it_is_told_to_be(
    gcp: GcpStandIn, worker: Any, status: int, code: str, error: type[Exception]
) -> None:
    gcp.break_calls(Kind.ERROR, ["GetIamPolicy"], status=status, code=code)
    with pytest.raises(error):
        policy_of(worker)


def test_the_client_reads_again_by_itself_when_unavailable_and_never_writes_again(
    gcp: GcpStandIn, worker: Any
) -> None:
    gcp.break_calls(Kind.UNAVAILABLE, ["GetIamPolicy"], times=1)
    policy_of(worker)
    (fault,) = gcp.faults()
    assert fault["hits"] == 1


@pytest.mark.parametrize(
    ("kind", "error"),
    [(Kind.RESET, requests.exceptions.ConnectionError), (Kind.SILENT, requests.exceptions.ReadTimeout)],
)
def test_a_change_lost_on_its_way_is_not_done(
    gcp: GcpStandIn, leases: Leases, viewer: Any, kind: Kind, error: type[Exception]
) -> None:
    gcp.break_calls(kind, ["SetIamPolicy"], times=1)
    with pytest.raises(error):
        leases.add(viewer, timeout=0.3)
    assert not present(gcp, viewer)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Kind.LOST, requests.exceptions.ConnectionError),
        (Kind.LATE, requests.exceptions.ReadTimeout),
        (Kind.TORN, requests.exceptions.ChunkedEncodingError),
        (Kind.TRUNCATED, json_format.ParseError),
    ],
)
def test_a_change_lost_on_its_way_back_is_done(
    gcp: GcpStandIn, leases: Leases, viewer: Any, kind: Kind, error: type[Exception]
) -> None:
    gcp.break_calls(kind, ["SetIamPolicy"], times=1)
    with pytest.raises(error):
        leases.add(viewer, timeout=0.3)
    assert present(gcp, viewer)


def test_a_slow_call_is_done(gcp: GcpStandIn, worker: Any) -> None:
    gcp.break_calls(Kind.SLOW, ["GetIamPolicy"], milliseconds=150)
    start = time.monotonic()
    policy_of(worker)
    assert time.monotonic() - start > 0.15


def test_a_fault_chooses_its_calls(gcp: GcpStandIn, worker: Any, operator: Any) -> None:
    number = gcp.break_calls(
        Kind.ERROR, who="prod-access", resource="shop-prod", after=1, status=404, code="X"
    )
    policy_of(operator)
    policy_of(worker)
    with pytest.raises(exceptions.NotFound):
        policy_of(worker)
    gcp.mend(number)
    policy_of(worker)
    assert gcp.faults() == []


def test_a_throttled_person_is_not_refused(gcp: GcpStandIn, people: People) -> None:
    token = people.sign_in(gcp.person("ivy"))
    for kind in (Kind.THROTTLE, Kind.TRUNCATED, Kind.RESET):
        gcp.break_calls(kind, ["ListInstances"], times=1)
        with pytest.raises(NotAnsweredError):
            people.read(token)


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
    gcp: GcpStandIn, method: str, page: str, body: object, status: int
) -> None:
    answer = httpx.request(method, f"{gcp.endpoint_url}/_sandbox/{page}", content=json.dumps(body))
    assert answer.status_code == status
    assert answer.json()["error"]


def test_what_is_no_call_and_what_is_no_json(gcp: GcpStandIn, people: People) -> None:
    token = people.sign_in(gcp.operator)
    assert people.call(token, "GET", "/v3/nothing") == people.call(token, "GET", "/v3/nothing")
    headers = {"Authorization": f"Bearer {token}"}
    for text in ("{", "[]", '{"unheard": 1}', '{"options": {"requestedPolicyVersion": "x"}}'):
        url = f"{gcp.endpoint_url}/v3/projects/shop-prod:getIamPolicy"
        answer = httpx.post(url, headers=headers, content=text)
        assert answer.status_code == 400
        assert "Invalid JSON payload" in answer.json()["error"]["message"]
