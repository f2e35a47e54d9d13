"""What `pagers.yaml` says: which pagers may speak to us, who is on call, and what a page may lead to.

    pagers      who signs the events, and where they may be asked      schedules   who is on call, by name
    services    the role that helps with each service                  rotas       turns of our own

An alert names neither a role nor a person: its pager names a service by id, and only what stands here says
what that leads to: the card of a page is to use it, and so far an incident takes the service's name. Secrets
and tokens are settings of the processes that need them, and never stand here.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from policies.incident import PagerName
from policies.people import NAME_LENGTH, NAME_PATTERN
from policies.rota import Rota
from policies.values import RoleName, Value
from policies.window import Duration

_Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH)]
_Id = Annotated[str, Field(min_length=1, max_length=200)]
_Channel = Annotated[str, Field(pattern=r"^[CG][A-Z0-9]+$")]


class PagerSetup(Value):
    """A pager: its kind, and the options of its events and of its API; those are checked where it is made."""

    name: Annotated[PagerName, Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH)]
    kind: _Name
    options: dict[str, JsonValue] = Field(default_factory=dict)
    api: dict[str, JsonValue] = Field(default_factory=dict)


class Schedule(Value):
    """Who is on call: by a pager's own schedule (`pager`, `id`), or by a rota of ours."""

    name: _Name
    title: str = Field(min_length=1, max_length=60)
    pager: PagerName | None = None
    id: _Id | None = None
    rota: _Name | None = None
    levels: int | None = Field(default=None, ge=1, le=20, strict=True)
    """How many escalation levels count, from the first on; None: all."""

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.pager is None) == (self.rota is None):
            raise ValueError("a schedule is of one pager, or of one rota")
        if (self.pager is None) != (self.id is None):
            raise ValueError("a schedule of a pager says its id there, and no other has one")
        return self


class Service(Value):
    """Something that breaks: its id in its pager, and what may be taken by whoever is paged for it."""

    name: _Name
    pager: PagerName
    id: _Id
    role: RoleName
    duration: Duration | None = Field(default=None, alias="for")
    schedule: _Name
    channel: _Channel
    """Where its page is told."""


def _by_name(things: Iterable[Value]) -> tuple[Value, ...]:
    return tuple(sorted(things, key=lambda thing: str(getattr(thing, "name", ""))))


class Pagers(Value):
    """Everything about pagers that the organisation has decided beforehand."""

    pagers: Annotated[tuple[PagerSetup, ...], AfterValidator(_by_name)] = ()
    schedules: Annotated[tuple[Schedule, ...], AfterValidator(_by_name)] = ()
    services: Annotated[tuple[Service, ...], AfterValidator(_by_name)] = ()
    rotas: Annotated[tuple[Rota, ...], AfterValidator(_by_name)] = ()

    @cached_property
    def _services(self) -> dict[tuple[PagerName, str], Service]:
        return {(service.pager, service.id): service for service in self.services}

    @cached_property
    def _schedules(self) -> dict[str, Schedule]:
        return {schedule.name: schedule for schedule in self.schedules}

    def service(self, pager: PagerName, key: str | None) -> Service | None:
        """What a pager calls by this id, where it means anything here."""
        return self._services.get((pager, key)) if key is not None else None

    def schedule(self, name: str) -> Schedule | None:
        """The schedule of this name."""
        return self._schedules.get(name)
