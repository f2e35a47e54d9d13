"""What stands around the rules: the log, faults, throttling, the activity log, the cloud view."""

import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from azure.core.exceptions import (
    DecodeError,
    HttpResponseError,
    IncompleteReadError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.mgmt.authorization import AuthorizationManagementClient

from sandbox.azure import names
from sandbox.azure.faults import Kind
from sandbox.azure.standin import AzureStandIn
from sandbox.azure.use import Allowed, NotAnsweredError, People, Refused
from tests.sandbox.azure.asks import SCOPE, code_of, reader, until

Client = AuthorizationManagementClient
ClientOf = Callable[..., Client]
Refusal = Callable[..., tuple[int, str]]
WRITE = "Microsoft.Authorization/roleAssignments/write"


def _since(azure: AzureStandIn) -> int:
    return len(azure.log(everything=True))


def test_every_change_is_in_the_log_in_order(
    azure: AzureStandIn, worker: Client, azure_people: People, name: str, other_name: str
) -> None:
    since = _since(azure)
    worker.role_assignments.create(names.DATABASE_SCOPE, name, reader())
    worker.role_assignment_schedule_requests.create(SCOPE, other_name, until(timedelta(hours=1)))
    azure_people.restart(azure_people.sign_in("ana"))
    worker.role_assignments.delete(names.DATABASE_SCOPE, name)
    seen = [(call["action"], call["name"], call["who"], call["status"]) for call in azure.log(since=since)]
    assert seen == [
        (WRITE, name, names.WORKER, 201),
        ("Microsoft.Authorization/roleAssignmentScheduleRequests/write", other_name, names.WORKER, 201),
        (
            "Microsoft.DBforPostgreSQL/flexibleServers/restart/action",
            names.DATABASE,
            "ana@meridian.example",
            403,
        ),
        ("Microsoft.Authorization/roleAssignments/delete", name, names.WORKER, 200),
    ]


def test_the_log_has_refusals_reads_and_the_moved_time(
    azure: AzureStandIn, worker: Client, name: str, refusal: Refusal
) -> None:
    azure.clock.move(timedelta(minutes=3))
    since = _since(azure)
    assert refusal(worker.role_assignments.get, SCOPE, name)[1] == "RoleAssignmentNotFound"
    (read,) = (call for call in azure.log(since=since, everything=True) if call["service"] == "arm")
    assert (read["mutating"], read["reached"], read["code"]) == (False, True, "RoleAssignmentNotFound")
    assert azure.log(since=since) == []
    assert abs(datetime.fromisoformat(read["at"]) - azure.clock.now()) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.THROTTLE, (429, "TooManyRequests")),
        (Kind.UNAVAILABLE, (503, "ServiceUnavailable")),
        (Kind.ERROR, (400, "InjectedFault")),
    ],
)
def test_a_call_is_refused_undone(
    azure: AzureStandIn, worker: Client, name: str, *, refusal: Refusal, kind: Kind, expected: tuple[int, str]
) -> None:
    azure.break_calls(kind, ["roleAssignments/write"], times=1)
    since = _since(azure)
    assert refusal(worker.role_assignments.create, SCOPE, name, reader()) == expected
    assert [(call["reached"], call["fault"]) for call in azure.log(since=since)] == [(False, kind)]
    worker.role_assignments.create(SCOPE, name, reader())


@pytest.mark.parametrize(
    ("kind", "error", "done"),
    [
        (Kind.RESET, ServiceResponseError, False),
        (Kind.SILENT, ServiceResponseTimeoutError, False),
        (Kind.LOST, ServiceResponseError, True),
        (Kind.LATE, ServiceResponseTimeoutError, True),
        (Kind.TORN, IncompleteReadError, True),
        (Kind.TRUNCATED, DecodeError, True),
    ],
)
def test_a_call_without_an_answer_may_be_done(
    azure: AzureStandIn, client: ClientOf, name: str, kind: Kind, error: type[Exception], *, done: bool
) -> None:
    hasty = client(azure.worker, read_timeout=1)
    azure.break_calls(kind, [WRITE], times=1)
    with pytest.raises(error):
        hasty.role_assignments.create(SCOPE, name, reader())
    assert (name in {one["name"] for one in azure.assignments()}) is done


def test_an_answer_nobody_can_read_is_an_http_error_with_a_good_status(
    azure: AzureStandIn, worker: Client, name: str
) -> None:
    azure.break_calls(Kind.TRUNCATED, [WRITE], times=1)
    with pytest.raises(HttpResponseError) as unread:
        worker.role_assignments.create(SCOPE, name, reader())
    assert (unread.value.status_code, unread.value.error) == (201, None)


