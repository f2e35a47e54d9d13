"""One ask, inside its transaction: facts, decision, and what is written of it."""

from datetime import timedelta
from typing import NamedTuple, assert_never

from bot import answers
from bot.answers import AskAnswer
from bot.views import person_view, view
from policies.approval import Approval, ApprovalSlot
from policies.audit import Event
from policies.bundle import held_as, plan_grants
from policies.catalogue import Role, role_hash
from policies.decision import Allow, Ask, AskSomeone, Refuse, decide, longest_allowed
from policies.facts import Facts
from policies.incident import Incident
from policies.request import OPEN, AccessRequest, RequestState, Terms, approved, asked, withdrawn
from policies.review import Review, opened
from policies.rules import Policy
from policies.values import PersonId, RequestId, RoleName, RuleId
from workers.around import facts_for, named
from workers.ledger import incidents, reviews
from workers.ledger.reading import FREEZE, Card
from workers.ledger.writing import Writing


class Wish(NamedTuple):
    """What somebody asks for; no duration means the role's default."""

    requester: PersonId
    beneficiary: PersonId
    role: RoleName
    duration: timedelta | None
    reference: str | None
    reason: str
    emergency: bool = False

    def ask(self, duration: timedelta) -> Ask:
        """What it asks for, for so long."""
        return Ask(
            requester=self.requester,
            beneficiary=self.beneficiary,
            role=self.role,
            duration=duration,
            reference=self.reference,
            emergency=self.emergency,
        )


class Asking:
    """One ask, inside its transaction."""

    def __init__(self, writing: Writing, policy: Policy, wish: Wish, number: RequestId) -> None:
        self._writing = writing
        self._policy = policy
        self._wish = wish
        self._number = number
        self._incident = self._locked()
        self._facts = self._gathered()

    def answer(self) -> AskAnswer:
        """What came of it; everything it changes is written in this transaction."""
        frozen = self._writing.switch(FREEZE)
        if frozen is not None:
            return answers.Frozen(frozen.set_at)
        ask = self._worded()
        before = self._open()
        if before is not None and not self._overtakes(before):
            return self._already(before, ask)
        decision = decide(ask, self._facts, self._policy)
        match decision:
            case Refuse():
                self._note_refusal(ask, decision)
                return answers.NotAllowed(ask.role, decision)
            case Allow() | AskSomeone():
                if before is not None:
                    self._writing.save_request(withdrawn(before, ask.requester, self._writing.now))
                return self._put(ask, decision)
            case _:
                assert_never(decision)

    def _locked(self) -> Incident | None:
        """The incident that the wish names, held until this ends: it cannot be closed meanwhile."""
        found = named(self._writing, self._wish.reference)
        return incidents.lock(self._writing, found.id) if found else None

    def _gathered(self) -> Facts:
        ask = self._wish.ask(self._wish.duration or timedelta(hours=1))
        return facts_for(self._writing, self._policy, ask, self._writing.now)

    def _worded(self) -> Ask:
        """The wish as the rules take it, its duration filled in with what may be had."""
        wish = self._wish
        role = self._policy.catalogue.get(wish.role)
        duration = wish.duration or (role.default_duration if role else timedelta(hours=1))
        ask = wish.ask(duration)
        if wish.duration is None:
            longest = longest_allowed(ask, self._facts, self._policy)
            duration = min(duration, longest) if longest else duration
        return ask.model_copy(update={"duration": duration})

    def _open(self) -> AccessRequest | None:
        found = self._writing.requests(states=OPEN, person=self._wish.beneficiary)
        mine = (one for one in found if one.role == self._wish.role)
        return next((one for one in mine if one.beneficiary == self._wish.beneficiary), None)

    def _overtakes(self, before: AccessRequest) -> bool:
        """Whether what waits for a yes gives way: it is now an emergency of one of those who wait for it."""
        own = self._wish.requester in {before.requester, before.beneficiary}
        waits = before.state is RequestState.PENDING and not before.emergency
        return self._wish.emergency and waits and own

    def _already(self, before: AccessRequest, ask: Ask) -> AskAnswer:
        shown = view(self._writing, self._policy, before, now=self._writing.now)
        if before.state is RequestState.PENDING:
            return answers.AlreadyAsked(shown, ask.duration)
        return answers.AlreadyHeld(shown)

    def _note_refusal(self, ask: Ask, decision: Refuse) -> None:
        body = {"by": ask.requester, "beneficiary": ask.beneficiary, "role": ask.role}
        answer = {"answer": decision.kind.value, "policy": decision.policy_hash}
        self._writing.record([Event("ask.refused", self._writing.now, {**body, **answer})])

    def _put(self, ask: Ask, decision: Allow | AskSomeone) -> AskAnswer:
        role = self._policy.catalogue.get(ask.role)
        holder = self._policy.people.get(ask.beneficiary)
        if role is None or holder is None:
            return answers.NoRules()
        held = held_as(role, self._policy.clouds, holder)
        if not isinstance(held, tuple):
            return answers.NoIdentity(person_view(self._policy.people, holder.id), held)
        request = self._write(ask, role, decision)
        defaulted = self._wish.duration is None
        if isinstance(decision, AskSomeone):
            return answers.Asked(view(self._writing, self._policy, request), decision, defaulted)
        grant_now(self._writing, self._policy, request, None)
        now_approved = self._writing.request(request.id) or request
        return answers.Starting(view(self._writing, self._policy, now_approved), decision.why, defaulted)

    def _write(self, ask: Ask, role: Role, decision: Allow | AskSomeone) -> AccessRequest:
        request = AccessRequest(
            id=self._number,
            requester=ask.requester,
            beneficiary=ask.beneficiary,
            role=ask.role,
            role_hash=role_hash(role),
            risk=role.risk,
            duration=ask.duration,
            reason=self._writing.keep_text(self._wish.reason),
            reference=ask.reference,
            incident=self._incident.id if self._incident and self._incident.live else None,
            emergency=ask.emergency,
            channel=role.channel,
            asked_at=self._writing.now,
            terms=terms_of(decision, self._policy),
        )
        self._writing.keep_decision(
            request.id,
            policy=decision.policy_hash,
            resolved=resolved_input(ask, self._facts),
            outcome=decision.model_dump_json(),
        )
        self._writing.add_card(Card(request.id, role.channel))
        return self._writing.add_request(asked(request))


