"""The small words that sentences are made of: names, places, moments, numbers."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from bot.slack.blocks import clean, clip, escape, when
from bot.views import CardState, CloudView, PersonView, RequestView
from policies.grant import EndCause, GrantState
from policies.values import CloudName
from policies.window import say_duration

BUTTON_SIGNS: Final = 24
NAMES_MOST: Final = 3
PLACES_MOST: Final = 4
REFERENCE_MOST: Final = 60
_TICKET: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,9}-[0-9]{1,12}")
_MINUTE: Final = timedelta(minutes=1)
_CLOUDS: Final = {
    "aws": "AWS",
    "identity-center": "AWS Identity Center",
    "gcp": "Google Cloud",
    "azure": "Azure",
}
_COUNTS: Final = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ONE: Final = {timedelta(hours=1): "hour counts", timedelta(days=1): "day counts", _MINUTE: "minute counts"}
_ENDS: Final = (".", "?", "!", "…")


class Contacts(NamedTuple):
    """Where people turn when prod-access cannot help them, as the organisation names it."""

    help: str = "#platform-help"
    break_glass: str | None = None
    page: str | None = None


ORDINARY: Final = Contacts()


def join(words: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    *head, tail = list(words) or [""]
    return f"{', '.join(head)} {last} {tail}" if head else tail


def some(words: Sequence[str], most: int = NAMES_MOST, last: str = "and") -> str:
    """As `join`, and beyond so many only how many more there are."""
    if len(words) <= most:
        return join(words, last)
    return f"{', '.join(words[:most])} {last} {len(words) - most} more"


def counted(number: int) -> str:
    """The number as a word, as far as anybody counts in words."""
    return _COUNTS[number] if number < len(_COUNTS) else str(number)


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def inner(sentence: str) -> str:
    """A whole sentence as it stands inside another: no full stop, no capital unless it starts an acronym."""
    bare = sentence.strip().rstrip(".")
    return bare if bare[:2].isupper() else bare[:1].lower() + bare[1:]


def closed(text: str) -> str:
    """The text, ending as a sentence does."""
    return text if text.endswith(_ENDS) else f"{text}."


def spoken_duration(duration: timedelta) -> str:
    """A duration as a screen reader says it: `1 hour 30 minutes`."""
    units = {"h": "hour", "min": "minute", "s": "second", "day": "day", "days": "day"}
    parts = say_duration(duration).split(" ")
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return " ".join(f"{number} {units[unit]}{'' if number == '1' else 's'}" for number, unit in pairs)


def about(duration: timedelta) -> str:
    """A duration as it is remembered: whole minutes once there is one."""
    return say_duration(round(duration / _MINUTE) * _MINUTE if duration >= _MINUTE else duration)


def named(person: PersonView) -> str:
    """Somebody's name."""
    return escape(person.name)


def names(people: Sequence[PersonView], last: str = "and") -> str:
    """The names of a few people."""
    return some([named(person) for person in people], last=last)


def cloud_name(cloud: CloudName) -> str:
    """A cloud as people call it."""
    return _CLOUDS.get(cloud, escape(cloud))


def cloud_names(view: RequestView, last: str | None = None) -> str:
    """The clouds of a request, each once: `AWS, Google Cloud`."""
    found = [cloud_name(cloud) for cloud in dict.fromkeys(one.cloud for one in view.clouds)]
    return join(found, last) if last else ", ".join(found)


def place(one: CloudView) -> str:
    """A cloud and the account in it."""
    return f"{cloud_name(one.cloud)} {escape(one.place)}"


def places(view: RequestView) -> str:
    """Where a role reaches: `AWS shop-prod, AWS tideline`."""
    return a_few([place(one) for one in view.clouds], ", ")


def short_place(view: RequestView, one: CloudView) -> str:
    """The cloud alone, where the request has nothing else in it."""
    return cloud_name(one.cloud) if place_alone(view, one) else place(one)


def place_alone(view: RequestView, one: CloudView) -> bool:
    """True when the request reaches one place only in that cloud."""
    return sum(other.cloud == one.cloud for other in view.clouds) == 1


def a_few(words: Sequence[str], between: str) -> str:
    """The first few, and how many more there are."""
    more = [f"{len(words) - PLACES_MOST} more"] if len(words) > PLACES_MOST else []
    return between.join([*words[:PLACES_MOST], *more])


def groups(view: RequestView, last: str = "or") -> str:
    """The groups whose yes is missing."""
    return some([escape(group.title) for group in view.groups], last=last) or "the approving group"


def role(view: RequestView) -> str:
    """The role's name."""
    return escape(view.request.role)


def number(view: RequestView) -> str:
    """What a person quotes."""
    return escape(view.request.id)


def lasting(view: RequestView) -> str:
    """For how long it was asked."""
    return say_duration(view.request.duration)


def plain_reference(view: RequestView) -> str:
    """The reference somebody gave, plainly."""
    return clip(clean(view.request.reference or ""), REFERENCE_MOST)


def safe_reference(view: RequestView) -> str:
    """A reference like INC-42, which can be read in one way only; any other is shown as somebody's words."""
    reference = plain_reference(view)
    return reference if _TICKET.fullmatch(reference) else ""


def risk(view: RequestView) -> str:
    """`low, reads only`."""
    return f"{view.risk.value}, reads only" if view.reads_only else view.risk.value


def until(view: RequestView, now: datetime) -> str:
    """When it ends; before it was approved, when it would."""
    return when(view.request.ends_at or now + view.request.duration, now)


def over_at(view: RequestView) -> datetime:
    """When the access ended, or was to end: its window's end, unless it was told to end sooner.

    A cloud whose end could not be moved ended before the rest, so the last one counts.
    """
    request = view.request
    grants = [one.grant for one in view.clouds if one.grant and one.grant.cause is not EndCause.LATE_CREATE]
    began = [grant.ending_at for grant in grants if grant.ending_at]
    last = [max(began)] if began else []
    known = [moment for moment in (request.ends_at, request.ended_at, *last) if moment]
    return min(known, default=request.asked_at)


def due_at(view: RequestView) -> datetime:
    """When what is stuck was due to end."""
    late = [one.grant for one in view.clouds if one.grant and one.grant.stuck_at]
    due = [min(grant.ends_at, grant.ending_at or grant.ends_at) for grant in late]
    return min(due, default=over_at(view))


def in_question(view: RequestView) -> RequestView:
    """The view with the people of the yes that is waited for now: an extension's, where one waits."""
    more = view.more
    if more is None or not view.waits_for_more:
        return view
    return view._replace(asked=more.asked, groups=more.groups, missing=more.missing)


def answer_by(view: RequestView) -> datetime:
    """Until when the yes that is waited for may come."""
    return view.more.lapses_at if view.more and view.waits_for_more else view.request.lapses_at


def ended_early(view: RequestView) -> bool:
    """True when somebody ended it before its time."""
    return view.ended_by is not None and over_at(view) != view.request.ends_at


def ever_live(view: RequestView) -> bool:
    """True when it was seen in some cloud."""
    return any(one.grant and one.grant.live_at for one in view.clouds)


def all_gone(view: RequestView) -> bool:
    """True when a read of every cloud showed nothing."""
    return all(one.state in {None, GrantState.GONE} for one in view.clouds)


def found_again(view: RequestView) -> bool:
    """True when it was over, and then a cloud showed it once more."""
    return view.state is CardState.ENDED and not all_gone(view)