def test_the_sdks_own_retries_do_it_once_because_the_name_is_fixed(
    azure: AzureStandIn, client: ClientOf, name: str
) -> None:
    patient = client(azure.worker, retries=2)
    azure.break_calls(Kind.LOST, [WRITE], times=1)
    since = _since(azure)
    assert patient.role_assignments.create(SCOPE, name, reader()).name == name
    assert [call["status"] for call in azure.log(since=since)] == [201, 201]
    assert [one["name"] for one in azure.assignments() if not one["standing"]] == [name]


def test_the_sdk_sleeps_what_retry_after_says(azure: AzureStandIn, client: ClientOf, name: str) -> None:
    azure.break_calls(Kind.ERROR, [WRITE], times=1, status=400, retry_after=1)
    started = time.monotonic()
    client(azure.worker, retries=2).role_assignments.create(SCOPE, name, reader())
    assert time.monotonic() - started >= 1


def test_a_fault_waits_strikes_and_stops(
    azure: AzureStandIn, worker: Client, name: str, refusal: Refusal
) -> None:
    number = azure.break_calls(Kind.THROTTLE, ["roleAssignments/read"], after=1, times=2)
    codes = [refusal(worker.role_assignments.get, SCOPE, name)[0] for _ in range(4)]
    assert codes == [404, 429, 429, 404]
    assert [(fault["id"], fault["hits"]) for fault in azure.faults()] == [(number, 2)]
    azure.mend(number)
    assert azure.faults() == []


def test_a_fault_may_meet_one_caller_only(
    azure: AzureStandIn, worker: Client, azure_people: People, name: str, refusal: Refusal
) -> None:
    azure.break_calls(Kind.UNAVAILABLE, who="prod-access")
    assert refusal(worker.role_assignments.create, SCOPE, name, reader())[0] == 503
    assert azure_people.read(azure_people.sign_in("chloe")) == Allowed((names.DATABASE,))


def test_calls_are_slowed(azure: AzureStandIn, worker: Client, name: str) -> None:
    azure.break_calls(Kind.SLOW, ["roleAssignments/delete"], milliseconds=300)
    started = datetime.now(UTC)
    worker.role_assignments.delete(SCOPE, name)
    assert datetime.now(UTC) - started >= timedelta(milliseconds=300)


def test_unreachable_is_not_refused(azure: AzureStandIn, azure_people: People) -> None:
    chloe = azure_people.sign_in("chloe")
    azure.break_calls(Kind.RESET, ["flexibleServers/read"], times=1)
    with pytest.raises(NotAnsweredError):
        azure_people.read(chloe)
    assert azure_people.read(chloe) == Allowed((names.DATABASE,))


def test_a_bucket_runs_dry_and_fills_again(
    azure: AzureStandIn, worker: Client, other_name: str, name: str
) -> None:
    azure.configure(write_bucket=1)
    heads: list[dict[str, str]] = []
    worker.role_assignments.create(SCOPE, name, reader(), raw_response_hook=_keep_headers(heads))
    assert heads[0]["x-ms-ratelimit-remaining-subscription-writes"] == "0"
    with pytest.raises(HttpResponseError) as refused:
        worker.role_assignments.create(SCOPE, other_name, reader("ben"))
    assert refused.value.status_code == 429
    assert refused.value.error.code == "SubscriptionRequestsThrottled"
    assert refused.value.response.headers["Retry-After"] == "1"
    azure.clock.move(timedelta(seconds=1))
    worker.role_assignments.create(SCOPE, other_name, reader("ben"))


def _keep_headers(heads: list[dict[str, str]]) -> Callable[[Any], None]:
    return lambda answer: heads.append(dict(answer.http_response.headers))


def _activity(people: People, who: str, text: str) -> Any:  # noqa: ANN401 - any JSON
    path = f"{names.SUBSCRIPTION_SCOPE}/providers/Microsoft.Insights/eventtypes/management/values"
    outcome = people.call(people.sign_in(who), "GET", f"{path}?$filter={text}")
    return outcome if isinstance(outcome, Refused) else httpx.Response(200, text=outcome.seen[0]).json()


def test_what_somebody_did_is_in_the_activity_log_with_the_assignment_that_let_them(
    azure: AzureStandIn, worker: Client, azure_people: People, name: str, other_name: str
) -> None:
    azure.configure(activity_lag=300)
    started = azure.clock.move(timedelta(seconds=2))  # the log is shared, and a filter knows whole seconds
    operating = reader(role_definition_id=names.role_id(names.DATABASE_OPERATOR))
    worker.role_assignments.create(SCOPE, name, operating)
    worker.role_assignments.create(names.SUBSCRIPTION_SCOPE, other_name, reader("ben"))
    azure_people.restart(azure_people.sign_in("ana"))
    text = f"eventTimestamp ge '{started.isoformat()[:19]}Z' and caller eq 'ana@meridian.example'"
    assert _activity(azure_people, "ben", text)["value"] == []
    azure.clock.move(timedelta(seconds=301))
    (record,) = _activity(azure_people, "ben", text)["value"]
    assert record["operationName"]["value"].endswith("flexibleServers/restart/action")
    assert record["authorization"]["evidence"]["roleAssignmentId"] == name.replace("-", "")
    assert (
        record["claims"]["http://schemas.microsoft.com/identity/claims/objectidentifier"]
        == (names.PEOPLE["ana"])
    )
    assert code_of(_activity(azure_people, "ivy", text)) == "AuthorizationFailed"


