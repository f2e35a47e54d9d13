"""What Slack accepts as a view (docs: view objects; surfaces, modals; reference B1 and B2)."""

import json
from collections.abc import Iterator

from sandbox.slack import limits
from sandbox.slack.block_rules import HOME_BLOCKS, MODAL_BLOCKS
from sandbox.slack.checks import Check, at, boolean, both, by_type, choice, shape, string
from sandbox.slack.element_rules import plain
from sandbox.slack.shapes import Json, Refusal

_MARKS: dict[str, Check] = {
    "private_metadata": string(limits.PRIVATE_METADATA_MAX),
    "callback_id": string(limits.ID_MAX),
    "external_id": string(limits.ID_MAX),
}


def _submit_with_input(view: object, where: str) -> Iterator[str]:
    """docs: view objects, "submit is required when an input block is within the blocks array"."""
    blocks = view.get("blocks") if isinstance(view, dict) else None
    has_input = isinstance(blocks, list) and any(
        isinstance(b, dict) and b.get("type") == "input" for b in blocks
    )
    if isinstance(view, dict) and has_input and not view.get("submit"):
        yield at("`submit` is required when the view has input blocks", where)


_MODAL = both(
    shape(
        {"type": choice("modal"), "title": plain(limits.VIEW_TITLE_MAX), "blocks": MODAL_BLOCKS},
        {
            **_MARKS,
            "submit": plain(limits.VIEW_TITLE_MAX),
            "close": plain(limits.VIEW_TITLE_MAX),
            "clear_on_close": boolean,
            "notify_on_close": boolean,
            "submit_disabled": boolean,
        },
    ),
    _submit_with_input,
)
_HOME = shape({"type": choice("home"), "blocks": HOME_BLOCKS}, _MARKS)


def checked_view(view: object, kind: str) -> Json:
    """The view, if Slack would take it as this kind; otherwise Slack's refusal."""
    view = _parsed(view)
    found = list(by_type({"modal": _MODAL} if kind == "modal" else {"home": _HOME})(view, "/view"))
    if found or not isinstance(view, dict):
        raise Refusal("invalid_arguments", *found)
    if len(json.dumps(view)) > limits.VIEW_BYTES_MAX:
        raise Refusal("view_too_large")
    return view


def _parsed(view: object) -> object:
    if not isinstance(view, str):
        return view
    try:
        return json.loads(view)
    except ValueError:
        raise Refusal("invalid_arguments", "failed to parse the view as JSON") from None
