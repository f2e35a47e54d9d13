"""What a person has typed and chosen in the inputs of a view or message: Slack's state.values.

docs: view submission payload, state.values; surfaces, modals: input stays as long as block_id and
action_id stay the same across an update (reference B1).
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.slack.shapes import Json

VALUE_KEYS = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "rich_text_input": "rich_text_value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "checkboxes": "selected_options",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
"""Where each element puts what was chosen."""

WITHOUT_STATE = ("button", "overflow", "image")
State = dict[str, dict[str, Json]]


@dataclass(frozen=True)
class Placed:
    """An interactive element and the block it sits in."""

    block: Json
    element: Json

    @property
    def block_id(self) -> str:
        """The block's id."""
        return str(self.block["block_id"])

    @property
    def action_id(self) -> str:
        """The element's id."""
        return str(self.element.get("action_id", ""))

    @property
    def kind(self) -> str:
        """The element's type."""
        return str(self.element["type"])

    @property
    def dispatches(self) -> bool:
        """Whether using it sends block_actions at once (docs: input block, dispatch_action)."""
        return self.block["type"] != "input" or bool(self.block.get("dispatch_action"))

    @property
    def required(self) -> bool:
        """Whether the client refuses to submit without it."""
        return self.block["type"] == "input" and not self.block.get("optional")


def placed(blocks: list[Json]) -> Iterator[Placed]:
    """All elements that can be used, in order."""
    for block in blocks:
        if block["type"] == "actions":
            yield from (Placed(block, element) for element in block["elements"])
        elif block["type"] == "section" and "accessory" in block:
            yield Placed(block, block["accessory"])
        elif block["type"] == "input":
            yield Placed(block, block["element"])


def settled(blocks: list[Json]) -> list[Json]:
    """The blocks as Slack stores them: ids where there were none, defaults spelled out."""
    done = [_with_defaults(block) for block in blocks]
    for block in done:
        if not block.get("block_id"):
            block["block_id"] = secrets.token_urlsafe(4)[:5]
    for one in placed(done):
        if one.kind != "image" and not one.element.get("action_id"):
            one.element["action_id"] = secrets.token_urlsafe(4)[:5]
    return done


def _with_defaults(value: Json) -> Json:
    done = {key: _deep(one) for key, one in value.items() if one is not None}
    if done.get("type") == "plain_text":
        done.setdefault("emoji", True)
    elif done.get("type") == "mrkdwn":
        done.setdefault("verbatim", False)
    return done


def _deep(value: object) -> object:
    if isinstance(value, dict):
        return _with_defaults(value)
    return [_deep(one) for one in value] if isinstance(value, list) else value


def initial(element: Json) -> object:
    """What an input holds before anybody touches it."""
    key = VALUE_KEYS[element["type"]]
    for name in (f"initial_{key.removeprefix('selected_')}", f"initial_{key}"):
        if name in element:
            return element[name]
    return [] if key.endswith("s") else None


def entry(element: Json, value: object) -> Json:
    """One input's state."""
    return {"type": element["type"], VALUE_KEYS[element["type"]]: value}


def state_of(blocks: list[Json], before: State | None = None) -> State:
    """The state of all inputs; what was there before under the same ids and type is kept."""
    state: State = {}
    for one in placed(blocks):
        if one.kind in WITHOUT_STATE:
            continue
        old = (before or {}).get(one.block_id, {}).get(one.action_id)
        kept = old if old is not None and old["type"] == one.kind else None
        state.setdefault(one.block_id, {})[one.action_id] = kept or entry(one.element, initial(one.element))
    return state


def is_empty(state: Json) -> bool:
    """Whether an input holds nothing."""
    return all(value in (None, "", []) for key, value in state.items() if key != "type")


def options_of(element: Json) -> list[Json]:
    """The options an element lists itself."""
    grouped = (option for group in element.get("option_groups", []) for option in group["options"])
    return [*element.get("options", []), *grouped]
