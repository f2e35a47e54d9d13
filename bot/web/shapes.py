"""What a terminal sends and what it is answered, checked by both sides with the same models."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from policies.values import Moment

CODE_PATTERN = r"^[A-Za-z0-9_-]{20,100}$"
"""A device code or a token: base64 for addresses."""
REQUEST_PATTERN = r"^pa-[0-9a-z]{1,12}(-[0-9]{1,3})?$"
"""A request's id, or a grant's: `pa-7k3m`, `pa-7k3m-2`."""

Cloud: TypeAlias = Literal["aws", "identity-center", "gcp", "azure"]


class Sent(BaseModel):
    """Something sent to us: nothing is converted, and nothing unknown is let pass."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class StartLogin(Sent):
    """A terminal wants to be somebody's; it may call itself anything."""

    client: str = Field(min_length=1, max_length=200)


class TakeLogin(Sent):
    """A terminal asks what became of its login."""

    device_code: str = Field(pattern=CODE_PATTERN)


class AskAccess(Sent):
    """A line as it is typed in Slack; the same operation twice has one effect."""

    line: str = Field(max_length=4_000)
    operation: str = Field(pattern=r"^[0-9a-f]{32}$")


class EndAccess(Sent):
    """What to end: a request's id, a role, `all`, or nothing when there is only one."""

    target: str | None = Field(default=None, max_length=100)


class UseAccess(Sent):
    """What is about to be used: a cloud, and where several fit also which."""

    cloud: Cloud
    which: str | None = Field(default=None, pattern=REQUEST_PATTERN)


class Answered(BaseModel):
    """Something we answer; a terminal lets pass what a later version adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class LoginStarted(Answered):
    """What the terminal keeps, what its person types in Slack, and how long it may take."""

    device_code: str
    user_code: str
    expires_in: int
    interval: float


class Me(Answered):
    """Whose terminal it is, and until when."""

    person: str
    name: str
    ends_at: Moment


class LoginTaken(Me):
    """The token, this once."""

    token: str


class Outcome(Answered):
    """What came of an ask or an end, in a word and in words."""

    done: bool
    outcome: str
    message: str
    request: str | None = None


class HeldRequest(Answered):
    """A request of somebody's that is not over."""

    id: str
    state: str
    role: str
    beneficiary: str
    places: tuple[str, ...]
    asked_at: Moment
    ends_at: Moment | None
    line: str


class Mine(Answered):
    """Everything somebody holds or waits for."""

    requests: tuple[HeldRequest, ...]


class AwsRole(Answered):
    """A leased role: only its holder's own credentials may take it on."""

    cloud: Literal["aws"] = "aws"
    role_arn: str
    account: str
    region: str


class GoogleBinding(Answered):
    """Google roles that the holder's own account has."""

    cloud: Literal["gcp"] = "gcp"
    resource: str
    member: str
    roles: tuple[str, ...]


class AzureRole(Answered):
    """An Azure role that the holder's own account has."""

    cloud: Literal["azure"] = "azure"
    tenant: str
    scope: str
    role: str


Target: TypeAlias = Annotated[AwsRole | GoogleBinding | AzureRole, Field(discriminator="cloud")]


class Usable(Answered):
    """What may be used now, by whom, and how much of it is left by our clock."""

    person: str
    request: str
    grant: str
    role: str
    place: str
    ends_at: Moment
    seconds_left: int
    target: Target


class Problem(Answered):
    """Why not, in a sentence."""

    problem: str
