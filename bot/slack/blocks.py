"""The pieces a message is made of, as plain dicts, each cut to what Slack takes.

Two kinds of text never mix. What we wrote ourselves is mrkdwn, with `escape` around every name in it. What a
person or a pager wrote is `plain` or `quote`, which Slack never parses, after `clean`. Our mrkdwn is
`verbatim`, so that nothing in it turns into a link or a mention by accident.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

Block: TypeAlias = dict[str, object]
"""A block, an element or a text object, as Slack takes it."""

TEXT_MOST: Final = 3000
FIELD_MOST: Final = 2000
BUTTON_MOST: Final = 75
LABEL_MOST: Final = 75
HEADER_MOST: Final = 150
OPTION_MOST: Final = 75
PLACEHOLDER_MOST: Final = 150
TITLE_MOST: Final = 24
FALLBACK_MOST: Final = 4000
BLOCKS_MOST: Final = 50
QUOTE_MOST: Final = 300
"""How much of what somebody wrote a card shows; the thread has all of it."""
SMALL_PRINT_WORDS: Final = 22
"""How many words a line of small print has."""

_FAR: Final = timedelta(hours=12)
_SPACES: Final = re.compile(r"\s+")
_TOKEN: Final = re.compile(r"<(?:!date\^[^|>]*|https?:[^|>]*)\|([^>]*)>")
_BOLD: Final = re.compile(r"\*([^*]+)\*")
_CODE: Final = re.compile(r"`([^`]+)`")
_DROPPED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


class Message(NamedTuple):
    """A message: `text` says all of it to screen readers, in a push and in search; `blocks` show it."""

    text: str
    blocks: tuple[Block, ...]


class Option(NamedTuple):
    """One choice of a menu."""

    text: str
    value: str


def fingerprint(message: Message) -> str:
    """What is remembered of a message as it was drawn: of another drawing it is another."""
    text = json.dumps([message.text, list(message.blocks)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def escape(text: str) -> str:
    """Text of ours (a name, a title) as it stands in mrkdwn."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clean(text: str) -> str:
    """What somebody wrote on one line: control, direction and invisible signs gone, white space single."""
    spaced = _SPACES.sub(" ", text)
    kept = "".join(sign for sign in spaced if unicodedata.category(sign) not in _DROPPED)
    return _SPACES.sub(" ", kept).strip()


def clip(text: str, most: int) -> str:
    """The text, cut to so many characters with an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def when(moment: datetime, now: datetime) -> str:
    """A moment as each reader's own clock shows it: the time, and the day too when it is far away."""
    if abs(moment - now) > _FAR:
        return _date(moment, "{date_short_pretty} at {time}", "%-d %b at %H:%M UTC")
    return _date(moment, "{time}", "%H:%M UTC")


def when_exactly(moment: datetime, now: datetime | None = None) -> str:
    """A moment to the second; only its day and minute where it is far from now, if that is said."""
    if now is not None and abs(moment - now) > _FAR:
        return when(moment, now)
    return _date(moment, "{time_secs}", "%H:%M:%S UTC")


def _date(moment: datetime, shown: str, fallback: str) -> str:
    return f"<!date^{int(moment.timestamp())}^{shown}|{moment.astimezone(UTC).strftime(fallback)}>"


def spoken(marked: str) -> str:
    """Our mrkdwn as it is read aloud: times with their zone, links by their words, no stars."""
    return _CODE.sub(r"\1", _BOLD.sub(r"\1", _TOKEN.sub(r"\1", marked)))


def mrkdwn(text: str, most: int = TEXT_MOST) -> Block:
    """Text of ours, formatted; everything in it that is not ours alone went through `escape`."""
    return {"type": "mrkdwn", "text": clip(text, most), "verbatim": True}


def plain(text: str, most: int = TEXT_MOST) -> Block:
    """Text that is shown as it is, whoever wrote it."""
    return {"type": "plain_text", "text": clip(clean(text) or "…", most), "emoji": False}


def section(
    text: Block | str | None = None, *, fields: Sequence[Block] = (), accessory: Block | None = None
) -> Block:
    """A paragraph, small facts side by side, and something to press at its end; a str is mrkdwn of ours."""
    block: Block = {"type": "section"}
    if text is not None:
        block["text"] = mrkdwn(text) if isinstance(text, str) else text
    if fields:
        block["fields"] = list(fields)
    if accessory is not None:
        block["accessory"] = accessory
    return block


def context(text: Block | str) -> Block:
    """A line of small print; a str is mrkdwn of ours."""
    return {"type": "context", "elements": [mrkdwn(text) if isinstance(text, str) else text]}


def small_print(parts: Iterable[str]) -> list[Block]:
    """Small print of ours, part after part, on as few lines as hold it."""
    lines: list[str] = []
    for part in parts:
        longer = f"{lines[-1]} · {part}" if lines else part
        if lines and _word_count(longer) <= SMALL_PRINT_WORDS:
            lines[-1] = longer
        else:
            lines.append(part)
    return [context(line) for line in lines]


