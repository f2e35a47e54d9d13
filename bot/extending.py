"""More time, inside its transaction: who may want it, what the rules say, and what is written of it."""

import hashlib
from datetime import datetime, timedelta
from typing import Final, NamedTuple, assert_never

from bot import answers
from bot.answers import ClickAnswer, ExtendAnswer
from bot.asking import resolved_input, terms_of
from bot.deciding import Click, digest, note_click
from bot.views import HELD, RequestView, room, view
from policies import approval as approvals
from policies.approval import Approval, tally
from policies.audit import moment_text
from policies.bundle import still_means
from policies.decision import Allow, AskSomeone, Refuse, decide
from policies.extension import (
    allowed_more,
    asked_more,
    counted_more,
    denied_more,
    extend_all,
    given_more,
    longer,
    refused_more,
    revised_more,
    too_late,
)
from policies.moves import Moved
from policies.request import AccessRequest, Extension, RequestState
from policies.rules import Policy
from policies.values import PersonId
from workers.around import ask_of, facts_of, hold
from workers.ledger.reading import FREEZE
from workers.ledger.writing import Writing


class Extending(NamedTuple):
    """A transaction about more time for something that is live."""

    writing: Writing
    policy: Policy
    person: PersonId
    request: AccessRequest

    @property
    def view(self) -> RequestView:
        """The request as it stands."""
        now = self.writing.request(self.request.id) or self.request
        return view(self.writing, self.policy, now, now=self.writing.now)

    def decide(self, adding: timedelta) -> Allow | AskSomeone | Refuse:
        """The rules asked for the whole of the longer time; what they said is kept."""
        request, policy = self.request, self.policy
        hold(self.writing, request)
        ask = ask_of(request, longer(request, adding))
        facts = facts_of(self.writing, policy, request, ask, self.writing.now)
        decision = decide(ask, facts, policy)
        self.writing.keep_decision(
            request.id,
            policy=decision.policy_hash,
            resolved=resolved_input(ask, facts),
            outcome=decision.model_dump_json(),
        )
        return decision


def extend(extending: Extending, by: timedelta | None) -> ExtendAnswer:
    """Let it last longer by so much (None: the ordinary half hour, or what is left), or say why not."""
    writing, policy, person, request = extending
    no = _no(extending)
    if no is not None:
        return no
    if not still_means(policy, request, writing.grants_of(request.id)):
        return answers.NoLonger(extending.view)
    adding = by or room(writing, policy, request, writing.now).adding
    if adding is None:
        return answers.NoLonger(extending.view)
    decision = extending.decide(adding)
    match decision:
        case Refuse():
            ends_at = (request.ends_at or writing.now) + adding
            writing.record([refused_more(request, person, ends_at, decision, writing.now)])
            return answers.NotLonger(extending.view, decision)
        case Allow():
            terms = terms_of(decision, policy)
            _give(extending, given_more(request, person, adding, terms, writing.now))
            return answers.Extended(extending.view, adding)
        case AskSomeone():
            terms = terms_of(decision, policy)
            writing.save_request(asked_more(request, person, adding, terms, writing.now))
            return answers.AskedLonger(extending.view, adding)
        case _:
            assert_never(decision)


def once(extending: Extending, by: timedelta | None, operation: str) -> ExtendAnswer:
    """As `extend`; an operation that had its effect has no second one."""
    if extending.writing.operation(operation) is not None:
        return answers.AlreadyExtending(extending.view)
    answer = extend(extending, by)
    if isinstance(answer, answers.Extended | answers.AskedLonger):
        extending.writing.note_operation(operation, "extended")
    return answer


def _no(extending: Extending) -> ExtendAnswer | None:
    """Why nothing can be extended now, whatever the rules say."""
    writing, _, person, request = extending
    if person not in {request.requester, request.beneficiary}:
        note_click(writing, person, "may_not_extend", request)
        return answers.MayNotExtend(extending.view)
    if request.state is not RequestState.ACTIVE or too_late(request, writing.now):
        return answers.NothingToExtend(extending.view)
    if not any(grant.state in HELD for grant in writing.grants_of(request.id)):
        return answers.NothingToExtend(extending.view)
    if request.decided_at is None:
        return answers.NoLonger(extending.view)  # adopted: nobody knows for how long it was held
    if request.extension is not None:
        return answers.AlreadyExtending(extending.view)
    frozen = writing.switch(FREEZE)
    return answers.Frozen(frozen.set_at) if frozen else None


def _give(extending: Extending, moved: Moved[AccessRequest]) -> None:
    saved = extending.writing.save_request(moved)
    for grant in extend_all(saved, extending.writing.grants_of(saved.id), extending.writing.now):
        extending.writing.save_grant(grant)


class OnExtension(NamedTuple):
    """A click on an extension that waits for a yes."""

    extending: Extending
    extension: Extension


