"""PagerDuty, version 3: what each of its events says."""

from datetime import UTC, datetime

import pytest

from bot.pagers.pager import Malformed
from policies.incident import PagerEvent, PagerName, PagerVerb
from tests.bot.pagers import signing
from tests.bot.pagers.payloads import (
    Body,
    pagerduty,
    pagerduty_event,
    pagerduty_incident,
    pagerduty_role,
    pagerduty_roles,
)
from tests.bot.pagers.reading import read

COMMANDER = {"commander_role": "P8PQO4R"}


def events(body: Body, **options: object) -> tuple[PagerEvent, ...]:
    return read("pagerduty", signing.pagerduty, body, options)


def one(body: Body, **options: object) -> PagerEvent:
    (event,) = events(body, **options)
    return event


def test_an_acknowledgement_says_who_took_it_and_all_of_the_incident():
    assert one(pagerduty("incident.acknowledged")) == PagerEvent(
        pager=PagerName("our-pager"),
        delivery="5ac64822-4adc-4fda-ade0-410becf0de4f",
        verb=PagerVerb.ACKNOWLEDGED,
        at=datetime(2026, 11, 24, 14, 2, 11, 169_000, tzinfo=UTC),
        incident="PGR0VU2",
        reference="#42",
        title="A little bump in the road",
        service="PF9KMXH",
        severity="p1",
        assignees=("PTUXL6G",),
        agent="PLH1HKV",
        link="https://meridian.pagerduty.com/incidents/PGR0VU2",
    )


@pytest.mark.parametrize(
    ("event_type", "verb"),
    [
        ("incident.triggered", PagerVerb.TRIGGERED),
        ("incident.acknowledged", PagerVerb.ACKNOWLEDGED),
        ("incident.unacknowledged", PagerVerb.CHANGED),
        ("incident.reassigned", PagerVerb.REASSIGNED),
        ("incident.escalated", PagerVerb.REASSIGNED),
        ("incident.delegated", PagerVerb.REASSIGNED),
        ("incident.priority_updated", PagerVerb.CHANGED),
        ("incident.service_updated", PagerVerb.CHANGED),
        ("incident.incident_type.changed", PagerVerb.CHANGED),
        ("incident.resolved", PagerVerb.RESOLVED),
        ("incident.reopened", PagerVerb.REOPENED),
    ],
)
def test_each_event_of_an_incident_has_its_verb(event_type: str, verb: PagerVerb):
    assert one(pagerduty(event_type)).verb is verb


@pytest.mark.parametrize(
    "event_type",
    [
        "incident.annotated",
        "incident.responder.added",
        "incident.responder.replied",
        "incident.status_update_published",
        "incident.workflow.started",
        "service.updated",
        "pagey.ping",
        "incident.of_a_kind_that_comes_later",
    ],
)
def test_other_events_say_nothing_whatever_is_in_them(event_type: str):
    assert events(pagerduty_event(event_type, {"type": "ping", "message": "Hello"}, agent=None)) == ()


def test_an_incident_without_a_priority_a_number_or_an_agent_is_still_one():
    body = pagerduty_event("incident.triggered", pagerduty_incident(priority=None, number=None), agent=None)
    event = one(body)
    assert (event.severity, event.reference, event.agent) == (None, None, None)


def test_of_an_incident_only_its_id_has_to_be_told():
    event = one(pagerduty_event("incident.triggered", {"id": "PGR0VU2"}, agent=None))
    assert event.incident == "PGR0VU2"
    assert (event.service, event.assignees, event.title, event.link) == (None, None, "", None)


def test_only_users_are_assignees_each_once_and_only_a_user_is_an_agent():
    user = {"id": "PTUXL6G", "type": "user_reference"}
    policy = {"id": "PUS0KTE", "type": "escalation_policy_reference"}
    incident = pagerduty_incident(assignees=[user, policy, user])
    event = one(
        pagerduty_event("incident.escalated", incident, agent={"id": "PINT", "type": "service_reference"})
    )
    assert event.assignees == ("PTUXL6G",)
    assert event.agent is None


def test_nobody_has_a_resolved_incident():
    assert one(pagerduty("incident.resolved", assignees=[])).assignees == ()


def test_a_title_is_one_plain_line_and_no_longer_than_is_kept():
    title = one(pagerduty("incident.triggered", title="down\n\x1b[31m\u202e<!channel> " + "a" * 400)).title
    assert title.startswith("down [31m <!channel> aaa")
    assert len(title) == 300


def test_a_link_that_is_not_https_is_left_out():
    assert one(pagerduty("incident.triggered", html_url="http://meridian.pagerduty.com/x")).link is None


def test_a_hundred_assignees_are_read_and_one_more_is_malformed():
    people = [{"id": f"P{number}", "type": "user"} for number in range(101)]
    assert len(one(pagerduty("incident.triggered", assignees=people[:100])).assignees or ()) == 100
    with pytest.raises(Malformed):
        events(pagerduty("incident.triggered", assignees=people))


@pytest.mark.parametrize("spoilt", ["", " ", "P GR", "é", "P\x00", "P" * 201])
def test_an_id_that_cannot_be_one_is_malformed(spoilt: str):
    with pytest.raises(Malformed):
        events(pagerduty("incident.triggered", id=spoilt))


def test_a_moment_without_a_zone_is_malformed():
    body = pagerduty_event("incident.triggered", pagerduty_incident(), occurred_at="2026-11-24T14:02:11")
    with pytest.raises(Malformed):
        events(body)


# Commanders


def test_whoever_is_given_the_configured_role_commands():
    event = one(
        pagerduty_roles(pagerduty_role("POTHER", "PX"), pagerduty_role("P8PQO4R", "P75B6QD")), **COMMANDER
    )
    assert (event.verb, event.incident, event.commander) == (PagerVerb.COMMANDED, "PGR0VU2", "P75B6QD")
    assert event.agent == "PLH1HKV"


def test_where_the_role_is_taken_away_nobody_commands():
    event = one(pagerduty_roles(pagerduty_role("P8PQO4R", None)), **COMMANDER)
    assert (event.verb, event.commander) == (PagerVerb.COMMANDED, None)


def test_of_two_assignments_of_the_role_the_last_holds():
    event = one(
        pagerduty_roles(pagerduty_role("P8PQO4R", "PA"), pagerduty_role("P8PQO4R", "PB")), **COMMANDER
    )
    assert event.commander == "PB"


def test_another_role_commands_nothing():
    assert events(pagerduty_roles(pagerduty_role("POTHER", "PX")), **COMMANDER) == ()


def test_without_a_configured_role_nobody_is_taken_for_a_commander():
    assert events(pagerduty_roles(pagerduty_role("P8PQO4R", "P75B6QD"))) == ()
