"""Clicks on a card, inside their transaction: who may decide, what still holds, and what is written of it."""

import hashlib
from typing import NamedTuple, assert_never

from bot import answers
from bot.answers import ClickAnswer
from bot.asking import grant_now, resolved_input, terms_of
from bot.views import RequestView, person_view, view
from policies import approval as approvals
from policies.approval import Approval, tally
from policies.audit import Event
from policies.bundle import held_as
from policies.catalogue import role_hash
from policies.decision import Refuse, decide
from policies.request import AccessRequest, RequestState, counted, denied, revised
from policies.rules import Policy
from policies.values import PersonId
from workers.around import ask_of, facts_of, hold
from workers.ending import Stopped, stop
from workers.ledger.reading import FREEZE
from workers.ledger.writing import Writing


class Click(NamedTuple):
    """Somebody's press of a button: the token it carried and the message it was on (None: no card)."""

    person: PersonId
    token: str
    message: str | None


class Deciding(NamedTuple):
    """A click on a card that is what it claims to be: a waiting request at the version that was shown."""

    writing: Writing
    policy: Policy
    person: PersonId
    request: AccessRequest

    @property
    def view(self) -> RequestView:
        """The request as it stands."""
        return view(self.writing, self.policy, self.request)


def on_card(writing: Writing, policy: Policy, click: Click) -> Deciding | ClickAnswer:
    """The click as something to decide, or why there is nothing to decide."""
    token = writing.token(click.token)
    if token is None or (token.message is not None and token.message != click.message):
        note_click(writing, click.person, "unknown_card", None)
        return answers.UnknownCard()
    request = writing.request(token.request)
    if request is None:
        return answers.UnknownCard()
    deciding = Deciding(writing, policy, click.person, request)
    if request.state is not RequestState.PENDING:
        note_click(writing, click.person, "already_decided", request)
        return answers.AlreadyDecided(deciding.view)
    if request.version != token.version:
        note_click(writing, click.person, "stale_card", request)
        return answers.StaleCard(deciding.view, None)
    return deciding


def _judged(deciding: Deciding) -> approvals.MayApprove | ClickAnswer:
    """Whether this person decides this request; a refusal is written down."""
    writing, policy, person, request = deciding
    verdict = approvals.judge(
        person, request.requester, request.beneficiary, request.terms.slots, request.approvals, policy.people
    )
    match verdict:
        case approvals.MayApprove():
            return verdict
        case approvals.OwnRequest():
            note_click(writing, person, "own_request", request)
            return answers.OwnRequest(deciding.view)
        case approvals.AlreadyCounted(missing=missing):
            note_click(writing, person, "already_counted", request)
            return answers.AlreadyCounted(deciding.view, missing)
        case approvals.NotAnApprover() | approvals.Full():
            note_click(writing, person, "not_an_approver", request)
            return answers.NotAnApprover(deciding.view)
        case _:
            assert_never(verdict)


def refusal(deciding: Deciding) -> ClickAnswer | None:
    """Why this person does not decide it, or None when they do."""
    verdict = _judged(deciding)
    return None if isinstance(verdict, approvals.MayApprove) else verdict


def approve(deciding: Deciding) -> ClickAnswer:
    """Count a yes, if it is one that counts; with the last one the grants are planned."""
    verdict = _judged(deciding)
    if not isinstance(verdict, approvals.MayApprove):
        return verdict
    frozen = deciding.writing.switch(FREEZE)
    if frozen is not None:
        return answers.Frozen(frozen.set_at)
    changed = _decide_again(deciding)
    if changed is not None:
        return changed
    writing, policy, person, request = deciding
    yes = Approval(person=person, at=writing.now, groups=verdict.groups, digest=digest(request))
    never = {request.requester, request.beneficiary}
    enough = tally(request.terms.slots, (*request.approvals, yes), policy.people, never=never).complete
    if not enough:
        saved = writing.save_request(counted(request, yes))
        return answers.Counted(view(writing, policy, saved))
    role, holder = policy.catalogue.get(request.role), policy.people.get(request.beneficiary)
    held = held_as(role, policy.clouds, holder) if role and holder else None
    if held is not None and not isinstance(held, tuple):
        return answers.NoIdentity(person_view(policy.people, request.beneficiary), held)
    grant_now(writing, policy, request, yes)
    return answers.Approved(view(writing, policy, writing.request(request.id) or request))