def on_extension(writing: Writing, policy: Policy, click: Click) -> OnExtension | ClickAnswer:
    """The click as something to decide, or why there is nothing to decide."""
    token = writing.token(click.token)
    request = writing.request(token.request) if token else None
    if token is None or request is None or (token.message and token.message != click.message):
        note_click(writing, click.person, "unknown_card", request)
        return answers.UnknownCard()
    extending = Extending(writing, policy, click.person, request)
    more = request.extension
    if more is None or more.allowed_at is not None or more.lapses_at <= writing.now:
        note_click(writing, click.person, "already_decided", request)
        return answers.NothingToDecide(extending.view)
    if request.version != token.version:
        note_click(writing, click.person, "stale_card", request)
        return answers.StaleCard(extending.view, _asked_anew_at(writing, request, token.version))
    return OnExtension(extending, more)


def _asked_anew_at(writing: Writing, request: AccessRequest, shown: int) -> datetime | None:
    """When what is asked for became another than a card of this version shows; None where it did not.

    Each entry of the log that is counted here is one version, so it is known at which one it was asked for.
    """
    story = [(entry.kind, entry.at) for entry in writing.entries(request=request.id)]
    asked_at, since = None, 0
    for kind, at in story:
        asked_at, since = (at, 0) if kind == _ASKED else (asked_at, since + (kind in _ONE_VERSION_ON))
    asked_anew = asked_at is not None and shown < request.version - since
    return datetime.fromisoformat(asked_at) if asked_at and asked_anew else None


_ASKED: Final = "request.extension_asked"
_ONE_VERSION_ON: Final = {"request.extension_counted", "request.warned"}


def _judged(click: OnExtension) -> approvals.MayApprove | ClickAnswer:
    writing, policy, person, request = click.extending
    verdict = approvals.judge(
        person,
        request.requester,
        request.beneficiary,
        click.extension.terms.slots,
        click.extension.approvals,
        policy.people,
    )
    match verdict:
        case approvals.MayApprove():
            return verdict
        case approvals.OwnRequest():
            note_click(writing, person, "own_request", request)
            return answers.OwnRequest(click.extending.view)
        case approvals.AlreadyCounted(missing=missing):
            return answers.AlreadyCounted(click.extending.view, missing)
        case approvals.NotAnApprover() | approvals.Full():
            note_click(writing, person, "not_an_approver", request)
            return answers.NotAnApprover(click.extending.view)
        case _:
            assert_never(verdict)


def refusal(click: OnExtension) -> ClickAnswer | None:
    """Why this person does not decide it, or None when they do."""
    verdict = _judged(click)
    return None if isinstance(verdict, approvals.MayApprove) else verdict


def approve(click: OnExtension) -> ClickAnswer:
    """Count a yes to the longer time; with the last one the clouds are told."""
    verdict = _judged(click)
    if not isinstance(verdict, approvals.MayApprove):
        return verdict
    writing, _, person, request = click.extending
    frozen = writing.switch(FREEZE)
    if frozen is not None:
        return answers.Frozen(frozen.set_at)
    if too_late(request, writing.now):
        return answers.NothingToDecide(click.extending.view)
    decision = click.extending.decide(click.extension.ends_at - (request.ends_at or writing.now))
    if isinstance(decision, Refuse):
        note_click(writing, person, "rules_say_no", request)
        return answers.NotAllowed(request.role, decision)
    yes = Approval(person=person, at=writing.now, groups=verdict.groups, digest=digest_of(click))
    return _count(click, decision, yes)


def _count(click: OnExtension, decision: Allow | AskSomeone, yes: Approval) -> ClickAnswer:
    writing, request = click.extending.writing, click.extending.request
    if isinstance(decision, Allow) or _enough(click, decision, yes):
        _give(click.extending, allowed_more(request, yes, writing.now))
        return answers.Approved(click.extending.view)
    if decision.slots != click.extension.terms.slots:
        return _ask_anew(click.extending, decision)
    writing.save_request(counted_more(request, yes))
    return answers.Counted(click.extending.view)


def digest_of(click: OnExtension) -> str:
    """What a yes to more time was given to: the request, and the end it would have."""
    parts = (digest(click.extending.request), moment_text(click.extension.ends_at))
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def _enough(click: OnExtension, decision: AskSomeone, yes: Approval) -> bool:
    """Whether the yeses fill what the rules want now, which may be other than they wanted then."""
    request = click.extending.request
    given = (*click.extension.approvals, yes)
    never = {request.requester, request.beneficiary}
    return tally(decision.slots, given, click.extending.policy.people, never=never).complete


def _ask_anew(extending: Extending, decision: AskSomeone) -> ClickAnswer:
    """The rules want other yeses than when it was asked: they are asked for, and those so far are void."""
    writing, policy, _, request = extending
    writing.save_request(revised_more(request, terms_of(decision, policy), writing.now))
    shown = extending.view
    more = shown.more
    if more is None:
        raise LookupError(f"{request.id} waits for no more time")
    return answers.RulesChanged(
        shown._replace(asked=more.asked, groups=more.groups, nobody_else_can=not more.asked)
    )


def deny(click: OnExtension, note: str) -> ClickAnswer:
    """Say no to the longer time; what is live stays until its end."""
    verdict = _judged(click)
    if not isinstance(verdict, approvals.MayApprove):
        return verdict
    writing, _, person, request = click.extending
    writing.save_request(denied_more(request, person, writing.keep_text(note), writing.now))
    return answers.Denied(click.extending.view)
