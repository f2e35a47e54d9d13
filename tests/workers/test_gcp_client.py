"""Google's own client over the pretend Google Cloud: what is read and written, what each error means."""

import json
import os
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from google.api_core.exceptions import from_http_response
from google.auth.compute_engine import _metadata
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError
from google.iam.v1 import policy_pb2
from google.protobuf.json_format import ParseError
from urllib3.exceptions import MaxRetryError, NewConnectionError

from policies.values import GrantId
from sandbox.aws.faults import Kind
from sandbox.gcp import names
from sandbox.gcp.standin import GcpStandIn
from tests.gcp import INSTANCE, SHOP, VIEWER, Calls, Operator, worker_client
from tests.sandbox.gcp.clients import binding, key_of, signed_in
from workers.clouds.cloud import Again, CloudError, Refused, Unknown
from workers.clouds.gcp.client import GcpClient, Overtaken, WriteForbidden, WriteRefused, _policy
from workers.clouds.gcp.policy import AllowPolicy, Binding, Condition
from workers.jobs import CALL_SECONDS

GRANTS = [GrantId("pa-7k3m-1")]
CANARY = "a message that may quote anything"


# What each error means


class Scripted(GcpClient):
    """A client whose calls do what was written down beforehand."""

    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__(instance=INSTANCE, now=lambda: pytest.fail("nobody looks at the time"))
        self._scripted = call

    def _client(self, _resource: str) -> Any:  # noqa: ANN401 (stands for Google's)
        return self

    def get_iam_policy(self, **_words: object) -> Any:  # noqa: ANN401 (protobuf's own)
        """Google's call of this name."""
        return self._scripted()

    set_iam_policy = get_iam_policy


def raising(error: Exception) -> Callable[[], Any]:
    def call() -> Any:  # noqa: ANN401 (stands for Google's)
        raise error

    return call


def refusal(status: int, body: object) -> Exception:
    """What Google's client makes of an answer that is an error."""
    response = requests.Response()
    response.status_code = status
    response._content = json.dumps(body).encode()
    response.request = requests.Request("POST", "https://cloudresourcemanager.googleapis.com").prepare()
    return from_http_response(response)  # type: ignore[no-any-return, no-untyped-call]


def said(code: int, status: str, *details: dict[str, object]) -> Exception:
    error = {"code": code, "status": status, "message": CANARY, "details": list(details)}
    return refusal(code, {"error": error})


def of_type(name: str, **fields: object) -> dict[str, object]:
    return {"@type": f"type.googleapis.com/google.rpc.{name}", **fields}


def reading(error: Exception) -> CloudError:
    with pytest.raises(CloudError) as caught:
        Scripted(raising(error)).read(SHOP.name)
    return caught.value


def writing(error: Exception) -> CloudError:
    with pytest.raises(CloudError) as caught:
        Scripted(raising(error)).write(AllowPolicy(SHOP.name, b"etag", ()), GRANTS)
    return caught.value


MEANS: list[tuple[int, str, type[CloudError], type[CloudError]]] = [
    (409, "ABORTED", Overtaken, Overtaken),
    (412, "FAILED_PRECONDITION", Overtaken, Overtaken),
    (408, "CANCELLED", Again, Again),
    (429, "RESOURCE_EXHAUSTED", Again, Again),
    (500, "INTERNAL", Again, Again),
    (502, "UNKNOWN", Again, Again),
    (503, "UNAVAILABLE", Again, Again),
    (504, "DEADLINE_EXCEEDED", Again, Again),
    (400, "INVALID_ARGUMENT", Refused, WriteRefused),
    (403, "PERMISSION_DENIED", Refused, WriteForbidden),
    (404, "NOT_FOUND", Refused, WriteRefused),
    (418, "NOBODY_HAS_SEEN_THIS", Refused, WriteRefused),
]


@pytest.mark.parametrize(("code", "status", "read", "write"), MEANS)
def test_a_status_means_one_thing(code: int, status: str, read: type[CloudError], write: type[CloudError]):
    for error, meaning in ((reading(said(code, status)), read), (writing(said(code, status)), write)):
        assert (type(error), error.problem) == (meaning, f"gcp_{status.lower()}")


def test_the_reason_says_more_than_the_status():
    error = writing(said(403, "PERMISSION_DENIED", of_type("ErrorInfo", reason="SERVICE_DISABLED")))
    assert (type(error), error.problem) == (WriteForbidden, "gcp_service_disabled")


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": CANARY}},
        {"error": {"status": CANARY, "details": [of_type("ErrorInfo", reason=CANARY)]}},
        {"error": {"status": "X" * 200}},
        {},
        [],
    ],
)
def test_an_error_without_a_word_of_googles_is_its_number(body: object):
    error = writing(refusal(400, body))
    assert (type(error), error.problem) == (WriteRefused, "gcp_http_400")


