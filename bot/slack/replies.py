"""What somebody reads in answer to what they did: one message, which only they see.

Every answer of the desk has its words here; a new one does not type-check until it has.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias, assert_never

from bot import answers
from bot.answers import AskAnswer, ClickAnswer, ExtendAnswer, RoleLine
from bot.logging_in import (
    LoggedOut,
    LoginAnswer,
    LoginAsked,
    LoginConfirmed,
    LoginTurnedAway,
    NoSuchLogin,
)
from bot.slack import actions as ids
from bot.slack.blocks import (
    Block,
    Message,
    actions,
    button,
    context,
    message,
    said,
    said_plainly,
    section,
)
from bot.slack.cards import end_button, extend_buttons, withdraw_button
from bot.slack.gate import Stranger
from bot.slack.words import asks, buttons, lists, longer, presses, problems, terminal
from bot.slack.words.small import ORDINARY, Contacts, in_question
from bot.views import AlertView, CardState, RequestView
from policies.decision import Refusal, Refuse
from policies.values import RequestId, RoleName
from workers.ledger.logins import LASTS, WAITS

LISTED_MOST: Final = 40
"""How many lines a list has; a message has room for ten blocks more."""
MINE_MOST: Final = 20
"""The same where a line may have a row of buttons below it."""


_Undone: TypeAlias = answers.NotAllowed | answers.NoIdentity | answers.NoRules | answers.LedgerAway
_Done: TypeAlias = answers.Approved | answers.Counted | answers.Denied | answers.Withdrawn | answers.Ending
_NotYours: TypeAlias = answers.NotAnApprover | answers.AlreadyCounted | answers.MayNotEnd
_Longer: TypeAlias = answers.Extended | answers.AskedLonger | answers.AlreadyExtending
_NoLonger: TypeAlias = answers.NoLonger | answers.MayNotExtend | answers.NothingToExtend
_TooLate: TypeAlias = (
    answers.AlreadyDecided
    | answers.StaleCard
    | answers.RulesChanged
    | answers.NothingToEnd
    | answers.NothingToDecide
    | answers.UnknownCard
)


def say_ask(answer: AskAnswer, *, now: datetime, token: str, contacts: Contacts = ORDINARY) -> Message:
    """What came of an ask; `token` is that of the request, where there is one."""
    match answer:
        case answers.Asked(view, _, defaulted):
            return said(asks.asked(view, now, defaulted=defaulted), withdraw_button(view, token))
        case answers.Starting(view, why, defaulted):
            sentence = asks.starting(view, why, now, defaulted=defaulted)
            return said(sentence, end_button(view, token))
        case answers.AlreadyAsked(view, wanted):
            return said(asks.already_asked(view), *_other_duration(view, wanted, token))
        case answers.AlreadyHeld(view):
            return said(asks.already_held(view, now), *_while_held(view, token))
        case answers.Frozen(since):
            return said(asks.frozen(since, now))
        case _:
            return _undone(answer, contacts, asking=True)


def _undone(answer: _Undone, contacts: Contacts, *, asking: bool) -> Message:
    match answer:
        case answers.NotAllowed(role, decision):
            return _not_allowed(role, decision, contacts)
        case answers.NoIdentity(person, cloud):
            return said(asks.no_identity(person, cloud, contacts))
        case answers.NoRules():
            return said(asks.no_rules(contacts, asking=asking))
        case answers.LedgerAway():
            return said(asks.ledger_away(contacts, asking=asking))
        case _:
            assert_never(answer)


def _other_duration(view: RequestView, wanted: timedelta, token: str) -> list[Block]:
    if wanted == view.request.duration:
        return []
    value = ids.duration_value(token, wanted)
    label = buttons.change_label(view, wanted)
    return [button(buttons.change_to(wanted), ids.CHANGE_DURATION, value, label=label)]


def _while_held(view: RequestView, token: str) -> list[Block]:
    holds = view.state in {CardState.STARTING, CardState.LIVE}
    return [*extend_buttons(view, token), end_button(view, token)] if holds else []


def _not_allowed(role: RoleName, refuse: Refuse, contacts: Contacts) -> Message:
    return said_plainly(asks.plain_refusal(refuse, contacts), *_instead(role, refuse))


def _instead(role: RoleName, refuse: Refuse) -> list[Block]:
    if refuse.alternatives:
        other = refuse.alternatives[0]
        value = ids.role_value(other.role, other.duration)
        label = buttons.ask_for_aloud(other.role)
        return [button(buttons.ask_for(other.role), ids.ASK_FOR_ROLE, value, label=label)]
    if refuse.kind is Refusal.TOO_LONG and refuse.longest:
        text = buttons.ask_for_duration(refuse.longest)
        label = buttons.ask_for_aloud(role, refuse.longest)
        return [button(text, ids.ASK_FOR_ROLE, ids.role_value(role, refuse.longest), label=label)]
    return []


def say_click(answer: ClickAnswer, *, now: datetime, token: str, contacts: Contacts = ORDINARY) -> Message:
    """What came of a press; `token` is that of the request as it now is, where there is one."""
    match answer:
        case answers.OwnRequest(view):
            return said(presses.own_request(view, now), *_while_waiting(view, token))
        case answers.NotAllowed() | answers.NoIdentity() | answers.NoRules() | answers.LedgerAway():
            return _undone(answer, contacts, asking=False)
        case answers.NotAnApprover() | answers.AlreadyCounted() | answers.MayNotEnd():
            return said(_not_yours(answer))
        case answers.Frozen(since):
            return said(asks.frozen(since, now))
        case (
            answers.Approved() | answers.Counted() | answers.Denied() | answers.Withdrawn() | answers.Ending()
        ):
            return said(_done(answer, now))
        case _:
            return said(_too_late(answer, now))


def _while_waiting(view: RequestView, token: str) -> list[Block]:
    return [withdraw_button(view, token)] if view.state is CardState.WAITING else []


def _done(answer: _Done, now: datetime) -> str:
    match answer:
        case answers.Approved(view):
            return longer.yes_was_last(view.more, now) if view.more else presses.yes_was_last(view, now)
        case answers.Counted(view):
            asked = in_question(view)
            return presses.yes_counts(asked.missing, presses.all_missing(asked))
        case answers.Denied(view):
            return presses.you_denied(view)
        case answers.Withdrawn():
            return presses.you_withdrew()
        case answers.Ending():
            return presses.you_ended()
        case _:
            assert_never(answer)


def _not_yours(answer: _NotYours) -> str:
    match answer:
        case answers.NotAnApprover(view):
            return presses.not_an_approver(view)
        case answers.AlreadyCounted(view, missing):
            asked = in_question(view)
            return presses.yes_counts(asked.missing, presses.missing_groups(asked, missing))
        case answers.MayNotEnd(view):
            return presses.may_not_end(view)
        case _:
            assert_never(answer)


def _too_late(answer: _TooLate, now: datetime) -> str:
    match answer:
        case answers.AlreadyDecided(view):
            return presses.already_decided(view, now)
        case answers.StaleCard(_, changed_at):
            return presses.stale_card(changed_at, now)
        case answers.RulesChanged(view):
            return presses.rules_changed(view)
        case answers.NothingToEnd(shown):
            return presses.nothing_to_end(shown, now)
        case answers.NothingToDecide():
            return presses.nothing_to_decide()
        case answers.UnknownCard():
            return presses.unknown_card()
        case _:
            assert_never(answer)


def say_longer(answer: ExtendAnswer, *, now: datetime, token: str, contacts: Contacts = ORDINARY) -> Message:
    """What came of wanting more time; `token` is that of the request as it now is, where there is one."""
    match answer:
        case answers.Extended() | answers.AskedLonger() | answers.AlreadyExtending():
            return said(_longer(answer, now))
        case answers.NotLonger(view, decision):
            return said_plainly(longer.not_longer(view, decision), *extend_buttons(view, token))
        case answers.NoRules() | answers.LedgerAway():
            return _undone(answer, contacts, asking=False)
        case answers.Frozen(since):
            return said(asks.frozen(since, now))
        case _:
            return said(_no_longer(answer, now))


def _longer(answer: _Longer, now: datetime) -> str:
    match answer:
        case answers.Extended(view, adding):
            return longer.extending(view, adding, now)
        case answers.AskedLonger(view, adding):
            return longer.asked_longer(view, adding, now)
        case answers.AlreadyExtending(view):
            return longer.already_extending(view, now)
        case _:
            assert_never(answer)


def _no_longer(answer: _NoLonger, now: datetime) -> str:
    match answer:
        case answers.NoLonger(view):
            return longer.cannot_be_longer(view)
        case answers.MayNotExtend(view):
            return longer.may_not_extend(view)
        case answers.NothingToExtend(shown):
            return longer.nothing_to_extend(shown, now)
        case _:
            assert_never(answer)


def say_nothing_held() -> Message:
    """To whoever would end or extend what they do not have."""
    return said(lists.you_hold_nothing())


def say_mine(
    views: Sequence[RequestView], *, now: datetime, tokens: Mapping[RequestId, str] = MappingProxyType({})
) -> Message:
    """What somebody holds and waits for; a line whose token is known can be ended or withdrawn."""
    if not views:
        return say_nothing_held()
    lines = [_Line(lists.mine(view, now), _mine_buttons(view, tokens.get(view.request.id))) for view in views]
    return _listed(lists.your_access(), lines, MINE_MOST)


class _Line(NamedTuple):
    text: str
    pressed: tuple[Block, ...] = ()

    @property
    def blocks(self) -> list[Block]:
        """The line with its button at its end, or its buttons below it."""
        if len(self.pressed) > 1:
            return [section(self.text), actions(*self.pressed)]
        return [section(self.text, accessory=next(iter(self.pressed), None))]


def _mine_buttons(view: RequestView, token: str | None) -> tuple[Block, ...]:
    if token is None:
        return ()
    if view.state is CardState.WAITING:
        return (withdraw_button(view, token),)
    return tuple(_while_held(view, token))


def say_waiting(
    views: Sequence[RequestView],
    links: Mapping[RequestId, str] = MappingProxyType({}),
    *,
    now: datetime,
) -> Message:
    """What waits for somebody's yes, with a way to each card whose link is known."""
    if not views:
        return said(lists.nothing_waits())
    lines = [
        _Line(lists.waiting_line(view, now), _card_button(view, links.get(view.request.id))) for view in views
    ]
    return _listed(lists.waiting_for_you(len(views)), lines)


