"""The forms: drawn from values, kept while they are redrawn, read back into the same values."""

import json
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.views import View

from bot.answers import Preview, RoleLine
from bot.slack import actions as ids
from bot.slack.modals import (
    OPTIONS_MOST,
    REASON_MOST,
    FormView,
    RoleOption,
    Submitted,
    ask_form,
    ask_form_errors,
    deny_form,
    deny_form_errors,
    read_ask_form,
    read_deny_form,
    role_options,
)
from bot.slack.words import forms
from bot.views import PersonView
from policies.approval import ApprovalSlot
from policies.decision import Alternative, AskSomeone, Refusal, Refuse
from policies.values import GroupName, RoleName, RuleId
from sandbox.slack.element_rules import SUGGESTIONS
from sandbox.slack.view_rules import checked_view
from tests.bot import views_builder as views

QUARTER, HALF, HOUR, TWO = (timedelta(minutes=minutes) for minutes in (15, 30, 60, 120))
READONLY = RoleOption(RoleName("prod-db-readonly"), "Read production databases")
FULL = FormView(
    notes=("A reason is missing.",),
    role=READONLY,
    durations=(QUARTER, HALF, HOUR, TWO),
    selected=HALF,
    default=HOUR,
    reason="replication lag",
    reference="INC-42",
    preview="👤 Will be asked: Ben Okafor (database on-call). 1 yes is enough.",
    submit="Send",
    private="secretless",
)


def checked(form: dict[str, object]) -> dict[str, Any]:
    """The form, taken by our stand-in and by Slack's own SDK."""
    View(**form).validate_json()
    return checked_view(form, "modal")


def blocks(form: dict[str, object]) -> dict[str, Any]:
    return {block["block_id"]: block for block in checked(form)["blocks"] if "block_id" in block}


def offered(form: dict[str, object]) -> tuple[list[str], str]:
    element = blocks(form)[ids.DURATION_BLOCK]["element"]
    options = [option["text"]["text"] for option in element["options"]]
    return options, element["initial_option"]["text"]["text"]


def test_the_form_is_headed_and_ended_as_ux_says():
    form = checked(ask_form(FULL))
    assert (form["callback_id"], form["private_metadata"]) == (ids.ASK_FORM, "secretless")
    heads = [form[part]["text"] for part in ("title", "submit", "close")]
    assert heads == ["Ask for access", "Send", "Cancel"]
    assert form["blocks"][-1]["elements"][0]["text"] == "Ends by itself."


def test_the_form_shows_what_was_understood():
    found = blocks(ask_form(FULL))
    assert list(found) == [
        ids.NOTES_BLOCK,
        ids.ROLE_BLOCK,
        ids.DURATION_BLOCK,
        ids.REASON_BLOCK,
        ids.REFERENCE_BLOCK,
        ids.PREVIEW_BLOCK,
    ]
    assert found[ids.NOTES_BLOCK]["text"]["text"] == "A reason is missing."
    role = found[ids.ROLE_BLOCK]["element"]["initial_option"]
    assert role["text"]["text"] == "prod-db-readonly · Read production databases"
    assert role["value"] == "prod-db-readonly"
    assert found[ids.REASON_BLOCK]["element"]["initial_value"] == "replication lag"
    assert found[ids.REFERENCE_BLOCK]["element"]["initial_value"] == "INC-42"
    assert found[ids.REFERENCE_BLOCK]["optional"]
    assert found[ids.PREVIEW_BLOCK]["text"]["text"] == FULL.preview


def test_role_and_duration_are_told_at_once_and_the_list_opens_without_typing():
    found = blocks(ask_form(FULL))
    assert found[ids.ROLE_BLOCK]["dispatch_action"]
    assert found[ids.DURATION_BLOCK]["dispatch_action"]
    assert found[ids.ROLE_BLOCK]["element"]["min_query_length"] == 0
    assert not found[ids.REASON_BLOCK]["dispatch_action"]


