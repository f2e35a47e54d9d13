"""The real Azure SDKs over the pretend Azure: signing in, what each error means, and what survives a fork."""

import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.identity import CredentialUnavailableError, DefaultAzureCredential
from azure.mgmt.core.exceptions import ARMErrorFormat

from sandbox.azure import names
from sandbox.azure.faults import Kind
from sandbox.azure.standin import AzureStandIn
from tests.azure import INSTANCE, SHOP, asked, azure_client, now_at, secret_credential
from tests.builders import NOW
from workers.clouds.azure.client import (
    ARM,
    CONNECT_SECONDS,
    GRAPH,
    READ_SECONDS,
    AzureClient,
    Closed,
    Missing,
    NotYet,
    Repeated,
    Taken,
    _answer,
    _audience,
    _claims,
    _SignedOut,
    _why_signed_out,
    default_credential,
)
from workers.clouds.azure.records import Identity
from workers.clouds.cloud import Again, CloudError, Refused, Unknown
from workers.jobs import CALL_SECONDS

NOTHING = f"{SHOP.id}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-0000000000aa"
LIST = "roleAssignments/read"

# What each error means

MEANS: list[tuple[type[CloudError], int, str]] = [
    (Missing, 404, "RoleAssignmentNotFound"),
    (Missing, 404, "RoleAssignmentScheduleRequestNotFound"),
    (Missing, 404, "ResourceGroupNotFound"),
    (Missing, 404, "ResourceNotFound"),
    (Taken, 409, "RoleAssignmentExists"),
    (Taken, 400, "RoleAssignmentExists"),
    (Repeated, 400, "RoleAssignmentRequestExists"),
    (NotYet, 400, "ActiveDurationTooShort"),
    (NotYet, 400, "RoleAssignmentDoesNotExist"),
    (Closed, 400, "AadPremiumLicenseRequired"),
    (Closed, 403, "AuthorizationFailed"),
    (Closed, 403, "LinkedAuthorizationFailed"),
    (Closed, 400, "SomeOtherLicenceIsMissing"),
    (_SignedOut, 401, "ExpiredAuthenticationToken"),
    (_SignedOut, 401, "InvalidAuthenticationToken"),
    (Refused, 401, "InvalidAuthenticationTokenTenant"),
    (Again, 429, "TooManyRequests"),
    (Again, 429, "SubscriptionRequestsThrottled"),
    (Again, 400, "PendingRoleAssignmentRequest"),
    (Again, 400, "PrincipalNotFound"),
    (Again, 400, "SubjectNotFound"),
    (Again, 409, "AnotherOperationInProgress"),
    (Again, 500, "InternalServerError"),
    (Again, 503, "ServiceUnavailable"),
    (Unknown, 408, "RequestTimeout"),
    (Refused, 409, "ScopeLocked"),
    (Refused, 400, "RoleAssignmentUpdateNotPermitted"),
    (Refused, 409, "RoleAssignmentUpdateNotPermitted"),
    (Refused, 400, "RoleAssignmentLimitExceeded"),
    (Refused, 400, "RoleAssignmentRequestPolicyValidationFailed"),
    (Refused, 404, "RoleDefinitionDoesNotExist"),
    (Refused, 404, "SubscriptionNotFound"),
    (Refused, 400, "SomethingNobodyHasSeenYet"),
]
BREAKS: list[tuple[type[CloudError], str, Exception]] = [
    (Again, "ServiceRequestError", ServiceRequestError("refused")),
    (Again, "ServiceRequestTimeoutError", ServiceRequestTimeoutError("no connection")),
    (Unknown, "ServiceResponseError", ServiceResponseError("reset")),
    (Unknown, "ServiceResponseTimeoutError", ServiceResponseTimeoutError("silence")),
    (Unknown, "IncompleteReadError_None", IncompleteReadError("torn")),
    (Unknown, "DecodeError_None", DecodeError("half")),
    (Unknown, "AzureError", AzureError("something")),
    (Unknown, "KeyError", KeyError("torn")),
]


