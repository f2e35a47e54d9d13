"""What somebody holds, what waits for them, which roles there are, and help."""

from datetime import datetime, timedelta
from typing import Final

from bot.answers import RoleLine
from bot.slack.blocks import escape, when
from bot.slack.words.card import held_for, late_clouds
from bot.slack.words.small import ORDINARY, Contacts, about, join, lasting, named, names, over_at, role, until
from bot.views import CardState, RequestView
from policies.window import say_duration


def your_access() -> str:
    """Above what somebody holds and waits for."""
    return "Your access:"


def you_hold_nothing() -> str:
    """There is nothing to list."""
    return "You hold nothing now. Ask with /prod-access."


def mine(view: RequestView, now: datetime) -> str:
    """One line of what somebody holds or waits for."""
    whose = f" for {named(view.beneficiary)}" if view.on_behalf else ""
    return f"{_MINE[view.state][0]} *{role(view)}*{whose} · {_MINE[view.state][1](view, now)}"


def _mine_waiting(view: RequestView, _: datetime) -> str:
    return f"waiting for {names(view.asked, 'or')}" if view.asked else "waiting, nobody can approve now"


def _mine_ended(view: RequestView, now: datetime) -> str:
    return f"ended {when(over_at(view), now)}, {held_for(view)}"


_MINE: Final = {
    CardState.WAITING: ("⏳", _mine_waiting),
    CardState.STARTING: ("⚙️", lambda view, now: f"starting, until {until(view, now)}"),
    CardState.LIVE: ("🔓", lambda view, now: f"until {until(view, now)}"),
    CardState.ENDING: ("🔒", lambda _view, _now: "ending"),
    CardState.STUCK: ("⚠️", lambda view, _now: f"stuck, {late_clouds(view)} not ended"),
    CardState.ENDED: ("🔒", _mine_ended),
    CardState.DENIED: ("⛔", lambda _view, _now: "denied"),
    CardState.WITHDRAWN: ("➖", lambda _view, _now: "withdrawn"),
    CardState.LAPSED: ("💤", lambda _view, _now: "lapsed"),
    CardState.NOT_GIVEN: ("↩️", lambda _view, _now: "not given"),
}


def waiting_for_you(how_many: int) -> str:
    """Above what waits for somebody's yes."""
    return f"Waiting for you ({how_many}):"


def nothing_waits() -> str:
    """There is nothing to decide."""
    return "Nothing waits for you."


def waiting_line(view: RequestView, now: datetime) -> str:
    """One request that waits."""
    whom = f" for {named(view.beneficiary)}" if view.on_behalf else ""
    ago = about(max(now - view.request.asked_at, timedelta(0)))
    return f"{named(view.requester)} · {role(view)}{whom} · {lasting(view)} · asked {ago} ago"


def role_line(line: RoleLine) -> str:
    """One role, and how somebody may have it."""
    if line.refusal is not None:
        return f"⛔ Not now: *{escape(line.name)}* ({escape(_bare(line))})"
    asks = f"asks {join(map(escape, line.asks))}" if line.asks else "asks nobody"
    longest = f" · up to {say_duration(line.longest)}" if line.longest else ""
    return f"*{escape(line.name)}* · {escape(line.title)} · {escape(line.risk)}{longest} · {asks}"


def _bare(line: RoleLine) -> str:
    """Why not, without what the line says already."""
    refusal = line.refusal or ""
    for start in ("Not allowed now: ", "Not allowed: ", "Nobody can approve: "):
        refusal = refusal.removeprefix(start)
    return refusal.removeprefix(f"{line.name} ").rstrip(".")


def no_roles() -> str:
    """No role fits."""
    return "No role fits that. All of them: /prod-access roles"


def and_more(how_many: int) -> str:
    """What a list has no room for."""
    return f"And {how_many} more."


_EXAMPLE: Final = "/prod-access prod-db-readonly 1h INC-42 replication lag"


def help_lines(contacts: Contacts = ORDINARY) -> tuple[str, ...]:
    """How all of this is used."""
    page = f" · <{contacts.page}|Full page>" if contacts.page else ""
    return (
        f"*Ask*  `{_EXAMPLE}`  or just `/prod-access` for the form",
        (
            "*See*  `mine` · `waiting` · `roles`      *Change*  `extend 30m` · `end`"
            "      *Incident*  `incident INC-42 end`"
        ),
        "*Hurry*  `emergency prod-operator INC-42 why it cannot wait`",
        "*In a thread:* ⋯ on a message → Ask for access",
        f"*Need a person:* {escape(contacts.help)}{page}",
    )


def did_you_mean(word: str) -> str:
    """Something near one of our words was typed."""
    return f"Did you mean {escape(word)}?"


def in_a_later_version(word: str) -> str:
    """A word that has no answer yet."""
    return (
        f"`{escape(word)}` comes in a later version, so nothing was done. {_MEANWHILE.get(word, _HELP_NOW)}"
    )


_HELP_NOW: Final = "For now: /prod-access help"
_MEANWHILE: Final = {"why": "For now /prod-access roles says what you can have."}
