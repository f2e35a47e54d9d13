"""Every Block Kit limit, refused one by one; the numbers are those of slackblocks' registry."""

import copy
from typing import Any

import pytest
from slackblocks import _limits as registry

from sandbox.slack import limits
from sandbox.slack.block_rules import problems_of_message, rendered
from sandbox.slack.shapes import Refusal
from sandbox.slack.view_rules import checked_view

Json = dict[str, Any]


def plain(text: str = "x", **more: object) -> Json:
    return {"type": "plain_text", "text": text, **more}


def mrkdwn(text: str = "x", **more: object) -> Json:
    return {"type": "mrkdwn", "text": text, **more}


def button(**more: object) -> Json:
    return {"type": "button", "text": plain("Approve"), "action_id": "yes", **more}


def option(text: str = "x", value: str = "v", **more: object) -> Json:
    return {"text": plain(text), "value": value, **more}


def overflow(count: int) -> Json:
    return {
        "type": "overflow",
        "action_id": "more",
        "options": [option(str(n), str(n)) for n in range(count)],
    }


def select(**more: object) -> Json:
    return {"type": "static_select", "action_id": "pick", "options": [option()], **more}


def actions(*elements: Json, **more: object) -> Json:
    return {"type": "actions", "elements": list(elements), **more}


def section(**more: object) -> Json:
    return {"type": "section", "text": mrkdwn(), **more}


def field(element: Json, **more: object) -> Json:
    return {"type": "input", "block_id": "f", "label": plain("Reason"), "element": element, **more}


def typed(**more: object) -> Json:
    return {"type": "plain_text_input", "action_id": "t", **more}


def confirm(**more: object) -> Json:
    return {"title": plain(), "text": plain(), "confirm": plain(), "deny": plain(), **more}


CARD = [
    {"type": "header", "text": plain("Waiting")},
    section(accessory=button(accessibility_label="Approve Ana Ruiz, prod-db-readonly, 1 hour")),
    {
        "type": "rich_text",
        "elements": [{"type": "rich_text_quote", "elements": [{"type": "text", "text": "replication lag"}]}],
    },
    {"type": "section", "fields": [plain("Risk: low"), mrkdwn("INC-42")]},
    actions(
        button(style="primary", value="opaque"),
        button(action_id="no", style="danger", confirm=confirm()),
        overflow(5),
        block_id="decide",
    ),
    {"type": "context", "elements": [mrkdwn("pa-7k3m", verbatim=True)]},
    {"type": "divider"},
]


def test_a_real_card_is_taken():
    assert problems_of_message(CARD) == []


