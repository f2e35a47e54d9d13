"""A pager speaks to the web process: verified, taken in and acted on once; access follows the incident."""

import json
from datetime import datetime, timedelta

import falcon
import pytest
from falcon import testing
from pydantic import SecretStr
from sqlalchemy import func, select
from structlog.testing import capture_logs

from bot.hearing import Hearing
from bot.web.app import Limits, make_app
from bot.web.arriving import is_whole
from bot.web.bodies import BODY_MOST, PAGER_BODY_MOST
from policies.grant import GrantState
from policies.incident import Incident, IncidentState, PagerAccount, PagerEvent, PagerName, PagerVerb
from policies.pagers import Pagers, PagerSetup, Schedule
from policies.people import People
from sandbox.pagers import organisation
from sandbox.pagers.hand import Status
from sandbox.pagers.storm import storm
from tests.bot.pagers import payloads
from tests.bot.pagers.signing import LIVE, OLD, RETIRED, pagerduty
from tests.bot.slack_bench import Bench, meridian, with_
from tests.bot.test_commands import reply
from tests.builders import NOW
from workers.clock import close_in_time
from workers.ledger import deliveries, incidents, on_call, schema

PAGERDUTY = PagerName("pagerduty")
RESOLVED = Status.RESOLVED
EMERGENCY = "emergency prod-operator {name} only this role restarts workers"


class Paging:
    """PagerDuty before our web process."""

    def __init__(self, bench: Bench) -> None:
        known = meridian()
        people = tuple(
            one.model_copy(update={"pagers": {PAGERDUTY: PagerAccount("PTUXL6G")}})
            if one.id == "ivy"
            else one
            for one in known.people.people
        )
        pagers = Pagers(pagers=(PagerSetup(name=PAGERDUTY, kind="pagerduty"),))
        everybody = People(people=people, groups=known.people.groups)
        bench.in_force = with_(known, people=everybody, pagers=pagers)
        self.bench = bench
        secrets = {PAGERDUTY: (SecretStr(LIVE), SecretStr(OLD))}
        self.client = testing.TestClient(make_app(bench, Limits(anybody=(0.001, 3)), secrets=secrets))
        self.hearing = Hearing(bench.ledger, bench.policy)
        self.number = 0

    def says(self, word: str, at: datetime | None = None, secret: str = LIVE, **changes: object) -> int:
        """Send one event; the status of the answer."""
        self.number += 1
        when = (at or self.bench.clock()).isoformat()
        data = payloads.pagerduty_incident(**changes)
        event = payloads.pagerduty_event(
            f"incident.{word}", data, id=f"event-{self.number}", occurred_at=when
        )
        return self.sends(json.dumps(event).encode(), secret)

    def sends(self, body: bytes, secret: str = LIVE, name: str = "pagerduty") -> int:
        """Send these bytes; the status of the answer."""
        headers = {**pagerduty(body, secret, self.bench.clock()), "content-type": "application/json"}
        answer = self.client.simulate_post(f"/pagers/{name}", body=body, headers=headers)
        return int(answer.status_code)

    def incident(self) -> Incident:
        """The incident that there is by now."""
        self.hearing.hear()
        with self.bench.ledger.reading() as reader:
            found = incidents.in_states(reader, IncidentState)
        assert len(found) == 1
        return found[0]


@pytest.fixture
def paging(bench: Bench) -> Paging:
    return Paging(bench)


def test_what_is_signed_is_taken_in_and_acted_on(paging: Paging):
    assert paging.says("triggered") == 202
    incident = paging.incident()
    assert (incident.state, incident.pager, incident.key) == (IncidentState.LIVE, PAGERDUTY, "PGR0VU2")
    assert incident.assignees == ("ivy",)
    with paging.bench.ledger.reading() as reader:
        assert reader.text(incident.title) == "A little bump in the road"
        assert deliveries.waiting(reader) == ()
    assert paging.hearing.hear() == 0


@pytest.mark.parametrize(("secret", "status"), [(LIVE, 202), (OLD, 202), (RETIRED, 401)])
def test_while_a_secret_is_rotated_both_are_believed(paging: Paging, secret: str, status: int):
    assert paging.says("triggered", secret=secret) == status