@pytest.mark.parametrize(
    ("details", "after"),
    [
        ([of_type("RetryInfo", retryDelay="12.345s")], timedelta(seconds=12.345)),
        (
            [of_type("ErrorInfo", reason="RATE_LIMIT_EXCEEDED"), of_type("RetryInfo", retryDelay="3s")],
            timedelta(seconds=3),
        ),
        ([of_type("RetryInfo", retryDelay="86400s")], timedelta(minutes=5)),
        ([of_type("RetryInfo", retryDelay="soon")], None),
        ([of_type("RetryInfo")], None),
        ([], None),
    ],
)
def test_a_wait_is_what_google_asks_for_within_reason(
    details: list[dict[str, object]], after: timedelta | None
):
    assert reading(said(429, "RESOURCE_EXHAUSTED", *details)).after == after


@pytest.mark.parametrize(
    ("problem", "error"),
    [
        ("gcp_credentials_unauthenticated", said(401, "UNAUTHENTICATED")),
        ("gcp_credentials_default_credentials_error", DefaultCredentialsError(CANARY)),
        ("gcp_credentials_refresh_error", RefreshError(CANARY)),
        ("gcp_credentials_transport_error", TransportError(CANARY)),
    ],
)
def test_without_credentials_nothing_is_refused_for_good(problem: str, error: Exception):
    for meaning in (reading(error), writing(error)):
        assert (type(meaning), meaning.problem) == (Again, problem)


NOT_CONNECTED = MaxRetryError(None, "/", NewConnectionError(None, CANARY))  # type: ignore[arg-type]
BREAKS: list[tuple[type[CloudError], str, Exception]] = [
    (Again, "gcp_connect_timeout", requests.ConnectTimeout(CANARY)),
    (Again, "gcp_connection_error", requests.ConnectionError(NOT_CONNECTED)),
    (Unknown, "gcp_connection_error", requests.ConnectionError(CANARY)),
    (Unknown, "gcp_connection_error", requests.ConnectionError()),
    (Unknown, "gcp_read_timeout", requests.ReadTimeout(CANARY)),
    (Unknown, "gcp_chunked_encoding_error", requests.exceptions.ChunkedEncodingError(CANARY)),
    (Unknown, "gcp_parse_error", ParseError(CANARY)),
    (Unknown, "gcp_key_error", KeyError(CANARY)),
]


@pytest.mark.parametrize(("meaning", "problem", "error"), BREAKS)
def test_a_write_that_broke_is_known_or_not_known_to_have_arrived(
    meaning: type[CloudError], problem: str, error: Exception
):
    found = writing(error)
    assert (type(found), found.problem) == (meaning, problem)


@pytest.mark.parametrize("error", [error for _, _, error in BREAKS])
def test_a_read_that_broke_is_made_again(error: Exception):
    assert type(reading(error)) is Again


@pytest.mark.parametrize(
    "error", [said(400, "INVALID_ARGUMENT"), said(401, "UNAUTHENTICATED"), *(error for _, _, error in BREAKS)]
)
def test_no_message_becomes_a_problem(error: Exception):
    assert CANARY not in str(writing(error))


def test_half_an_answer_is_not_an_answer():
    empty = Scripted(policy_pb2.Policy)
    with pytest.raises(Again, match="gcp_no_etag"):
        empty.read(SHOP.name)
    with pytest.raises(Unknown, match="gcp_no_etag"):
        empty.write(AllowPolicy(SHOP.name, b"etag", ()), GRANTS)


def test_a_policy_of_a_version_nobody_knows_is_not_ours_to_write():
    with pytest.raises(Refused, match="gcp_policy_version_unknown"):
        _policy(SHOP.name, policy_pb2.Policy(version=4, etag=b"etag"))


# Over HTTP


def test_one_call_is_shorter_than_what_a_fence_leaves(gcp: GcpStandIn):
    assert sum(worker_client(gcp)._timeout._timeout) < CALL_SECONDS


def test_a_policy_is_read_whole_and_in_order(gcp: GcpStandIn):
    policy = worker_client(gcp).read(SHOP.name)
    assert policy.etag
    assert [binding.role for binding in policy.bindings] == [one["role"] for one in gcp.bindings()]
    assert [list(binding.members) for binding in policy.bindings] == [
        one["members"] for one in gcp.bindings()
    ]
    pam = next(one.condition for one in policy.bindings if one.condition and "PAM" in one.condition.title)
    assert pam == Condition(
        "Created by: PAM", "Do not edit", 'request.time < timestamp("2035-01-01T00:00:00Z")'
    )


def added(policy: AllowPolicy) -> AllowPolicy:
    condition = Condition("ours", "", 'request.time < timestamp("2035-01-01T00:00:00Z")')
    return policy._replace(bindings=(*policy.bindings, Binding(VIEWER, (names.member("ana"),), condition)))


def test_a_write_changes_what_is_meant_and_nothing_else(gcp: GcpStandIn):
    operator, client = Operator(gcp), worker_client(gcp)
    before, audited = gcp.bindings(), operator.policy().audit_configs
    client.write(added(client.read(SHOP.name)), GRANTS)
    assert gcp.bindings()[:-1] == before
    assert gcp.bindings()[-1]["title"] == "ours"
    assert operator.policy().audit_configs == audited


