"""A pager for tests: real HTTP on loopback, the shapes of one vendor, and a state that tests move."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from tests.builders import NOW

TOKEN = "live-token"
SHIFT = timedelta(hours=4)
Json = dict[str, Any]


class Shift(NamedTuple):
    """Somebody's time on call."""

    account: str
    level: int = 1
    starts_at: datetime = NOW - SHIFT
    ends_at: datetime = NOW + SHIFT

    def covers(self, at: datetime) -> bool:
        """Whether the moment lies in it."""
        return self.starts_at <= at < self.ends_at


class Asked(NamedTuple):
    """A question as it came in; names of headers are lower case."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Reply(NamedTuple):
    """What is sent back; `promised` is the length it is said to have."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})
    promised: int | None = None
    trickles: bool = False
    """Whether more of it comes, in little pieces, for as long as somebody listens."""


def says(body: object, status: int = 200) -> Reply:
    """An answer in JSON."""
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


DROPPED = Reply(status=0)
"""The connection breaks instead."""


class StandIn:
    """One vendor: who is on call by which schedule, and what goes wrong with the next answers."""

    def __init__(self, speak: "Speak") -> None:
        self._speak = speak
        self.address = ""
        self.open = threading.Event()
        self.renew()

    def renew(self) -> None:
        """Nobody is on call, and nothing goes wrong."""
        self.shifts: dict[str, list[Shift]] = {}
        self.incidents: dict[str, object] = {}
        self.asked: list[Asked] = []
        self.faults: list[Reply] = []
        """One for each of the next answers."""
        self.always: Reply | None = None
        self.page = 100
        self.open.set()

    def answer(self, asked: Asked) -> Reply:
        """What comes back; while it is not open nothing does."""
        self.asked.append(asked)
        self.open.wait(20)
        if self.faults:
            return self.faults.pop(0)
        return self.always or self._speak(self, asked)


Speak = Callable[[StandIn, Asked], Reply]


@contextmanager
def standing(speak: Speak) -> Iterator[StandIn]:
    """A vendor that is up."""
    stand_in = StandIn(speak)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stand_in))
    stand_in.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        stand_in.open.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = stand_in.answer(Asked(parts.path, dict(parse_qsl(parts.query)), headers, body))
            with suppress(OSError):
                _send(self, reply)

        do_GET = do_POST = _reply  # noqa: N815 (http.server's own names)

        def log_message(self, *_: object) -> None:
            """Nothing: tests read what was asked."""

    return Handler


def _send(to: BaseHTTPRequestHandler, reply: Reply) -> None:
    if not reply.status:
        return
    to.send_response(reply.status)
    for name, value in reply.headers.items():
        to.send_header(name, value)
    if not reply.trickles:
        to.send_header("Content-Length", str(len(reply.body) if reply.promised is None else reply.promised))
    to.end_headers()
    to.wfile.write(reply.body)
    while reply.trickles:
        to.wfile.write(b" ")
        threading.Event().wait(0.005)


def _bearer(asked: Asked) -> bool:
    return asked.headers.get("authorization") == f"Bearer {TOKEN}"


def _stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _of(stand_in: StandIn, schedule: str, at: datetime = NOW) -> list[Shift]:
    return [shift for shift in stand_in.shifts[schedule] if shift.covers(at)]


def pagerduty(stand_in: StandIn, asked: Asked) -> Reply:
    """Shapes: reference/REST/openapiv3.json of https://github.com/PagerDuty/api-schema."""
    if asked.headers.get("authorization") != f"Token token={TOKEN}":
        return says({"error": {"message": "Unauthorized", "code": 2006}}, 401)
    if asked.path.startswith("/incidents/"):
        found = stand_in.incidents.get(asked.path.rpartition("/")[2])
        return says({"incident": found}) if found else says({"error": {"code": 2100}}, 404)
    by = "schedule_ids[]" if "schedule_ids[]" in asked.query else "escalation_policy_ids[]"
    rows = [_pagerduty_row(shift, asked.query[by], by) for shift in stand_in.shifts.get(asked.query[by], [])]
    start, limit = int(asked.query["offset"]), min(int(asked.query["limit"]), stand_in.page)
    page = {"limit": limit, "offset": start, "total": None}
    return says({"oncalls": rows[start : start + limit], "more": start + limit < len(rows), **page})


