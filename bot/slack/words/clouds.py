"""What each cloud shows of a request, and what it promises once it is over.

*Live* and *gone* are what we saw when we looked. When a cloud obeys is its own affair: where it takes its
time, the line says so with the cloud's own figure.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from bot.slack.blocks import escape, when, when_exactly
from bot.slack.words.figures import AZURE_OBEYS, GOOGLE_OBEYS, IDENTITY_CENTER_SESSION
from bot.slack.words.small import (
    a_few,
    cloud_name,
    ended_early,
    ever_live,
    found_again,
    join,
    place_alone,
    short_place,
)
from bot.views import HELD, CardState, CloudView, RequestView
from policies.grant import Grant, GrantState
from policies.values import CloudName
from policies.window import say_duration

AWS: Final = CloudName("aws")
IDENTITY_CENTER: Final = CloudName("identity-center")
GOOGLE: Final = CloudName("gcp")
AZURE: Final = CloudName("azure")

_OWN_CLOCK: Final = {AWS: "AWS", GOOGLE: "Google"}
"""The clouds that refuse from the end on by themselves, open sessions too; by their short names."""
_ENOUGH_TRIES: Final = 3
_UP_TO_10_MIN: Final = f"up to {say_duration(AZURE_OBEYS)}"
_STARTS: Final[Mapping[CloudName, str]] = {
    AZURE: f"starting, {_UP_TO_10_MIN}",
    IDENTITY_CENTER: "starting, AWS is working on it",
}
_Held: TypeAlias = Sequence[tuple[CloudName, Grant]]
_PREFIX: Final = re.compile(r"^(aws|gcp|azure|identity_center)_")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_.]+")
_NO_ANSWER: Final = re.compile(r"error|time_?out|unavailable", re.IGNORECASE)


def where(view: RequestView, now: datetime) -> str:
    """What every cloud shows, as far as we know."""
    return a_few([cloud_state(view, one, now) for one in view.clouds], " · ")


def cloud_state(view: RequestView, one: CloudView, now: datetime) -> str:
    """One cloud and what it shows."""
    if one.grant is None:
        return short_place(view, one)
    say = _STATES[one.grant.state]
    return f"{short_place(view, one)} {say(view, one, now)}"


def starting(one: CloudView) -> str:
    """How a cloud starts."""
    return _STARTS.get(one.cloud, "starting")


def _starting(_: RequestView, one: CloudView, now: datetime) -> str:
    return f"starting{_tries(one, now)}" if is_slow(one) else starting(one)


def is_slow(one: CloudView) -> bool:
    """True once it was tried so often that people are told."""
    return one.grant is not None and one.grant.tries >= _ENOUGH_TRIES


def _tries(one: CloudView, now: datetime) -> str:
    if one.grant is None or one.grant.due_at is None:
        return ""
    return f", {one.grant.tries} tries, next {when(one.grant.due_at, now)}"


def is_standing(one: CloudView) -> bool:
    """Whether the holder had it already, for good, from somebody else."""
    return one.grant is not None and one.grant.standing


STAYS: Final = "held before, stays"
"""What is said of it: nothing of ours is there, and nothing of theirs is taken."""


def _live(view: RequestView, one: CloudView, now: datetime) -> str:
    if is_standing(one):
        return STAYS
    return f"live{own_end(view, one, now) or not_yet(one, now)}"


def not_yet(one: CloudView, now: datetime) -> str:
    """What follows `live` while the cloud may not obey yet, by its own figure."""
    since = one.grant.live_at if one.grant else None
    if since is None:
        return ""
    if one.cloud == GOOGLE and now < since + GOOGLE_OBEYS:
        return f", may not work before {when(since + GOOGLE_OBEYS, now)}"
    return f", may take {_UP_TO_10_MIN}" if one.cloud == AZURE and now < since + AZURE_OBEYS else ""


def own_end(view: RequestView, one: CloudView, now: datetime) -> str:
    """What follows `live` where this cloud ends at another moment than the rest."""
    ends_at = view.request.ends_at
    if one.grant is None or ends_at is None or one.grant.ends_at == ends_at:
        return ""
    still = ", still ends" if one.grant.ends_at < ends_at else " until"
    return f"{still} {when(one.grant.ends_at, now)}"


def _extending(_: RequestView, one: CloudView, now: datetime) -> str:
    return f"live, extending{_tries(one, now)}" if is_slow(one) else "live, extending"


def _ending(view: RequestView, one: CloudView, now: datetime) -> str:
    if one.grant and one.grant.stuck_at:
        return f"{_trouble(one.grant.problem)}{_tries(one, now)}"
    taking_back = view.state is CardState.NOT_GIVEN or found_again(view)
    return "being taken back" if taking_back else "asked, not yet confirmed"


def _trouble(problem: str | None) -> str:
    if problem == "still_there":
        return "still there"
    if problem is None or _NO_ANSWER.search(problem):
        return "unreachable"
    return f"says no ({escape(problem)})"


def _gone(view: RequestView, one: CloudView, _: datetime) -> str:
    if is_standing(one):
        return STAYS
    seen = f"gone {when_exactly(one.grant.gone_at)}" if one.grant and one.grant.gone_at else "gone"
    if view.state is not CardState.NOT_GIVEN:
        return seen
    if one.grant and one.grant.live_at:
        return f"taken back, {seen}"
    refused = view.cloud_no is not None and view.cloud_no.cloud == one.cloud and place_alone(view, one)
    return "never started" if refused else f"never live, {seen}"


_STATES: Final[Mapping[GrantState, Callable[[RequestView, CloudView, datetime], str]]] = {
    GrantState.PLANNED: _starting,
    GrantState.GRANTING: _starting,
    GrantState.LIVE: _live,
    GrantState.EXTENDING: _extending,
    GrantState.ENDING: _ending,
    GrantState.GONE: _gone,
}


def how_many_live(view: RequestView) -> int:
    """In how many places it is live, by a read."""
    return sum(one.state in HELD for one in view.clouds)


def uneven(view: RequestView) -> bool:
    """True when what is live is not so everywhere until the same moment, or somewhere moves too slowly."""
    ends = {one.grant.ends_at for one in view.clouds if one.grant}
    return len(ends) > 1 or any(one.state is GrantState.EXTENDING and is_slow(one) for one in view.clouds)


def refuser(view: RequestView) -> str:
    """The cloud that said no, as far as we know which."""
    if view.cloud_no is not None:
        return cloud_name(view.cloud_no.cloud)
    clouds = {one.cloud for one in view.clouds}
    return cloud_name(clouds.pop()) if len(clouds) == 1 else "a cloud"


def why_refused(view: RequestView) -> str:
    """The cloud's code as words, after a colon; nothing where we have none."""
    if view.cloud_no is None or not view.cloud_no.code:
        return ""
    return f": {escape(code_in_words(view.cloud_no.code))}"