def test_a_repeated_delivery_is_taken_in_once(paging: Paging):
    event = payloads.pagerduty_event("incident.triggered", payloads.pagerduty_incident())
    body = json.dumps(event | {}).encode()
    paging.bench.clock.moment = NOW + timedelta(seconds=30)
    assert [paging.sends(body), paging.sends(body)] == [202, 202]
    with paging.bench.ledger.reading() as reader:
        assert len(deliveries.waiting(reader)) == 1
    paging.incident()
    assert paging.sends(body) == 202
    assert paging.hearing.hear() == 0
    assert paging.bench.kinds().count("incident.opened") == 1


def test_what_is_not_signed_is_401_and_what_is_no_delivery_400_and_neither_is_kept(paging: Paging):
    with capture_logs() as logged:
        assert paging.sends(b'{"event": 1}') == 400
        assert paging.sends(b"\x00\xff") == 400
        assert paging.sends(b"{}", secret=RETIRED) == 401
        assert paging.sends(b"{}", name="another") == 404
    assert not any(LIVE in str(entry) or OLD in str(entry) for entry in logged)
    assert paging.hearing.hear() == 0
    assert paging.sends(b"x" * (PAGER_BODY_MOST + 1)) == 413


def test_who_cannot_sign_is_slowed_down_and_who_can_is_not(paging: Paging):
    for _ in range(3):
        assert paging.says("triggered", secret=RETIRED) == 401
    assert paging.says("triggered", secret=RETIRED) == 429
    assert paging.says("triggered") == 202


def test_a_ledger_that_is_away_lets_the_pager_send_it_again(paging: Paging):
    with paging.bench.ledger_away():
        assert paging.says("triggered") == 503
    assert paging.says("triggered") == 202


def test_a_pager_that_is_configured_wrongly_is_said_and_there_is_none(bench: Bench):
    wrong = PagerSetup(name=PAGERDUTY, kind="carrier-pigeon")
    bench.in_force = with_(meridian(), pagers=Pagers(pagers=(wrong,)))
    client = testing.TestClient(make_app(bench))
    with capture_logs() as logged:
        assert client.simulate_post("/pagers/pagerduty", body=b"{}").status == falcon.HTTP_NOT_FOUND
    assert [entry["event"] for entry in logged] == ["pager_not_made"]
    bench.in_force = None
    assert client.simulate_post("/pagers/pagerduty", body=b"{}").status == falcon.HTTP_SERVICE_UNAVAILABLE


def test_access_follows_the_incident_from_the_page_to_its_end(paging: Paging):
    """The page opens it, an emergency hangs on it, it is resolved, and after the grace time all ends."""
    bench = paging.bench
    paging.says("triggered")
    name = paging.incident().id
    assert reply(bench.ana, EMERGENCY.format(name=name)).startswith("Started")
    bench.work()
    assert [one.state for one in bench.grants()] == [GrantState.LIVE]
    bench.clock.move(timedelta(minutes=5))
    paging.says("resolved", status="resolved")
    assert paging.incident().state is IncidentState.RESOLVED
    bench.clock.move(timedelta(minutes=9, seconds=59))
    bench.ledger.retrying(lambda writing: close_in_time(writing, name))
    bench.work()
    assert [one.state for one in bench.grants()] == [GrantState.LIVE]
    bench.clock.move(timedelta(seconds=1))
    bench.ledger.retrying(lambda writing: close_in_time(writing, name))
    bench.work()
    assert [one.state for one in bench.grants()] == [GrantState.GONE]
    assert paging.incident().state is IncidentState.CLOSED


def test_reopened_in_time_nothing_ends_and_nothing_is_given_back(paging: Paging):
    bench = paging.bench
    paging.says("triggered")
    name = paging.incident().id
    reply(bench.ana, EMERGENCY.format(name=name))
    bench.work()
    bench.clock.move(timedelta(minutes=1))
    paging.says("resolved", status="resolved")
    paging.incident()
    bench.clock.move(timedelta(minutes=1))
    paging.says("reopened")
    assert paging.incident().live
    bench.clock.move(timedelta(minutes=20))
    bench.ledger.retrying(lambda writing: close_in_time(writing, name))
    bench.work()
    assert [one.state for one in bench.grants()] == [GrantState.LIVE]