def _card_button(view: RequestView, link: str | None) -> tuple[Block, ...]:
    if link is None:
        return ()
    label = buttons.label(f"{buttons.OPEN_CARD} of", view)
    return (button(buttons.OPEN_CARD, ids.OPEN_CARD, url=link, label=label),)


def say_roles(lines: Sequence[RoleLine]) -> Message:
    """The roles as somebody may have them now."""
    if not lines:
        return said(lists.no_roles())
    return _listed(None, [_Line(lists.role_line(line), _role_button(line)) for line in lines])


def _role_button(line: RoleLine) -> tuple[Block, ...]:
    if line.refusal is not None:
        return ()
    label = buttons.ask_for_aloud(line.name)
    return (button(buttons.ASK, ids.ASK_FOR_ROLE, ids.role_value(line.name), label=label),)


def _listed(title: str | None, lines: Sequence[_Line], most: int = LISTED_MOST) -> Message:
    """A list under a title."""
    shown, more = lines[:most], len(lines) - most
    above = [title] if title else []
    below = [lists.and_more(more)] if more > 0 else []
    text = "\n".join([*above, *(line.text for line in shown), *below])
    return message(
        text,
        *map(section, above),
        *(block for line in shown for block in line.blocks),
        *map(context, below),
    )


def say_help(contacts: Contacts = ORDINARY) -> Message:
    """How all of this is used."""
    lines = lists.help_lines(contacts)
    return message("\n".join(lines), *map(section, lines))


