"""The only file that knows the Azure SDKs: signing in, timeouts, and what each error means.

Credentials come from the environment, a workload identity or a managed identity, in this order; those that
belong to a person are left out. An SDK client lives in the process that made it: after a fork the child
makes its own. The SDK never retries: whether to send a change again is the job's decision, because a reply
that was lost says nothing about the request, and azure-core sleeps a Retry-After of any length.

A failed sign-in is remembered by msal, for a minute and per credential object, so it is followed by a new
object. Codes are those of
https://learn.microsoft.com/azure/role-based-access-control/troubleshooting and
https://learn.microsoft.com/graph/api/governanceroleassignmentrequest-post; how the SDK shows each of them,
and what a torn reply looks like, was measured against the stand-in.
"""

import base64
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias, TypeVar

import requests
from azure.core import PipelineClient
from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
)
from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from azure.identity import CredentialUnavailableError, DefaultAzureCredential
from azure.mgmt.authorization import AuthorizationManagementClient
from requests.adapters import HTTPAdapter

from workers.clouds.azure.records import Assignment, Identity, Instance, Request, User
from workers.clouds.cloud import Again, CloudError, Refused, Unknown

CONNECT_SECONDS: Final = 2.0
READ_SECONDS: Final = 5.0
ARM: Final = "https://management.azure.com"
GRAPH: Final = "https://graph.microsoft.com"
_LONGEST_WAIT: Final = timedelta(minutes=5)
_OF_PEOPLE: Final = (
    *("shared_token_cache", "visual_studio_code", "cli", "developer_cli"),
    *("powershell", "interactive_browser", "broker"),
)
_ENTRA_CODE: Final = re.compile(r"AADSTS\d+")
_ENTRA_NOT_NOW: Final = frozenset({"AADSTS90006", "AADSTS90033"})
"""https://learn.microsoft.com/entra/identity-platform/reference-error-codes: temporary, retry."""
_LICENCE: Final = re.compile(r"licen[cs]e", re.IGNORECASE)
_THROTTLED, _UNAUTHENTICATED, _FORBIDDEN, _TIMED_OUT, _CONFLICT = 429, 401, 403, 408, 409
_CLIENT_SIDE, _SERVER_SIDE = 400, 500

Answer = TypeVar("Answer")
MakesCredential: TypeAlias = Callable[..., TokenCredential]
"""Makes a credential from azure-identity's keywords: authority, timeouts, trust."""


class Missing(CloudError):
    """What was named does not exist."""


class Taken(CloudError):
    """This person has this role at this scope already, by an assignment of another name."""


class Repeated(CloudError):
    """PIM was asked under this name before."""


class NotYet(Again):
    """PIM does not find what is there, or holds on to it: so it is for the first minutes."""


class Closed(Refused):
    """Not open to us: PIM without a licence, or anything without permission."""


_MEANS: Final[Mapping[str, type[CloudError]]] = {
    "RoleAssignmentNotFound": Missing,
    "RoleAssignmentScheduleRequestNotFound": Missing,
    "ResourceGroupNotFound": Missing,
    "ResourceNotFound": Missing,
    "RoleAssignmentExists": Taken,
    "RoleAssignmentRequestExists": Repeated,
    "ActiveDurationTooShort": NotYet,
    "RoleAssignmentDoesNotExist": NotYet,
    "PendingRoleAssignmentRequest": Again,
    "PrincipalNotFound": Again,
    "SubjectNotFound": Again,
    "AadPremiumLicenseRequired": Closed,
    "InvalidAuthenticationTokenTenant": Refused,
    "RoleAssignmentUpdateNotPermitted": Refused,
    "ScopeLocked": Refused,
}
_BY_STATUS: Final[Mapping[int, type[CloudError]]] = {
    _UNAUTHENTICATED: Again,
    _FORBIDDEN: Closed,
    _CONFLICT: Again,
}


def default_credential(**words: Any) -> TokenCredential:  # noqa: ANN401 (azure-identity's keywords)
    """What a process signs in with by itself, never as a person."""
    left_out = {f"exclude_{name}_credential": True for name in _OF_PEOPLE}
    return DefaultAzureCredential(**left_out, **words)


