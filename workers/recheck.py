"""The rules, asked once more before the first cloud call."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from policies.approval import tally
from policies.bundle import still_means
from policies.decision import Allow, Ask, AskSomeone, Refuse, decide
from policies.entitlements import never_granted
from policies.extension import lasting
from policies.facts import gather
from policies.grant import GrantState
from policies.holding import Overruled, Unreachable
from policies.request import AccessRequest
from policies.rules import Policy
from workers.ledger.claims import Claim
from workers.ledger.ledger import Ledger
from workers.ledger.reading import FREEZE

Source = Callable[[], Policy | None]
"""The policy in force now, or None when there is none to be had."""


_ASKED_AGAIN: Final = {GrantState.PLANNED, GrantState.GRANTING, GrantState.EXTENDING}


class StillAllowed:
    """Whether what a claim is about to give would still be given now."""

    def __init__(self, ledger: Ledger, source: Source) -> None:
        self._ledger = ledger
        self._source = source

    def __call__(self, claim: Claim) -> Overruled | Unreachable | None:
        """None when the rules still say yes; Unreachable when there are no rules to ask."""
        in_force = self._source()
        if in_force is None:
            return Unreachable("no_policy")
        with self._ledger.reading() as reader:
            if reader.switch(FREEZE) is not None:
                return Unreachable(FREEZE)
            found = [reader.request(grant.request) for grant in claim.grants if grant.state in _ASKED_AGAIN]
        if any(never_granted(grant.entitlement) for grant in claim.grants):
            return Overruled("never_granted", in_force.hash)
        if None in found:
            return Overruled("no_request", in_force.hash)
        longer = [grant for grant in claim.grants if grant.state is GrantState.EXTENDING]
        for request in found:
            mine = [grant for grant in longer if request and grant.request == request.id]
            if request and not still_means(in_force, request, mine):
                return Overruled("role_changed", in_force.hash)
        noes = (why_not(request, in_force, self._ledger.now()) for request in found if request is not None)
        return next((Overruled(why, in_force.hash) for why in noes if why), None)


def why_not(request: AccessRequest, policy: Policy, now: datetime) -> str | None:
    """Why this approved request would not be given under this policy, as one word; None when it would.

    An extension is judged as the whole of the longer time, by the yeses that it got itself.
    """
    more = request.extension
    ask = Ask(
        requester=request.requester,
        beneficiary=request.beneficiary,
        role=request.role,
        duration=lasting(request),
        reference=request.reference,
    )
    decision = decide(ask, gather(policy, request.requester, request.beneficiary, now), policy)
    match decision:
        case Allow():
            return None
        case Refuse():
            return decision.kind.value
        case AskSomeone():
            never = {request.requester, request.beneficiary}
            approvals = more.approvals if more else request.approvals
            enough = tally(decision.slots, approvals, policy.people, never=never).complete
            return None if enough else "more_approvals_needed"
