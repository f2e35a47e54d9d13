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
from policies.grant import Grant, GrantState
from policies.holding import Noes, Overruled, Unreachable
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

    def __init__(
        self, ledger: Ledger, source: Source, clock_is_wrong: Callable[[], bool] = lambda: False
    ) -> None:
        self._ledger = ledger
        self._source = source
        self._clock_is_wrong = clock_is_wrong

    def __call__(self, claim: Claim) -> Noes:
        """The requests of a claim that get nothing now, and why; Unreachable without rules to ask."""
        asked = {grant.request: grant for grant in claim.grants if _is_asked_again(grant)}
        if asked and self._clock_is_wrong():
            return dict.fromkeys(asked, Unreachable("clock_skew"))
        in_force = self._source()
        if in_force is None:
            return dict.fromkeys(asked, Unreachable("no_policy"))
        with self._ledger.reading() as reader:
            if reader.switch(FREEZE) is not None:
                return dict.fromkeys(asked, Unreachable(FREEZE))
            found = {name: reader.request(name) for name in asked}
        whys = {name: self._why_not(asked[name], found[name], in_force) for name in asked}
        return {name: Overruled(why, in_force.hash) for name, why in whys.items() if why}

    def _why_not(self, grant: Grant, request: AccessRequest | None, policy: Policy) -> str | None:
        if never_granted(grant.entitlement):
            return "never_granted"
        if request is None:
            return "no_request"
        if grant.state is GrantState.EXTENDING and not still_means(policy, request, [grant]):
            return "role_changed"
        return why_not(request, policy, self._ledger.now())


def _is_asked_again(grant: Grant) -> bool:
    """Whether something is about to be given; what is being moved back is not."""
    back = grant.state is GrantState.EXTENDING and grant.extends_to is None
    return grant.state in _ASKED_AGAIN and not back


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
