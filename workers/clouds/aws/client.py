"""The only file that knows boto3: sessions, retries, timeouts, and what each error means.

One boto3 session per process, made on first use and never carried across a fork. The hub's own credentials
come from the SDK's default chain; in each account we act as its spoke role, assumed with the external id and
kept until shortly before it expires. Changing calls are sent once: whether to send them again is the job's
decision, because a reply that was lost says nothing about the request. Reads are tried three times.

Codes are those of the IAM and STS API references; which of them botocore retries by itself, and what a torn
reply looks like, was measured.
"""

import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from policies.entitlements.aws import AwsLease
from workers.clouds.cloud import Again, CloudError, Refused, Unknown

CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 5
_READ_TRIES: Final = 3
_SPARE: Final = timedelta(minutes=5)
_NOT_NOW: Final = frozenset(
    {
        "ConcurrentModification",
        "ConcurrentModificationException",
        "DeleteConflict",
        "RequestExpired",
        "RequestLimitExceeded",
        "SignatureDoesNotMatch",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_SESSION_OVER: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"})
_SERVER_SIDE: Final = 500

Model = TypeVar("Model", bound=BaseModel)


class Missing(CloudError):
    """What was named does not exist."""


class Taken(CloudError):
    """What was to be made exists already."""


class Reply(BaseModel):
    """What AWS answered; fields we do not use are left alone."""

    model_config = ConfigDict(extra="ignore")


class Done(Reply):
    """An answer that says no more than that it worked."""

    metadata: dict[str, Any] = Field(alias="ResponseMetadata")


class Tag(Reply):
    """A tag."""

    key: str = Field(alias="Key")
    value: str = Field(alias="Value")


class Role(Reply):
    """A role as IAM describes it; `trust` is its decoded document."""

    name: str = Field(alias="RoleName")
    arn: str = Field(alias="Arn")
    trust: dict[str, Any] = Field(alias="AssumeRolePolicyDocument")
    tags: list[Tag] = Field(alias="Tags", default=[])

    @property
    def labels(self) -> dict[str, str]:
        """Its tags by key."""
        return {tag.key: tag.value for tag in self.tags}


class OneRole(Reply):
    """An answer that holds a role."""

    role: Role = Field(alias="Role")


class InlinePolicy(Reply):
    """An inline policy and its decoded document."""

    document: dict[str, Any] = Field(alias="PolicyDocument")


class Attached(Reply):
    """One page of the managed policies on a role."""

    class Policy(Reply):
        """A managed policy."""

        arn: str = Field(alias="PolicyArn")

    policies: list[Policy] = Field(alias="AttachedPolicies")


class Inline(Reply):
    """One page of the inline policies on a role."""

    names: list[str] = Field(alias="PolicyNames")


class Roles(Reply):
    """One page of roles."""

    roles: list[Role] = Field(alias="Roles")
    more: bool = Field(alias="IsTruncated")
    marker: str | None = Field(alias="Marker", default=None)


class Tags(Reply):
    """The tags of a role."""

    tags: list[Tag] = Field(alias="Tags")


class Assumed(Reply):
    """Credentials of an assumed role."""

    class Credentials(Reply):
        """The credentials themselves."""

        key: str = Field(alias="AccessKeyId")
        secret: str = Field(alias="SecretAccessKey", repr=False)
        token: str = Field(alias="SessionToken", repr=False)
        expires_at: datetime = Field(alias="Expiration")

    credentials: Credentials = Field(alias="Credentials")

    @field_validator("credentials")
    @classmethod
    def _complete(cls, value: Credentials) -> Credentials:
        if not (value.key and value.secret and value.token):
            raise ValueError("incomplete credentials")
        return value


class Spoke:
    """IAM in one account, through its spoke role."""

    def __init__(self, reading: Any, writing: Any, expires_at: datetime) -> None:  # noqa: ANN401 (boto3)
        self.reading = reading
        self.writing = writing
        self.expires_at = expires_at


class AwsClient:
    """Typed calls to IAM in every account; what goes wrong is a CloudError."""

    def __init__(
        self,
        *,
        instance: str,
        now: Callable[[], datetime],
        endpoint: str | None = None,
        connections: int = 64,
    ) -> None:
        self._instance = instance
        self._now = now
        self._endpoint = endpoint
        self._connections = connections
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._session: boto3.session.Session | None = None
        self._spokes: dict[str, Spoke] = {}

    def read(self, lease: AwsLease, model: type[Model], call: str, **words: object) -> Model:
        """A reading call; an outcome that is not known is simply asked again later."""
        try:
            return self._iam(lease, model, call, words, changes=False)
        except Unknown as error:
            raise Again(error.problem) from error

    def change(self, lease: AwsLease, call: str, **words: object) -> None:
        """A changing call, sent once."""
        self._iam(lease, Done, call, words, changes=True)

    def _iam(
        self, lease: AwsLease, model: type[Model], call: str, words: Mapping[str, object], *, changes: bool
    ) -> Model:
        """One call as the spoke; a session that is over is refused before anything is applied."""
        try:
            return self._once(lease, model, call, words, changes=changes)
        except SessionOver:
            self._forget(lease)
        try:
            return self._once(lease, model, call, words, changes=changes)
        except SessionOver as error:
            raise Again(error.problem) from error

    def _once(
        self, lease: AwsLease, model: type[Model], call: str, words: Mapping[str, object], *, changes: bool
    ) -> Model:
        spoke = self.spoke(lease)
        client = spoke.writing if changes else spoke.reading
        return answer(model, lambda: getattr(client, call)(**words))

    def spoke(self, lease: AwsLease) -> Spoke:
        """IAM clients in the lease's account, assumed again when they are about to expire."""
        with self._lock:
            self._check_process()
            known = self._spokes.get(lease.account_id)
            if known is None or known.expires_at - self._now() < _SPARE:
                known = self._spokes[lease.account_id] = self._assume(lease)
            return known

    def _forget(self, lease: AwsLease) -> None:
        with self._lock:
            self._spokes.pop(lease.account_id, None)

    def _check_process(self) -> None:
        if self._pid != os.getpid():
            raise RuntimeError("an AWS client does not survive a fork; make one per process")

    def _assume(self, lease: AwsLease) -> Spoke:
        assumed = self.assume(lease, external_id=lease.external_id)
        keys = {
            "aws_access_key_id": assumed.key,
            "aws_secret_access_key": assumed.secret,
            "aws_session_token": assumed.token,
        }
        reading = self._client("iam", lease.region, tries=_READ_TRIES, **keys)
        writing = self._client("iam", lease.region, tries=1, **keys)
        return Spoke(reading, writing, assumed.expires_at)

    def assume(self, lease: AwsLease, *, external_id: str | None) -> Assumed.Credentials:
        """Credentials of the spoke role; without the external id the account must refuse."""
        words: dict[str, object] = {
            "RoleArn": lease.spoke_role,
            "RoleSessionName": self._instance,
            "SourceIdentity": self._instance,
            "DurationSeconds": 3600,
        }
        if external_id is not None:
            words["ExternalId"] = external_id
        sts = self._client("sts", lease.region, tries=_READ_TRIES)
        try:
            return answer(Assumed, lambda: sts.assume_role(**words)).credentials
        except (SessionOver, Unknown) as error:
            raise Again(error.problem) from error

    def _client(self, service: str, region: str, *, tries: int, **keys: str) -> Any:  # noqa: ANN401 (a boto3 client)
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": tries},
            max_pool_connections=self._connections,
            tcp_keepalive=True,
            user_agent_extra="prod-access",
        )
        with self._lock:
            if self._session is None:
                self._session = boto3.session.Session()
            return self._session.client(  # type: ignore[call-overload]
                service, region_name=region, endpoint_url=self._endpoint, config=config, **keys
            )


class SessionOver(CloudError):
    """The spoke's session is over; the call was refused before anything was applied."""


def answer(model: type[Model], call: Callable[[], Any]) -> Model:
    """The checked answer of one boto3 call, or a CloudError that says what it means."""
    try:
        return model.model_validate(call())
    except ClientError as error:
        raise _meaning(error) from error
    except (ConnectTimeoutError, EndpointConnectionError) as error:
        raise Again(_name(error)) from error  # it never arrived
    except (NoCredentialsError, CredentialRetrievalError) as error:
        raise Again("NoCredentials") from error
    except ParamValidationError as error:
        raise Refused(_name(error)) from error  # it was never sent
    except (BotoCoreError, ValidationError) as error:
        raise Unknown(_name(error)) from error
    except Exception as error:  # the boundary: botocore's parser raises bare exceptions on a torn reply
        raise Unknown(_name(error)) from error


def _meaning(error: ClientError) -> CloudError:
    code = str(error.response.get("Error", {}).get("Code", "Unknown"))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code == "NoSuchEntity":
        return Missing(code)
    if code == "EntityAlreadyExists":
        return Taken(code)
    if code in _SESSION_OVER:
        return SessionOver(code)
    if code in _NOT_NOW:
        return Again(code)
    return Unknown(code) if status >= _SERVER_SIDE or status == 0 else Refused(code)


def _name(error: Exception) -> str:
    return type(error).__name__
