"""The cases beside the rules: each is asked, and the answer held against what its authors expect."""

from collections.abc import Iterable, Sequence
from typing import Final, assert_never

from policies.approval import ApprovalSlot
from policies.decision import Allow, Ask, AskSomeone, Decision, Refuse, decide
from policies.facts import Around, IncidentFact, OnCallFact, gather, pager_as_asker
from policies.incident import PagerName
from policies.rules import Case, Policy
from policies.values import GroupName, IncidentId

_INCIDENT: Final = IncidentId("INC-1")


def failure(policy: Policy, case: Case) -> str | None:
    """How the answer differs from what the case expects, or nothing."""
    beneficiary = case.on_behalf_of or case.who
    requester = pager_as_asker(PagerName("case")) if case.by_pager else case.who
    ask = Ask(
        requester=requester,
        beneficiary=beneficiary,
        role=case.role,
        duration=case.duration,
        emergency=case.emergency,
    )
    decision = decide(ask, gather(policy, requester, beneficiary, case.at, _around(case)), policy)
    wanted = f"{case.expect}{_from(case.groups)}"
    if decision.answer == case.expect and (case.groups is None or case.groups == _asked(decision)):
        return None
    return f'case "{case.name}" expects {wanted}, but the answer is {_answer(decision)}'


def _around(case: Case) -> Around:
    """The incident as the case has it, and that whoever it names is on call by these schedules only."""
    incident = IncidentFact(id=_INCIDENT, **case.incident.model_dump()) if case.incident else None
    schedules = case.on_call_for or ()
    on_call = (OnCallFact(schedule=name, on_call=True, as_of=case.at) for name in schedules)
    return Around(incident=incident, on_call=tuple(on_call))


def _asked(decision: Decision) -> tuple[GroupName, ...]:
    slots: Sequence[ApprovalSlot] = decision.slots if isinstance(decision, AskSomeone) else ()
    return tuple(sorted({group for slot in slots for group in slot.groups}))


def _answer(decision: Decision) -> str:
    match decision:
        case Allow():
            return f"allow, by rule {decision.rule}"
        case AskSomeone():
            return f"ask{_from(_asked(decision))}, by rule {decision.rule}"
        case Refuse():
            return f"refuse: {decision.reasons[0]}"
        case _:
            assert_never(decision)


def _from(groups: Iterable[str] | None) -> str:
    return f" from {', '.join(groups)}" if groups else ""