REFUSED: dict[str, tuple[list[Json], str]] = {
    "51 blocks": ([{"type": "divider"}] * 51, "no more than 50 items allowed"),
    "section text 3001": ([section(text=mrkdwn("x" * 3001))], "must be less than 3001 characters"),
    "empty text": ([section(text=plain(""))], "must be more than 0 characters"),
    "section without text or fields": ([{"type": "section"}], "missing required field: text or fields"),
    "11 fields": ([section(fields=[plain()] * 11)], "no more than 10 items allowed"),
    "field 2001": ([section(fields=[plain("x" * 2001)])], "must be less than 2001 characters"),
    "header in mrkdwn": ([{"type": "header", "text": mrkdwn()}], "must be one of plain_text"),
    "header 151": ([{"type": "header", "text": plain("x" * 151)}], "must be less than 151 characters"),
    "26 actions": (
        [actions(*(button(action_id=f"a{n}") for n in range(26)))],
        "no more than 25 items allowed",
    ),
    "no actions": ([actions()], "no less than 1 items allowed"),
    "button text 76": ([actions(button(text=plain("x" * 76)))], "must be less than 76 characters"),
    "button text mrkdwn": ([actions(button(text=mrkdwn()))], "must be one of plain_text"),
    "button value 2001": ([actions(button(value="x" * 2001))], "must be less than 2001 characters"),
    "button url 3001": ([actions(button(url="x" * 3001))], "must be less than 3001 characters"),
    "button disabled": ([actions(button(disabled=True))], "invalid additional property: disabled"),
    "button style": ([actions(button(style="warning"))], "must be one of primary, danger"),
    "accessibility label 76": ([actions(button(accessibility_label="x" * 76))], "less than 76"),
    "action_id 256": ([actions(button(action_id="x" * 256))], "must be less than 256 characters"),
    "block_id 256": ([section(block_id="x" * 256)], "must be less than 256 characters"),
    "duplicate action_id": ([actions(button(), button())], "`action_id` yes already exists"),
    "duplicate block_id": ([section(block_id="b"), section(block_id="b")], "`block_id` b already exists"),
    "overflow of none": ([actions(overflow(0))], "no less than 1 items allowed"),
    "overflow of 6": ([actions(overflow(6))], "no more than 5 items allowed"),
    "option text 76": ([actions(select(options=[option("x" * 76)]))], "must be less than 76 characters"),
    "option value 151": ([actions(select(options=[option("x", "v" * 151)]))], "less than 151 characters"),
    "option description 76": (
        [actions(select(options=[option(description=plain("x" * 76))]))],
        "must be less than 76 characters",
    ),
    "101 options": ([actions(select(options=[option()] * 101))], "no more than 100 items allowed"),
    "select without options": (
        [actions({"type": "static_select", "action_id": "pick"})],
        "missing required field: options or option_groups",
    ),
    "options and groups": (
        [actions(select(option_groups=[{"label": plain(), "options": [option()]}]))],
        "only one of options and option_groups is allowed",
    ),
    "placeholder 151": ([actions(select(placeholder=plain("x" * 151)))], "must be less than 151 characters"),
    "confirm without deny": (
        [actions(button(confirm={k: v for k, v in confirm().items() if k != "deny"}))],
        "missing required field: deny",
    ),
    "confirm title 101": ([actions(button(confirm=confirm(title=plain("x" * 101))))], "less than 101"),
    "confirm text 301": ([actions(button(confirm=confirm(text=plain("x" * 301))))], "less than 301"),
    "confirm button 31": ([actions(button(confirm=confirm(deny=plain("x" * 31))))], "less than 31"),
    "context of 11": ([{"type": "context", "elements": [plain()] * 11}], "no more than 10 items allowed"),
    "button in context": ([{"type": "context", "elements": [button()]}], "unsupported type: button"),
    "text input in actions": ([actions(typed())], "unsupported type: plain_text_input"),
    "button in input": ([field(button())], "unsupported type: button"),
    "emoji on mrkdwn": ([section(text=mrkdwn(emoji=True))], "invalid additional property: emoji"),
    "verbatim on plain_text": ([section(text=plain(verbatim=True))], "invalid additional property: verbatim"),
    "unknown block": ([{"type": "carousel"}], "unsupported type: carousel"),
    "unknown element": ([actions({"type": "toggle"})], "unsupported type: toggle"),
    "alert in a message": ([{"type": "alert", "text": plain()}], "unsupported type: alert"),
    "block without type": ([{"text": plain()}], "unsupported type: None"),
    "not a block": (["text"], "must be an object"),  # type: ignore[list-item]
    "6 radio buttons too many": (
        [actions({"type": "radio_buttons", "action_id": "r", "options": [option()] * 11})],
        "no more than 10 items allowed",
    ),
    "unknown rich text": (
        [{"type": "rich_text", "elements": [{"type": "rich_text_shout", "elements": []}]}],
        "unsupported type: rich_text_shout",
    ),
    "empty rich text": (
        [
            {
                "type": "rich_text",
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}],
            }
        ],
        "must be more than 0 characters",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_a_message(name: str):
    blocks, problem = REFUSED[name]
    assert any(problem in found for found in problems_of_message(blocks)), problems_of_message(blocks)


def modal(*blocks: Json, **more: object) -> Json:
    return {"type": "modal", "title": plain("Ask for access"), "blocks": list(blocks), **more}