class SignIn:
    """One credential for everything, made anew after it failed; what goes wrong is a CloudError."""

    def __init__(self, make: Callable[[], TokenCredential]) -> None:
        self._make = make
        self._credential: TokenCredential | None = None

    def get_token(self, *scopes: str, **more: Any) -> AccessToken:  # noqa: ANN401 (the SDK's protocol)
        """A token, as the SDK asks for it."""
        try:
            return self._current().get_token(*scopes, **more)
        except (AzureError, ValueError, OSError) as error:
            self.forget()
            raise _why_signed_out(error) from error

    def forget(self) -> None:
        """The next token is asked of a new credential."""
        self._credential = None

    def _current(self) -> TokenCredential:
        known = self._credential
        if known is None:
            known = self._credential = self._make()
        return known


class _Subscription:
    """The calls to one subscription, each group made once: making one takes milliseconds."""

    def __init__(self, sdk: Any) -> None:  # noqa: ANN401 (the SDK takes and makes anything)
        self.close = sdk.close
        self.assignments = sdk.role_assignments
        self.requests = sdk.role_assignment_schedule_requests
        self.instances = sdk.role_assignment_schedule_instances
        self.policies = sdk.role_management_policy_assignments


class AzureClient:
    """Typed calls to the Resource Manager and to Graph; what goes wrong is a CloudError.

    No call takes longer than connecting and reading together; signing in comes before it, and has as long.
    """

    def __init__(
        self,
        *,
        instance: str,
        now: Callable[[], datetime],
        endpoint: str | None = None,
        authority: str | None = None,
        ca_bundle: str | None = None,
        graph: str | None = None,
        connections: int = 64,
        read_seconds: float = READ_SECONDS,
        credential: MakesCredential = default_credential,
    ) -> None:
        self.instance = instance
        self.now = now
        self._endpoint = (endpoint or ARM).rstrip("/")
        self._authority = authority
        self._graph = (graph or GRAPH).rstrip("/")
        self._connections = connections
        self._timeouts = {"connection_timeout": CONNECT_SECONDS, "read_timeout": read_seconds}
        self._trust: dict[str, Any] = {"connection_verify": ca_bundle} if ca_bundle else {}
        self._credential = credential
        self._sign_ins: dict[int, SignIn] = {}
        self._subscriptions: dict[tuple[int, str], _Subscription] = {}
        self._graphs: dict[int, PipelineClient[Any, Any]] = {}

    # The Resource Manager: direct assignments

    def assignment(self, assignment: str) -> Assignment:
        """One role assignment by its id; Missing."""
        return self._read(
            assignment, lambda azure: Assignment.model_validate(azure.assignments.get_by_id(assignment))
        )

    def assignments(self, scope: str, principal: str | None = None) -> list[Assignment]:
        """The assignments at a scope and around it, perhaps of one person only."""
        return self._read(
            scope,
            lambda azure: [
                Assignment.model_validate(one)
                for one in azure.assignments.list_for_scope(scope, filter=_filter(principal))
            ],
        )

    def assign(self, assignment: str, words: Mapping[str, object]) -> None:
        """Makes an assignment, or changes the description and condition of one that is the same otherwise."""
        self._change(assignment, lambda azure: azure.assignments.create_by_id(assignment, dict(words)))

    def unassign(self, assignment: str) -> None:
        """Deletes an assignment; what is not there is done."""
        self._change(assignment, lambda azure: azure.assignments.delete_by_id(assignment))

    # The Resource Manager: PIM

    def requests(self, scope: str, principal: str | None = None) -> list[Request]:
        """What PIM was asked for in the last 45 days at a scope and around it."""
        return self._read(
            scope,
            lambda azure: [
                Request.model_validate(one)
                for one in azure.requests.list_for_scope(scope, filter=_filter(principal))
            ],
        )

    def request(self, scope: str, name: str) -> Request:
        """One request by its name; Missing."""
        return self._read(scope, lambda azure: Request.model_validate(azure.requests.get(scope, name)))

    def ask(self, scope: str, name: str, words: Mapping[str, object]) -> Request:
        """Asks PIM for something; its answer says in `status` what comes of it."""
        return self._change(
            scope, lambda azure: Request.model_validate(azure.requests.create(scope, name, dict(words)))
        )

    def cancel(self, scope: str, name: str) -> None:
        """Takes back a request that nothing has come of yet."""
        self._change(scope, lambda azure: azure.requests.cancel(scope, name))

    def instances(self, scope: str, principal: str | None = None) -> list[Instance]:
        """What is active at a scope and around it; made outside PIM too, and for a while what has ended."""
        return self._read(
            scope,
            lambda azure: [
                Instance.model_validate(one)
                for one in azure.instances.list_for_scope(scope, filter=_filter(principal))
            ],
        )

    def count_policies(self, scope: str, role_id: str | None = None) -> int:
        """How many of PIM's role policies there are at a scope, perhaps of one role only."""
        words = {"params": {"$filter": f"roleDefinitionId eq '{role_id}'"}} if role_id else {}
        return self._read(scope, lambda azure: sum(1 for _ in azure.policies.list_for_scope(scope, **words)))

    # Graph and Entra ID

    def users(self, wanted: str) -> list[User]:
        """The users that a `$filter` of Graph finds."""
        words = {"$filter": wanted, "$select": "id,userType,accountEnabled"}
        request = HttpRequest("GET", f"{self._graph}/v1.0/users", params=words)
        try:
            return self._sent(lambda: _users(self._graph_client().send_request(request)))
        except Unknown as error:
            raise Again(error.problem) from error

    def identity(self) -> Identity:
        """Who we are, as our own token says."""
        claims = _claims(self._sign_in().get_token(self._arm_scope).token)
        return Identity(str(claims.get("oid", "")), str(claims.get("tid", "")))

    def warm(self, scopes: Sequence[str]) -> None:
        """Sign in, and make the clients of these scopes' subscriptions."""
        self.identity()
        for scope in scopes:
            self._subscription(scope)

    def close(self) -> None:
        """Close the connections of this process."""
        mine = os.getpid()
        for key in [key for key in self._subscriptions if key[0] == mine]:
            self._subscriptions.pop(key).close()
        if graph := self._graphs.pop(mine, None):
            graph.close()
        self._sign_ins.pop(mine, None)

    # How a call is made

    def _read(self, scope: str, call: Callable[[_Subscription], Answer]) -> Answer:
        """A reading call; an outcome that is not known is simply asked again later."""
        try:
            return self._sent(lambda: call(self._subscription(scope)))
        except Unknown as error:
            raise Again(error.problem) from error

    def _change(self, scope: str, call: Callable[[_Subscription], Answer]) -> Answer:
        """A changing call, sent once; what is missing then is the place, or the role."""
        try:
            return self._sent(lambda: call(self._subscription(scope)))
        except Missing as error:
            raise Refused(error.problem) from error

    def _sent(self, call: Callable[[], Answer]) -> Answer:
        """What comes of a call; a token that is not taken is not used again."""
        try:
            return _answer(call)
        except _SignedOut as error:
            self._sign_in().forget()
            raise Again(error.problem) from error

    def _subscription(self, scope: str) -> _Subscription:
        """The calls to the subscription a scope is in; two threads may both make it, and one is kept."""
        key = (os.getpid(), scope.split("/")[2])
        known = self._subscriptions.get(key)
        return known or self._subscriptions.setdefault(key, self._make(key[1]))

    def _make(self, subscription: str) -> _Subscription:
        sdk = AuthorizationManagementClient(
            self._sign_in(),
            subscription,
            base_url=self._endpoint,
            credential_scopes=[self._arm_scope],
            transport=self._transport(),
            retry_total=0,
            user_agent="prod-access",
        )
        return _Subscription(sdk)

    def _graph_client(self) -> PipelineClient[Any, Any]:
        mine = os.getpid()
        known = self._graphs.get(mine)
        if known is None:
            policy = BearerTokenCredentialPolicy(self._sign_in(), f"{self._graph_audience}/.default")
            made: PipelineClient[Any, Any] = PipelineClient(
                self._graph, per_retry_policies=[policy], transport=self._transport(), retry_total=0
            )
            known = self._graphs.setdefault(mine, made)
        return known

    def _transport(self) -> RequestsTransport:
        """Connections enough for every thread; azure-core keeps ten."""
        session = requests.Session()
        session.mount("https://", HTTPAdapter(pool_maxsize=self._connections))
        return RequestsTransport(session=session, **self._timeouts, **self._trust)

    def _sign_in(self) -> SignIn:
        mine = os.getpid()
        return self._sign_ins.get(mine) or self._sign_ins.setdefault(mine, SignIn(self._make_credential))

    def _make_credential(self) -> TokenCredential:
        """Entra ID elsewhere is not asked of the public one first."""
        words: dict[str, Any] = {"retry_total": 0, **self._timeouts, **self._trust}
        if self._authority:
            words |= {"authority": self._authority, "disable_instance_discovery": True}
        return self._credential(**words)

    @property
    def _arm_scope(self) -> str:
        return f"{_audience(self._endpoint, ARM)}/.default"

    @property
    def _graph_audience(self) -> str:
        return _audience(self._graph, GRAPH)


