"""The pagers in miniature: they refuse what they must, agree with what they send, and sign as told."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from sandbox.pagers import organisation, signing
from sandbox.pagers.api import Trouble
from sandbox.pagers.hand import Status
from sandbox.pagers.organisation import Vendor
from sandbox.pagers.standin import PagersStandIn, running
from sandbox.pagers.storm import storm
from sandbox.pagers.webhooks import OFF_FOR

AT = datetime(2026, 11, 25, 9, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    now_at = AT

    def now(self) -> datetime:
        """The time it is."""
        return self.now_at


class Receiver:
    """Takes deliveries and answers what it is told to."""

    def __init__(self) -> None:
        self.answer = 202
        self.got: list[tuple[dict[str, str], bytes]] = []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pagers(clock: Clock) -> Iterator[PagersStandIn]:
    with running(clock.now) as here:
        yield here


@pytest.fixture
def receiver() -> Iterator[tuple[Receiver, str]]:
    told = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(told.answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield told, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def ask(
    pagers: PagersStandIn, vendor: Vendor, path: str, token: str | None = None, **query: str
) -> httpx.Response:
    prefix = "Token token=" if vendor is Vendor.PAGERDUTY else "Bearer "
    headers = {"Authorization": prefix + (token or organisation.TOKENS[vendor])}
    headers["X-Grafana-URL"] = organisation.STACK
    return httpx.get(pagers.address(vendor) + path, headers=headers, params=query or None, trust_env=False)


def fire(pagers: PagersStandIn) -> None:
    pagers.hand.fire("INC-42", "checkout-api", "checkout is down", "sev2", to="ben")


def paths() -> list[tuple[Vendor, str, dict[str, str]]]:
    ids = {vendor: organisation.schedule(vendor, "database") for vendor in Vendor}
    return [
        (Vendor.PAGERDUTY, "/oncalls", {"schedule_ids[]": ids[Vendor.PAGERDUTY]}),
        (Vendor.INCIDENT_IO, "/v2/schedule_entries", {"schedule_id": ids[Vendor.INCIDENT_IO]}),
        (Vendor.GRAFANA, f"/api/v1/schedules/{ids[Vendor.GRAFANA]}/", {}),
        (
            Vendor.JSM,
            f"/jsm/ops/api/{organisation.CLOUD_ID}/v1/schedules/{ids[Vendor.JSM]}/on-calls",
            {"flat": "true"},
        ),
    ]


@pytest.mark.parametrize(("vendor", "path", "query"), paths())
def test_every_pager_tells_who_is_on_call_and_after_a_shift_somebody_else(
    pagers: PagersStandIn, vendor: Vendor, path: str, query: dict[str, str]
) -> None:
    ben, chloe = organisation.user(vendor, "ben"), organisation.user(vendor, "chloe")
    before = ask(pagers, vendor, path, **query)
    pagers.hand.shift("database", "chloe")
    after = ask(pagers, vendor, path, **query)
    assert (ben in before.text, chloe in before.text) == (True, False)
    assert (ben in after.text, chloe in after.text) == (False, True)


@pytest.mark.parametrize(("vendor", "path", "query"), paths())
def test_every_pager_refuses_a_wrong_token_and_has_troubles(
    pagers: PagersStandIn, vendor: Vendor, path: str, query: dict[str, str]
) -> None:
    assert ask(pagers, vendor, path, "wrong", **query).status_code == 401
    statuses = {}
    for trouble in (Trouble.AWAY, Trouble.WRONG_TOKEN, Trouble.THROTTLING, Trouble.SLOW):
        pagers.trouble(vendor, trouble, 0.01 if trouble is Trouble.SLOW else 7)
        statuses[trouble] = ask(pagers, vendor, path, **query).status_code
    assert list(statuses.values()) == [503, 401, 429, 200]
    pagers.trouble(vendor, Trouble.HALF)
    with pytest.raises(json.JSONDecodeError):
        ask(pagers, vendor, path, **query).json()
    pagers.mend()
    assert ask(pagers, vendor, path, **query).status_code == 200


def test_pagerduty_pages_and_filters_its_on_calls(pagers: PagersStandIn) -> None:
    pagers.hand.put_on_call("database", 2, "emi", None)
    first = ask(pagers, Vendor.PAGERDUTY, "/oncalls", limit="3").json()
    rest = ask(pagers, Vendor.PAGERDUTY, "/oncalls", limit="3", offset="3").json()
    policy = {"escalation_policy_ids[]": organisation.policy("database")}
    mine = ask(pagers, Vendor.PAGERDUTY, "/oncalls", **policy).json()["oncalls"]
    assert (len(first["oncalls"]), first["more"], len(rest["oncalls"]), rest["more"]) == (3, True, 1, False)
    assert [(row["escalation_level"], row["end"] is None) for row in mine] == [(1, False), (2, True)]


@pytest.mark.parametrize("query", [{"limit": "101"}, {"limit": "x"}, {"since": "yesterday"}])
def test_pagerduty_refuses_a_question_it_does_not_understand(
    pagers: PagersStandIn, query: dict[str, str]
) -> None:
    assert ask(pagers, Vendor.PAGERDUTY, "/oncalls", **query).status_code == 400


def test_pagerduty_tells_emails_only_where_users_are_included(pagers: PagersStandIn) -> None:
    bare = ask(pagers, Vendor.PAGERDUTY, "/oncalls")
    whole = ask(pagers, Vendor.PAGERDUTY, "/oncalls", **{"include[]": "users"})
    ben = organisation.user(Vendor.PAGERDUTY, "ben")
    assert "ben@meridian.example" not in bare.text
    assert whole.json()["oncalls"][0]["user"]["email"] == "ben@meridian.example"
    assert ask(pagers, Vendor.PAGERDUTY, f"/users/{ben}").json()["user"]["email"] == "ben@meridian.example"


def test_incident_io_refuses_a_window_that_is_none(pagers: PagersStandIn) -> None:
    _, path, query = paths()[1]
    assert ask(pagers, Vendor.INCIDENT_IO, path, **query, entry_window_start="now").status_code == 422
    assert ask(pagers, Vendor.INCIDENT_IO, path).status_code == 422


def test_pagerduty_allows_960_questions_a_minute(pagers: PagersStandIn, clock: Clock) -> None:
    for _ in range(960):
        pagers.api._count(Vendor.PAGERDUTY)
    refused = ask(pagers, Vendor.PAGERDUTY, "/oncalls")
    clock.now_at += timedelta(minutes=1)
    assert (refused.status_code, refused.headers["ratelimit-reset"]) == (429, "60")
    assert ask(pagers, Vendor.PAGERDUTY, "/oncalls").headers["ratelimit-remaining"] == "959"


def test_grafana_refuses_another_stack_and_jsm_another_site(pagers: PagersStandIn) -> None:
    token = {"Authorization": f"Bearer {organisation.TOKENS[Vendor.GRAFANA]}"}
    path = f"/api/v1/users/{organisation.user(Vendor.GRAFANA, 'ben')}/"
    bare = httpx.get(pagers.address(Vendor.GRAFANA) + path, headers=token, trust_env=False)
    schedule = organisation.schedule(Vendor.JSM, "database")
    elsewhere = ask(pagers, Vendor.JSM, f"/jsm/ops/api/other/v1/schedules/{schedule}/on-calls", flat="true")
    nested = ask(pagers, Vendor.JSM, paths()[3][1])
    assert (bare.status_code, elsewhere.status_code, nested.status_code) == (403, 404, 400)
    assert ask(pagers, Vendor.GRAFANA, path).json()["username"] == "ben"


@pytest.mark.parametrize(
    ("vendor", "path"),
    [
        (Vendor.PAGERDUTY, "/incidents/PNONE"),
        (Vendor.PAGERDUTY, "/users/PNONE"),
        (Vendor.INCIDENT_IO, "/v2/incidents/01NONE"),
        (Vendor.INCIDENT_IO, "/v2/schedule_entries?schedule_id=01NONE"),
        (Vendor.GRAFANA, "/api/v1/schedules/SNONE/"),
    ],
)
def test_what_is_not_there_is_not_found(pagers: PagersStandIn, vendor: Vendor, path: str) -> None:
    assert ask(pagers, vendor, path).status_code == 404


def test_what_is_fetched_back_agrees_with_what_was_delivered(
    pagers: PagersStandIn, receiver: tuple[Receiver, str]
) -> None:
    told, address = receiver
    pagers.webhooks.subscribe(Vendor.PAGERDUTY, address)
    fire(pagers)
    deeds: list[Callable[[], object]] = [
        lambda: None,
        lambda: pagers.hand.acknowledge("INC-42", "ben"),
        lambda: pagers.hand.reassign("INC-42", "chloe"),
        lambda: pagers.hand.resolve("INC-42"),
        lambda: pagers.hand.reopen("INC-42"),
    ]
    incident = organisation.incident(Vendor.PAGERDUTY, "INC-42")
    for deed in deeds:
        deed()
        assert pagers.webhooks.send() == 1
        data = json.loads(told.got[-1][1])["event"]["data"]
        found = ask(pagers, Vendor.PAGERDUTY, f"/incidents/{incident}").json()["incident"]
        assigned = [one["assignee"]["id"] for one in found["assignments"]]
        assert (data["status"], [one["id"] for one in data["assignees"]]) == (found["status"], assigned)


def test_incident_io_tells_the_lead_and_the_status(
    pagers: PagersStandIn, receiver: tuple[Receiver, str]
) -> None:
    told, address = receiver
    pagers.webhooks.subscribe(Vendor.INCIDENT_IO, address)
    fire(pagers)
    pagers.hand.command("INC-42", "dev")
    pagers.hand.resolve("INC-42")
    pagers.webhooks.send()
    bodies: list[dict[str, Any]] = [json.loads(body) for _, body in told.got]
    incident = organisation.incident(Vendor.INCIDENT_IO, "INC-42")
    found = ask(pagers, Vendor.INCIDENT_IO, f"/v2/incidents/{incident}").json()["incident"]
    last = bodies[-1][bodies[-1]["event_type"]]
    assert found == last["incident"]
    assert found["incident_role_assignments"][0]["role"]["role_type"] == "lead"
    assert (last["previous_status"]["category"], last["new_status"]["category"]) == ("live", "closed")


def test_pagerduty_tells_who_commands_and_that_nobody_does_any_more(
    pagers: PagersStandIn, receiver: tuple[Receiver, str]
) -> None:
    told, address = receiver
    fire(pagers)
    pagers.webhooks.subscribe(Vendor.PAGERDUTY, address)
    pagers.hand.command("INC-42", "dev")
    pagers.hand.command("INC-42", None)
    pagers.webhooks.send()
    events = [json.loads(body)["event"] for _, body in told.got]
    held = [event["data"]["incident_role_assignments"][0]["assignee"] for event in events]
    assert [event["event_type"] for event in events] == ["incident.role.assigned"] * 2
    assert (held[0]["id"], held[1]) == (organisation.user(Vendor.PAGERDUTY, "dev"), None)


def test_jsm_tells_how_an_alert_stands(pagers: PagersStandIn) -> None:
    fire(pagers)
    alert = organisation.incident(Vendor.JSM, "INC-42")
    path = f"/jsm/ops/api/{organisation.CLOUD_ID}/v1/alerts/{alert}"
    before = ask(pagers, Vendor.JSM, path).json()
    pagers.hand.acknowledge("INC-42", "ben")
    after = ask(pagers, Vendor.JSM, path).json()
    assert (before["status"], before["priority"], after["status"]) == ("open", "P2", "acked")
    assert after["responders"] == [{"id": organisation.user(Vendor.JSM, "ben"), "type": "user"}]
    assert ask(pagers, Vendor.JSM, path.replace(organisation.CLOUD_ID, "other")).status_code == 404


def test_signatures_verify_by_an_independent_computation() -> None:
    body, secret = b'{"a": 1}', organisation.SECRETS[Vendor.INCIDENT_IO]
    old, new = (hmac.new(key, body, hashlib.sha256).hexdigest() for key in (b"old", b"new"))
    assert signing.pagerduty(body, ("old", "new")) == {"X-PagerDuty-Signature": f"v1={old},v1={new}"}
    signed = signing.incident_io(body, (secret,), "msg_1", AT)
    seconds = int(AT.timestamp())
    message = f"msg_1.{seconds}.".encode() + body
    mac = hmac.new(base64.b64decode(secret[6:]), message, hashlib.sha256).digest()
    assert signed["webhook-signature"] == "v1," + base64.b64encode(mac).decode()
    timed = hmac.new(b"key", f"{seconds}:".encode() + body, hashlib.sha256).hexdigest()
    assert signing.grafana(body, "key", AT)["X-Grafana-Alerting-Signature"] == timed
    assert signing.token("key") == {"Authorization": "Bearer key"}


@pytest.mark.parametrize("answer", [500, 429])
def test_pagerduty_repeats_in_order_under_the_same_id(
    pagers: PagersStandIn, clock: Clock, receiver: tuple[Receiver, str], answer: int
) -> None:
    told, address = receiver
    told.answer = answer
    pagers.webhooks.subscribe(Vendor.PAGERDUTY, address)
    fire(pagers)
    pagers.hand.acknowledge("INC-42", "ben")
    assert pagers.webhooks.send() == 1
    assert pagers.webhooks.send() == 0
    told.answer = 202
    clock.now_at += timedelta(seconds=10)
    assert pagers.webhooks.send() == 2
    ids = [headers["x-webhook-id"] for headers, _ in told.got]
    assert ids[0] == ids[1] != ids[2]


def test_pagerduty_gives_up_after_two_days(pagers: PagersStandIn, clock: Clock) -> None:
    pagers.webhooks.subscribe(Vendor.PAGERDUTY, "http://127.0.0.1:1/")
    fire(pagers)
    pagers.webhooks.send()
    clock.now_at += timedelta(hours=48)
    pagers.webhooks.send()
    assert (pagers.webhooks.pending, pagers.webhooks.over[0].answers) == ([], [None, None])


def test_three_drops_in_a_row_switch_a_subscription_of_pagerduty_off_for_a_day(
    pagers: PagersStandIn, clock: Clock, receiver: tuple[Receiver, str]
) -> None:
    told, address = receiver
    told.answer = 401
    subscription = pagers.webhooks.subscribe(Vendor.PAGERDUTY, address)
    fire(pagers)
    pagers.hand.acknowledge("INC-42", "ben")
    pagers.hand.reassign("INC-42", "chloe")
    pagers.hand.resolve("INC-42")
    assert pagers.webhooks.send() == 3
    assert subscription.off_until == AT + OFF_FOR
    pagers.hand.reopen("INC-42")
    assert (pagers.webhooks.send(), ping(pagers)) == (0, 404)
    clock.now_at += OFF_FOR
    assert (ping(pagers), pagers.webhooks.send()) == (202, 2)
    assert json.loads(told.got[-1][1])["event"]["event_type"] == "pagey.ping"


def ping(pagers: PagersStandIn) -> int:
    address = f"{pagers.address(Vendor.PAGERDUTY)}/webhook_subscriptions/{organisation.SUBSCRIPTION}/ping"
    token = {"Authorization": f"Token token={organisation.TOKENS[Vendor.PAGERDUTY]}"}
    return httpx.post(address, headers=token, trust_env=False).status_code


def test_incident_io_repeats_whatever_is_not_taken(
    pagers: PagersStandIn, receiver: tuple[Receiver, str]
) -> None:
    told, address = receiver
    told.answer = 401
    pagers.webhooks.subscribe(Vendor.INCIDENT_IO, address)
    fire(pagers)
    pagers.webhooks.send()
    assert len(pagers.webhooks.pending) == 1


def test_what_cannot_be_done_is_refused(pagers: PagersStandIn) -> None:
    fire(pagers)
    with pytest.raises(ValueError, match="cannot begin"):
        fire(pagers)
    with pytest.raises(ValueError, match="is not resolved"):
        pagers.hand.reopen("INC-42")
    pagers.hand.resolve("INC-42")
    with pytest.raises(ValueError, match="is resolved"):
        pagers.hand.acknowledge("INC-42", "ben")
    with pytest.raises(ValueError, match="cannot be on call"):
        pagers.hand.shift("nowhere", "ben")
    with pytest.raises(ValueError, match="sends nothing"):
        pagers.webhooks.subscribe(Vendor.JSM, "http://127.0.0.1:1/")


def test_a_storm_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert storm(2_000, 7, AT) == storm(2_000, 7, AT)
    assert storm(2_000, 7, AT) != storm(2_000, 8, AT)


def test_a_storm_has_every_kind_of_delivery_and_an_end_for_every_incident() -> None:
    whole = storm(2_000, 7, AT)
    kinds = Counter((one.kind, one.answer) for one in whole.sendings)
    assert len(whole.sendings) == 2_000
    assert set(kinds) == {
        ("valid", 202),
        ("duplicated", 202),
        ("replayed", 202),
        ("forged", 401),
        ("malformed", 400),
    }
    latest: dict[str, tuple[str, str]] = {}
    for one in whole.sendings:
        if one.kind == "valid":
            event = json.loads(one.body)["event"]
            told = (event["occurred_at"], event["data"]["status"])
            latest[event["data"]["id"]] = max(told, latest.get(event["data"]["id"], ("", "")))
    assert {incident: Status(status) for incident, (_, status) in latest.items()} == whole.incidents