@pytest.mark.parametrize(
    "text",
    [
        "caller eq 'ana@meridian.example'",
        "eventTimestamp ge '2026-01-01T00:00:00Z' and resourceGroupName eq 'a' and correlationId eq 'b'",
        "eventTimestamp ge '2026-01-01T00:00:00Z' and shoeSize eq '42'",
    ],
)
def test_activity_log_filters_are_few(worker: Client, azure_people: People, name: str, text: str) -> None:
    worker.role_assignments.create(names.SUBSCRIPTION_SCOPE, name, reader("ben"))
    assert code_of(_activity(azure_people, "ben", text)) == "BadRequest"


def test_a_refused_change_is_in_the_activity_log_too(
    azure: AzureStandIn, worker: Client, name: str, refusal: Refusal
) -> None:
    asked = reader(role_definition_id=names.role_id(names.OWNER))
    refusal(worker.role_assignments.create, SCOPE, name, asked)
    last = azure.activity()[-1]
    assert (last["status"]["value"], last["subStatus"]["value"]) == ("Failed", "403")
    assert "evidence" not in last["authorization"]


def test_the_cloud_view_has_what_is_there(
    azure: AzureStandIn, worker: Client, name: str, other_name: str
) -> None:
    azure.configure(listing_lag=600, propagation=600)
    end = azure.clock.now() + timedelta(hours=1)
    worker.role_assignments.create(SCOPE, name, reader("ben", description="g-1"))
    worker.role_assignment_schedule_requests.create(SCOPE, other_name, until(end))
    seen = {one["who"]: one for one in azure.assignments() if not one["standing"]}
    direct, pim = seen["ben@meridian.example"], seen["ana@meridian.example"]
    assert (direct["name"], direct["description"], direct["ends_at"]) == (name, "g-1", None)
    assert not direct["in_force"]
    assert (pim["request"], pim["role"]) == (other_name, "Reader")
    assert abs(datetime.fromisoformat(pim["ends_at"]) - end) < timedelta(seconds=1)


def test_places(azure_people: People) -> None:
    chloe = azure_people.sign_in("chloe")
    version = "?api-version=2024-08-01"
    assert isinstance(azure_people.call(chloe, "GET", SCOPE), Allowed)
    assert code_of(azure_people.call(chloe, "GET", names.SUBSCRIPTION_SCOPE)) == "AuthorizationFailed"
    assert code_of(azure_people.call(chloe, "GET", "/nothing")) == "InvalidResourceType"
    assert code_of(azure_people.call(chloe, "PATCH", SCOPE + version)) == "InvalidResourceType"


def test_a_version_is_required(azure: AzureStandIn, azure_people: People) -> None:
    token = azure_people.sign_in("chloe").token
    answer = _raw(azure, "GET", SCOPE, headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["error"]["code"] == "MissingApiVersionParameter"


def test_a_token_is_required(azure: AzureStandIn) -> None:
    answer = _raw(azure, "GET", f"{SCOPE}?api-version=1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "AuthenticationFailed")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")


@pytest.mark.parametrize("body", ["{", "[]", "{}"])
def test_a_body_nobody_can_read(azure: AzureStandIn, azure_people: People, name: str, body: str) -> None:
    path = f"{SCOPE}/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01"
    headers = {"Authorization": f"Bearer {azure_people.sign_in('chloe').token}"}
    answer = _raw(azure, "PUT", path, headers=headers, content=body)
    assert answer.json()["error"]["code"] == "InvalidRequestContent"


def test_pages_that_are_not_there(azure: AzureStandIn) -> None:
    assert _raw(azure, "GET", "/_sandbox/nothing").status_code == 404
    assert _raw(azure, "POST", "/_sandbox/tokens/nobody", content="{}").status_code == 404
    wrong = _raw(azure, "POST", "/_sandbox/faults", json={"kind": "gremlins"})
    assert wrong.status_code == 400
    assert "gremlins" in wrong.json()["error"]


def _raw(azure: AzureStandIn, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401
    trusted = ssl.create_default_context(cafile=str(azure.ca_bundle))
    with httpx.Client(verify=trusted, trust_env=False) as client:
        return client.request(method, azure.endpoint_url + path, **request)
