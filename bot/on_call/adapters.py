"""The sources there are, each made from what is configured of it, a token, and what is around it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Literal, NamedTuple, TypeAlias, TypeVar, assert_never

from pydantic import AfterValidator, Field, SecretStr, TypeAdapter, ValidationError

from bot.on_call import incident_io, jsm, pagerduty
from bot.on_call.grafana import GrafanaIrm
from bot.on_call.http import READ_SECONDS, WHOLE_SECONDS, Reach, https_address
from bot.on_call.rota import Rotas
from bot.on_call.source import Source
from bot.on_call.user_groups import GroupMembers, UserGroups
from policies.incident import PagerName
from policies.people import NAME_LENGTH, NAME_PATTERN
from policies.rota import Rota
from policies.values import Value

_Address: TypeAlias = Annotated[str, AfterValidator(https_address)]
_EMAIL = r"^[!-9;-?A-~]+@[!-9;-?A-~]+$"


class PagerDutyApi(Value):
    """PagerDuty, where the account is: `https://api.eu.pagerduty.com` in Europe."""

    kind: Literal["pagerduty"] = "pagerduty"
    address: _Address = pagerduty.ADDRESS


class IncidentIoApi(Value):
    """incident.io."""

    kind: Literal["incident-io"] = "incident-io"
    address: _Address = incident_io.ADDRESS


class GrafanaApi(Value):
    """Grafana IRM: where its API is, and the stack that it is asked about."""

    kind: Literal["grafana"] = "grafana"
    address: _Address
    """As the stack's IRM settings say: `https://oncall-prod-eu-west-0.grafana.net/oncall`."""
    stack: _Address
    """`https://meridian.grafana.net`."""


class JsmApi(Value):
    """Operations of one site of Jira Service Management."""

    kind: Literal["jsm"] = "jsm"
    address: _Address = jsm.ADDRESS
    cloud_id: str = Field(pattern=r"^[A-Za-z0-9-]{1,100}$")
    email: str | None = Field(default=None, pattern=_EMAIL, max_length=254)
    """Whose API token it is; without it the token is one of OAuth."""


class SlackUserGroup(Value):
    """The user groups of our workspace; the bot's own token reads them."""

    kind: Literal["slack-usergroup"] = "slack-usergroup"


class OwnRota(Value):
    """The organisation's own rotas."""

    kind: Literal["rota"] = "rota"


SourceOptions: TypeAlias = Annotated[
    PagerDutyApi | IncidentIoApi | GrafanaApi | JsmApi | SlackUserGroup | OwnRota,
    Field(discriminator="kind"),
]
"""What is configured of a source, told apart by `kind`."""


class Around(NamedTuple):
    """What the process that asks has: whom to trust, how long to wait, and our own side's sources."""

    ca_bundle: str | None = None
    read_seconds: float = READ_SECONDS
    whole_seconds: float = WHOLE_SECONDS
    groups: GroupMembers | None = None
    rotas: Callable[[], Iterable[Rota]] | None = None

    def reach(self, address: str) -> Reach:
        """A pager's API from here."""
        return Reach(address, self.ca_bundle, self.read_seconds, self.whole_seconds)


_HERE = Around()
_Thing = TypeVar("_Thing")
_Name: TypeAlias = Annotated[PagerName, Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH)]


def make_source(
    name: str,
    kind: str,
    token: SecretStr | None,
    options: Mapping[str, object] | None = None,
    around: Around = _HERE,
) -> Source:
    """A source of one of the kinds.

    Raises:
        ValueError: the name, the kind, an option, the token or the CA bundle is not what it should be. It
            says which, and repeats nothing of a token.
    """
    try:
        return _source(_read_name(name), _read_options(kind, options or {}), token, around)
    except ValidationError as error:
        problem = "; ".join(_problem(one["loc"], one["msg"]) for one in error.errors(include_url=False))
    except OSError:  # it names a file of this machine
        problem = "the CA bundle cannot be read"
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"on-call source {name!r}: {problem}")


def _read_name(name: str) -> PagerName:
    adapter: TypeAdapter[PagerName] = TypeAdapter(_Name)
    return adapter.validate_python(name)


def _read_options(kind: str, options: Mapping[str, object]) -> SourceOptions:
    adapter: TypeAdapter[SourceOptions] = TypeAdapter(SourceOptions)
    return adapter.validate_python({**options, "kind": kind})


def _source(name: PagerName, options: SourceOptions, token: SecretStr | None, around: Around) -> Source:
    match options:
        case SlackUserGroup():
            return UserGroups(name, _there(around.groups, "it is read with Slack, and there is none here"))
        case OwnRota():
            return Rotas(name, _there(around.rotas, "it is read from the policy, and there is none here"))
        case _:
            return _pager(name, options, _there(token, "a pager's token is missing"), around)


def _pager(
    name: PagerName,
    options: PagerDutyApi | IncidentIoApi | GrafanaApi | JsmApi,
    token: SecretStr,
    around: Around,
) -> Source:
    reach = around.reach(options.address)
    match options:
        case PagerDutyApi():
            return pagerduty.PagerDuty(name, token, reach)
        case IncidentIoApi():
            return incident_io.IncidentIo(name, token, reach)
        case GrafanaApi():
            return GrafanaIrm(name, token, options.stack, reach)
        case JsmApi():
            return jsm.JsmOperations(name, token, options.cloud_id, reach, email=options.email)
        case _:
            assert_never(options)


def _there(thing: _Thing | None, problem: str) -> _Thing:
    if thing is None:
        raise ValueError(problem)
    return thing


def _problem(place: Sequence[str | int], message: str) -> str:
    return f"{'.'.join(map(str, place))}: {message}" if place else message
