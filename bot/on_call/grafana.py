"""Grafana IRM (and OnCall before it): who is on call by a schedule, now.

The API tells who is on call at this moment, not until when, and knows no incidents. Its token is a service
account's, with `grafana-irm-app.schedules:read`; the stack it is for is named in a header of its own. 300
questions in five minutes are allowed. Shapes:
https://grafana.com/docs/grafana-cloud/alerting-and-irm/irm/reference/oncall-api/schedules.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field, SecretStr

from bot.on_call.http import Answer, PagerApi, Reach, authorized, https_address, part
from bot.on_call.source import OnDuty, Source
from policies.incident import PagerAccount, PagerName


class _Schedule(Answer):
    on_call_now: tuple[Annotated[PagerAccount, Field(min_length=1)], ...]


class GrafanaIrm(Source):
    """Grafana IRM, asked with the token of a service account of one stack (`https://meridian.grafana.net`)."""

    def __init__(self, name: PagerName, token: SecretStr, stack: str, reach: Reach) -> None:
        super().__init__(name)
        self._api = PagerApi(reach, authorized("Bearer ", token), {"X-Grafana-URL": https_address(stack)})

    def _on_call(self, schedule: str, at: datetime) -> Sequence[OnDuty]:  # noqa: ARG002 (it only knows now)
        answer = self._api.get(f"/api/v1/schedules/{part(schedule)}/", _Schedule)
        return [OnDuty(account, 1, None) for account in answer.on_call_now]