def say_did_you_mean(word: str) -> Message:
    """A word near one of ours was typed."""
    return said(lists.did_you_mean(word), button(buttons.show(word), ids.SHOW_WORD, word))


def say_later(word: str) -> Message:
    """A word of a later version was typed."""
    return said(lists.in_a_later_version(word))


_STRANGERS: Final[Mapping[Stranger, Callable[[], str]]] = {
    Stranger.ANOTHER_APP: problems.other_workspace,
    Stranger.ANOTHER_WORKSPACE: problems.other_workspace,
    Stranger.EXTERNAL: problems.external,
    Stranger.GUEST: problems.guest,
    Stranger.BOT: problems.bot,
    Stranger.DELETED: problems.deleted,
    Stranger.NOT_CHECKED: problems.not_checked,
}


def say_stranger(stranger: Stranger, user: str, contacts: Contacts = ORDINARY) -> Message:
    """To whoever is not let in; a member whom nobody linked to a person reads their Slack id (`user`)."""
    if stranger is Stranger.UNLINKED:
        return said(problems.unlinked(user, contacts))
    return said(_STRANGERS[stranger]())


def say_policy_refused(problem: str, more: int, *, kept: bool) -> Message:
    """To those who look after the policy: its files were refused."""
    return said_plainly(problems.policy_refused(problem, more, kept=kept))


