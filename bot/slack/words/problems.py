"""Whoever is not let in, and what goes wrong."""

from bot.slack.blocks import escape
from bot.slack.words.small import ORDINARY, Contacts, cloud_name, number
from bot.views import AlertView, RequestView


def external() -> str:
    """Somebody of another organisation pressed a button."""
    return "You belong to another organisation, so your click does not count here."


def other_workspace() -> str:
    """Another workspace, or another app's payload."""
    return "prod-access does not serve this workspace, so nothing was done."


def guest() -> str:
    """A guest."""
    return "Guests cannot ask for or approve access."


def bot() -> str:
    """An app."""
    return "Bots cannot ask for or approve access."


def deleted() -> str:
    """An account that was switched off."""
    return "This account is switched off, so it cannot ask for or approve access."


def unlinked(user: str, contacts: Contacts = ORDINARY) -> str:
    """Somebody whose Slack account nobody wrote down."""
    where_to = f"Ask in {escape(contacts.help)}; they need this: {escape(user)}."
    return f"prod-access does not know you yet. {where_to}"


def not_checked() -> str:
    """Slack could not say who it is."""
    return "Slack did not say who you are, so nothing was done. Try in a minute."


def policy_refused(problem: str, more: int, *, kept: bool) -> str:
    """The organisation's files were changed into something that cannot be loaded; said plainly."""
    others = f" And {more} more." if more else ""
    stands = "The rules before stay in force." if kept else "No rules are in force, so nothing is given."
    return f"Policy refused: {problem}{others} {stands}"


def alert(what: AlertView) -> str:
    """Something that somebody has to look at now, with the name to look for in the cloud."""
    by_hand = f"In the cloud: `{escape(what.holding)}`"
    if what.grant is None:
        return f"⚠️ Found under our mark, and not signed by us. It is left alone. {by_hand}"
    whose = f"{escape(what.holder or what.grant.person)}'s {escape(what.grant.role)} ({what.grant.request})"
    where_it_is = f"{cloud_name(what.grant.cloud)} {escape(what.grant.entitlement.alias)}"
    if what.kind == "grant.missing":
        return f"⚠️ {where_it_is} no longer holds {whose}: somebody changed it by hand. {by_hand}"
    tried = "It is tried until it is gone; they may still get in."
    return f"⚠️ Stuck: {where_it_is} has not ended {whose}. {tried} {by_hand}"


def policy_fine_again() -> str:
    """The files can be loaded again."""
    return "The policy files are fine again and in force."


def form_not_opened() -> str:
    """Slack did not open a form."""
    return "The form did not open, so nothing was done. Try again."


def card_not_posted(view: RequestView, contacts: Contacts = ORDINARY) -> str:
    """The bot may not write where the approvers are, so nobody saw the request."""
    channel = f"<#{escape(view.request.channel)}>"
    what = f"Asked ({number(view)}), but prod-access is not in {channel}, so nobody saw it."
    return f"{what} Tell {escape(contacts.help)} to invite it there."


def did_not_work(reference: str) -> str:
    """A mistake of ours."""
    return f"That did not work and nothing changed. Reference {escape(reference)}, sent to platform on-call."
