"""A session of a leased role, taken on with a person's own AWS credentials, for `credential_process`.

The contract: one JSON object on standard output, exit code 0; anything else, and standard error says why
(https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html).
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from bot.web.shapes import AwsRole, Usable
from cli.keeping import Keeping
from cli.output import CannotDo, SaysNo

_LONGEST: Final = 3600
"""The longest session of a leased role; AWS has the same limit for a role taken on from a role."""
_SHORTEST: Final = 900
"""AWS's own minimum. What is longer than the grant ends with it: the role denies everything from then on."""
_SOON: Final = timedelta(minutes=10)
"""The SDKs want new credentials when fewer minutes are left (botocore: 10 at the latest)."""
_INSIDE: Final = "_PROD_ACCESS_INSIDE_CREDENTIAL_PROCESS"
"""Set while the person's own credentials are looked up, which may start other programs."""


class Session(BaseModel):
    """A session of a role, as it is kept and as it is printed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    role_arn: str
    access_key_id: str = Field(repr=False)
    secret_access_key: str = Field(repr=False)
    session_token: str = Field(repr=False)
    ends_at: AwareDatetime

    def lasts(self, usable: Usable, role: AwsRole, now: datetime) -> bool:
        """Whether it is of this role, and good for long enough: to the grant's end, or for a while."""
        enough = self.ends_at >= usable.ends_at or self.ends_at - now > _SOON
        return self.role_arn == role.role_arn and self.ends_at > now and enough

    def printed(self, until: datetime) -> dict[str, object]:
        """What the AWS SDKs read; it ends when the grant does, if not before."""
        ends_at = min(self.ends_at, until).astimezone(UTC).replace(microsecond=0)
        return {
            "Version": 1,
            "AccessKeyId": self.access_key_id,
            "SecretAccessKey": self.secret_access_key,
            "SessionToken": self.session_token,
            "Expiration": ends_at.isoformat().replace("+00:00", "Z"),
        }


class Sessions:
    """Sessions kept in the keyring and nowhere else: without one, each call makes its own."""

    def __init__(self, keeping: Keeping | None, name: str) -> None:
        self._keeping = keeping
        self._name = name

    def get(self) -> Session | None:
        """The session that is kept, if it can be read."""
        text = self._keeping.get(self._name) if self._keeping else None
        try:
            return Session.model_validate_json(text) if text else None
        except ValidationError:
            return None

    def put(self, session: Session) -> None:
        """Keep it, where there is somewhere to keep it."""
        if self._keeping:
            self._keeping.put(self._name, session.model_dump_json())

    def drop(self) -> None:
        """Keep it no longer."""
        if self._keeping:
            self._keeping.drop(self._name)


def session_of(usable: Usable, role: AwsRole, sessions: Sessions, profile: str | None) -> Session:
    """The session that is kept, or a new one.

    Raises:
        CannotDo: there are no credentials of one's own to take the role on with, or AWS is not reached.
        SaysNo: AWS refuses.
    """
    kept = sessions.get()
    if kept is not None and kept.lasts(usable, role, datetime.now(UTC)):
        return kept
    made = _assume(usable, role, profile)
    sessions.put(made)
    return made


def _assume(usable: Usable, role: AwsRole, profile: str | None) -> Session:
    words = {
        "RoleArn": role.role_arn,
        "RoleSessionName": name_of(usable.person),
        "DurationSeconds": min(_LONGEST, max(_SHORTEST, usable.seconds_left)),
    }
    try:
        with _not_in_a_circle():
            sts = _own(profile).client("sts", region_name=role.region, config=_CONFIG)
            found = _with_source_identity(sts, name_of(usable.person), words)
    except ClientError as error:
        raise SaysNo(_refused(error)) from None  # its own words name accounts and requests, not what to do
    except (BotoCoreError, HTTPClientError) as error:
        raise CannotDo(f"your own AWS credentials could not be used: {error}") from error
    return Session(
        role_arn=role.role_arn,
        access_key_id=found["AccessKeyId"],
        secret_access_key=found["SecretAccessKey"],
        session_token=found["SessionToken"],
        ends_at=found["Expiration"],
    )


def name_of(person: str) -> str:
    """A person's id as AWS takes a name: it has two signs at least."""
    return person.ljust(2, "-")


_CONFIG: Final = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3})


def _with_source_identity(sts: Any, name: str, words: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ANN401 (boto3 makes its clients up)
    """Named in everything the session does, where one's own permissions allow that; else without."""
    try:
        answer = sts.assume_role(**words, SourceIdentity=name)
    except ClientError as error:
        if _code(error) != "AccessDenied":
            raise
        answer = sts.assume_role(**words)
    found: Mapping[str, Any] = answer["Credentials"]
    return found


@contextmanager
def _not_in_a_circle() -> Iterator[None]:
    """Inside, no program that is started for one's own credentials may ask prod-access for them.

    Raises:
        CannotDo: this process is such a program.
    """
    if os.environ.get(_INSIDE):
        raise CannotDo(
            "the profile of your own credentials asks prod-access itself. Name another one with --profile."
        )
    os.environ[_INSIDE] = "yes"
    try:
        yield
    finally:
        del os.environ[_INSIDE]


def _own(profile: str | None) -> boto3.Session:
    """One's own credentials: those of a profile, or the default chain, whatever AWS_PROFILE says.

    AWS_PROFILE is how the program that calls us names the profile that calls us: to follow it is to go round
    in a circle.
    """
    if profile is not None:
        return boto3.Session(profile_name=profile)
    unnamed = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    return boto3.Session(botocore_session=unnamed)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _refused(error: ClientError) -> str:
    if _code(error) == "AccessDenied":
        return (
            "AWS did not let your own credentials take the role on (AccessDenied). Are they the ones that "
            "prod-access knows you by? A role that is seconds old may need a moment."
        )
    return f"AWS did not let you take the role on ({_code(error)})."
