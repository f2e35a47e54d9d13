"""The only file that knows Google's SDK: clients, timeouts, and what each error means.

One client for each kind of resource and process, over REST, made on first use and never carried across a fork
(children that shared a client read one another's answers, measured). Credentials come from the SDK's default
chain. The SDK retries nothing: a read or a write that failed is done again by the job, from a fresh read on.

What is known of the errors: over REST their class follows the HTTP status, so a conflict is `Conflict` and
never `Aborted`; a reply that broke on its way is an exception of requests, or protobuf's ParseError
(measured). Which are worth another try: https://cloud.google.com/iam/docs/retry-strategy.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

import requests
import structlog
from google.api_core.exceptions import GoogleAPICallError
from google.api_core.timeout import ConstantTimeout
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import resourcemanager_v3
from google.iam.v1 import iam_policy_pb2, options_pb2, policy_pb2  # type: ignore[import-untyped] # protobuf's own
from google.type import expr_pb2  # type: ignore[import-untyped] # the same
from urllib3.exceptions import NewConnectionError

from policies.values import GrantId
from workers.clouds.cloud import Again, CloudError, Refused, Unknown
from workers.clouds.gcp.policy import AllowPolicy, Binding, Condition

log = structlog.get_logger(__name__)

CONNECT_SECONDS: Final = 2.0
READ_SECONDS: Final = 5.0
_CONDITIONAL: Final = 3
"""The policy version that has conditions: a write below it loses them, and what was temporary is for ever."""
_VERSIONS: Final = frozenset({0, 1, _CONDITIONAL})
_CLIENTS: Final = {
    "projects": resourcemanager_v3.ProjectsClient,
    "folders": resourcemanager_v3.FoldersClient,
    "organizations": resourcemanager_v3.OrganizationsClient,
}
_OVERTAKEN: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED})
_NOT_NOW: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_LONGEST_WAIT: Final = timedelta(minutes=5)
_GRANTS_NAMED: Final = 20


class Overtaken(Again):
    """Somebody changed the policy after it was read: nothing was written."""


class WriteRefused(Refused):
    """The policy was not written, and with these changes it never will be."""


class WriteForbidden(WriteRefused):
    """The policy was not written, because we may not make one of these changes."""


class GcpClient:
    """Reads and writes allow policies; what goes wrong is a CloudError."""

    def __init__(
        self,
        *,
        instance: str,
        now: Callable[[], datetime],
        endpoint: str | None = None,
        credentials: Credentials | None = None,
        seconds: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
    ) -> None:
        """`credentials` None: the SDK's default chain. `seconds`: to connect, and to wait for an answer."""
        self.now = now
        self._instance = instance
        self._options = {"api_endpoint": endpoint} if endpoint else None
        self._credentials = credentials
        self._timeout = ConstantTimeout(seconds)  # type: ignore[no-untyped-call] # google-api-core has no types here
        self._clients: dict[tuple[int, str], Any] = {}

    def read(self, resource: str) -> AllowPolicy:
        """The policy of a resource, conditions and all; an outcome that is not known is asked again later.

        Raises:
            Again, Refused.
        """
        options = options_pb2.GetPolicyOptions(requested_policy_version=_CONDITIONAL)
        request = iam_policy_pb2.GetIamPolicyRequest(resource=resource, options=options)
        try:
            return _policy(resource, self._call(resource, "get_iam_policy", request=request))
        except Unknown as error:
            raise Again(error.problem) from error
        except WriteRefused as error:
            raise Refused(error.problem) from error

    def write(self, policy: AllowPolicy, grants: Sequence[GrantId]) -> None:
        """Replace the bindings, unless somebody has changed the policy since it was read.

        The grants it is for are the reason Google writes into its audit log.

        Raises:
            Overtaken, WriteForbidden, WriteRefused: not done.
            Again: not done, or done and found so by whoever does it again.
            Unknown.
        """
        request = iam_policy_pb2.SetIamPolicyRequest(resource=policy.resource, policy=_message(policy))
        reason = [("x-goog-request-reason", _reason(self._instance, grants))]
        answer = self._call(policy.resource, "set_iam_policy", request=request, metadata=reason)
        if not answer.etag:
            raise Unknown("gcp_no_etag")

    def _call(self, resource: str, method: str, **words: object) -> Any:  # noqa: ANN401 (protobuf's own)
        try:
            call = getattr(self._client(resource), method)
            return call(retry=None, timeout=self._timeout, **words)
        except GoogleAPICallError as error:
            raise _meaning(error) from error
        except GoogleAuthError as error:
            raise _no_credentials(_words(type(error).__name__)) from error  # the call was not sent
        except requests.ConnectionError as error:
            problem = _code(type(error).__name__)
            raise (Again if _never_arrived(error) else Unknown)(problem) from error
        except Exception as error:  # the boundary: what a torn reply raises is nowhere written down
            raise Unknown(_code(type(error).__name__)) from error

    def _client(self, resource: str) -> Any:  # noqa: ANN401 (three classes without a common one)
        kind = resource.partition("/")[0]
        mine = (os.getpid(), kind)
        if mine not in self._clients:
            made = _CLIENTS[kind](
                credentials=self._credentials, transport="rest", client_options=self._options
            )
            self._clients.setdefault(mine, made)
        return self._clients[mine]


