"""The rules of an organisation: three effects, a closed set of matchers, and no order among them.

- `allow` opens a path in: who may have which role, for how long, after how many yeses.
- `require` is a guardrail on every path it matches; the strictest wins.
- `deny` beats everything.

What no rule allows is refused. All matchers a rule gives must hold; a list holds when any of its names does;
`not_requester_in` and `outside_window` hold when none of their names does. An `allow` rule looks at the
person who will have the access; `require` and `deny` also look at the person who asks for them.
"""

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from policies.catalogue import Catalogue, Risk, Role
from policies.entitlements import Clouds
from policies.incident import IncidentState
from policies.pagers import Pagers
from policies.people import NAME_LENGTH, NAME_PATTERN, People
from policies.values import GroupName, Moment, PersonId, RoleName, RuleId, Value
from policies.window import Duration, Window

Name = TypeVar("Name", bound=str)


def _sorted_names(names: Iterable[Name]) -> tuple[Name, ...]:
    return tuple(sorted(set(names)))


_Groups = Annotated[tuple[GroupName, ...], Field(min_length=1), AfterValidator(_sorted_names)]
_Roles = Annotated[tuple[RoleName, ...], Field(min_length=1), AfterValidator(_sorted_names)]
_Names = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_sorted_names)]


def _sorted_risks(risks: Iterable[Risk]) -> tuple[Risk, ...]:
    return tuple(sorted(set(risks)))


class Effect(StrEnum):
    """What a rule does where it matches."""

    ALLOW = "allow"
    REQUIRE = "require"
    DENY = "deny"


class Mode(StrEnum):
    """Whether a rule decides, or only reports that it would have."""

    ENFORCE = "enforce"
    REPORT = "report"


class Asker(StrEnum):
    """Who asks."""

    HOLDER = "holder"
    """Whoever will have the access."""
    COMMANDER = "commander"
    """Whoever commands the live incident that the ask names, and asks for somebody else."""
    OTHER = "other"
    """Somebody else."""
    PAGER = "pager"
    """A pager by itself, for the person it has paged."""


Severity = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9 _-]{0,39}$")]
"""How bad an incident is, in its pager's own word: `sev1`, `p2`, `critical`."""


_Askers = Annotated[tuple[Asker, ...], Field(min_length=1), AfterValidator(_sorted_names)]
_IncidentStates = Annotated[tuple[IncidentState, ...], Field(min_length=1), AfterValidator(_sorted_names)]
_Severities = Annotated[tuple[Severity, ...], Field(min_length=1), AfterValidator(_sorted_names)]


class Match(Value):
    """When a rule applies: everything given must hold."""

    requester_in: _Groups | None = None
    not_requester_in: _Groups | None = None
    requested_by: _Askers | None = None
    on_call_for: _Names | None = None
    incident_state: _IncidentStates | None = None
    incident_severity: _Severities | None = None
    """Holds while the incident is live."""
    emergency: bool | None = None
    role: _Roles | None = None
    role_risk: Annotated[tuple[Risk, ...], Field(min_length=1), AfterValidator(_sorted_risks)] | None = None
    environment: _Names | None = None
    longer_than: Duration | None = None
    inside_window: _Names | None = None
    outside_window: _Names | None = None

    def covers(self, role: Role) -> bool:
        """Whether what this says about the role itself holds for it."""
        return (
            (self.role is None or role.name in self.role)
            and (self.role_risk is None or role.risk in self.role_risk)
            and (self.environment is None or role.environment in self.environment)
        )


class Approvals(Value):
    """So many yeses from people of these groups."""

    model_config = ConfigDict(populate_by_name=True)

    groups: _Groups = Field(alias="from")
    count: int = Field(default=1, ge=1, le=10, strict=True)


class Rule(Value):
    """One sentence of the policy, with the reason why it is there."""

    id: RuleId = Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH)
    why: str = Field(min_length=1, max_length=200)
    effect: Effect
    match: Match
    approvals: tuple[Approvals, ...] = ()
    max_duration: Duration | None = None
    answer_within: Duration | None = None
    review_within: Duration | None = None
    mode: Mode = Mode.ENFORCE

    def meant_for(self, *, emergency: bool) -> bool:
        """Whether it looks at such asks at all: a way in for an emergency is opened on purpose only."""
        if self.match.emergency is not None:
            return self.match.emergency is emergency
        return self.effect is not Effect.ALLOW or not emergency

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        limits = bool(self.approvals or self.max_duration)
        if self.effect is not Effect.ALLOW and self.review_within:
            raise ValueError("only an allow rule has review_within")
        if self.effect is not Effect.ALLOW and self.match.on_call_for:
            raise ValueError(
                "only an allow rule looks at who is on call: while nobody can say, it would not hold"
            )
        if self.effect is Effect.ALLOW and self.match.emergency and not self.review_within:
            raise ValueError("an emergency is reviewed afterwards: say review_within, like 1d")
        if self.effect is Effect.ALLOW and self.match.longer_than:
            raise ValueError("an allow rule cannot say longer_than: asking for longer would be easier")
        if self.effect is Effect.REQUIRE and not limits:
            raise ValueError("a require rule needs approvals or max_duration")
        if self.effect is Effect.DENY and (limits or self.answer_within):
            raise ValueError("a deny rule has no approvals, max_duration or answer_within")
        groups = [approvals.groups for approvals in self.approvals]
        if len(set(groups)) < len(groups):
            raise ValueError("approvals name the same groups twice; raise the count instead")
        return self


