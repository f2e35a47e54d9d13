"""The only file here that knows boto3: sso-admin through the access role, and what each of its errors means.

Sessions, retries and timeouts are those of `workers.clouds.aws.client`: one boto3 session per process,
changing calls sent once, reads tried three times. sso-admin speaks JSON, and botocore reads half a JSON text
as an empty answer with status 200, so every answer is checked, those of changing calls too.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from pydantic import AliasChoices, Field

from policies.entitlements.aws import AwsLease
from policies.entitlements.identity_center import IdentityCenterAccount, IdentityCenterAssignment
from workers.clouds.aws.client import AwsClient, Missing, Model, Reply, SessionOver, Tag, answer
from workers.clouds.cloud import Again, CloudError, Refused, Unknown

Place: TypeAlias = IdentityCenterAccount | IdentityCenterAssignment
"""Either says how to reach the account that administers assignments."""

SOON: Final = timedelta(seconds=5)
"""When to come again for what AWS is still at work on."""
_READ_TRIES: Final = 3
_SPARE: Final = timedelta(minutes=5)


class Conflict(Again):
    """Another operation on the same assignment is under way."""


class Status(StrEnum):
    """Where an operation stands."""

    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class Listed(Reply):
    """An operation as a list has it: nothing says what it is about."""

    id: str = Field(alias="RequestId")


class Operation(Listed):
    """How making or removing an assignment goes; AWS says neither by whom nor for how long."""

    status: Status = Field(alias="Status")
    reason: str = Field(alias="FailureReason", default="")
    account: str = Field(alias="TargetId")
    permission_set: str = Field(alias="PermissionSetArn")
    principal: str = Field(alias="PrincipalId")


class OneOperation(Reply):
    """An answer that holds an operation."""

    operation: Operation = Field(
        validation_alias=AliasChoices("AccountAssignmentCreationStatus", "AccountAssignmentDeletionStatus")
    )


class Page(Reply):
    """One page of a list."""

    more: str | None = Field(alias="NextToken", default=None)


PageModel = TypeVar("PageModel", bound=Page)


class Operations(Page):
    """Operations, by id."""

    operations: list[Listed] = Field(
        validation_alias=AliasChoices("AccountAssignmentsCreationStatus", "AccountAssignmentsDeletionStatus")
    )


class Assignments(Page):
    """Who is assigned one permission set in one account."""

    class Assignee(Reply):
        """A user or a group."""

        kind: str = Field(alias="PrincipalType")
        id: str = Field(alias="PrincipalId")

    assignees: list[Assignee] = Field(alias="AccountAssignments")


class PermissionSets(Page):
    """The ARNs of permission sets."""

    arns: list[str] = Field(alias="PermissionSets")


class Tags(Page):
    """The tags of a permission set."""

    tags: list[Tag] = Field(alias="Tags")


class OnePermissionSet(Reply):
    """An answer that holds a permission set."""

    class PermissionSet(Reply):
        """A permission set; sessions of it last an hour unless it says otherwise."""

        name: str = Field(alias="Name")
        session: timedelta = Field(alias="SessionDuration", default=timedelta(hours=1))

    permission_set: PermissionSet = Field(alias="PermissionSet")


class Way(NamedTuple):
    """One way an assignment changes: the calls that begin it, follow it, and list what is under way."""

    begin: str
    follow: str
    id_word: str
    list: str


CREATE: Final = Way(
    "create_account_assignment",
    "describe_account_assignment_creation_status",
    "AccountAssignmentCreationRequestId",
    "list_account_assignment_creation_status",
)
DELETE: Final = Way(
    "delete_account_assignment",
    "describe_account_assignment_deletion_status",
    "AccountAssignmentDeletionRequestId",
    "list_account_assignment_deletion_status",
)


class _Administration(NamedTuple):
    """sso-admin as an access role reaches it."""

    reading: Any
    writing: Any
    expires_at: datetime


class _Hub(AwsClient):
    """Our own AWS identity, and the accounts that administer assignments behind it."""

    def __init__(self, now: Callable[[], datetime], **rest: Any) -> None:  # noqa: ANN401 (as AwsClient takes it)
        super().__init__(now=now, **rest)
        self._behind: dict[tuple[str, str], _Administration] = {}

    def administration(self, place: Place) -> _Administration:
        """sso-admin behind a place's access role, which is assumed again shortly before its session ends."""
        with self._lock:
            self._check_process()
            known = self._behind.get(_key(place))
            if known is None or known.expires_at - self._now() < _SPARE:
                known = self._behind[_key(place)] = self._enter(place)
            return known

    def forget(self, place: Place) -> None:
        """Assume the access role anew the next time."""
        with self._lock:
            self._behind.pop(_key(place), None)

    def _enter(self, place: Place) -> _Administration:
        assumed = self.assume(_door(place), external_id=place.external_id)
        keys = {
            "aws_access_key_id": assumed.key,
            "aws_secret_access_key": assumed.secret,
            "aws_session_token": assumed.token,
        }
        reading = self._client("sso-admin", place.region, tries=_READ_TRIES, **keys)
        writing = self._client("sso-admin", place.region, tries=1, **keys)
        return _Administration(reading, writing, assumed.expires_at)


