"""What Slack accepts as rich text (docs: Block Kit reference, rich text block)."""

from sandbox.slack import limits
from sandbox.slack.checks import (
    Check,
    anything,
    boolean,
    by_type,
    choice,
    integer,
    listing,
    shape,
    string,
)

_STYLE = shape({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight"), boolean))
_WORDS = string(limits.POST_TEXT_MAX, 1)
_ID = string(limits.ID_MAX, 1)


def _inline(
    kind: str, required: dict[str, Check], optional: dict[str, Check] | None = None
) -> tuple[str, Check]:
    return kind, shape({"type": choice(kind), **required}, {"style": _STYLE, **(optional or {})})


INLINE = by_type(
    dict(
        [
            _inline("text", {"text": _WORDS}),
            _inline(
                "link",
                {"url": string(limits.IMAGE_URL_MAX, 1)},
                {"text": string(limits.TEXT_MAX), "unsafe": boolean},
            ),
            _inline("emoji", {"name": _ID}, {"unicode": anything, "skin_tone": anything}),
            _inline("user", {"user_id": _ID}),
            _inline("usergroup", {"usergroup_id": _ID}),
            _inline("channel", {"channel_id": _ID}),
            _inline("broadcast", {"range": choice("here", "channel", "everyone")}),
            _inline("color", {"value": _ID}),
            _inline(
                "date",
                {"timestamp": integer(0, 10**12), "format": _ID},
                {"url": string(limits.IMAGE_URL_MAX), "fallback": string(limits.TEXT_MAX)},
            ),
        ]
    )
)

_ITEMS = listing(INLINE, 0, 10_000)
_BORDER = {"border": integer(0, 1)}
_SECTION = shape({"type": choice("rich_text_section"), "elements": _ITEMS})
_LIST = shape(
    {
        "type": choice("rich_text_list"),
        "style": choice("bullet", "ordered"),
        "elements": listing(by_type({"rich_text_section": _SECTION}), 1, 10_000),
    },
    {"indent": integer(0, 8), "offset": integer(0, 10**6), **_BORDER},
)

RICH_TEXT_ELEMENTS = listing(
    by_type(
        {
            "rich_text_section": _SECTION,
            "rich_text_list": _LIST,
            "rich_text_preformatted": shape(
                {"type": choice("rich_text_preformatted"), "elements": _ITEMS}, {**_BORDER, "language": _ID}
            ),
            "rich_text_quote": shape({"type": choice("rich_text_quote"), "elements": _ITEMS}, _BORDER),
        }
    ),
    0,
    10_000,
)
