"""The text, cleaned and split; how each word looks when it is compared.

What is stored keeps the signs people typed. Only the comparing forms (`plain`, `bare`, `key`) are normalised.
"""

import re
from dataclasses import dataclass
from unicodedata import category, normalize

_DIRECTION_MARKS = frozenset(
    map(chr, (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x2070)))
)
_BLANK_LETTERS = frozenset(map(chr, (0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0)))
_WORD = re.compile(r"(?:<[^<>\s|]+(?:\|[^<>]*)?>|\S)+")
_LINK = re.compile(r"<((?:https?://|mailto:)[^<>|\s]+)(?:\|([^<>]*))?>")
_SCHEME = re.compile(r"^(?:https?://|mailto:)")
_LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‘’‚‛‹›′", "'"),
        **dict.fromkeys("\u00ad\u180e\u200b\u200c\u200d\u2060\ufeff", None),
    }
)
_DASH_INSIDE = re.compile(r"(?<=\w)[‐‑‒–—―−](?=\w)")
_DASH = re.compile(r"[‐‑‒–—―−]")
_WRAPPING = "`*\"'"


@dataclass(frozen=True, slots=True)
class Word:
    """One word: as it came, where it starts, and in the forms it is compared in."""

    raw: str
    start: int
    plain: str
    bare: str
    key: str


def clean(text: str) -> str:
    """The text on one line, without control characters and direction marks."""
    return "".join(map(_cleaned, text.replace("\r\n", "\n")))


def _cleaned(sign: str) -> str:
    kind = category(sign)
    if kind in {"Zl", "Zp"} or (kind == "Cc" and sign.isspace()):
        return " "
    return "" if kind in {"Cc", "Cs"} or sign in _DIRECTION_MARKS else sign


def split_words(text: str) -> tuple[Word, ...]:
    """The words of a clean text; one in which nothing can be seen is none."""
    found = (_word(match[0], match.start()) for match in _WORD.finditer(text))
    return tuple(word for word in found if _can_be_seen(word.plain))


def _word(raw: str, start: int) -> Word:
    plain = look_through(as_typed(raw))
    bare = plain.strip(_WRAPPING).removesuffix(".").strip(_WRAPPING)
    return Word(raw, start, plain, bare, bare.casefold().replace("_", "-"))


def as_typed(text: str) -> str:
    """What the person typed before Slack wrapped links and escaped `&`, `<` and `>`."""
    return _LINK.sub(_unwrapped, text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _unwrapped(link: re.Match[str]) -> str:
    url, label = link.groups()
    if label == _SCHEME.sub("", url):
        return label
    return f"{url} ({label})" if label else url


def look_through(text: str) -> str:
    """The text for comparing: one form of each letter, quote and dash, nothing of no width."""
    text = normalize("NFKC", text.translate(_LOOKALIKES)).translate(_LOOKALIKES)
    return _DASH.sub("--", _DASH_INSIDE.sub("-", text))


def without_wrapping(raw: str) -> str:
    """The word without the quotes, marks and punctuation around it."""
    return raw.strip("`*\"'“”„‘’.,;:")


def says_something(text: str) -> bool:
    """Whether there is a letter, a number or a picture in the text."""
    return any((category(sign)[0] in "LN" or category(sign) == "So") and _has_ink(sign) for sign in text)


def _can_be_seen(text: str) -> bool:
    return any(category(sign)[0] in "LNPS" and _has_ink(sign) for sign in text)


def _has_ink(sign: str) -> bool:
    return sign not in _BLANK_LETTERS
