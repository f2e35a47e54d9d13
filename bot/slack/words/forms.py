"""Forms; all of it plainly, because what was typed is echoed in it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from bot.answers import Preview
from bot.slack.blocks import clean, clip
from bot.slack.words.asks import plain_refusal
from bot.slack.words.buttons import SEND, START_ACCESS
from bot.slack.words.small import NAMES_MOST, ORDINARY, Contacts, inner, join, some
from bot.views import RequestView
from policies.decision import AskSomeone
from policies.window import say_duration

ASK_TITLE: Final = "Ask for access"
DENY_TITLE: Final = "Deny this request"
DENY_LONGER_TITLE: Final = "Deny more time"
ROLE_LABEL: Final = "Role"
ROLE_HINT: Final = "Choose a role"
DURATION_LABEL: Final = "How long"
REASON_LABEL: Final = "Reason"
REASON_HINT: Final = "What will you do there? e.g. find the query behind the replication lag"
REFERENCE_LABEL: Final = "Incident or ticket"
REFERENCE_HINT: Final = "INC-42"
FORM_ENDS: Final = "Ends by itself."
FOLLOW_UP_TITLE: Final = "Needs follow-up"
FOLLOW_UP_LABEL: Final = "What has to follow"
FOLLOW_UP_HINT: Final = "e.g. the restart belongs into the runbook"
DENY_HINT: Final = "e.g. replica is being rebuilt, try at 16:00"
ROLES_YOU_CAN_HAVE: Final = "All"
ROLES_NOT_NOW: Final = "Not now"


def deny_label(view: RequestView) -> str:
    """The one field of the form that denies."""
    return f"Reason, shown to {view.requester.name}"


def deny_longer_label(view: RequestView) -> str:
    """The same of the form that denies more time."""
    return f"Reason, shown to {view.beneficiary.name}"


def form_role(name: str, title: str) -> str:
    """A role in a list."""
    return f"{name} · {title}" if title else name


def form_duration(duration: timedelta, default: timedelta | None, longest: timedelta | None) -> str:
    """A duration in a list."""
    if duration == default:
        return f"{say_duration(duration)} · default"
    return f"{say_duration(duration)} · your longest" if duration == longest else say_duration(duration)


def form_for(name: str) -> str:
    """Whom it is for, where that is somebody else."""
    return f"For {name}."


def note_role_missing() -> str:
    """No role, nor anything near one."""
    return "A role is missing: choose one."


def note_role_unknown(typed: str, closest: Sequence[str]) -> str:
    """A word that is no role; a single close one is selected."""
    unknown = f'No role is called "{clip(clean(typed), 60)}".'
    if len(closest) == 1:
        return f"{unknown} The closest is {closest[0]}: check it, then send."
    if closest:
        return f"{unknown} The closest are {join(closest)}: choose one."
    return f"{unknown} Choose one."


def note_second_role(name: str) -> str:
    """Two roles in one line."""
    return f"One role per request. {name} needs its own."


def note_group() -> str:
    """A group, or several people."""
    return "Ask for one person at a time."


def note_person_unknown(typed: str) -> str:
    """Somebody nobody knows."""
    return f'Nobody here is called "{clip(clean(typed), 60)}". Choose somebody with @.'


def note_not_for_others() -> str:
    """Somebody else was named, and that is not for everybody."""
    return "You may ask for yourself only, so this form is for you."


def note_too_long(wanted: timedelta, longest: timedelta) -> str:
    """Longer than may be had."""
    return f"{say_duration(wanted)} is too long. The longest you can have is {say_duration(longest)}."


def note_too_short(shortest: timedelta) -> str:
    """Shorter than makes sense."""
    return f"The shortest is {say_duration(shortest)}."


def note_no_unit(typed: str) -> str:
    """A bare number."""
    bare = clip(clean(typed), 20)
    return f'"{bare}" has no unit. Choose a duration, or write {bare}m.'


def note_choose_duration() -> str:
    """Two durations, or a moment instead of one."""
    return "Choose a duration."


def note_duration_in_reason(mentioned: str, selected: timedelta) -> str:
    """A duration that stands in the reason is never obeyed."""
    said = clip(clean(mentioned), 20)
    return f"Your reason mentions {said}. Is {say_duration(selected)} the duration you want?"


def note_reason_missing() -> str:
    """Nothing says why."""
    return "A reason is missing."


def note_reason_too_long(length: int, most: int) -> str:
    """More than is kept."""
    return f"Your reason has {length:,} characters, {most:,} fit. Shorten it, then send."


def note_secret() -> str:
    """Something that looks like a key is not kept, not even for a moment."""
    return "Your reason looked as if it held a key. It was not stored. Write it again without."


def changed_since_you_looked(reply: str) -> str:
    """The answer at Send is another than the form had said."""
    return f"Changed since you looked: {reply}"


def checking() -> str:
    """Until the rules have been asked."""
    return "⏳ Checking the rules…"


def nothing_to_check() -> str:
    """No role is chosen yet."""
    return "👤 Choose a role to see who will be asked."


def previewed(preview: Preview, contacts: Contacts = ORDINARY) -> str:
    """What would come of the form as it stands."""
    decision = preview.decision
    if decision is None:
        because = f": {inner(preview.why)}" if preview.why else ""
        return f"✅ Nobody needs to be asked{because}. Starts when you send."
    if isinstance(decision, AskSomeone):
        return f"👤 Will be asked: {_will_be_asked(preview)}. {_yes_enough(decision)}"
    return f"⛔ {plain_refusal(decision, contacts)}"


def _will_be_asked(preview: Preview) -> str:
    if len(preview.asked) > NAMES_MOST:
        return some(preview.groups)
    return join(f"{one.name} ({one.title})" if one.title else one.name for one in preview.asked)


def _yes_enough(decision: AskSomeone) -> str:
    needs = sum(slot.count for slot in decision.slots)
    return "1 yes is enough." if needs == 1 else f"{needs} yes are needed."


def submit(preview: Preview | None) -> str:
    """The form's button: it says what sending does."""
    return START_ACCESS if preview is not None and preview.decision is None else SEND
