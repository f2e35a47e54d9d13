"""Signed JSON: what is configured is what is read, and nothing else."""

from datetime import UTC, datetime

import pytest

from bot.pagers.pager import Malformed
from policies.incident import PagerEvent, PagerName, PagerVerb
from tests.bot.pagers import signing
from tests.bot.pagers.payloads import DATADOG, FIREHYDRANT, ROOTLY, Body, datadog, firehydrant, rootly
from tests.bot.pagers.reading import NOW, read

TOKEN: Body = {"scheme": {"scheme": "token"}, "event": "what", "at": "at", "incident": "id"}
VERBS = {"verbs": {"it": "triggered"}}
AT = "2026-11-24T14:02:11Z"


def one(body: Body, **options: object) -> PagerEvent:
    """What a pager with a token makes of a body, told how to read it."""
    (event,) = read("signed-json", signing.bearer, body, {**TOKEN, **VERBS, **options})
    return event


def it(**changes: object) -> Body:
    return {"what": "it", "at": AT, "id": "i-1", **changes}


def test_rootly_is_read_as_it_is_configured():
    assert read("signed-json", signing.rootly, rootly("incident.created"), ROOTLY) == (
        PagerEvent(
            pager=PagerName("our-pager"),
            delivery="13c82722-ec52",
            verb=PagerVerb.TRIGGERED,
            at=datetime(2026, 11, 24, 14, 2, 29, 546_000, tzinfo=UTC),
            incident="9839c4ca-5e7b-416d-ad95-d09ae0c8eead",
            reference="42",
            title="The database is sad",
            service="5f2d6e1c",
            severity="sev1",
            assignees=("17", "18"),
            slack_channel="C02AW36C1M5",
            link="https://rootly.com/account/incidents/42",
        ),
    )


@pytest.mark.parametrize(
    ("event_type", "verbs"),
    [
        ("incident.updated", [PagerVerb.CHANGED]),
        ("incident.resolved", [PagerVerb.RESOLVED]),
        ("incident.cancelled", [PagerVerb.RESOLVED]),
        ("incident.scheduled.created", []),
        ("Incident.resolved", []),
    ],
)
def test_rootlys_words_are_matched_whole(event_type: str, verbs: list[PagerVerb]):
    found = read("signed-json", signing.rootly, rootly(event_type), ROOTLY)
    assert [event.verb for event in found] == verbs


@pytest.mark.parametrize(
    ("milestone", "verb"),
    [
        ("started", PagerVerb.TRIGGERED),
        ("acknowledged", PagerVerb.ACKNOWLEDGED),
        ("resolved", PagerVerb.RESOLVED),
    ],
)
def test_firehydrants_bodies_are_known_by_themselves(milestone: str, verb: PagerVerb):
    (event,) = read("signed-json", signing.firehydrant, firehydrant(milestone), FIREHYDRANT)
    assert (event.verb, event.at) == (verb, datetime(2026, 11, 24, 14, 0, 49, tzinfo=UTC))
    assert len(event.delivery) == 64


def test_datadogs_template_tells_time_in_thousandths_of_a_second():
    (event,) = read("signed-json", signing.bearer, datadog("Recovered"), DATADOG)
    assert (event.verb, event.at) == (PagerVerb.RESOLVED, datetime(2026, 11, 24, 14, 2, 11, tzinfo=UTC))


@pytest.mark.parametrize("verb", list(PagerVerb))
def test_every_verb_can_be_configured(verb: PagerVerb):
    event = one(it(), verbs={"it": verb.value})
    assert event.verb is verb
    assert event.incident == (None if verb is PagerVerb.SHIFTED else "i-1")


def test_with_no_path_for_the_time_it_happened_when_it_was_signed():
    options = {name: path for name, path in ROOTLY.items() if name != "at"}
    (event,) = read("signed-json", signing.rootly, rootly("incident.created"), options)
    assert event.at == NOW


def test_the_same_bytes_are_the_same_event_and_others_another():
    assert one(it()).delivery == one(it()).delivery
    assert one(it()).delivery != one(it(more="words")).delivery


@pytest.mark.parametrize(
    ("told", "at"),
    [
        ("2026-11-24T14:02:11Z", datetime(2026, 11, 24, 14, 2, 11, tzinfo=UTC)),
        ("2026-11-24T16:02:11.123456789+02:00", datetime(2026, 11, 24, 14, 2, 11, 123_456, tzinfo=UTC)),
        ("2026-11-24 14:02:11 UTC", datetime(2026, 11, 24, 14, 2, 11, tzinfo=UTC)),
        (1795528931, datetime(2026, 11, 24, 14, 2, 11, tzinfo=UTC)),
        ("1795528931000", datetime(2026, 11, 24, 14, 2, 11, tzinfo=UTC)),
    ],
)
def test_moments_are_told_in_many_ways(told: object, at: datetime):
    assert one(it(at=told)).at == at


@pytest.mark.parametrize("told", ["2026-11-24T14:02:11", "today", "", None, True, 1.5, {}, "9" * 30])
def test_a_moment_that_cannot_be_one_is_malformed(told: object):
    with pytest.raises(Malformed):
        one(it(at=told))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", "1"),
        ("list.0.id", "2"),
        ("list.1.id", None),
        ("list.7.id", None),
        ("list.0000.id", None),
        ("list.id", None),
        ("list.*.id", "2"),
        ("a.b.c", None),
        ("nothing", None),
        ("null", None),
    ],
)
def test_a_path_leads_to_names_and_places(path: str, found: str | None):
    body = it(a={"b": 1}, list=[{"id": "2"}, {"id": None}], null=None)
    assert one(body, service=path).service == found


@pytest.mark.parametrize("value", [True, 1.5, {}, ["a"]])
@pytest.mark.parametrize("name", ["delivery", "service", "agent", "commander", "title", "link"])
def test_what_is_there_and_is_no_text_is_malformed(name: str, value: object):
    with pytest.raises(Malformed):
        one(it(there=value), **{name: "there"})


@pytest.mark.parametrize("name", ["delivery", "incident", "agent", "commander", "assignees"])
@pytest.mark.parametrize("value", ["", "a b", "é", "a\x00", "a" * 201])
def test_an_id_that_cannot_be_one_is_malformed(name: str, value: str):
    with pytest.raises(Malformed):
        one(it(there=value), **{name: "there"})


@pytest.mark.parametrize("name", ["delivery", "incident", "at", "event"])
def test_what_has_to_be_there_and_is_not_is_malformed(name: str):
    with pytest.raises(Malformed):
        one(it(), **{name: "not.there"})


def test_people_are_told_once_and_nobody_is_told_where_it_is_not_said():
    people = {"people": [{"id": 1}, {"id": "1"}, {"id": "ana"}]}
    event = one(it(**people), assignees="people.*.id", agent="people.0.id", commander="people.2.id")
    assert (event.assignees, event.agent, event.commander) == (("1", "ana"), "1", "ana")
    assert one(it(people=[]), assignees="people.*.id").assignees is None


def test_more_people_than_one_event_may_name_are_malformed():
    assert len(one(it(people=list(range(100))), assignees="people.*").assignees or ()) == 100
    with pytest.raises(Malformed):
        one(it(people=list(range(101))), assignees="people.*")
