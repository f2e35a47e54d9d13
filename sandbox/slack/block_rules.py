"""What Slack accepts as the blocks of a message, a modal or a Home tab.

docs: Block Kit reference, blocks; numbers of reference B2. Block types Slack added in 2026 that no card
of ours uses (card, carousel, container, data_table, plan, ...) are refused here although Slack takes
them: the stand-in may be stricter than Slack, never laxer.
"""

from collections.abc import Iterator

from sandbox.slack import limits
from sandbox.slack.checks import (
    Check,
    at,
    boolean,
    both,
    by_type,
    choice,
    either,
    listing,
    shape,
    string,
    unique,
)
from sandbox.slack.element_rules import (
    ACCESSORIES,
    IDENTITY,
    IN_ACTIONS,
    IN_CONTEXT,
    IN_INPUT,
    plain,
    text,
)
from sandbox.slack.rich_text_rules import RICH_TEXT_ELEMENTS
from sandbox.slack.shapes import Json


def _block(
    kind: str, required: dict[str, Check], optional: dict[str, Check] | None = None
) -> tuple[str, Check]:
    return kind, shape({"type": choice(kind), **required}, {"block_id": IDENTITY, **(optional or {})})


def _elements(block: Json) -> list[Json]:
    elements = block.get("elements")
    return [one for one in elements if isinstance(one, dict)] if isinstance(elements, list) else []


EVERYWHERE: dict[str, Check] = dict(
    [
        _block("divider", {}),
        _block("header", {"text": plain(limits.HEADER_MAX)}),
        _block("context", {"elements": listing(IN_CONTEXT, 1, limits.CONTEXT_MAX)}),
        _block("rich_text", {"elements": RICH_TEXT_ELEMENTS}),
        _block(
            "image",
            {"alt_text": string(limits.IMAGE_ALT_MAX, 1), "image_url": string(limits.IMAGE_URL_MAX, 1)},
            {"title": plain(limits.IMAGE_ALT_MAX)},
        ),
        _block(
            "input",
            {"label": plain(limits.INPUT_LABEL_MAX), "element": IN_INPUT},
            {"hint": plain(limits.INPUT_HINT_MAX), "optional": boolean, "dispatch_action": boolean},
        ),
    ]
)
EVERYWHERE["section"] = both(
    shape(
        {"type": choice("section")},
        {
            "block_id": IDENTITY,
            "text": text(limits.TEXT_MAX),
            "fields": listing(text(limits.FIELD_TEXT_MAX), 1, limits.FIELDS_MAX),
            "accessory": ACCESSORIES,
            "expand": boolean,
        },
    ),
    either("text", "fields"),
)
EVERYWHERE["actions"] = both(
    shape(
        {"type": choice("actions"), "elements": listing(IN_ACTIONS, 1, limits.ACTIONS_MAX)},
        {"block_id": IDENTITY},
    ),
    unique("action_id", _elements),
)

ONLY_IN_MESSAGES: dict[str, Check] = dict([_block("markdown", {"text": string(limits.MARKDOWN_MAX, 1)})])
ONLY_IN_MODALS: dict[str, Check] = dict(
    [
        _block(
            "alert",
            {"text": text(limits.ALERT_MAX)},
            {"level": choice("default", "info", "warning", "error", "success")},
        )
    ]
)

_MESSAGE = by_type({**EVERYWHERE, **ONLY_IN_MESSAGES})
_MODAL = by_type({**EVERYWHERE, **ONLY_IN_MODALS})
_HOME = by_type(EVERYWHERE)


def _distinct_block_ids(blocks: object, where: str) -> Iterator[str]:
    """docs: blocks, block_id "should be unique for each message"."""
    seen: set[object] = set()
    for block in blocks if isinstance(blocks, list) else []:
        mark = block.get("block_id") if isinstance(block, dict) else None
        if mark is not None and mark in seen:
            yield at(f"`block_id` {mark} already exists", where)
        seen.add(mark)


MESSAGE_BLOCKS = both(listing(_MESSAGE, 0, limits.MESSAGE_BLOCKS_MAX), _distinct_block_ids)
MODAL_BLOCKS = both(listing(_MODAL, 0, limits.VIEW_BLOCKS_MAX), _distinct_block_ids)
HOME_BLOCKS = both(listing(_HOME, 0, limits.VIEW_BLOCKS_MAX), _distinct_block_ids)


def problems_of_message(blocks: object) -> list[str]:
    """Everything Slack would find wrong with the blocks of a message."""
    return list(MESSAGE_BLOCKS(blocks, "/blocks"))


def rendered(value: object) -> int:
    """How many characters of text the blocks carry, which Slack limits without saying so."""
    if isinstance(value, dict):
        own = len(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(rendered(one) for one in value.values())
    return sum(rendered(one) for one in value) if isinstance(value, list) else 0