def refusal(
    status: int, code: str | None, message: str = "secret words", headers: Mapping[str, str] | None = None
) -> HttpResponseError:
    """A refusal as the SDK raises it."""
    body = json.dumps({"error": {"code": code, "message": message}} if code else "a gateway's page")
    response = SimpleNamespace(
        status_code=status, reason="", headers=headers or {}, text=lambda: body, body=body.encode
    )
    return HttpResponseError(response=response, error_format=ARMErrorFormat)


def raising(error: Exception) -> Callable[[], Any]:
    def call() -> Any:  # noqa: ANN401 (what the SDK answers)
        raise error

    return call


@pytest.mark.parametrize(("meaning", "status", "code"), MEANS)
def test_an_error_code_means_one_thing(meaning: type[CloudError], status: int, code: str):
    with pytest.raises(CloudError) as caught:
        _answer(raising(refusal(status, code)))
    assert (type(caught.value), caught.value.problem) == (meaning, code)


@pytest.mark.parametrize(("meaning", "problem", "error"), BREAKS)
def test_a_call_that_broke_is_known_or_not_known_to_have_arrived(
    meaning: type[CloudError], problem: str, error: Exception
):
    with pytest.raises(CloudError) as caught:
        _answer(raising(error))
    assert (type(caught.value), caught.value.problem) == (meaning, problem)


@pytest.mark.parametrize(("status", "meaning"), [(404, Unknown), (403, Unknown), (502, Again), (429, Again)])
def test_an_error_without_a_code_is_a_gateways(status: int, meaning: type[CloudError]):
    with pytest.raises(CloudError) as caught:
        _answer(raising(refusal(status, None)))
    assert (type(caught.value), caught.value.problem) == (meaning, f"HttpResponseError_{status}")


def test_words_of_a_licence_are_heard_in_the_message_and_not_repeated():
    with pytest.raises(Closed) as caught:
        _answer(raising(refusal(400, "BadRequest", "The tenant needs a Microsoft Entra ID P2 license.")))
    assert caught.value.problem == "BadRequest"


def test_what_is_written_in_the_audit_log_is_a_code_whatever_azure_says():
    with pytest.raises(Refused) as caught:
        _answer(raising(refusal(400, "Bad; code\nwith 'words'" * 9)))
    assert len(caught.value.problem) == 80
    assert not set(caught.value.problem) & set("; '\n")


@pytest.mark.parametrize(
    ("said", "after"),
    [("17", timedelta(seconds=17)), ("86400", timedelta(minutes=5)), ("soon", None), ("", None)],
)
def test_the_wait_azure_names_is_kept_and_has_a_limit(said: str, after: timedelta | None):
    with pytest.raises(Again) as caught:
        _answer(raising(refusal(429, "TooManyRequests", headers={"Retry-After": said})))
    assert caught.value.after == after


def test_a_call_fits_into_the_time_that_a_claim_keeps_for_it():
    assert CONNECT_SECONDS + READ_SECONDS <= CALL_SECONDS


# Signing in


@pytest.fixture
def client(azure: AzureStandIn) -> Iterator[AzureClient]:
    """The worker's client, with azure-identity's own credential."""
    with azure_client(azure, credential=lambda **words: secret_credential(azure.worker, **words)) as made:
        yield made


def signing_in(azure: AzureStandIn, since: int) -> int:
    return len(asked(azure, "token", since))


def test_we_know_who_we_are(azure: AzureStandIn, client: AzureClient):
    assert client.identity() == Identity(azure.worker.object_id, names.TENANT)


def test_one_sign_in_is_enough_for_every_subscription(azure: AzureStandIn, client: AzureClient):
    since = now_at(azure)
    client.warm([SHOP.id, f"/subscriptions/{names.SHOP_DEV}"])
    client.assignments(SHOP.id)
    assert signing_in(azure, since) == 1