def _key(place: Place) -> tuple[str, str]:
    return place.access_role, place.region


def _door(place: Place) -> AwsLease:
    """The access role as AwsClient assumes one; nothing is leased behind it."""
    return AwsLease(
        cloud="aws",
        alias=place.alias,
        account_id=place.access_role.split(":")[4],
        region=place.region,
        spoke_role=place.access_role,
        external_id=place.external_id,
        boundary="",
        policies=(),
    )


class IdentityCenterClient:
    """Typed calls to sso-admin; what goes wrong is a CloudError."""

    def __init__(
        self,
        *,
        instance: str,
        now: Callable[[], datetime],
        endpoint: str | None = None,
        connections: int = 64,
    ) -> None:
        """`endpoint`: another address of sts and sso-admin, a private one or a stand-in's."""
        self._hub = _Hub(now, instance=instance, endpoint=endpoint, connections=connections)

    def read(self, place: Place, model: type[Model], call: str, **words: object) -> Model:
        """A reading call; an outcome that is not known is simply asked again later."""
        try:
            return self._call(place, model, call, words, changes=False)
        except Unknown as error:
            raise Again(error.problem) from error

    def pages(self, place: Place, model: type[PageModel], call: str, **words: object) -> Iterator[PageModel]:
        """Every page of a list."""
        page = self.read(place, model, call, **words)
        yield page
        while page.more:
            page = self.read(place, model, call, **words, NextToken=page.more)
            yield page

    def begin(self, place: Place, way: Way, **words: object) -> Operation:
        """Begin an operation, by one call that is sent once."""
        return self._call(place, OneOperation, way.begin, words, changes=True).operation

    def follow(self, place: Place, way: Way, operation: str) -> Operation:
        """How an operation goes."""
        return self.read(place, OneOperation, way.follow, **{way.id_word: operation}).operation

    def warm(self, place: Place) -> None:
        """Sign in."""
        self._hub.administration(place)

    def gets_in_without_the_external_id(self, place: Place) -> bool:
        """Whether the access role lets anybody in who may assume roles; CloudError when that is not known."""
        try:
            self._hub.assume(_door(place), external_id=None)
        except Refused:
            return False
        return True

    def _call(
        self, place: Place, model: type[Model], call: str, words: Mapping[str, object], *, changes: bool
    ) -> Model:
        """One call; a session that is over is refused before anything is applied, so it is made once more."""
        try:
            return self._once(place, model, call, words, changes=changes)
        except SessionOver:
            self._hub.forget(place)
        try:
            return self._once(place, model, call, words, changes=changes)
        except SessionOver as error:
            raise Again(error.problem) from error

    def _once(
        self, place: Place, model: type[Model], call: str, words: Mapping[str, object], *, changes: bool
    ) -> Model:
        known = self._hub.administration(place)
        client = known.writing if changes else known.reading
        try:
            return answer(model, lambda: getattr(client, call)(InstanceArn=place.instance, **words))
        except Refused as error:
            raise _meaning(error.problem) from error


_NOT_NOW: Final = frozenset({"InvalidSignatureException", "ServiceQuotaExceededException"})


def _meaning(code: str) -> CloudError:
    """What a code of sso-admin means that IAM and STS do not have.

    https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_CreateAccountAssignment.html and its
    CommonErrors. The quota is that of operations under way, so it is a matter of waiting.
    """
    match code:
        case "ConflictException":
            return Conflict(code, SOON)
        case "ResourceNotFoundException":
            return Missing(code)
        case "InternalServerException":
            return Unknown(code)
        case "UnrecognizedClientException":
            return SessionOver(code)
        case _ if code in _NOT_NOW:
            return Again(code, SOON)
        case _:
            return Refused(code)
