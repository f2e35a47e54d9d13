"""The pagers' APIs: what is asked with a token, answered from what happened.

Limits: 960 a minute (https://developer.pagerduty.com/docs/rest-api-rate-limits), 1200 a minute (incident.io),
300 in five minutes (Grafana); JSM's are not known and there are none here.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.pagers import organisation, payloads
from sandbox.pagers.hand import Hand, Shift
from sandbox.pagers.organisation import Vendor
from sandbox.pagers.webhooks import Webhooks

_LIMITS: Final = {
    Vendor.PAGERDUTY: (960, timedelta(minutes=1)),
    Vendor.INCIDENT_IO: (1200, timedelta(minutes=1)),
    Vendor.GRAFANA: (300, timedelta(minutes=5)),
}
_PAGE_MOST: Final = 100


class Trouble(StrEnum):
    """What can be wrong with a pager."""

    AWAY = "away"
    SLOW = "slow"
    THROTTLING = "throttling"
    WRONG_TOKEN = "wrong token"
    HALF = "half an answer"


class Refused(Exception):
    """An answer that is not 200."""

    def __init__(self, status: int, code: int = 0, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.code, self.headers = status, code, headers or {}


class Window(NamedTuple):
    """Questions counted since it began."""

    began_at: datetime
    asked: int = 0


Answers = Callable[[Request], dict[str, Any]]


class Api:
    """All four, over one hand."""

    def __init__(self, hand: Hand, webhooks: Webhooks) -> None:
        self._hand, self._webhooks = hand, webhooks
        self.troubles: dict[Vendor, tuple[Trouble, float]] = {}
        """What is wrong with each, and for how many seconds it is slow or says to wait."""
        self._windows: dict[Vendor, Window] = {}

    def application(self) -> Starlette:
        """The four as one web application."""
        routes = [
            self._route(Vendor.PAGERDUTY, "/oncalls", self._oncalls),
            self._route(Vendor.PAGERDUTY, "/incidents/{id}", self._pagerduty_incident),
            self._route(Vendor.PAGERDUTY, "/users/{id}", self._pagerduty_user),
            self._route(Vendor.PAGERDUTY, "/webhook_subscriptions/{id}/ping", self._ping, "POST", 202),
            self._route(Vendor.INCIDENT_IO, "/v2/schedule_entries", self._entries),
            self._route(Vendor.INCIDENT_IO, "/v2/incidents/{id}", self._incident_io_incident),
            self._route(Vendor.GRAFANA, "/api/v1/schedules/{id}/", self._grafana_schedule),
            self._route(Vendor.GRAFANA, "/api/v1/users/{id}/", self._grafana_user),
            self._route(Vendor.JSM, "/jsm/ops/api/{cloud}/v1/schedules/{id}/on-calls", self._jsm_on_calls),
            self._route(Vendor.JSM, "/jsm/ops/api/{cloud}/v1/alerts/{id}", self._jsm_alert),
        ]
        return Starlette(routes=routes)

    def _route(
        self, vendor: Vendor, path: str, answers: Answers, method: str = "GET", status: int = 200
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            trouble, seconds = self.troubles.get(vendor, (None, 0.0))
            if trouble is Trouble.SLOW:
                await asyncio.sleep(seconds)
            try:
                headers = self._admit(vendor, request, trouble, seconds)
                body = json.dumps(answers(request))
            except Refused as refused:
                return _refusal(vendor, refused)
            half = body[: len(body) // 2] if trouble is Trouble.HALF else body
            return Response(half, status, headers, "application/json")

        return Route(f"/{vendor}{path}", endpoint, methods=[method])

    def _admit(
        self, vendor: Vendor, request: Request, trouble: Trouble | None, seconds: float
    ) -> dict[str, str]:
        if trouble is Trouble.AWAY:
            raise Refused(503)
        prefix = "Token token=" if vendor is Vendor.PAGERDUTY else "Bearer "
        right = request.headers.get("authorization") == prefix + organisation.TOKENS[vendor]
        if not right or trouble is Trouble.WRONG_TOKEN:
            raise Refused(401, 2006)
        if vendor is Vendor.GRAFANA and request.headers.get("x-grafana-url") != organisation.STACK:
            raise Refused(403)
        if trouble is Trouble.THROTTLING:
            raise Refused(429, 2020, _wait(vendor, seconds))
        return self._count(vendor)

    def _count(self, vendor: Vendor) -> dict[str, str]:
        if vendor not in _LIMITS:
            return {}
        most, lasts = _LIMITS[vendor]
        now = self._hand.now()
        window = self._windows.get(vendor, Window(now))
        window = window if now < window.began_at + lasts else Window(now)
        left = (window.began_at + lasts - now).total_seconds()
        if window.asked >= most:
            raise Refused(429, 2020, _wait(vendor, left))
        self._windows[vendor] = window._replace(asked=window.asked + 1)
        if vendor is not Vendor.PAGERDUTY:
            return {}
        remaining = str(most - window.asked - 1)
        return {"ratelimit-limit": str(most), "ratelimit-remaining": remaining, **_wait(vendor, left)}

    def _oncalls(self, request: Request) -> dict[str, Any]:
        query = request.query_params
        limit, offset = _number(query.get("limit", "25")), _number(query.get("offset", "0"))
        if not 1 <= limit <= _PAGE_MOST:
            raise Refused(400, 2001)
        now = self._hand.now()
        since, until = _moment(query.get("since"), now), _moment(query.get("until"), now)
        rows = [
            self._oncall(shift)
            for name in organisation.SCHEDULES
            for shift in self._hand.on_call(name, since, until)
        ]
        for key, part in _FILTERS.items():
            wanted = query.getlist(key)
            rows = [row for row in rows if not wanted or row[part]["id"] in wanted]
        page = rows[offset : offset + limit]
        if "users" in query.getlist("include[]"):
            page = [{**row, "user": _whole_user(row["user"]["summary"])} for row in page]
        more = offset + limit < len(rows)
        return {"oncalls": page, "limit": limit, "offset": offset, "more": more, "total": None}

    def _oncall(self, shift: Shift) -> dict[str, Any]:
        name, schedule = shift.schedule, organisation.schedule(Vendor.PAGERDUTY, shift.schedule)
        return {
            "user": payloads.pagerduty_user(shift.user),
            "schedule": payloads.reference("schedule", schedule, name),
            "escalation_policy": payloads.reference("escalation_policy", organisation.policy(name), name),
            "escalation_level": shift.level,
            "start": payloads.stamp(shift.starts_at),
            "end": payloads.stamp(shift.ends_at) if shift.ends_at else None,
        }

    def _pagerduty_incident(self, request: Request) -> dict[str, Any]:
        name = _named(request, Vendor.PAGERDUTY, organisation.incident, self._hand.incidents)
        return {"incident": payloads.pagerduty_incident(self._hand.incidents[name])}

    def _pagerduty_user(self, request: Request) -> dict[str, Any]:
        name = _named(request, Vendor.PAGERDUTY, organisation.user, organisation.PEOPLE)
        return {"user": _whole_user(name)}

    def _ping(self, request: Request) -> dict[str, Any]:
        if request.path_params["id"] != organisation.SUBSCRIPTION or not self._webhooks.ping():
            raise Refused(404, 2100)
        return {}

    def _entries(self, request: Request) -> dict[str, Any]:
        query, vendor = request.query_params, Vendor.INCIDENT_IO
        ids = {organisation.schedule(vendor, name): name for name in organisation.SCHEDULES}
        if query.get("schedule_id") not in ids:
            raise Refused(404 if "schedule_id" in query else 422)
        now, name = self._hand.now(), ids[query["schedule_id"]]
        since = _moment(query.get("entry_window_start"), now, 422)
        until = _moment(query.get("entry_window_end"), now, 422)
        final = [_entry(shift, until) for shift in self._hand.on_call(name, since, until)]
        return {"schedule_entries": {"final": final, "scheduled": final, "overrides": []}}

    def _incident_io_incident(self, request: Request) -> dict[str, Any]:
        name = _named(request, Vendor.INCIDENT_IO, organisation.incident, self._hand.incidents)
        return {"incident": payloads.incident_io_incident(self._hand.incidents[name])}

    def _grafana_schedule(self, request: Request) -> dict[str, Any]:
        name = _named(request, Vendor.GRAFANA, organisation.schedule, organisation.SCHEDULES)
        users = self._now_on_call(Vendor.GRAFANA, name, self._hand.now())
        return {"id": request.path_params["id"], "name": name, "type": "web", "on_call_now": users}

    def _grafana_user(self, request: Request) -> dict[str, Any]:
        name = _named(request, Vendor.GRAFANA, organisation.user, organisation.PEOPLE)
        return {"id": request.path_params["id"], "username": name, "email": f"{name}@meridian.example"}

    def _jsm_on_calls(self, request: Request) -> dict[str, Any]:
        name = _named(request, Vendor.JSM, organisation.schedule, organisation.SCHEDULES)
        if request.path_params["cloud"] != organisation.CLOUD_ID:
            raise Refused(404)
        if request.query_params.get("flat") != "true":
            raise Refused(400)  # nested answers are not imitated
        at = _moment(request.query_params.get("date"), self._hand.now())
        return {"onCallUsers": self._now_on_call(Vendor.JSM, name, at)}

    def _jsm_alert(self, request: Request) -> dict[str, Any]:
        name = _named(request, Vendor.JSM, organisation.incident, self._hand.incidents)
        if request.path_params["cloud"] != organisation.CLOUD_ID:
            raise Refused(404)
        return payloads.jsm_alert(self._hand.incidents[name])

    def _now_on_call(self, vendor: Vendor, schedule: str, at: datetime) -> list[str]:
        return [organisation.user(vendor, one.user) for one in self._hand.on_call(schedule, at, at)]


_FILTERS: Final = {
    "schedule_ids[]": "schedule",
    "escalation_policy_ids[]": "escalation_policy",
    "user_ids[]": "user",
}


def _whole_user(name: str) -> dict[str, Any]:
    """PagerDuty's user, with the email that a reference has not."""
    told = {"type": "user", "name": name, "email": f"{name}@meridian.example"}
    return {**payloads.pagerduty_user(name), **told}


