"""A line becomes a command, a whole ask, or the part of one that was understood."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from bot.slack.line.head import Head, read_head
from bot.slack.line.incidents import read_incident
from bot.slack.line.references import reference_in
from bot.slack.line.roles import KnownRoles
from bot.slack.line.secrets import first_secret
from bot.slack.line.times import duration_at, mention_in
from bot.slack.line.values import (
    LONGEST_REASON,
    Command,
    DidYouMean,
    Emergency,
    Empty,
    End,
    Extend,
    Filled,
    Help,
    Later,
    Line,
    Login,
    Logout,
    Mine,
    Note,
    Part,
    ReasonMentionsDuration,
    ReasonMissing,
    ReasonTooLong,
    Roles,
    SecretInReason,
    Vocabulary,
    Waiting,
    Whole,
)
from bot.slack.line.words import Word, as_typed, clean, says_something, split_words

_ALONE: dict[Command, Line] = {
    Command.MINE: Mine(),
    Command.WAITING: Waiting(),
    Command.HELP: Help(),
    Command.LOGOUT: Logout(),
}
_VEIL = "…"
_REQUEST_ID = re.compile(r"pa-[0-9a-z]+")
_NEAR_ALONE = 0.75
_NEAR_WITH_ONE_MORE = 0.85
_MOST_WORDS_AROUND_A_COMMAND = 2


@dataclass(frozen=True, slots=True)
class _Typed:
    """The clean text and its words, which stop before the first that looks like a key."""

    text: str
    words: tuple[Word, ...]
    secret: bool

    def after(self, size: int) -> str:
        """The text after so many words; nothing of a text that holds a key."""
        if self.secret:
            return _VEIL
        rest = self.words[size:]
        return self.text[rest[0].start :].strip() if rest else ""


def read_line(text: str, vocabulary: Vocabulary) -> Line:
    """What somebody means by the text after `/prod-access`, as Slack sends it with `should_escape`."""
    typed = _typed(clean(text))
    if not typed.words and not typed.secret:
        return Empty()
    known = KnownRoles.of(vocabulary.roles)
    return _read_command(typed, vocabulary, known) or _read_ask(typed, vocabulary, known)


def read_message(text: str) -> Part:
    """The first line of somebody's message as the start of an ask: its reference, and the reason."""
    typed = _typed(clean(text.strip().split("\n", 1)[0]))
    reason = "" if typed.secret else as_typed(typed.text).strip()[:LONGEST_REASON]
    notes = (SecretInReason(),) if typed.secret else ()
    return Part(Filled(None, None, None, reference_in(reason), reason), notes)


def holds_secret(text: str) -> bool:
    """Whether something in the text looks like a key."""
    return _typed(clean(text)).secret


def _typed(text: str) -> _Typed:
    words = split_words(text)
    end = first_secret(words)
    return _Typed(text, words[:end], secret=end is not None)


def _read_command(typed: _Typed, vocabulary: Vocabulary, known: KnownRoles) -> Line | None:
    first = typed.words[0].key if typed.words else ""
    command = next((command for command in Command if command == first), None)
    if command is None:
        return None
    rest = typed.after(1)
    if command not in vocabulary.commands:
        return Later(command, rest)
    if command is Command.EMERGENCY:
        return _emergency(typed, known)
    return _answer(command, rest, known)


def _emergency(typed: _Typed, known: KnownRoles) -> Emergency:
    """The ask after the word; where a role is missing, everything is reason."""
    rest = _Typed(typed.text, typed.words[1:], typed.secret)
    return Emergency(_complete(read_head(rest.words, known), rest))


def _answer(command: Command, rest: str, known: KnownRoles) -> Line:
    match command:
        case Command.ROLES:
            return Roles(as_typed(rest))
        case Command.END:
            return End(_target(rest, known))
        case Command.EXTEND:
            return _extend(rest, known)
        case Command.LOGIN:
            return Login(as_typed(rest))
        case Command.INCIDENT:
            return read_incident(rest)
        case _:
            return _ALONE.get(command) or Later(command, rest)


def _extend(rest: str, known: KnownRoles) -> Extend:
    """The target and the duration, whichever comes first; what is neither is a target of no such name."""
    words = split_words(rest)
    for start in range(len(words)):
        size, time = duration_at(words[start:]) or (0, None)
        others = (*words[:start], *words[start + size :])
        if time is not None and (start == 0 or start + size == len(words)):
            return Extend(_target(" ".join(word.raw for word in others), known), time.length)
    return Extend(_target(rest, known), None)


def _target(rest: str, known: KnownRoles) -> str | None:
    words = split_words(rest)
    if not words:
        return None
    role = next((role.name for role in known.spelled_at(words) if role.size == len(words)), None)
    key = words[0].key if len(words) == 1 else ""
    return role or (key if key == "all" or _REQUEST_ID.fullmatch(key) else as_typed(rest))


def _read_ask(typed: _Typed, vocabulary: Vocabulary, known: KnownRoles) -> Line:
    head = read_head(typed.words, known)
    command = None if head.size else _near_command(typed.words, vocabulary)
    if command:
        return DidYouMean(command)
    return _complete(head, typed)


def _near_command(words: tuple[Word, ...], vocabulary: Vocabulary) -> Command | None:
    if not 0 < len(words) <= _MOST_WORDS_AROUND_A_COMMAND:
        return None
    cutoff = _NEAR_ALONE if len(words) == 1 else _NEAR_WITH_ONE_MORE
    near = get_close_matches(words[0].key, sorted(vocabulary.commands), n=1, cutoff=cutoff)
    return Command(near[0]) if near else None


def _complete(head: Head, typed: _Typed) -> Whole | Part:
    whole_reason = "" if typed.secret else as_typed(typed.after(head.size)).strip()
    reason = whole_reason[:LONGEST_REASON].rstrip()
    reference = head.reference or reference_in(reason)
    secret = (SecretInReason(),) if typed.secret else ()
    notes = (*secret, *head.notes, *_reason_notes(head, whole_reason, secret=typed.secret))
    if notes or head.role is None:
        return Part(Filled(head.for_user, head.role, head.duration, reference, reason), notes)
    return Whole(head.for_user, head.role, head.duration, reference, reason)


def _reason_notes(head: Head, reason: str, *, secret: bool) -> Iterator[Note]:
    if not secret and not says_something(reason):
        yield ReasonMissing()
    if len(reason) > LONGEST_REASON:
        yield ReasonTooLong(len(reason))
    mention = None if head.times else mention_in(reason)
    if mention:
        yield ReasonMentionsDuration(mention)
