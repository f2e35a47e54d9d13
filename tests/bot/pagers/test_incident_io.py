"""incident.io: what each of its events says, and when an incident is over."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.pagers.pager import Malformed
from policies.incident import PagerEvent, PagerName, PagerVerb
from tests.bot.pagers import signing
from tests.bot.pagers.payloads import (
    Body,
    catalogued,
    custom_field,
    incident_io,
    incident_io_incident,
    incident_io_shift,
    incident_io_status,
)
from tests.bot.pagers.reading import NOW, read

CREATED = "public_incident.incident_created_v2"
UPDATED = "public_incident.incident_updated_v2"


def events(body: Body, **options: object) -> tuple[PagerEvent, ...]:
    return read("incident-io", signing.standard_webhooks, body, options)


def verbs(body: Body) -> list[PagerVerb]:
    return [event.verb for event in events(body)]


def one(body: Body, **options: object) -> PagerEvent:
    (event,) = events(body, **options)
    return event


def test_a_new_incident_is_triggered_and_says_who_leads():
    assert one(incident_io(CREATED, incident_io_incident())) == PagerEvent(
        pager=PagerName("our-pager"),
        delivery=signing.MESSAGE,
        verb=PagerVerb.TRIGGERED,
        at=datetime(2026, 11, 24, 14, 0, 57, 801_578, tzinfo=UTC),
        incident="01FDAG4SAP5TYPT98WGR2N7W91",
        reference="INC-42",
        title="The database is sad",
        severity="major",
        assignees=("01ANA", "01BEN"),
        commander="01ANA",
        slack_channel="C02AW36C1M5",
        link="https://app.incident.io/meridian/incidents/42",
    )


def test_an_update_says_who_leads_and_is_as_old_as_the_incident_was_updated():
    event = one(incident_io(UPDATED, incident_io_incident()))
    assert (event.verb, event.commander) == (PagerVerb.COMMANDED, "01ANA")
    assert event.at == datetime(2026, 11, 24, 14, 2, 57, 801_578, tzinfo=UTC)


def test_a_change_of_status_comes_after_the_update_that_is_told_of_the_same_moment():
    update = one(incident_io(UPDATED, incident_io_incident("live")))
    status = one(incident_io_status("closed", "live"))
    assert update.at < status.at < update.at + timedelta(milliseconds=1)


def test_whoever_leads_does_so_in_any_place_of_the_list():
    roles = incident_io_incident()["incident_role_assignments"]
    assert isinstance(roles, list)
    turned = incident_io_incident(incident_role_assignments=roles[::-1])
    assert one(incident_io(UPDATED, turned)).commander == "01ANA"


@pytest.mark.parametrize("nobody", [[], None])
def test_where_nobody_leads_that_is_told(nobody: object):
    incident = incident_io_incident(incident_role_assignments=nobody)
    event = one(incident_io(UPDATED, incident))
    assert (event.verb, event.commander, event.assignees) == (PagerVerb.COMMANDED, None, ())


@pytest.mark.parametrize(
    ("previous", "new", "verb"),
    [
        ("triage", "live", PagerVerb.COMMANDED),
        ("live", "paused", PagerVerb.COMMANDED),
        ("live", "learning", PagerVerb.RESOLVED),
        ("live", "closed", PagerVerb.RESOLVED),
        ("triage", "declined", PagerVerb.RESOLVED),
        ("triage", "merged", PagerVerb.RESOLVED),
        ("triage", "canceled", PagerVerb.RESOLVED),
        ("learning", "closed", PagerVerb.RESOLVED),
        ("live", "of_a_kind_that_comes_later", PagerVerb.RESOLVED),
        ("closed", "live", PagerVerb.REOPENED),
        ("declined", "triage", PagerVerb.REOPENED),
    ],
)
def test_a_change_of_status_is_told_by_where_it_comes_from_and_leads_to(
    previous: str, new: str, verb: PagerVerb
):
    assert one(incident_io_status(previous, new)).verb is verb


@pytest.mark.parametrize("category", ["learning", "closed", "declined", "merged", "canceled"])
def test_an_update_of_an_incident_that_is_over_resolves_it(category: str):
    assert verbs(incident_io(UPDATED, incident_io_incident(category))) == [PagerVerb.RESOLVED]


TYPED = {"value_text": "payments", "value_link": "https://meridian.example"}
OPTION = {"value_option": {"id": "01OPTION", "value": "Payments"}}


@pytest.mark.parametrize(
    ("entries", "service"),
    [
        ([custom_field("01SERVICE", catalogued("01PAYMENTS"))], "01PAYMENTS"),
        ([custom_field("01SERVICE", OPTION)], "01OPTION"),
        ([custom_field("01SERVICE", catalogued("01PAYMENTS"), catalogued("01PAYMENTS"))], "01PAYMENTS"),
        ([custom_field("01SERVICE", catalogued("01PAYMENTS"), catalogued("01LEDGER"))], None),
        ([custom_field("01SERVICE", TYPED)], None),
        ([custom_field("01SERVICE")], None),
        ([custom_field("01TEAM", OPTION)], None),
        ([{"custom_field": {"id": "01SERVICE"}, "values": None}], None),
        ([], None),
        (None, None),
    ],
)
def test_a_service_is_the_one_thing_that_is_chosen_in_the_configured_field(
    entries: object, service: str | None
):
    body = incident_io(CREATED, incident_io_incident(custom_field_entries=entries))
    assert one(body, service_field="01SERVICE").service == service


def test_without_a_configured_field_no_incident_is_of_a_service():
    assert one(incident_io(CREATED, incident_io_incident())).service is None


@pytest.mark.parametrize("mode", ["test", "tutorial", "retrospective", "stream"])
def test_an_incident_that_is_none_is_never_live(mode: str):
    incident = incident_io_incident(mode=mode)
    assert events(incident_io(CREATED, incident)) == ()
    assert verbs(incident_io(UPDATED, incident)) == [PagerVerb.RESOLVED]
    assert verbs(incident_io_status("closed", "live", mode=mode)) == [PagerVerb.RESOLVED]


def test_an_incident_that_is_over_when_it_is_created_says_nothing():
    assert events(incident_io(CREATED, incident_io_incident("closed"))) == ()


@pytest.mark.parametrize(
    ("event_type", "verb"),
    [
        ("private_incident.incident_created_v2", PagerVerb.TRIGGERED),
        ("private_incident.incident_updated_v2", PagerVerb.CHANGED),
    ],
)
def test_of_a_private_incident_only_the_id_and_the_time_it_was_sent_are_known(
    event_type: str, verb: PagerVerb
):
    assert events(incident_io(event_type, {"id": "abc123", "name": "Not to be told"})) == (
        PagerEvent(
            pager=PagerName("our-pager"), delivery=signing.MESSAGE, verb=verb, at=NOW, incident="abc123"
        ),
    )


def test_a_shift_change_has_no_incident_and_says_who_is_on_call():
    (event,) = events(incident_io_shift())
    assert (event.verb, event.incident) == (PagerVerb.SHIFTED, None)
    assert (event.assignees, event.at) == (("01ANA", "01BEN"), NOW)


@pytest.mark.parametrize(
    "event_type",
    [
        "public_incident.follow_up_created_v2",
        "public_alert.alert_created_v1",
        "private_incident.membership_granted_v1",
        "schedule.updated_v1",
        "public_incident.of_a_kind_that_comes_later",
    ],
)
def test_other_events_say_nothing_whatever_is_in_them(event_type: str):
    assert events(incident_io(event_type, {"id": "abc123"})) == ()


def test_what_is_not_told_is_left_out():
    bare = incident_io_incident(
        severity=None, permalink=None, slack_channel_id="#inc-42", reference=None, name=None
    )
    event = one(incident_io(UPDATED, bare))
    assert (event.severity, event.link, event.slack_channel, event.reference, event.title) == (
        None,
        None,
        None,
        None,
        "",
    )


@pytest.mark.parametrize("content", [{}, {"id": ""}, {"id": 3}, {"id": "a b"}])
def test_an_incident_that_is_not_whole_is_malformed(content: Body):
    for event_type in (CREATED, UPDATED, "private_incident.incident_created_v2", "schedule.shift_change_v1"):
        with pytest.raises(Malformed):
            events(incident_io(event_type, content))