FORM = modal(
    {"type": "alert", "text": plain("Starts now, without approval."), "level": "warning"},
    field(typed(multiline=True, min_length=10, max_length=500)),
    field(
        {"type": "external_select", "action_id": "role", "min_query_length": 0},
        block_id="role",
        dispatch_action=True,
        hint=plain("Search"),
    ),
    submit=plain("Send"),
    close=plain("Cancel"),
    private_metadata="{}",
    callback_id="ask",
    notify_on_close=True,
)


def test_a_real_form_is_taken():
    assert checked_view(FORM, "modal") == FORM


VIEWS_REFUSED: dict[str, tuple[Json, str]] = {
    "101 blocks": (modal(*[{"type": "divider"}] * 101), "no more than 100 items allowed"),
    "title 25": (modal(title=plain("x" * 25)), "must be less than 25 characters"),
    "submit 25": (modal(submit=plain("x" * 25)), "must be less than 25 characters"),
    "close 25": (modal(close=plain("x" * 25)), "must be less than 25 characters"),
    "private_metadata 3001": (modal(private_metadata="x" * 3001), "must be less than 3001 characters"),
    "callback_id 256": (modal(callback_id="x" * 256), "must be less than 256 characters"),
    "external_id 256": (modal(external_id="x" * 256), "must be less than 256 characters"),
    "no title": ({"type": "modal", "blocks": []}, "missing required field: title"),
    "input without submit": (modal(field(typed())), "`submit` is required"),
    "alert 201": (modal({"type": "alert", "text": plain("x" * 201)}), "must be less than 201 characters"),
    "label 2001": (modal(field(typed(), label=plain("x" * 2001)), submit=plain()), "less than 2001"),
    "input max_length 3001": (modal(field(typed(max_length=3001)), submit=plain()), "between 1 and 3000"),
    "input min above max": (
        modal(field(typed(min_length=9, max_length=5)), submit=plain()),
        "min_length must be less than max_length",
    ),
    "a home instead": ({"type": "home", "blocks": []}, "unsupported type: home"),
    "unknown property": (modal(colour="red"), "invalid additional property: colour"),
    "markdown block": (modal({"type": "markdown", "text": "x"}), "unsupported type: markdown"),
}


@pytest.mark.parametrize("name", VIEWS_REFUSED)
def test_refused_in_a_view(name: str):
    view, problem = VIEWS_REFUSED[name]
    with pytest.raises(Refusal) as refused:
        checked_view(copy.deepcopy(view), "modal")
    assert refused.value.error == "invalid_arguments"
    assert any(problem in found for found in refused.value.messages), refused.value.messages


def test_a_view_over_250_kilobytes_is_too_large():
    blocks = [section(text=plain("x" * 2900), block_id=str(n)) for n in range(100)]
    with pytest.raises(Refusal, match="view_too_large"):
        checked_view(modal(*blocks), "modal")


def test_a_modal_may_not_be_published_as_home():
    with pytest.raises(Refusal, match="invalid_arguments"):
        checked_view(modal(), "home")


def test_a_view_that_is_no_json():
    with pytest.raises(Refusal, match="invalid_arguments"):
        checked_view("{", "modal")


def test_rendered_text_is_counted_through_all_levels():
    assert rendered([section(text=plain("1234"), fields=[plain("56")]), actions(button())]) == 4 + 2 + 7