def code_in_words(code: str) -> str:
    """`RoleAssignmentLimitExceeded` as `role assignment limit exceeded`; the same with underscores."""
    return " ".join(_HUMP.sub(" ", _PREFIX.sub("", code)).split()).lower()


def gone_from(view: RequestView, one: CloudView, *, early: bool) -> str:
    """When a cloud showed nothing any more; and, where the end came in time, how long Azure may answer."""
    gone_at = one.grant.gone_at if one.grant else None
    if is_standing(one):
        return f"{short_place(view, one)} {STAYS}"
    name = _OWN_CLOCK.get(one.cloud, "") if place_alone(view, one) else ""
    gone = f"{name or short_place(view, one)} gone{f' {when_exactly(gone_at)}' if gone_at else ''}"
    if one.cloud != AZURE or early or gone_at is None or not ever_live(view):
        return gone
    return f"{gone}, may answer until {_minute(gone_at + AZURE_OBEYS)}"


def outlives(view: RequestView) -> list[str]:
    """What an open session may still do, as far as `gone_from` has not said it."""
    return refusals(view) if ended_early(view) else _identity_center(_held(view))


def _held(view: RequestView) -> _Held:
    held = [(one.cloud, one.grant) for one in view.clouds if one.grant and one.grant.live_at]
    return [(cloud, grant) for cloud, grant in held if not grant.standing]


def refusals(view: RequestView) -> list[str]:
    """From when on each cloud that let somebody in says no, by its own clock or its own figure."""
    held = _held(view)
    by_itself = [(cloud, grant) for cloud, grant in held if cloud in _OWN_CLOCK]
    early = ended_early(view)
    first = _soon(_names(by_itself)) if early else _since(by_itself)
    later = [*_azure(held), *_identity_center(held)]
    promised = bool(first) and not early and len(by_itself) == len(held)
    return [*first, *later, *(["no open session outlives this"] if promised else [])]


def _names(held: Iterable[tuple[CloudName, Grant]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_OWN_CLOCK[cloud] for cloud, _ in held))


def _since(held: _Held) -> list[str]:
    """They kept their own clock, so an end in time needed nobody."""
    ends = sorted({grant.ends_at for _, grant in held}, reverse=True)
    by_end = {end: _names(one for one in held if one[1].ends_at == end) for end in ends}
    return [
        f"{join(names)} {'refuses' if len(names) == 1 else 'refuse'} since {when_exactly(end)}"
        for end, names in by_end.items()
    ]


def _soon(names: tuple[str, ...]) -> list[str]:
    """An end before its time has to reach all of a cloud first."""
    google = f"within {say_duration(GOOGLE_OBEYS)} of removal"
    match names:
        case ("AWS",):
            return ["AWS refuses, usually within seconds (AWS says a few minutes)"]
        case ("Google",):
            return [f"Google refuses {google} (Google's figure)"]
        case ():
            return []
        case _:
            return [f"AWS refuses within a few minutes, Google {google} (their figures)"]


def _azure(held: _Held) -> list[str]:
    gone = [grant.gone_at for cloud, grant in held if cloud == AZURE and grant.gone_at]
    if not gone:
        return []
    return [f"Azure may still answer until {_minute(max(gone) + AZURE_OBEYS)} (Azure's figure)"]


def _identity_center(held: _Held) -> list[str]:
    gone = [grant.gone_at for cloud, grant in held if cloud == IDENTITY_CENTER and grant.gone_at]
    if not gone:
        return []
    return [f"an open Identity Center session may live until {_minute(max(gone) + IDENTITY_CENTER_SESSION)}"]


def _minute(moment: datetime) -> str:
    return when(moment, moment)
