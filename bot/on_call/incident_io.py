"""incident.io: who is on call by a schedule, and how an incident stands.

The key needs to view schedules and incidents. 1200 questions a minute are allowed. Shapes:
https://docs.incident.io/api-reference and the generated client of incident-io/terraform-provider-incident. A
private incident is not found unless the key may see private ones.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import Field, SecretStr

from bot.on_call.http import Answer, PagerApi, Reach, authorized, part, stamp
from bot.on_call.source import IncidentNow, OnDuty, Source
from policies.incident import PagerAccount, PagerName
from policies.values import Moment

ADDRESS: Final = "https://api.incident.io"
_WINDOW: Final = timedelta(minutes=1)
"""How long a window is asked about: one of no length might have no entries in it."""
_LIVE: Final = {"triage", "live", "paused"}
"""An incident of any other category is over, or never was one."""


class _User(Answer):
    id: PagerAccount = Field(min_length=1)


class _Entry(Answer):
    """Somebody's time on call, and nobody's where it has no user."""

    start_at: Moment
    end_at: Moment
    user: _User | None = None


class _Entries(Answer):
    final: tuple[_Entry, ...]
    """What holds once overrides are counted in."""


class _ScheduleEntries(Answer):
    schedule_entries: _Entries


class _Status(Answer):
    category: Literal["triage", "live", "paused", "learning", "closed", "declined", "merged", "canceled"]


class _Named(Answer):
    name: str


class _Role(Answer):
    role_type: str


class _RoleAssignment(Answer):
    role: _Role
    assignee: _User | None = None


class _Incident(Answer):
    incident_status: _Status
    incident_role_assignments: tuple[_RoleAssignment, ...]
    severity: _Named | None = None


class _OneIncident(Answer):
    incident: _Incident


class IncidentIo(Source):
    """incident.io, asked with an API key."""

    def __init__(self, name: PagerName, key: SecretStr, reach: Reach | None = None) -> None:
        super().__init__(name)
        self._api = PagerApi(reach or Reach(ADDRESS), authorized("Bearer ", key))

    def _on_call(self, schedule: str, at: datetime) -> Sequence[OnDuty]:
        """All rotations of a schedule are at the first level."""
        asked = {
            "schedule_id": part(schedule),
            "entry_window_start": stamp(at),
            "entry_window_end": stamp(at + _WINDOW),
        }
        answer = self._api.get("/v2/schedule_entries", _ScheduleEntries, asked)
        return [
            OnDuty(entry.user.id, 1, entry.end_at)
            for entry in answer.schedule_entries.final
            if entry.user and entry.start_at <= at < entry.end_at
        ]

    def _incident(self, incident: str) -> IncidentNow:
        found = self._api.get(f"/v2/incidents/{part(incident)}", _OneIncident).incident
        held = [
            (one.role.role_type, one.assignee.id) for one in found.incident_role_assignments if one.assignee
        ]
        lead = next((account for role, account in held if role == "lead"), None)
        return IncidentNow(
            live=found.incident_status.category in _LIVE,
            acknowledged=lead is not None,
            assignees=tuple(dict.fromkeys(account for _, account in held)),
            commander=lead,
            severity=found.severity.name.lower() if found.severity else None,
            service=None,
        )