class Settings(Value):
    """What holds for the whole organisation."""

    shortest_duration: Duration = Field(default="5m", validate_default=True)
    answer_within: Duration = Field(default="30m", validate_default=True)
    may_ask_for_others: Annotated[tuple[GroupName, ...], AfterValidator(_sorted_names)] = ()
    may_end: Annotated[tuple[GroupName, ...], AfterValidator(_sorted_names)] = ()
    """Who may end anybody's access, besides its holder and its approvers."""
    may_open_incidents: Annotated[tuple[GroupName, ...], AfterValidator(_sorted_names)] = ()
    """Who may say that there is an incident, and that it is over; a pager needs no leave."""
    reviewers: Annotated[tuple[GroupName, ...], AfterValidator(_sorted_names)] = ()
    """Who looks afterwards at what nobody had to approve."""
    security_channel: str | None = Field(default=None, pattern=r"^[CG][A-Z0-9]+$")
    """Where every emergency is told, and asked to be reviewed."""
    incident_grace: Duration = Field(default="10m", validate_default=True)
    """How long access goes on after the incident that it hangs on is resolved."""


class Expected(StrEnum):
    """How a case expects to be answered."""

    ALLOW = "allow"
    ASK = "ask"
    REFUSE = "refuse"


class CaseIncident(Value):
    """The incident that a case is asked in."""

    state: IncidentState = IncidentState.LIVE
    severity: Severity | None = None
    commander: PersonId | None = None


class Case(Value):
    """A question with the answer its authors expect; a file that answers otherwise is not loaded.

    Without `at` it is asked on Wednesday 7 January 2026 at 12:00 UTC.
    """

    model_config = ConfigDict(populate_by_name=True)

    name: str = Field(min_length=1, max_length=100)
    who: PersonId
    on_behalf_of: PersonId | None = None
    role: RoleName
    duration: Duration = Field(alias="for")
    emergency: bool = False
    incident: CaseIncident | None = None
    on_call_for: _Names | None = None
    by_pager: bool = False
    at: Moment = Field(default="2026-01-07T12:00:00Z", validate_default=True)
    expect: Expected
    groups: _Groups | None = Field(default=None, alias="from")

    @model_validator(mode="after")
    def _asks_somebody(self) -> Self:
        if self.groups and self.expect is not Expected.ASK:
            raise ValueError("from belongs to a case that expects ask")
        return self


class Place(Value):
    """Where in the files something with a name is written: a rule, a group, a role or a window."""

    section: str
    name: str
    file: str
    line: int


def _sorted_rules(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(sorted(rules, key=lambda rule: rule.id))


def _sorted_windows(windows: Iterable[Window]) -> tuple[Window, ...]:
    return tuple(sorted(windows, key=lambda window: window.name))


class Policy(Value):
    """Everything the organisation has decided beforehand, in one immutable whole."""

    people: People
    catalogue: Catalogue
    clouds: Clouds = Clouds()
    rules: Annotated[tuple[Rule, ...], AfterValidator(_sorted_rules)]
    windows: Annotated[tuple[Window, ...], AfterValidator(_sorted_windows)] = ()
    settings: Settings = Settings()
    pagers: Pagers = Pagers()
    cases: tuple[Case, ...] = Field(default=(), exclude=True)
    places: tuple[Place, ...] = Field(default=(), exclude=True)

    @cached_property
    def hash(self) -> str:
        """The sha256 of what decides: comments, order, line numbers and cases do not change it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @cached_property
    def _by_role(self) -> dict[RoleName, tuple[Rule, ...]]:
        return {
            role.name: tuple(rule for rule in self.rules if rule.match.covers(role))
            for role in self.catalogue.roles
        }

    @cached_property
    def _windows(self) -> dict[str, Window]:
        return {window.name: window for window in self.windows}

    def schedules_for(self, role: RoleName) -> tuple[str, ...]:
        """The schedules that some rule about a role looks at."""
        rules = self.rules_for(role)
        return tuple(sorted({name for rule in rules for name in rule.match.on_call_for or ()}))

    def rules_for(self, role: RoleName) -> tuple[Rule, ...]:
        """The rules that can matter for a role, by id; none for an unknown one."""
        return self._by_role.get(role, ())

    def window(self, name: str) -> Window:
        """The window of this name; a loaded policy names no other."""
        return self._windows[name]

    def place(self, name: str, section: str = "rules") -> Place | None:
        """Where the rule, or the name of another section, is written, if it was read from a file."""
        places = (place for place in self.places if (place.section, place.name) == (section, name))
        return next(places, None)