def _decide_again(deciding: Deciding) -> ClickAnswer | None:
    """The rules asked anew; None when they still want just what the card said."""
    writing, policy, person, request = deciding
    role = policy.catalogue.get(request.role)
    hold(writing, request)
    ask = ask_of(request, request.duration)
    facts = facts_of(writing, policy, request, ask, writing.now)
    decision = decide(ask, facts, policy)
    writing.keep_decision(
        request.id,
        policy=decision.policy_hash,
        resolved=resolved_input(ask, facts),
        outcome=decision.model_dump_json(),
    )
    if isinstance(decision, Refuse) or role is None:
        note_click(writing, person, "rules_say_no", request)
        return (
            answers.NotAllowed(request.role, decision) if isinstance(decision, Refuse) else answers.NoRules()
        )
    fresh = terms_of(decision, policy)
    if fresh.slots == request.terms.slots and role_hash(role) == request.role_hash:
        return None
    saved = writing.save_request(revised(request, fresh, role_hash(role), writing.now))
    return answers.RulesChanged(view(writing, policy, saved))


def deny(deciding: Deciding, note: str) -> ClickAnswer:
    """Deny it, if this person may decide it; the note is what the requester reads."""
    verdict = _judged(deciding)
    if not isinstance(verdict, approvals.MayApprove):
        return verdict
    writing, policy, person, request = deciding
    saved = writing.save_request(denied(request, person, writing.keep_text(note), writing.now))
    return answers.Denied(view(writing, policy, saved))


def end(writing: Writing, policy: Policy, person: PersonId, request: AccessRequest) -> ClickAnswer:
    """End what runs, or withdraw what waits, if this person may."""
    own = person in {request.requester, request.beneficiary}
    waits = request.state is RequestState.PENDING
    if not own and (waits or not _may_end(policy, person, request)):
        note_click(writing, person, "may_not_end", request)
        return answers.MayNotEnd(view(writing, policy, request))
    return _stopped(writing, policy, person, request)


def _stopped(writing: Writing, policy: Policy, person: PersonId, request: AccessRequest) -> ClickAnswer:
    stopped = stop(writing, person, request)
    shown = view(writing, policy, writing.request(request.id) or request)
    match stopped:
        case Stopped.WITHDRAWN:
            return answers.Withdrawn(shown)
        case Stopped.ENDING:
            return answers.Ending(shown)
        case Stopped.OVER | Stopped.UNKNOWN:
            return answers.NothingToEnd(shown)


def _may_end(policy: Policy, person: PersonId, request: AccessRequest) -> bool:
    """True for those who approved it, could have, or whom the organisation lets end anything."""
    groups = policy.people.groups_of(person)
    wanted = {group for slot in request.terms.slots for group in slot.groups}
    gave_a_yes = person in {approval.person for approval in request.approvals}
    return gave_a_yes or bool(groups & wanted) or bool(groups & set(policy.settings.may_end))


def digest(request: AccessRequest) -> str:
    """What a yes was given to: change any of it and the yes is void."""
    parts = (
        request.id,
        request.beneficiary,
        request.role,
        request.role_hash,
        str(request.duration.total_seconds()),
        request.terms.policy_hash,
    )
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def note_click(writing: Writing, person: PersonId, why: str, request: AccessRequest | None) -> None:
    """Write down that a click was refused: it changes nothing; `card` keeps it out of the request's story."""
    body = {"by": person, "why": why, "card": request.id if request else None}
    writing.record([Event("click.refused", writing.now, body)])
