"""Operations of Jira Service Management: what each action on an alert says."""

from datetime import UTC, datetime

import pytest

from bot.pagers.pager import Malformed
from policies.incident import PagerEvent, PagerName, PagerVerb
from tests.bot.pagers import signing
from tests.bot.pagers.payloads import Body, jsm
from tests.bot.pagers.reading import read

CHANGED_AT = datetime(2026, 11, 24, 14, 2, 11, 169_002, tzinfo=UTC)


def events(body: Body, **options: object) -> tuple[PagerEvent, ...]:
    return read("jsm", signing.bearer, body, options)


def one(body: Body, **options: object) -> PagerEvent:
    (event,) = events(body, **options)
    return event


def test_an_acknowledgement_says_who_did_it():
    event = one(jsm("Acknowledge"))
    assert event == PagerEvent(
        pager=PagerName("our-pager"),
        delivery=event.delivery,
        verb=PagerVerb.ACKNOWLEDGED,
        at=CHANGED_AT,
        incident="052652ac-5d1c-464a-812a-7dd18bbfba8c",
        reference="#23",
        title="The database is sad",
        service="payments",
        severity="p1",
        agent="557058:daed1180-0ce8-438b-8f8e-57e1a5920a2d",
    )


@pytest.mark.parametrize(
    ("action", "verb"),
    [
        ("Create", PagerVerb.TRIGGERED),
        ("Acknowledge", PagerVerb.ACKNOWLEDGED),
        ("UnAcknowledge", PagerVerb.CHANGED),
        ("UpdatePriority", PagerVerb.CHANGED),
        ("UpdateMessage", PagerVerb.CHANGED),
        ("AssignOwnership", PagerVerb.REASSIGNED),
        ("TakeOwnership", PagerVerb.REASSIGNED),
        ("Escalate", PagerVerb.REASSIGNED),
        ("AddRecipient", PagerVerb.REASSIGNED),
        ("AddTeam", PagerVerb.REASSIGNED),
        ("Close", PagerVerb.RESOLVED),
        ("Delete", PagerVerb.RESOLVED),
    ],
)
def test_each_action_has_its_verb_and_says_nothing_of_assignees(action: str, verb: PagerVerb):
    event = one(jsm(action))
    assert (event.verb, event.assignees) == (verb, None)


@pytest.mark.parametrize("action", ["AddNote", "AddTags", "RemoveTags", "TestAction", "create", ""])
def test_other_actions_say_nothing(action: str):
    assert events({"action": action}) == ()


def test_each_change_of_each_alert_is_another_delivery():
    told = [
        one(jsm("Acknowledge")),
        one(jsm("Close")),
        one(jsm("Acknowledge", updatedAt=1795528931169002247)),
        one(jsm("Acknowledge", alertId="another")),
    ]
    assert len({event.delivery for event in told}) == 4
    assert one(jsm("Acknowledge", message="Other words")).delivery == told[0].delivery


@pytest.mark.parametrize("told", [1795528931169002246, 1795528931169002, 1795528931169])
def test_a_moment_is_told_in_any_unit(told: int):
    assert one(jsm("Create", updatedAt=told)).at.replace(microsecond=169_002) == CHANGED_AT


@pytest.mark.parametrize("told", [0, -795528931169, 17955289311, 10**40, "1795528931169", None, 1.5])
def test_a_moment_that_cannot_be_one_is_malformed(told: object):
    with pytest.raises(Malformed):
        events(jsm("Create", updatedAt=told))


@pytest.mark.parametrize(
    ("tags", "service"),
    [
        ([], None),
        (None, None),
        (["payments"], None),
        (["service:payments", "service:payments"], "payments"),
        (["service:payments", "service:ledger"], None),
        (["service:"], None),
        (["service:a\nb"], None),
    ],
)
def test_a_service_is_the_one_that_is_named_alone(tags: list[str] | None, service: str | None):
    assert one(jsm("Create", tags=tags)).service == service


def test_what_a_tag_starts_with_is_configured():
    assert one(jsm("Create", tags=["team/db", "service:x"]), service_tag="team/").service == "db"


def test_what_is_not_told_is_left_out():
    bare = {"alert": {"alertId": "a-1", "updatedAt": 1795528931169002246}, "action": "Close"}
    event = one(bare)
    assert (event.reference, event.title, event.severity, event.agent) == (None, "", None, None)