class _SignedOut(CloudError):
    """Azure does not take our token; nothing was applied."""


def _audience(endpoint: str, public: str) -> str:
    """Whom a token is for: another cloud is asked under its own name, whatever is between under Azure's."""
    sovereign = re.match(r"https://[\w.-]+\.(us|cn|usgovcloudapi\.net|chinacloudapi\.cn)$", endpoint)
    return endpoint if sovereign else public


def _filter(principal: str | None) -> str:
    return f"principalId eq '{principal}'" if principal else "atScope()"


def _users(response: Any) -> list[User]:  # noqa: ANN401 (azure-core's response)
    response.raise_for_status()
    return [User.model_validate(one) for one in response.json()["value"]]


def _claims(token: str) -> dict[str, Any]:
    """What a token of ours says, unverified; nothing where it cannot be read."""
    part = f"{token}..".split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def _answer(call: Callable[[], Answer]) -> Answer:
    """The checked answer of one SDK call, or a CloudError that says what it means."""
    try:
        return call()
    except CloudError:
        raise  # we could not sign in
    except HttpResponseError as error:
        raise _meaning(error) from error
    except ServiceRequestError as error:
        raise Again(_name(error)) from error  # it never arrived
    except Exception as error:  # the boundary: a torn reply raises whatever read it
        raise Unknown(_name(error)) from error


