"""The thread: the audit log, told in order."""

from bot.slack.blocks import escape, when_exactly
from bot.slack.words.card import early_end, unanswered
from bot.slack.words.clouds import gone_from
from bot.slack.words.small import (
    a_few,
    closed,
    cloud_name,
    ended_early,
    lasting,
    named,
    role,
    safe_reference,
    short_place,
)
from bot.views import RequestView
from policies.values import CloudName


def told_asked(view: RequestView, rule: str, policy: str) -> str:
    """Who asked for what, and by which rule it is judged."""
    whom = f" for {named(view.beneficiary)}" if view.on_behalf else ""
    reference = safe_reference(view)
    what = ", ".join(part for part in (role(view), lasting(view), reference) if part)
    return f"Asked by {named(view.requester)}{whom}: {what}. {_by_rule(rule, policy)}"


def _by_rule(rule: str, policy: str) -> str:
    return f"Rule {escape(rule)}, policy {escape(policy[:6])}."


def told_revised(rule: str, policy: str) -> str:
    """The rules changed while it waited."""
    return f"The rules changed, so no yes counts so far. {_by_rule(rule, policy)}"


def told_counted(who: str, still: int, whose: str) -> str:
    """One yes more."""
    after = f", still needs {still} yes{f' from {whose}' if whose else ''}" if still else ""
    return f"Yes from {escape(who)}{after}."


def told_approved(who: str, rule: str, ends: str) -> str:
    """The last yes, or none was needed."""
    why = f"Approved by {escape(who)}" if who else f"Allowed by rule {escape(rule)}, nobody was asked"
    return f"{why}. Ends {ends} in every cloud."


def told_denied(who: str) -> str:
    """Somebody said no."""
    return f"Denied by {escape(who)}."


def told_withdrawn(who: str) -> str:
    """It is no longer wanted."""
    return f"Withdrawn by {escape(who)}. Nothing was given."


def told_lapsed(view: RequestView) -> str:
    """Too few answers came in time."""
    return f"Lapsed: {unanswered(view)} in time. Nothing was given."


def told_live(view: RequestView) -> str:
    """It was seen in every cloud."""
    seen = [
        f"{short_place(view, one)} {when_exactly(one.grant.live_at)}"
        for one in view.clouds
        if one.grant and one.grant.live_at
    ]
    return f"Live in {a_few(seen, ', ')}."


def told_ended(view: RequestView, receipt: str) -> str:
    """It was gone from every cloud; the receipt is where the log says so."""
    early = ended_early(view)
    seen = [gone_from(view, one, early=early) for one in view.clouds if one.grant and one.grant.gone_at]
    gone = f" {a_few(seen, ', ')}." if seen else ""
    return f"{early_end(view) if early else 'Ended'}.{gone} Receipt {receipt}."


def told_failed(cloud: str, code: str) -> str:
    """A cloud said no for good."""
    return f"Not given: {cloud_name(CloudName(cloud))} said no ({escape(code)}). All of it is taken back."


def told_overruled(why: str) -> str:
    """The rules, asked again, said no."""
    because = f" {escape(closed(why))}" if why else ""
    return f"Not given: the rules do not allow it now.{because}"


def told_stuck(cloud: str, tries: str) -> str:
    """It should be gone and is not."""
    return f"Stuck: {cloud} has not ended after {tries} tries. It is tried until it is gone."


def told_adopted(ends: str) -> str:
    """It was found in its cloud after the ledger was lost."""
    return f"Found in the cloud and taken over: the log before it was lost. Ends {ends}."


def told_missing(cloud: str) -> str:
    """Somebody took it away behind our back."""
    return f"{cloud} no longer holds it: somebody changed it by hand. Nothing was given back."


def told_reappeared(cloud: str) -> str:
    """A create that came late."""
    return f"Found again in {cloud} after it was gone. It is being taken back."


def told_gone_again(cloud: str, receipt: str) -> str:
    """And gone once more."""
    return f"Gone again from {cloud}. Receipt {receipt}."