def _policy(resource: str, answer: Any) -> AllowPolicy:  # noqa: ANN401 (protobuf's own)
    """What was answered; nothing can be written safely without an etag, or in a version we do not know."""
    if not answer.etag:
        raise Again("gcp_no_etag")
    if answer.version not in _VERSIONS:
        raise Refused("gcp_policy_version_unknown")
    return AllowPolicy(resource, answer.etag, tuple(_binding(binding) for binding in answer.bindings))


def _binding(binding: Any) -> Binding:  # noqa: ANN401 (protobuf's own)
    condition = None
    if binding.HasField("condition"):
        said = binding.condition
        condition = Condition(said.title, said.description, said.expression, said.location)
    return Binding(binding.role, tuple(binding.members), condition)


def _message(policy: AllowPolicy) -> Any:  # noqa: ANN401 (protobuf's own)
    bindings = [
        policy_pb2.Binding(
            role=binding.role,
            members=binding.members,
            condition=expr_pb2.Expr(**binding.condition._asdict()) if binding.condition else None,
        )
        for binding in policy.bindings
    ]
    return policy_pb2.Policy(version=_CONDITIONAL, etag=policy.etag, bindings=bindings)


def _reason(instance: str, grants: Sequence[GrantId]) -> str:
    """Ids only; each binding carries its own, so the first few are enough."""
    more = len(grants) - _GRANTS_NAMED
    return " ".join([f"{instance}:", *grants[:_GRANTS_NAMED], *([f"and {more} more"] if more > 0 else [])])


# What went wrong


def _meaning(error: GoogleAPICallError) -> CloudError:
    status, problem = int(error.code or 0), _code(_said(error))
    if status == HTTPStatus.UNAUTHORIZED:
        return _no_credentials(_words(_said(error)))
    if status in _OVERTAKEN:
        return Overtaken(problem)
    if status in _NOT_NOW or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Again(problem, _wait(error))
    return (WriteForbidden if status == HTTPStatus.FORBIDDEN else WriteRefused)(problem)


def _no_credentials(problem: str) -> CloudError:
    """It is not the fault of whoever asked for access: an operator puts it right, and then it goes on."""
    log.error("no_credentials", cloud="gcp", problem=problem)
    return Again(f"gcp_credentials_{problem}")


def _said(error: GoogleAPICallError) -> str:
    """Google's word for it: the reason, or else the status; never the message, which may quote anything."""
    words = (str(word) for word in (error.reason, _status(error)))
    return next((word for word in words if re.fullmatch(r"[A-Z][A-Z0-9_]{1,62}", word)), f"HTTP_{error.code}")


def _status(error: GoogleAPICallError) -> object:
    try:
        return error.response.json()["error"]["status"]
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _wait(error: GoogleAPICallError) -> timedelta | None:
    """How long Google asks us to wait (google.rpc.RetryInfo), within reason."""
    for detail in error.details:
        if isinstance(detail, Mapping) and str(detail.get("@type")).endswith("/google.rpc.RetryInfo"):
            seconds = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)s", str(detail.get("retryDelay")))
            return min(timedelta(seconds=float(seconds[1])), _LONGEST_WAIT) if seconds else None
    return None


def _never_arrived(error: requests.ConnectionError) -> bool:
    """Whether no connection was made at all, so that nothing can have been done."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.ConnectTimeout) or isinstance(cause, NewConnectionError)


def _code(word: str) -> str:
    return f"gcp_{_words(word)}"


def _words(name: str) -> str:
    """`ReadTimeout` and `PERMISSION_DENIED` as codes are written: `read_timeout`, `permission_denied`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