def test_a_sign_in_that_failed_is_tried_again_at_once(azure: AzureStandIn, client: AzureClient):
    azure.break_calls(Kind.UNAVAILABLE, ["token"], times=1)
    with pytest.raises(Again, match="azure_sign_in_failed"):
        client.assignments(SHOP.id)
    assert client.assignments(SHOP.id)


@pytest.mark.parametrize("kind", [Kind.RESET, Kind.THROTTLE, Kind.TRUNCATED, Kind.LOST])
def test_an_entra_that_does_not_answer_refuses_nobody(azure: AzureStandIn, client: AzureClient, kind: Kind):
    azure.break_calls(kind, ["token"], times=1)
    with pytest.raises(Again, match="azure_sign_in_failed"):
        client.assignments(SHOP.id)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_secret": "guessed"}, "AADSTS7000215"),
        ({"client_id": "11111111-1111-4111-8111-111111111111"}, "AADSTS700016"),
    ],
)
def test_a_refusal_by_entra_has_a_number_and_no_words(
    azure: AzureStandIn, changed: dict[str, str], code: str
):
    mine = {"client_id": azure.worker.client_id, "client_secret": azure.worker.client_secret} | changed
    wrong = type(azure.worker)("wrong", object_id="", **mine)
    with (
        azure_client(azure, credential=lambda **words: secret_credential(wrong, **words)) as client,
        pytest.raises(Refused) as caught,
    ):
        client.assignments(SHOP.id)
    assert caught.value.problem == code


@pytest.mark.parametrize(
    ("error", "meaning", "problem"),
    [
        (ClientAuthenticationError("AADSTS90033: a transient error"), Again, "AADSTS90033"),
        (ClientAuthenticationError("AADSTS7000222: expired"), Refused, "AADSTS7000222"),
        (ClientAuthenticationError("Connection aborted"), Again, "azure_sign_in_failed"),
        (CredentialUnavailableError("nothing is configured"), Again, "NoCredentials"),
        (ServiceRequestError("no metadata service"), Again, "azure_sign_in_failed"),
        (ValueError("authority must use https"), Again, "azure_sign_in_failed"),
        (FileNotFoundError("certificate.pem"), Again, "azure_sign_in_failed"),
    ],
)
def test_only_a_numbered_refusal_is_one(error: Exception, meaning: type[CloudError], problem: str):
    why = _why_signed_out(error)
    assert (type(why), why.problem) == (meaning, problem)


@pytest.mark.parametrize("code", ["ExpiredAuthenticationToken", "InvalidAuthenticationToken"])
def test_a_token_that_azure_does_not_take_is_not_kept(azure: AzureStandIn, client: AzureClient, code: str):
    client.assignments(SHOP.id)
    since = now_at(azure)
    azure.break_calls(Kind.ERROR, [LIST], status=401, code=code, times=1)
    with pytest.raises(Again, match=code):
        client.assignments(SHOP.id)
    assert client.assignments(SHOP.id)
    assert signing_in(azure, since) == 1


def test_what_a_token_says_is_read_or_it_says_nothing():
    assert _claims("head.eyJvaWQiOiAiMSJ9.tail") == {"oid": "1"}
    assert _claims("opaque") == _claims("a.b.c") == _claims("a.WzFd.c") == {}


def test_by_itself_a_process_never_signs_in_as_a_person():
    credential = default_credential(retry_total=0)
    assert isinstance(credential, DefaultAzureCredential)
    kinds = {type(one).__name__ for one in credential.credentials}
    credential.close()
    unattended = {"EnvironmentCredential", "WorkloadIdentityCredential", "ManagedIdentityCredential"}
    assert kinds - {"FailedDACCredential"} <= unattended  # a workload identity that is not configured
    assert {"EnvironmentCredential", "ManagedIdentityCredential"} <= kinds


def test_the_environment_of_a_worker_is_all_it_needs(azure: AzureStandIn, monkeypatch: pytest.MonkeyPatch):
    for name, value in azure.env(azure.worker).items():
        monkeypatch.setenv(name, value)
    wired = AzureClient(
        instance=INSTANCE,
        now=azure.clock.now,
        endpoint=azure.endpoint_url,
        authority=azure.endpoint_url,
    )
    assert wired.identity() == Identity(azure.worker.object_id, names.TENANT)
    assert wired.assignments(SHOP.id)
    wired.close()