def test_the_first_condition_of_a_policy_is_written_as_one(gcp: GcpStandIn):
    Operator(gcp).change(keep_no_condition)
    client = worker_client(gcp)
    client.write(added(client.read(SHOP.name)), GRANTS)
    assert [one["ends_at"] for one in gcp.bindings() if one["title"]] == ["2035-01-01T00:00:00+00:00"]


def keep_no_condition(bindings: Any) -> None:  # noqa: ANN401 (protobuf's own)
    """So that a read answers version 1; the worker may do anything then."""
    for one in bindings:
        one.ClearField("condition")


def test_a_stale_write_is_overtaken_and_changes_nothing(gcp: GcpStandIn):
    client = worker_client(gcp)
    stale = client.read(SHOP.name)
    Operator(gcp).bind(binding("roles/browser", names.member("ben")))
    before = gcp.bindings()
    with pytest.raises(Overtaken, match="gcp_aborted"):
        client.write(added(stale), GRANTS)
    assert gcp.bindings() == before


def test_the_reason_in_the_audit_log_is_ids_and_no_more_than_a_few(gcp: GcpStandIn):
    client, calls = worker_client(gcp), Calls(gcp)
    client.write(added(client.read(SHOP.name)), GRANTS)
    client.write(client.read(SHOP.name), [GrantId(f"pa-{number:04d}-1") for number in range(500)])
    one, many = [call["reason"] for call in calls.all() if call["action"] == "SetIamPolicy"]
    assert one == "prod-access-tests: pa-7k3m-1"
    assert many.startswith("prod-access-tests: pa-0000-1 pa-0001-1 ")
    assert many.endswith(" pa-0019-1 and 480 more")


def test_a_folder_and_an_organisation_are_read_like_a_project(gcp: GcpStandIn):
    client = worker_client(gcp, credentials=signed_in(gcp, gcp.operator))
    for resource, role in ((names.FOLDER, "roles/iam.securityReviewer"), (names.ORGANIZATION, "roles/owner")):
        assert role in [binding.role for binding in client.read(resource).bindings]


def test_the_sdk_itself_tries_nothing_again(gcp: GcpStandIn):
    calls = Calls(gcp)
    gcp.break_calls(Kind.UNAVAILABLE, ["GetIamPolicy"], times=1)
    with pytest.raises(Again, match="gcp_unavailable"):
        worker_client(gcp).read(SHOP.name)
    assert calls.actions() == ["GetIamPolicy"]


def test_a_throttled_call_says_how_long_to_wait(gcp: GcpStandIn):
    gcp.settle(reads_per_minute=0)
    with pytest.raises(Again, match="gcp_rate_limit_exceeded") as throttled:
        worker_client(gcp).read(SHOP.name)
    assert throttled.value.after is not None
    assert timedelta(0) < throttled.value.after <= timedelta(minutes=1)


# Clients and credentials


def test_a_client_is_made_once_for_each_kind_and_process(gcp: GcpStandIn):
    mine = worker_client(gcp)
    first = mine._client(SHOP.name)
    assert mine._client("projects/another") is first
    assert mine._client(names.FOLDER) is not first
    assert said_by_a_fork(lambda: mine._client(SHOP.name) is first) == "False"


def said_by_a_fork(question: Callable[[], object]) -> str:
    """What a forked copy of this process answers."""
    reading_end, writing_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing_end, str(question()).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing_end)
    with os.fdopen(reading_end) as answer:
        return answer.read()


def test_credentials_come_from_the_default_chain(gcp: GcpStandIn, monkeypatch: pytest.MonkeyPatch):
    for name, value in gcp.env().items():
        monkeypatch.setenv(name, value)
    assert worker_client(gcp, credentials=None).read(SHOP.name).bindings


def test_a_machine_without_credentials_waits_for_them(
    gcp: GcpStandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for name in [name for name in os.environ if name.startswith(("GOOGLE_", "GCLOUD_", "CLOUDSDK_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    # the environment says so too, but only to whoever is the first to import this module
    monkeypatch.setattr(_metadata, "_NO_GCE_CHECK", "true")
    with pytest.raises(Again, match="gcp_credentials_default_credentials_error"):
        worker_client(gcp, credentials=None).read(SHOP.name)


def test_a_service_account_that_may_do_nothing_is_refused(gcp: GcpStandIn):
    with pytest.raises(Refused, match="gcp_permission_denied"):
        worker_client(gcp, credentials=key_of(gcp, names.STRANGER)).read(SHOP.name)


def test_a_google_that_is_not_there_is_asked_again_later(gcp: GcpStandIn):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    nowhere = GcpClient(
        instance=INSTANCE, now=gcp.clock.now, endpoint=f"http://127.0.0.1:{port}", credentials=key_of(gcp)
    )
    with pytest.raises(Again, match="gcp_connection_error"):
        nowhere.write(AllowPolicy(SHOP.name, b"etag", ()), GRANTS)