NUMBERS: list[tuple[int, int]] = [
    (limits.TEXT_MIN, registry.TEXT_MIN_LENGTH),
    (limits.TEXT_MAX, registry.TEXT_MAX_LENGTH),
    (limits.TEXT_MAX, registry.SECTION_TEXT_MAX_LENGTH),
    (limits.ID_MAX, registry.ACTION_ID_MAX_LENGTH),
    (limits.ID_MAX, registry.BLOCK_ID_MAX_LENGTH),
    (limits.ID_MAX, registry.VIEW_CALLBACK_ID_MAX_LENGTH),
    (limits.BUTTON_TEXT_MAX, registry.BUTTON_TEXT_MAX_LENGTH),
    (limits.BUTTON_VALUE_MAX, registry.BUTTON_VALUE_MAX_LENGTH),
    (limits.BUTTON_URL_MAX, registry.BUTTON_URL_MAX_LENGTH),
    (limits.ACCESSIBILITY_LABEL_MAX, registry.BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH),
    (limits.CONFIRM_TITLE_MAX, registry.CONFIRMATION_TITLE_MAX_LENGTH),
    (limits.CONFIRM_TEXT_MAX, registry.CONFIRMATION_TEXT_MAX_LENGTH),
    (limits.CONFIRM_BUTTON_MAX, registry.CONFIRMATION_CONFIRM_MAX_LENGTH),
    (limits.OPTION_TEXT_MAX, registry.OPTION_TEXT_MAX_LENGTH),
    (limits.OPTION_VALUE_MAX, registry.OPTION_VALUE_MAX_LENGTH),
    (limits.OPTION_DESCRIPTION_MAX, registry.OPTION_DESCRIPTION_MAX_LENGTH),
    (limits.OPTIONS_MAX, registry.SELECT_OPTIONS_MAX_ITEMS),
    (limits.OPTION_GROUPS_MAX, registry.SELECT_OPTION_GROUPS_MAX_ITEMS),
    (limits.OPTION_GROUP_LABEL_MAX, registry.OPTION_GROUP_LABEL_MAX_LENGTH),
    (limits.OVERFLOW_MAX, registry.OVERFLOW_OPTIONS_MAX_ITEMS),
    (limits.CHOICES_MAX, registry.CHECKBOXES_OPTIONS_MAX_ITEMS),
    (limits.PLACEHOLDER_MAX, registry.SELECT_PLACEHOLDER_MAX_LENGTH),
    (limits.INPUT_TEXT_MAX, registry.PLAIN_TEXT_INPUT_MAX_LENGTH_MAX),
    (limits.INPUT_LABEL_MAX, registry.INPUT_LABEL_MAX_LENGTH),
    (limits.INPUT_HINT_MAX, registry.INPUT_HINT_MAX_LENGTH),
    (limits.ACTIONS_MAX, registry.ACTIONS_ELEMENTS_MAX_ITEMS),
    (limits.CONTEXT_MAX, registry.CONTEXT_ELEMENTS_MAX_ITEMS),
    (limits.FIELDS_MAX, registry.SECTION_FIELDS_MAX_ITEMS),
    (limits.FIELD_TEXT_MAX, registry.SECTION_FIELDS_ITEM_MAX_LENGTH),
    (limits.HEADER_MAX, registry.HEADER_TEXT_MAX_LENGTH),
    (limits.ALERT_MAX, registry.ALERT_TEXT_MAX_LENGTH),
    (limits.MARKDOWN_MAX, registry.MARKDOWN_TEXT_MAX_LENGTH),
    (limits.IMAGE_URL_MAX, registry.IMAGE_IMAGE_URL_MAX_LENGTH),
    (limits.IMAGE_ALT_MAX, registry.IMAGE_ALT_TEXT_MAX_LENGTH),
    (limits.MESSAGE_BLOCKS_MAX, registry.MESSAGE_BLOCKS_MAX_ITEMS),
    (limits.ATTACHMENTS_MAX, registry.MESSAGE_ATTACHMENTS_MAX_ITEMS),
    (limits.VIEW_BLOCKS_MAX, registry.VIEW_BLOCKS_MAX_ITEMS),
    (limits.VIEW_TITLE_MAX, registry.VIEW_TITLE_MAX_LENGTH),
    (limits.PRIVATE_METADATA_MAX, registry.VIEW_PRIVATE_METADATA_MAX_LENGTH),
]


def test_the_numbers_are_those_of_the_public_registry():
    assert all(ours == theirs for ours, theirs in NUMBERS)