def _pagerduty_row(shift: Shift, key: str, by: str) -> Json:
    def reference(key: str, kind: str) -> Json:
        return {"id": key, "type": f"{kind}_reference", "summary": key, "self": None, "html_url": None}

    schedule, policy = (key, "POLICY") if by == "schedule_ids[]" else ("SCHEDULE", key)
    return {
        "user": reference(shift.account, "user"),
        "schedule": reference(schedule, "schedule"),
        "escalation_policy": reference(policy, "escalation_policy"),
        "escalation_level": shift.level,
        "start": _stamp(shift.starts_at),
        "end": _stamp(shift.ends_at),
    }


def incident_io(stand_in: StandIn, asked: Asked) -> Reply:
    """Shapes: https://docs.incident.io/api-reference."""
    if not _bearer(asked):
        return says({"type": "authentication_error", "status": 401}, 401)
    if asked.path.startswith("/v2/incidents/"):
        found = stand_in.incidents.get(asked.path.rpartition("/")[2])
        return says({"incident": found}) if found else says({"type": "not_found"}, 404)
    schedule = asked.query["schedule_id"]
    if schedule not in stand_in.shifts:
        return says({"type": "not_found", "status": 404}, 404)
    entries = [
        {
            "user": {"id": shift.account, "name": shift.account, "role": "responder"},
            "start_at": _stamp(shift.starts_at),
            "end_at": _stamp(shift.ends_at),
        }
        for shift in stand_in.shifts[schedule]
    ]
    return says({"schedule_entries": {"final": entries, "overrides": [], "scheduled": []}})


def grafana(stand_in: StandIn, asked: Asked) -> Reply:
    """Shapes: the schedules of https://grafana.com/docs/grafana-cloud/alerting-and-irm/irm."""
    if not _bearer(asked) or asked.headers.get("x-grafana-url") != "https://meridian.grafana.net":
        return says({"detail": "Invalid token."}, 403)
    schedule = asked.path.removeprefix("/api/v1/schedules/").removesuffix("/")
    if schedule not in stand_in.shifts:
        return says({"detail": "Not found."}, 404)
    on_call = [shift.account for shift in _of(stand_in, schedule)]
    return says({"id": schedule, "name": "Primary", "type": "web", "on_call_now": on_call})


def jsm(stand_in: StandIn, asked: Asked) -> Reply:
    """Shapes: https://developer.atlassian.com/cloud/jira/service-desk-ops/rest/v2/."""
    if not _bearer(asked):
        return says({"code": 401, "message": "Unauthorized; scope does not match"}, 401)
    match asked.path.removeprefix("/jsm/ops/api/meridian-cloud/v1/").split("/"):
        case ["alerts", key] if key in stand_in.incidents:
            return says(stand_in.incidents[key])
        case ["schedules", key, "on-calls"] if key in stand_in.shifts:
            return says({"onCallUsers": [shift.account for shift in _of(stand_in, key)]})
        case _:
            return says({"code": "404", "message": "not found"}, 404)


def slack(stand_in: StandIn, asked: Asked) -> Reply:
    """Shapes: https://docs.slack.dev/reference/methods/usergroups.users.list."""
    if not _bearer(asked):
        return says({"ok": False, "error": "invalid_auth"})
    group = json.loads(asked.body)["usergroup"]
    if group not in stand_in.shifts:
        return says({"ok": False, "error": "no_such_subteam"})
    return says({"ok": True, "users": [shift.account for shift in _of(stand_in, group)]})
