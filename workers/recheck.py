"""The rules, asked once more before the first cloud call."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from policies.approval import tally
from policies.bundle import still_means
from policies.decision import Allow, Ask, AskSomeone, Refuse, decide
from policies.entitlements import never_granted
from policies.extension import lasting
from policies.facts import Facts
from policies.grant import Grant, GrantState
from policies.holding import No, Noes, Overruled, Unreachable
from policies.request import AccessRequest
from policies.rules import Policy
from policies.values import RequestId
from workers.around import ask_of, facts_of
from workers.ledger import on_call
from workers.ledger.claims import Claim
from workers.ledger.ledger import Ledger
from workers.ledger.reading import FREEZE, Reader

Source = Callable[[], Policy | None]
"""The policy in force now, or None when there is none to be had."""


_ASKED_AGAIN: Final = {GrantState.PLANNED, GrantState.GRANTING, GrantState.EXTENDING}


PATIENCE: Final = timedelta(seconds=3)
_POLL: Final = 0.1
_IN_VAIN: Final = 10.0


class StillAllowed:
    """Whether what a claim is about to give would still be given now."""

    def __init__(
        self,
        ledger: Ledger,
        source: Source,
        clock_is_wrong: Callable[[], bool] = lambda: False,
        *,
        patience: timedelta = PATIENCE,
    ) -> None:
        """`patience`: how long a worker waits to be told who is on call before it tries again later."""
        self._ledger = ledger
        self._source = source
        self._clock_is_wrong = clock_is_wrong
        self._patience = patience
        self._waits_from = 0.0

    def __call__(self, claim: Claim) -> Noes:
        """The requests of a claim that get nothing now, and why; Unreachable without rules to ask."""
        asked = {grant.request: grant for grant in claim.grants if _is_asked_again(grant)}
        if asked and self._clock_is_wrong():
            return dict.fromkeys(asked, Unreachable("clock_skew"))
        in_force = self._source()
        if in_force is None:
            return dict.fromkeys(asked, Unreachable("no_policy"))
        judged = self._judge(asked, in_force)
        unknown = _unknown(judged)
        if unknown:
            self._ledger.retrying(lambda writing: on_call.want(writing, unknown))
            judged = self._judge_again(asked, in_force)
        return {name: one.no for name, one in judged.items() if one.no is not None}

    def _judge(self, asked: Mapping[RequestId, Grant], policy: Policy) -> "dict[RequestId, _Judged]":
        with self._ledger.reading() as reader:
            if reader.switch(FREEZE) is not None:
                return dict.fromkeys(asked, _Judged(Unreachable(FREEZE)))
            now = self._ledger.now()
            return {name: _judged(reader, grant, policy, now) for name, grant in asked.items()}

    def _judge_again(self, asked: Mapping[RequestId, Grant], policy: Policy) -> "dict[RequestId, _Judged]":
        """The same, as soon as it is known who is on call: by the next try the answer may be old again.

        Whoever waited in vain waits no more for a while, so that a pager that is away holds no start up.
        """
        judged = self._judge(asked, policy)
        began = time.monotonic()
        if began < self._waits_from:
            return judged
        while _unknown(judged) and time.monotonic() - began < self._patience.total_seconds():
            time.sleep(_POLL)
            judged = self._judge(asked, policy)
        if _unknown(judged):
            self._waits_from = time.monotonic() + _IN_VAIN
        return judged


class _Judged(NamedTuple):
    """What the rules say of a grant now, and of which schedules they would have to know more to say it."""

    no: No | None
    unknown: tuple[str, ...] = ()


def _unknown(judged: Mapping[RequestId, _Judged]) -> set[str]:
    return {schedule for one in judged.values() for schedule in one.unknown}


def _judged(reader: Reader, grant: Grant, policy: Policy, now: datetime) -> _Judged:
    request = reader.request(grant.request)
    if never_granted(grant.entitlement):
        return _Judged(Overruled("never_granted", policy.hash))
    if request is None:
        return _Judged(Overruled("no_request", policy.hash))
    if grant.state is GrantState.EXTENDING and not still_means(policy, request, [grant]):
        return _Judged(Overruled("role_changed", policy.hash))
    ask = ask_of(request, lasting(request))
    facts = facts_of(reader, policy, request, ask, now)
    why, unknown = why_not(request, policy, ask, facts), facts.not_known(policy.schedules_for(request.role))
    if why is not None and unknown:
        return _Judged(Unreachable("on_call_not_known"), unknown)
    return _Judged(Overruled(why, policy.hash) if why else None)


def _is_asked_again(grant: Grant) -> bool:
    """Whether something is about to be given; what is being moved back is not."""
    back = grant.state is GrantState.EXTENDING and grant.extends_to is None
    return grant.state in _ASKED_AGAIN and not back


def why_not(request: AccessRequest, policy: Policy, ask: Ask, facts: Facts) -> str | None:
    """Why this approved request would not be given under this policy, as one word; None when it would.

    An extension is judged as the whole of the longer time, by the yeses that it got itself.
    """
    more = request.extension
    decision = decide(ask, facts, policy)
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