def test_only_an_authority_that_is_given_goes_without_asking_the_public_one():
    asked_with: list[dict[str, Any]] = []

    def remember(**words: Any) -> Any:  # noqa: ANN401 (azure-identity's keywords)
        asked_with.append(words)
        raise ValueError("no credential for a test")

    for authority in (None, "https://login.microsoftonline.us"):
        made = AzureClient(instance=INSTANCE, now=lambda: NOW, authority=authority, credential=remember)
        with pytest.raises(Again):
            made.identity()
    public, sovereign = asked_with
    assert "disable_instance_discovery" not in public
    assert "authority" not in public
    assert sovereign["disable_instance_discovery"] is True
    assert (public["retry_total"], public["read_timeout"]) == (0, READ_SECONDS)


@pytest.mark.parametrize(
    ("endpoint", "public", "audience"),
    [
        (ARM, ARM, ARM),
        ("https://127.0.0.1:8443", ARM, ARM),
        ("https://arm.privatelink.example", ARM, ARM),
        ("https://management.usgovcloudapi.net", ARM, "https://management.usgovcloudapi.net"),
        ("https://management.chinacloudapi.cn", ARM, "https://management.chinacloudapi.cn"),
        ("https://graph.microsoft.us", GRAPH, "https://graph.microsoft.us"),
    ],
)
def test_another_cloud_is_asked_under_its_own_name(endpoint: str, public: str, audience: str):
    assert _audience(endpoint, public) == audience


# Calls


def test_what_is_not_there_has_a_name_of_its_own_and_deleting_it_is_done(client: AzureClient):
    with pytest.raises(Missing):
        client.assignment(NOTHING)
    client.unassign(NOTHING)


def test_lists_come_in_pages(azure: AzureStandIn, client: AzureClient):
    azure.configure(page_size=1)
    assert len(client.assignments(f"/subscriptions/{names.SHOP_PROD}")) == 3


@pytest.mark.parametrize(
    "kind", [Kind.LOST, Kind.TORN, Kind.TRUNCATED, Kind.RESET, Kind.UNAVAILABLE, Kind.THROTTLE]
)
def test_a_reading_that_broke_is_asked_again_later(azure: AzureStandIn, client: AzureClient, kind: Kind):
    azure.break_calls(kind, [LIST], times=1)
    with pytest.raises(Again):
        client.assignments(SHOP.id)


def test_nothing_is_tried_twice_by_the_sdk(azure: AzureStandIn, client: AzureClient):
    client.warm([SHOP.id])
    azure.break_calls(Kind.UNAVAILABLE)
    since = now_at(azure)
    with pytest.raises(Again):
        client.assignments(SHOP.id)
    with pytest.raises(Again):
        client.unassign(NOTHING)
    assert len(azure.log(since=since, everything=True)) == 2


def test_an_azure_that_is_not_there_is_asked_again_later(azure: AzureStandIn):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with (
        azure_client(azure, endpoint=f"https://127.0.0.1:{port}") as nowhere,
        pytest.raises(Again, match="ServiceRequestError"),
    ):
        nowhere.unassign(NOTHING)


def test_a_client_is_not_carried_across_a_fork(azure: AzureStandIn, client: AzureClient):
    client.assignments(SHOP.id)
    since = now_at(azure)
    assert said_by_a_fork(lambda: str(len(client.assignments(SHOP.id)))) == str(
        len(client.assignments(SHOP.id))
    )
    assert signing_in(azure, since) == 1


def said_by_a_fork(call: Callable[[], str]) -> str:
    """What a forked copy of this process is answered."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, call().encode())
        except Exception as error:  # noqa: BLE001 (said to the parent, which fails by it)
            os.write(writing, repr(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        return answer.read()