def test_what_comes_too_late_makes_nothing_live_again(paging: Paging):
    paging.says("triggered")
    paging.bench.clock.move(timedelta(minutes=1))
    paging.says("resolved", status="resolved")
    assert not paging.incident().live
    late = paging.bench.clock() + timedelta(minutes=1)
    paging.bench.clock.move(timedelta(minutes=20))
    paging.says("reopened", at=late)
    assert not paging.incident().live
    paging.says("reopened")
    assert paging.incident().live


def test_a_change_of_shift_is_asked_about_anew(paging: Paging):
    event = PagerEvent(pager=PAGERDUTY, delivery="shift-1", verb=PagerVerb.SHIFTED, at=paging.bench.clock())
    schedule = Schedule(name="db-primary", title="database on-call", pager=PAGERDUTY, id="P1")
    pagers = Pagers(pagers=(PagerSetup(name=PAGERDUTY, kind="pagerduty"),), schedules=(schedule,))
    paging.bench.in_force = with_(meridian(), pagers=pagers)
    paging.bench.ledger.retrying(lambda writing: deliveries.take_in(writing, event))
    assert paging.hearing.hear() == 1
    with paging.bench.ledger.reading() as reader:
        assert on_call.wanted(reader) == ("db-primary",)


def test_what_no_pager_repeats_any_more_is_forgotten_and_what_waits_is_not(paging: Paging):
    bench = paging.bench
    paging.says("triggered")
    paging.hearing.hear()
    paging.says("acknowledged")
    bench.clock.move(timedelta(hours=73))
    paging.hearing.tidy()
    paging.says("triggered")
    bench.clock.move(timedelta(hours=73))
    paging.hearing.tidy()
    with bench.ledger.reading() as reader:
        assert len(deliveries.waiting(reader)) == 2
        assert reader.rows(select(func.count()).select_from(schema.deliveries))[0][0] == 2
    paging.hearing.tidy()


@pytest.mark.parametrize(
    ("path", "most"), [(b"/pagers/pagerduty", PAGER_BODY_MOST), (b"/requests", BODY_MOST)]
)
def test_a_pagers_call_may_be_longer_than_a_persons(path: bytes, most: int):
    head = b"POST " + path + b" HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
    assert not is_whole(bytearray(head % most + b"x" * (most - 1)))
    assert is_whole(bytearray(head % most + b"x" * most))
    assert is_whole(bytearray(head % (most + 1)))  # nobody waits for it: it is refused


def test_two_thousand_deliveries_of_all_kinds_make_the_right_incidents(bench: Bench):
    """Valid, repeated, replayed, forged, malformed and out of order: each answered as it must be."""
    pagers = Pagers(pagers=(PagerSetup(name=PAGERDUTY, kind="pagerduty"),))
    bench.in_force = with_(meridian(), pagers=pagers)
    secrets = {PAGERDUTY: (SecretStr(organisation.SECRETS[organisation.Vendor.PAGERDUTY]),)}
    client = testing.TestClient(make_app(bench, Limits(anybody=(1e6, 10**6)), secrets=secrets))
    weather = storm(2000, seed=7, at=bench.clock())
    hearing = Hearing(bench.ledger, bench.policy)
    for number, sending in enumerate(weather.sendings):
        answer = client.simulate_post("/pagers/pagerduty", body=sending.body, headers=dict(sending.headers))
        assert answer.status_code == sending.answer, sending.kind
        if number % 50 == 0:
            hearing.hear()
    while hearing.hear():
        pass
    with bench.ledger.reading() as reader:
        found = incidents.in_states(reader, IncidentState, most=5000)
    assert {one.key for one in found} == set(weather.incidents)
    wrong = [one.key for one in found if one.live is not (weather.incidents[str(one.key)] is not RESOLVED)]
    assert wrong == []
    assert len(found) == len({one.id for one in found})