def test_an_empty_form_asks_for_a_role_first():
    found = blocks(ask_form(FormView()))
    assert ids.NOTES_BLOCK not in found
    assert ids.DURATION_BLOCK not in found
    assert "initial_option" not in found[ids.ROLE_BLOCK]["element"]
    assert "initial_value" not in found[ids.REASON_BLOCK]["element"]
    assert found[ids.PREVIEW_BLOCK]["text"]["text"] == "👤 Choose a role to see who will be asked."


def test_blocks_keep_their_ids_when_the_form_is_drawn_again():
    before, after = blocks(ask_form(FULL)), blocks(ask_form(FULL._replace(role=None, preview="other")))
    for block in (ids.ROLE_BLOCK, ids.REASON_BLOCK, ids.REFERENCE_BLOCK, ids.DURATION_BLOCK):
        assert before[block]["element"]["action_id"] == after[block]["element"]["action_id"]


def test_durations_are_named():
    assert offered(ask_form(FULL)) == (["15 min", "30 min", "1 h · default", "2 h · your longest"], "30 min")


@pytest.mark.parametrize(
    ("selected", "default", "chosen"),
    [
        (None, HOUR, "1 h · default"),
        (None, None, "15 min"),
        (timedelta(hours=8), HOUR, "15 min"),
        (timedelta(minutes=45), HOUR, "45 min"),
        (TWO, HOUR, "2 h · your longest"),
    ],
)
def test_never_more_is_chosen_than_may_be_had(
    selected: timedelta | None, default: timedelta | None, chosen: str
):
    options, initial = offered(ask_form(FULL._replace(selected=selected, default=default)))
    assert initial == chosen
    assert options[-1] == "2 h · your longest"


def test_a_duration_typed_before_a_role_is_kept():
    form = ask_form(FormView(selected=timedelta(minutes=45)))
    assert offered(form) == (["45 min"], "45 min")


def test_somebody_else_is_named_on_top():
    form = ask_form(FULL._replace(beneficiary="Ivy Chen"))
    assert blocks(form)[ids.NOTES_BLOCK]["text"]["text"] == "For Ivy Chen. A reason is missing."
    alone = ask_form(FULL._replace(beneficiary="Ivy Chen", notes=()))
    assert blocks(alone)[ids.NOTES_BLOCK]["text"]["text"] == "For Ivy Chen."


@given(st.text(max_size=3000), st.text(max_size=200), st.text(max_size=200))
def test_no_text_at_all_breaks_the_form_or_is_parsed(reason: str, reference: str, typed: str):
    notes = (forms.note_role_unknown(typed, ()), forms.note_duration_in_reason(typed, HOUR))
    form = ask_form(FULL._replace(reason=reason, reference=reference, notes=notes))
    assert views.texts(checked(form)["blocks"]) == []


# Read back --------------------------------------------------------------------------------------------


def state(changes: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    values: dict[str, Any] = {
        ids.ROLE_BLOCK: {ids.ROLE: {"selected_option": {"value": "prod-db-readonly"}}},
        ids.DURATION_BLOCK: {ids.DURATION: {"selected_option": {"value": "1h30m"}}},
        ids.REASON_BLOCK: {ids.REASON: {"value": "  replication lag\n"}},
        ids.REFERENCE_BLOCK: {ids.REFERENCE: {"value": None}},
    }
    return {"values": {**values, **changes}}


def test_a_form_is_read_back():
    read = read_ask_form(state())
    assert read == Submitted(RoleName("prod-db-readonly"), timedelta(minutes=90), "replication lag", "")
    assert ask_form_errors(read) == {}


NOTHING: list[Mapping[str, Any]] = [
    {},
    {"values": None},
    {"values": {ids.ROLE_BLOCK: {ids.ROLE: {"selected_option": None}}}},
    state(dict.fromkeys((ids.ROLE_BLOCK, ids.DURATION_BLOCK, ids.REASON_BLOCK), "?")),
    state(
        {
            ids.ROLE_BLOCK: {ids.ROLE: {"selected_option": {"value": 7}}},
            ids.DURATION_BLOCK: {ids.DURATION: {"selected_option": {"value": "long"}}},
            ids.REASON_BLOCK: {ids.REASON: {"value": "   "}},
        }
    ),
]


@pytest.mark.parametrize("odd", NOTHING)
def test_what_cannot_be_read_is_missing(odd: Mapping[str, Any]):
    read = read_ask_form(odd)
    assert read == Submitted(None, None, "", "")
    assert ask_form_errors(read) == {
        ids.ROLE_BLOCK: "A role is missing: choose one.",
        ids.REASON_BLOCK: "A reason is missing.",
    }


# The list of roles ------------------------------------------------------------------------------------


def role_line(name: str, title: str = "Read", refusal: str | None = None) -> RoleLine:
    return RoleLine(RoleName(name), title, "low", HOUR, (), refusal)


ROLES = [
    role_line("prod-logs", "Read production logs"),
    role_line("prod-db-readonly", "Read production databases"),
    role_line("prod-admin", "Administer production", "Not allowed now: not today."),
]


def suggested(query: str) -> dict[str, list[str]]:
    answer = role_options(ROLES, query)
    assert list(SUGGESTIONS(answer, "")) == []
    groups: Any = answer["option_groups"]
    return {one["label"]["text"]: [option["value"] for option in one["options"]] for one in groups}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"All": ["prod-logs", "prod-db-readonly"], "Not now": ["prod-admin"]}),
        ("PROD_DB", {"All": ["prod-db-readonly"]}),
        ("databases prod", {"All": ["prod-db-readonly"]}),
        (" admin ", {"Not now": ["prod-admin"]}),
        ("kubernetes", {}),
    ],
)
def test_roles_are_found_by_what_was_typed(query: str, found: dict[str, list[str]]):
    assert suggested(query) == found