def say_alert(alert: AlertView) -> Message:
    """To those who look after access: something to look at now."""
    return said(problems.alert(alert))


def say_policy_fine_again() -> Message:
    """To those who look after the policy: its files are in force again."""
    return said(problems.policy_fine_again())


def say_code_missing() -> Message:
    """To somebody who typed `login` alone."""
    return said(terminal.code_missing())


def say_login(answer: LoginAnswer, *, now: datetime, contacts: Contacts = ORDINARY) -> Message:
    """About a terminal that asks to be somebody, to that person."""
    match answer:
        case LoginAsked(code, client):
            return said_plainly(terminal.asks_to_be_you(client, LASTS), *_me_or_not(code))
        case LoginConfirmed(ends_at):
            return said(terminal.confirmed(ends_at, now))
        case LoginTurnedAway():
            return said(terminal.turned_away(contacts))
        case NoSuchLogin():
            return said(terminal.no_such_code(WAITS))
        case LoggedOut(how_many):
            return said(terminal.logged_out(how_many))
        case answers.LedgerAway():
            return say_ledger_away(contacts)
        case _:
            assert_never(answer)


def _me_or_not(code: str) -> list[Block]:
    return [
        button(terminal.IT_IS_ME, ids.LOGIN_CONFIRM, code, label=terminal.IT_IS_ME_ALOUD),
        button(terminal.NOT_ME, ids.LOGIN_REFUSE, code, label=terminal.NOT_ME_ALOUD),
    ]


def say_cannot(answer: answers.NoRules | answers.LedgerAway, contacts: Contacts = ORDINARY) -> Message:
    """There is nothing to decide by, or nowhere to write it."""
    return _undone(answer, contacts, asking=False)


def say_ledger_away(contacts: Contacts = ORDINARY) -> Message:
    """To whoever asked or pressed anything while nothing can be written."""
    return said(asks.ledger_away(contacts, asking=False))


def say_form_not_opened() -> Message:
    """To somebody whose form Slack did not open."""
    return said(problems.form_not_opened())


def say_card_not_posted(view: RequestView, contacts: Contacts = ORDINARY) -> Message:
    """To the requester: the bot may not write where the approvers are."""
    return said(problems.card_not_posted(view, contacts))


def say_unexpected(reference: str) -> Message:
    """After a mistake of ours; `reference` finds it in the log."""
    return said(problems.did_not_work(reference))