def _meaning(error: HttpResponseError) -> CloudError:
    status, code = error.status_code or 0, _code(error)
    if status == _THROTTLED or status >= _SERVER_SIDE:
        return Again(code, _retry_after(error))
    if status < _CLIENT_SIDE or status == _TIMED_OUT or error.error is None:
        return Unknown(code)
    if status == _UNAUTHENTICATED and code not in _MEANS:
        return _SignedOut(code)
    if code not in _MEANS and _LICENCE.search(f"{code} {error.error.message}"):
        return Closed(code)
    return _MEANS.get(code, _BY_STATUS.get(status, Refused))(code, _retry_after(error))


def _code(error: HttpResponseError) -> str:
    """Azure's code, fit for the audit log; its message never is."""
    code = str(error.error.code or "") if error.error else ""
    return re.sub(r"[^\w.-]", "_", code)[:80] or f"{_name(error)}_{error.status_code}"


def _retry_after(error: HttpResponseError) -> timedelta | None:
    """How long Azure asks us to wait; never so long that an end is forgotten over it."""
    response: Any = error.response  # its type does not know that it has headers
    said = str(response.headers.get("Retry-After", "")) if response is not None else ""
    return min(timedelta(seconds=int(said)), _LONGEST_WAIT) if said.isdecimal() else None


def _why_signed_out(error: Exception) -> CloudError:
    """A refusal by Entra ID has a number; anything else says nothing."""
    if isinstance(error, CredentialUnavailableError):
        return Again("NoCredentials")
    refused = _ENTRA_CODE.search(str(error))
    if isinstance(error, ClientAuthenticationError) and refused:
        code = refused[0]
        return Again(code) if code in _ENTRA_NOT_NOW else Refused(code)
    return Again("azure_sign_in_failed")


def _name(error: Exception) -> str:
    return type(error).__name__