def _word_count(text: str) -> int:
    """How many words somebody reads, a moment being one."""
    return sum(any(sign.isalnum() for sign in word) for word in _TOKEN.sub("0", text).split())


def header(text: str) -> Block:
    """A heading."""
    return {"type": "header", "text": plain(text, HEADER_MOST)}


def quote(text: str, most: int = QUOTE_MOST) -> Block:
    """Somebody's own words, set apart and never parsed."""
    return _rich("rich_text_quote", clip(clean(text) or "…", most))


def commands(lines: Iterable[str]) -> Block:
    """Lines to copy into a terminal, each on its own."""
    return _rich("rich_text_preformatted", "\n".join(clip(clean(line), TEXT_MOST) for line in lines))


def _rich(kind: str, text: str) -> Block:
    return {
        "type": "rich_text",
        "elements": [{"type": kind, "elements": [{"type": "text", "text": text}]}],
    }


def button(
    text: str,
    action: str,
    value: str | None = None,
    *,
    label: str | None = None,
    style: str | None = None,
    confirm: Block | None = None,
    url: str | None = None,
) -> Block:
    """A button; `label` is what a screen reader says instead of its few words."""
    block: Block = {"type": "button", "action_id": action, "text": plain(text, BUTTON_MOST)}
    extras = {"value": value, "style": style, "confirm": confirm, "url": url}
    block.update({name: extra for name, extra in extras.items() if extra is not None})
    if label is not None:
        block["accessibility_label"] = clip(clean(label), LABEL_MOST)
    return block


def confirmation(title: str, text: str, yes: str, no: str) -> Block:
    """A question that has to be answered before a press counts."""
    return {
        "title": plain(title, 100),
        "text": plain(text, 300),
        "confirm": plain(yes, 30),
        "deny": plain(no, 30),
    }


def actions(*elements: Block) -> Block:
    """A row of things to press."""
    return {"type": "actions", "elements": list(elements)}


def overflow(action: str, options: Iterable[Option]) -> Block:
    """The menu behind three dots."""
    return {"type": "overflow", "action_id": action, "options": [option(one) for one in options]}


def option(one: Option) -> Block:
    """One choice, as Slack takes it."""
    return {"text": plain(one.text, OPTION_MOST), "value": one.value}


def external_select(action: str, placeholder: str, chosen: Option | None) -> Block:
    """A list that we are asked for as somebody types; offered from the first moment."""
    block: Block = {
        "type": "external_select",
        "action_id": action,
        "min_query_length": 0,
        "placeholder": plain(placeholder, PLACEHOLDER_MOST),
    }
    return block | ({"initial_option": option(chosen)} if chosen else {})


def static_select(action: str, options: Sequence[Option], chosen: Option | None) -> Block:
    """A list that is known beforehand."""
    block: Block = {
        "type": "static_select",
        "action_id": action,
        "options": [option(one) for one in options],
    }
    return block | ({"initial_option": option(chosen)} if chosen else {})


def text_input(
    action: str, placeholder: str, typed: str = "", *, most: int = TEXT_MOST, multiline: bool = False
) -> Block:
    """A field to type in, with what is there already."""
    block: Block = {
        "type": "plain_text_input",
        "action_id": action,
        "placeholder": plain(placeholder, PLACEHOLDER_MOST),
        "max_length": most,
        "multiline": multiline,
    }
    return block | ({"initial_value": clip(typed, most)} if typed else {})


def labelled(
    block_id: str, label: str, element: Block, *, optional: bool = False, dispatch: bool = False
) -> Block:
    """An element of a form with its label; the same block id keeps what was typed when it is redrawn."""
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": element,
        "optional": optional,
        "dispatch_action": dispatch,
    }


def named(block: Block, block_id: str) -> Block:
    """The block with an id of ours."""
    return {**block, "block_id": block_id}


def modal(
    callback: str, title: str, blocks: Sequence[Block], *, submit: str, close: str, private: str
) -> Block:
    """A form."""
    return {
        "type": "modal",
        "callback_id": callback,
        "title": plain(title, TITLE_MOST),
        "submit": plain(submit, TITLE_MOST),
        "close": plain(close, TITLE_MOST),
        "private_metadata": private,
        "blocks": list(blocks),
    }


def message(text: str, *blocks: Block) -> Message:
    """A message of these blocks, with the mrkdwn that says all of them read aloud."""
    return Message(clip(spoken(text), FALLBACK_MOST), tuple(blocks[:BLOCKS_MOST]))


def said(sentence: str, *pressed: Block) -> Message:
    """A message of one paragraph of ours, with what can be pressed under it."""
    below = [actions(*pressed)] if pressed else []
    return message(sentence, section(sentence), *below)


def said_plainly(sentence: str, *pressed: Block) -> Message:
    """As `said`, for a paragraph in which somebody else's words stand."""
    below = [actions(*pressed)] if pressed else []
    return Message(clip(escape(clean(sentence)), FALLBACK_MOST), (section(plain(sentence)), *below))