def test_more_roles_than_slack_takes_are_cut():
    answer: Any = role_options([role_line(f"role-{number}") for number in range(150)])
    assert len(answer["option_groups"][0]["options"]) == OPTIONS_MOST


def test_a_role_without_a_title_is_its_name():
    answer: Any = role_options([role_line("prod-logs", "")])
    assert answer["option_groups"][0]["options"][0]["text"]["text"] == "prod-logs"


# Denying ----------------------------------------------------------------------------------------------


def test_denying_takes_a_reason_that_the_requester_reads():
    form = checked(deny_form(views.waiting(), views.TOKEN))
    heads = [form[part]["text"] for part in ("title", "submit", "close")]
    assert heads == ["Deny this request", "Deny", "Cancel"]
    assert (form["callback_id"], form["private_metadata"]) == (ids.DENY_FORM, views.TOKEN)
    lines = json.dumps(form["blocks"], ensure_ascii=False)
    assert "Ana Ruiz asks for *prod-db-readonly* · 1 h" in lines
    assert "replication lag" in lines
    field = form["blocks"][-1]
    assert field["label"]["text"] == "Reason, shown to Ana Ruiz"
    assert not field["optional"]
    assert field["element"]["max_length"] == REASON_MOST


def test_denying_works_where_the_reason_was_erased():
    assert len(checked(deny_form(views.waiting(reason=None), views.TOKEN))["blocks"]) == 2


def test_a_denial_is_read_back():
    typed = {"values": {ids.DENY_REASON_BLOCK: {ids.DENY_REASON: {"value": " not now \n"}}}}
    assert read_deny_form(typed) == "not now"
    assert deny_form_errors("not now") == {}
    assert deny_form_errors(read_deny_form({})) == {ids.DENY_REASON_BLOCK: "A reason is missing."}


# The line that says what would come of it -------------------------------------------------------------


def preview(
    decision: AskSomeone | Refuse | None, asked: tuple[PersonView, ...] = (views.BEN,), why: str = ""
) -> Preview:
    return Preview(decision, asked, ("database on-call",), why, (HOUR,), HOUR)


def asks(*counts: int) -> AskSomeone:
    groups = (GroupName("db-oncall"),)
    return AskSomeone(
        rule=RuleId("r"),
        why="Because",
        slots=tuple(ApprovalSlot(groups=groups, count=count) for count in counts),
        approvers=(),
        duration=HOUR,
        max_duration=HOUR,
        answer_within=HALF,
        guardrails=(),
        policy_hash="p",
    )


def refuses(kind: Refusal, reason: str, *others: str) -> Refuse:
    found = tuple(Alternative(role=RoleName(other), duration=HOUR, needs=1) for other in others)
    return Refuse(kind=kind, reasons=(reason,), alternatives=found, policy_hash="p")


