"""What Slack accepts inside a block: text objects, options, confirm dialogs, interactive elements.

docs: Block Kit reference, composition objects and block elements; numbers of reference B2. An unknown
property is refused, `disabled` on a button among them (bolt-js #1891, reference B2).
"""

from collections.abc import Iterator

from sandbox.slack import limits
from sandbox.slack.checks import (
    Check,
    anything,
    at,
    boolean,
    both,
    by_type,
    choice,
    either,
    integer,
    listing,
    not_both,
    shape,
    string,
)

IDENTITY = string(limits.ID_MAX, 1)


def plain(high: int, low: int = limits.TEXT_MIN) -> Check:
    """A plain_text object (docs: text object)."""
    return shape({"type": choice("plain_text"), "text": string(high, low)}, {"emoji": boolean})


def marked(high: int, low: int = limits.TEXT_MIN) -> Check:
    """A mrkdwn object; `emoji` belongs to plain_text only (docs: text object)."""
    return shape({"type": choice("mrkdwn"), "text": string(high, low)}, {"verbatim": boolean})


def text(high: int, low: int = limits.TEXT_MIN) -> Check:
    """Either kind of text object."""
    return by_type({"plain_text": plain(high, low), "mrkdwn": marked(high, low)})


CONFIRM = shape(
    {
        "title": plain(limits.CONFIRM_TITLE_MAX),
        "text": text(limits.CONFIRM_TEXT_MAX),
        "confirm": plain(limits.CONFIRM_BUTTON_MAX),
        "deny": plain(limits.CONFIRM_BUTTON_MAX),
    },
    {"style": choice("primary", "danger")},
)

_OPTION = {"text": text(limits.OPTION_TEXT_MAX), "value": string(limits.OPTION_VALUE_MAX, 1)}
_DESCRIPTION = {"description": text(limits.OPTION_DESCRIPTION_MAX)}
OPTION = shape(_OPTION, _DESCRIPTION)
PLAIN_OPTION = shape({**_OPTION, "text": plain(limits.OPTION_TEXT_MAX)}, _DESCRIPTION)
OVERFLOW_OPTION = shape(
    {**_OPTION, "text": plain(limits.OPTION_TEXT_MAX)}, {**_DESCRIPTION, "url": string(limits.BUTTON_URL_MAX)}
)
OPTIONS = listing(PLAIN_OPTION, 1, limits.OPTIONS_MAX)
OPTION_GROUPS = listing(
    shape({"label": plain(limits.OPTION_GROUP_LABEL_MAX), "options": OPTIONS}), 1, limits.OPTION_GROUPS_MAX
)
PLACEHOLDER = plain(limits.PLACEHOLDER_MAX)
SUGGESTIONS = both(
    shape(
        {},
        {
            "options": listing(PLAIN_OPTION, 0, limits.OPTIONS_MAX),
            "option_groups": listing(
                shape(
                    {
                        "label": plain(limits.OPTION_GROUP_LABEL_MAX),
                        "options": listing(PLAIN_OPTION, 0, limits.OPTIONS_MAX),
                    }
                ),
                0,
                limits.OPTION_GROUPS_MAX,
            ),
        },
    ),
    not_both("options", "option_groups"),
)
"""An app's answer to block_suggestion (docs: select menus, external data source)."""

_COMMON: dict[str, Check] = {"action_id": IDENTITY, "confirm": CONFIRM, "focus_on_load": boolean}
_MENU = {**_COMMON, "placeholder": PLACEHOLDER}
_MANY = {**_MENU, "max_selected_items": integer(1, limits.OPTIONS_MAX)}
_TYPED = {
    "action_id": IDENTITY,
    "placeholder": PLACEHOLDER,
    "focus_on_load": boolean,
    "dispatch_action_config": shape(
        {
            "trigger_actions_on": listing(
                choice("on_enter_pressed", "on_character_entered"),
                1,
                2,
            )
        }
    ),
}