def grant_now(writing: Writing, policy: Policy, request: AccessRequest, yes: Approval | None) -> None:
    """Approve, and plan a grant for each entitlement of the role, in the same transaction."""
    role = policy.catalogue.get(request.role)
    holder = policy.people.get(request.beneficiary)
    held = held_as(role, policy.clouds, holder) if role and holder else None
    if held is None or not isinstance(held, tuple):
        what = "a role, person or account that is not there"
        raise LookupError(f"{request.id} was approved for {what}")
    saved = writing.save_request(approved(request, yes, writing.now))
    writing.add_grants(plan_grants(saved, held, writing.now))
    _open_review(writing, policy, saved)


def _open_review(writing: Writing, policy: Policy, request: AccessRequest) -> None:
    """Let somebody look at it afterwards, where the rule that gave it wants that."""
    within = request.terms.review_within
    if within is None:
        return
    review = Review(
        id=request.id,
        holder=request.beneficiary,
        handed_out_by=request.requester,
        reviewers=policy.settings.reviewers,
        incident=request.incident,
        opened_at=writing.now,
        ends_at=writing.now + within,
        due_at=None,
    )
    reviews.add(writing, opened(review))


def terms_of(decision: Allow | AskSomeone, policy: Policy) -> Terms:
    """What a decision asks for, as a request keeps it."""
    match decision:
        case Allow():
            slots: tuple[ApprovalSlot, ...] = ()
            answer_within = policy.settings.answer_within
        case AskSomeone():
            slots, answer_within = decision.slots, decision.answer_within
    return Terms(
        rule=RuleId(decision.rule),
        policy_hash=decision.policy_hash,
        slots=slots,
        answer_within=answer_within,
        review_within=decision.review_within,
    )


def resolved_input(ask: Ask, facts: Facts) -> str:
    """Everything a decision looked at, as JSON, so that it can be made again."""
    return f'{{"ask":{ask.model_dump_json()},"facts":{facts.model_dump_json()}}}'