PREVIEWS = [
    (preview(asks(1)), "👤 Will be asked: Ben Okafor (database on-call). 1 yes is enough."),
    (
        preview(asks(1, 1), asked=(views.BEN, views.EMI)),
        "👤 Will be asked: Ben Okafor (database on-call) and Emi Sato (security). 2 yes are needed.",
    ),
    (
        preview(asks(1), asked=(views.BEN._replace(title=""),)),
        "👤 Will be asked: Ben Okafor. 1 yes is enough.",
    ),
    (
        preview(asks(1), asked=(views.BEN, views.EMI, views.DEV, views.CHLOE)),
        "👤 Will be asked: database on-call. 1 yes is enough.",
    ),
    (
        preview(None, why="The person on call for the databases does not wait."),
        (
            "✅ Nobody needs to be asked: the person on call for the databases does not wait."
            " Starts when you send."
        ),
    ),
    (preview(None), "✅ Nobody needs to be asked. Starts when you send."),
    (
        preview(refuses(Refusal.NOT_ALLOWED, "Not allowed now: it needs a sev1.", "prod-operator")),
        "⛔ Not allowed now: it needs a sev1. You can have prod-operator for 1 h.",
    ),
    (
        preview(refuses(Refusal.NOBODY_CAN_APPROVE, "Nobody can approve: db-oncall is empty now.")),
        "⛔ Nobody can approve: db-oncall is empty now. Tell #platform-help.",
    ),
]


@pytest.mark.parametrize(("told", "sentence"), PREVIEWS)
def test_the_line_below_says_what_would_come_of_it(told: Preview, sentence: str):
    assert forms.previewed(told) == sentence


def test_the_button_says_what_sending_does():
    assert forms.submit(preview(None)) == "Start access"
    assert forms.submit(preview(asks(1))) == "Send"
    assert forms.submit(None) == "Send"
    assert forms.checking() == "⏳ Checking the rules…"


# The notes on top -------------------------------------------------------------------------------------

NOTES = [
    (forms.note_reason_missing(), "A reason is missing."),
    (
        forms.note_role_unknown("prod-db-readnoly", ["prod-db-readonly"]),
        'No role is called "prod-db-readnoly". The closest is prod-db-readonly: check it, then send.',
    ),
    (
        forms.note_role_unknown("prod-bd", ["prod-db-readonly", "prod-db-write"]),
        'No role is called "prod-bd". The closest are prod-db-readonly and prod-db-write: choose one.',
    ),
    (forms.note_role_unknown("x", []), 'No role is called "x". Choose one.'),
    (forms.note_too_long(timedelta(hours=8), TWO), "8 h is too long. The longest you can have is 2 h."),
    (forms.note_too_short(timedelta(minutes=5)), "The shortest is 5 min."),
    (forms.note_no_unit("90"), '"90" has no unit. Choose a duration, or write 90m.'),
    (
        forms.note_duration_in_reason("30s", HOUR),
        "Your reason mentions 30s. Is 1 h the duration you want?",
    ),
    (forms.note_second_role("prod-logs"), "One role per request. prod-logs needs its own."),
    (forms.note_group(), "Ask for one person at a time."),
    (forms.note_choose_duration(), "Choose a duration."),
    (
        forms.note_secret(),
        "Your reason looked as if it held a key. It was not stored. Write it again without.",
    ),
    (
        forms.note_reason_too_long(2412, 2000),
        "Your reason has 2,412 characters, 2,000 fit. Shorten it, then send.",
    ),
    (forms.note_role_missing(), "A role is missing: choose one."),
    (forms.note_person_unknown("@Ivy"), 'Nobody here is called "@Ivy". Choose somebody with @.'),
    (forms.note_not_for_others(), "You may ask for yourself only, so this form is for you."),
    (forms.changed_since_you_looked("It waits."), "Changed since you looked: It waits."),
]


@pytest.mark.parametrize(("note", "sentence"), NOTES)
def test_a_note_is_one_sentence_of_ux(note: str, sentence: str):
    assert note == sentence
