"""PagerDuty: who is on call by a schedule or an escalation policy, and how an incident stands.

A schedule is named by its id, `PI7DH85` or `schedule:PI7DH85`; an escalation policy is `policy:PT20YPA`. A
schedule that no escalation policy uses puts nobody on call.

The key needs to read only; by scopes that is `oncalls.read` and `incidents.read`. 960 questions a minute are
allowed, and fewer of those about on-calls (https://developer.pagerduty.com/docs/rest-api-rate-limits).
Shapes: reference/REST/openapiv3.json of https://github.com/PagerDuty/api-schema. `/oncalls` is asked rather
than the schedules, which are moving to another version of the API one by one.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

from pydantic import Field, SecretStr

from bot.on_call.http import AT_ONCE, Answer, PagerApi, Reach, authorized, part, stamp
from bot.on_call.source import IncidentNow, OnDuty, Source, SourceAway, SourceRefused
from policies.incident import PagerAccount, PagerName
from policies.values import Moment

ADDRESS: Final = "https://api.pagerduty.com"
"""Accounts in Europe are at https://api.eu.pagerduty.com."""
_PAGE: Final = 100
_PAGES_MOST: Final = 10


class _Reference(Answer):
    id: PagerAccount = Field(min_length=1)
    type: str = ""
    summary: str | None = None

    @property
    def is_a_user(self) -> bool:
        return self.type in {"user", "user_reference"}


class _Row(Answer):
    """Somebody's on-call; permanent where it has no start, and without an end where it has none."""

    user: _Reference
    schedule: _Reference | None = None
    escalation_policy: _Reference
    escalation_level: int = Field(ge=1)
    start: Moment | None = None
    end: Moment | None = None

    def covers(self, at: datetime) -> bool:
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


class _OnCalls(Answer):
    oncalls: tuple[_Row, ...]
    more: bool


class _Assignment(Answer):
    assignee: _Reference


class _Incident(Answer):
    status: Literal["triggered", "acknowledged", "resolved"]
    assignments: tuple[_Assignment, ...]
    service: _Reference
    priority: _Reference | None = None


class _OneIncident(Answer):
    incident: _Incident


class _Wanted(NamedTuple):
    """A schedule or an escalation policy, as a filter and as what it must have let through."""

    filter: str
    id: str

    @classmethod
    def of(cls, schedule: str) -> "_Wanted":
        match schedule.split(":"):
            case ["policy", policy]:
                return cls("escalation_policy_ids[]", part(policy))
            case ["schedule", bare] | [bare]:
                return cls("schedule_ids[]", part(bare))
            case _:
                raise SourceRefused("neither schedule:ID nor policy:ID")

    def fits(self, row: _Row) -> bool:
        """A filter that was not understood would put everybody on call."""
        by = row.schedule if self.filter == "schedule_ids[]" else row.escalation_policy
        return by is not None and by.id == self.id


class PagerDuty(Source):
    """PagerDuty, asked with an API key."""

    def __init__(self, name: PagerName, key: SecretStr, reach: Reach | None = None) -> None:
        super().__init__(name)
        headers = {"Accept": "application/vnd.pagerduty+json;version=2"}
        self._api = PagerApi(reach or Reach(ADDRESS), authorized("Token token=", key), headers)

    def _on_call(self, schedule: str, at: datetime) -> Sequence[OnDuty]:
        wanted = _Wanted.of(schedule)
        return [
            OnDuty(row.user.id, row.escalation_level, row.end)
            for row in self._rows(wanted, at)
            if wanted.fits(row) and row.covers(at)
        ]

    def _rows(self, wanted: _Wanted, at: datetime) -> Iterator[_Row]:
        """Every row of every page; half an answer would leave people out."""
        asked = {wanted.filter: wanted.id, "since": stamp(at), "until": stamp(at), "time_zone": "UTC"}
        for page in range(_PAGES_MOST):
            paging = {"limit": str(_PAGE), "offset": str(page * _PAGE)}
            answer = self._api.get("/oncalls", _OnCalls, {**asked, **paging})
            yield from answer.oncalls
            if not answer.more:
                return
        raise SourceAway("more people on call than are read", AT_ONCE)

    def _incident(self, incident: str) -> IncidentNow:
        found = self._api.get(f"/incidents/{part(incident)}", _OneIncident).incident
        assignees = [assignment.assignee for assignment in found.assignments]
        return IncidentNow(
            live=found.status != "resolved",
            acknowledged=found.status == "acknowledged",
            assignees=tuple(one.id for one in assignees if one.is_a_user),
            commander=None,
            severity=found.priority.summary.lower() if found.priority and found.priority.summary else None,
            service=found.service.id,
        )
