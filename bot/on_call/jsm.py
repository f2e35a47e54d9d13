"""Operations of Jira Service Management: who is on call by a schedule, and how an alert stands.

People are Atlassian account ids. Everybody that a schedule's rotations, teams and escalations come down to is
at the first level, and until when is not told. The scopes are `read:ops-config:jira-service-management` and
`read:ops-alert:jira-service-management`; one that is missing is answered like a wrong token. An alert names
its owner by a display name, which is nobody's id and is not read. Shapes:
https://developer.atlassian.com/cloud/jira/service-desk-ops/rest/v2/.
"""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr

from bot.on_call.http import Answer, PagerApi, Reach, authorized, part, stamp
from bot.on_call.source import IncidentNow, OnDuty, Source
from policies.incident import PagerAccount, PagerName

ADDRESS: Final = "https://api.atlassian.com"
_OVER: Final = {"resolved", "closed"}


class _OnCallUsers(Answer):
    on_call_users: tuple[Annotated[PagerAccount, Field(min_length=1)], ...] = Field(alias="onCallUsers")


class _Responder(Answer):
    id: PagerAccount = Field(min_length=1)
    type: str


class _Alert(Answer):
    status: Literal["open", "acked", "resolved", "snoozed", "closed"]
    acknowledged: bool
    responders: tuple[_Responder, ...] = ()
    priority: str | None = None


class JsmOperations(Source):
    """One site's operations, asked with an OAuth token, or as somebody by their email and API token."""

    def __init__(
        self,
        name: PagerName,
        token: SecretStr,
        cloud_id: str,
        reach: Reach | None = None,
        *,
        email: str | None = None,
    ) -> None:
        super().__init__(name)
        self._cloud_id = cloud_id
        self._api = PagerApi(reach or Reach(ADDRESS), _authorization(token, email))

    @property
    def _path(self) -> str:
        return f"/jsm/ops/api/{part(self._cloud_id)}/v1"

    def _on_call(self, schedule: str, at: datetime) -> Sequence[OnDuty]:
        asked = {"flat": "true", "date": stamp(at)}
        answer = self._api.get(f"{self._path}/schedules/{part(schedule)}/on-calls", _OnCallUsers, asked)
        return [OnDuty(account, 1, None) for account in answer.on_call_users]

    def _incident(self, incident: str) -> IncidentNow:
        found = self._api.get(f"{self._path}/alerts/{part(incident)}", _Alert)
        return IncidentNow(
            live=found.status not in _OVER,
            acknowledged=found.acknowledged,
            assignees=tuple(one.id for one in found.responders if one.type == "user"),
            commander=None,
            severity=found.priority.lower() if found.priority else None,
            service=None,
        )


def _authorization(token: SecretStr, email: str | None) -> SecretStr:
    if email is None:
        return authorized("Bearer ", token)
    pair = authorized(f"{email}:", token).get_secret_value()
    return SecretStr(f"Basic {base64.b64encode(pair.encode()).decode()}")
