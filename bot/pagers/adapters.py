"""The pagers there are, each made from what is configured of it and the secrets that are live."""

from collections.abc import Mapping, Sequence
from typing import Annotated, TypeAlias, assert_never

from pydantic import Field, SecretStr, TypeAdapter, ValidationError

from bot.pagers.alertmanager import AlertGroups, AlertmanagerOptions, GrafanaOptions
from bot.pagers.generic import SignedJson, SignedJsonOptions
from bot.pagers.incident_io import IncidentIo, IncidentIoOptions
from bot.pagers.jsm import JsmOperations, JsmOptions
from bot.pagers.pager import Pager
from bot.pagers.pagerduty import PagerDuty, PagerDutyOptions
from policies.incident import PagerName
from policies.people import NAME_LENGTH, NAME_PATTERN

PagerOptions: TypeAlias = Annotated[
    PagerDutyOptions
    | IncidentIoOptions
    | AlertmanagerOptions
    | GrafanaOptions
    | JsmOptions
    | SignedJsonOptions,
    Field(discriminator="kind"),
]
"""What is configured of a pager, told apart by `kind`."""

_Name: TypeAlias = Annotated[PagerName, Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH)]


def make_pager(name: str, kind: str, secrets: Sequence[SecretStr], options: Mapping[str, object]) -> Pager:
    """A pager of one of the kinds; with no secrets it refuses whatever is sent to it.

    Raises:
        ValueError: the name, the kind, an option or a secret is not what it should be. It says which, and
            repeats nothing of a secret.
    """
    try:
        return _pager(_read_name(name), secrets, _read_options(kind, options))
    except ValidationError as error:
        problem = "; ".join(_problem(one["loc"], one["msg"]) for one in error.errors(include_url=False))
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"pager {name!r}: {problem}")


def _read_name(name: str) -> PagerName:
    adapter: TypeAdapter[PagerName] = TypeAdapter(_Name)
    return adapter.validate_python(name)


def _read_options(kind: str, options: Mapping[str, object]) -> PagerOptions:
    adapter: TypeAdapter[PagerOptions] = TypeAdapter(PagerOptions)
    return adapter.validate_python({**options, "kind": kind})


def _pager(name: PagerName, secrets: Sequence[SecretStr], options: PagerOptions) -> Pager:
    match options:
        case PagerDutyOptions():
            return PagerDuty(name, secrets, options)
        case IncidentIoOptions():
            return IncidentIo(name, secrets, options)
        case AlertmanagerOptions() | GrafanaOptions():
            return AlertGroups(name, secrets, options)
        case JsmOptions():
            return JsmOperations(name, secrets, options)
        case SignedJsonOptions():
            return SignedJson(name, secrets, options)
        case _:
            assert_never(options)


def _problem(place: Sequence[str | int], message: str) -> str:
    return f"{'.'.join(map(str, place))}: {message}" if place else message