def _entry(shift: Shift, until: datetime) -> dict[str, Any]:
    ends_at = shift.ends_at or until
    start, end = payloads.stamp(shift.starts_at), payloads.stamp(ends_at)
    return {"start_at": start, "end_at": end, "user": payloads.incident_io_user(shift.user)}


def _named(
    request: Request,
    vendor: Vendor,
    identify: Callable[[Vendor, str], str],
    names: Any,  # noqa: ANN401
) -> str:
    """Which of these names the id in the path is of; else nothing is found."""
    ids = {identify(vendor, name): str(name) for name in list(names)}
    if (found := ids.get(request.path_params["id"])) is None:
        raise Refused(404, 2100)
    return found


def _moment(text: str | None, default: datetime, status: int = 400) -> datetime:
    try:
        moment = datetime.fromisoformat(text) if text else default
    except ValueError:
        raise Refused(status, 2001) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=default.tzinfo)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise Refused(400, 2001)
    return int(text)


def _wait(vendor: Vendor, seconds: float) -> dict[str, str]:
    name = "ratelimit-reset" if vendor is Vendor.PAGERDUTY else "retry-after"
    return {name: str(max(1, round(seconds)))}


def _refusal(vendor: Vendor, refused: Refused) -> Response:
    body: dict[str, Any] = {"message": "refused", "status": refused.status}
    if vendor is Vendor.PAGERDUTY:
        body = {"error": {"code": refused.code, "message": "refused", "errors": []}}
    return Response(json.dumps(body), refused.status, refused.headers, "application/json")