BUTTON = shape(
    {"type": choice("button"), "text": plain(limits.BUTTON_TEXT_MAX)},
    {
        "action_id": IDENTITY,
        "url": string(limits.BUTTON_URL_MAX),
        "value": string(limits.BUTTON_VALUE_MAX),
        "style": choice("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(limits.ACCESSIBILITY_LABEL_MAX),
    },
)

OVERFLOW = shape(
    {"type": choice("overflow"), "options": listing(OVERFLOW_OPTION, 1, limits.OVERFLOW_MAX)},
    {"action_id": IDENTITY, "confirm": CONFIRM},
)


def _element(kind: str, required: dict[str, Check], optional: dict[str, Check]) -> tuple[str, Check]:
    return kind, shape({"type": choice(kind), **required}, optional)


_LISTED = {"options": OPTIONS, "option_groups": OPTION_GROUPS}
_OFFERED = both(either("options", "option_groups"), not_both("options", "option_groups"))
_MANY_CHOSEN = {"initial_options": listing(PLAIN_OPTION, 1, limits.OPTIONS_MAX)}
_FEW = {"options": listing(OPTION, 1, limits.CHOICES_MAX)}
_QUERY = {"min_query_length": integer(0, limits.INPUT_TEXT_MAX)}
_IDS = listing(string(limits.ID_MAX), 1, limits.OPTIONS_MAX)
_CONVERSATIONS: dict[str, Check] = {
    "default_to_current_conversation": boolean,
    "filter": anything,
    "response_url_enabled": boolean,
}


def _options_end(value: object, where: str) -> Iterator[str]:
    """plain_text_input: min_length may not exceed max_length (docs: plain-text input)."""
    if isinstance(value, dict) and value.get("min_length", 0) > value.get(
        "max_length", limits.INPUT_TEXT_MAX
    ):
        yield at("min_length must be less than max_length", where)


def _plain_text_input() -> Check:
    size = {
        "min_length": integer(0, limits.INPUT_TEXT_MAX),
        "max_length": integer(1, limits.INPUT_TEXT_MAX),
        "initial_value": string(limits.INPUT_TEXT_MAX),
        "multiline": boolean,
    }
    return both(shape({"type": choice("plain_text_input")}, {**_TYPED, **size}), _options_end)


SELECTS: dict[str, Check] = dict(
    [
        _element("external_select", {}, {**_MENU, **_QUERY, "initial_option": PLAIN_OPTION}),
        _element("users_select", {}, {**_MENU, "initial_user": string(limits.ID_MAX)}),
        _element("channels_select", {}, {**_MENU, "initial_channel": string(limits.ID_MAX)}),
        _element(
            "conversations_select",
            {},
            {**_MENU, **_CONVERSATIONS, "initial_conversation": string(limits.ID_MAX)},
        ),
        _element("multi_external_select", {}, {**_MANY, **_QUERY, **_MANY_CHOSEN}),
        _element("multi_users_select", {}, {**_MANY, "initial_users": _IDS}),
        _element("multi_channels_select", {}, {**_MANY, "initial_channels": _IDS}),
        _element(
            "multi_conversations_select", {}, {**_MANY, **_CONVERSATIONS, "initial_conversations": _IDS}
        ),
    ]
)
SELECTS["static_select"] = both(
    shape({"type": choice("static_select")}, {**_MENU, **_LISTED, "initial_option": PLAIN_OPTION}), _OFFERED
)
SELECTS["multi_static_select"] = both(
    shape({"type": choice("multi_static_select")}, {**_MANY, **_LISTED, **_MANY_CHOSEN}), _OFFERED
)

CHOICES: dict[str, Check] = dict(
    [
        _element("radio_buttons", _FEW, {**_COMMON, "initial_option": OPTION}),
        _element("checkboxes", _FEW, {**_COMMON, "initial_options": listing(OPTION, 1, limits.CHOICES_MAX)}),
        _element("datepicker", {}, {**_MENU, "initial_date": string(10)}),
        _element("timepicker", {}, {**_MENU, "initial_time": string(5), "timezone": string(limits.ID_MAX)}),
        _element("datetimepicker", {}, {**_COMMON, "initial_date_time": integer(10**9, 10**10 - 1)}),
    ]
)

TYPED: dict[str, Check] = dict(
    [
        _element("email_text_input", {}, {**_TYPED, "initial_value": string(limits.INPUT_TEXT_MAX)}),
        _element("url_text_input", {}, {**_TYPED, "initial_value": string(limits.INPUT_TEXT_MAX)}),
        _element(
            "number_input",
            {"is_decimal_allowed": boolean},
            {**_TYPED, "initial_value": string(100), "min_value": string(100), "max_value": string(100)},
        ),
        _element("rich_text_input", {}, {**_TYPED, "initial_value": anything}),
    ]
)
TYPED["plain_text_input"] = _plain_text_input()

IMAGE = shape(
    {
        "type": choice("image"),
        "image_url": string(limits.IMAGE_URL_MAX, 1),
        "alt_text": string(limits.IMAGE_ALT_MAX, 1),
    }
)

PRESSED: dict[str, Check] = {"button": BUTTON, "overflow": OVERFLOW}
ACCESSORIES = by_type({**PRESSED, **SELECTS, **CHOICES, "image": IMAGE})
IN_ACTIONS = by_type({**PRESSED, **SELECTS, **CHOICES})
IN_INPUT = by_type({**SELECTS, **CHOICES, **TYPED})
IN_CONTEXT = by_type(
    {"image": IMAGE, "plain_text": plain(limits.TEXT_MAX), "mrkdwn": marked(limits.TEXT_MAX)}
)
