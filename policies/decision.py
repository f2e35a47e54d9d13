"""An ask, the facts and the policy go in; allow, ask somebody or refuse comes out, with reasons.

    barred?      unknown role, somebody unknown or gone, asking for others without leave, too short
    denied?      any enforced deny rule that matches
    paths        every enforced allow rule that matches, with every matching guardrail laid over it
    the choice   of the paths that cover the duration and can be answered by different people:
                 the one that takes the fewest yeses, then the first by id

Whatever is missing (no path, no approver, no such group) refuses. Rules in `report` mode change nothing and
are named in `reported`.
"""

from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from policies.approval import ApprovalSlot
from policies.catalogue import Role
from policies.facts import Facts
from policies.paths import (
    Ask,
    Path,
    Scene,
    approvers_of,
    best_path,
    join,
    longest_duration,
    matching,
    open_paths,
    reported,
    unmet,
)
from policies.rules import Asker, Effect, Mode, Policy, Rule
from policies.values import PersonId, RoleName, RuleId, Value
from policies.window import clamp, say_duration

__all__ = [
    "Allow",
    "Alternative",
    "Ask",
    "AskSomeone",
    "Decision",
    "NearestMiss",
    "Refusal",
    "Refuse",
    "choices",
    "decide",
    "longest_allowed",
]

_OFFERED = (timedelta(minutes=15), timedelta(minutes=30))
_MOST_ALTERNATIVES = 3


class Allow(Value):
    """Nobody needs to be asked."""

    answer: Literal["allow"] = "allow"
    rule: RuleId
    why: str
    duration: timedelta
    max_duration: timedelta
    guardrails: tuple[RuleId, ...]
    review_within: timedelta | None = None
    reported: tuple[RuleId, ...] = ()
    policy_hash: str


class AskSomeone(Value):
    """These slots must be filled; `approvers` lists, slot by slot, who could say yes now."""

    answer: Literal["ask"] = "ask"
    rule: RuleId
    why: str
    slots: tuple[ApprovalSlot, ...]
    approvers: tuple[tuple[PersonId, ...], ...]
    duration: timedelta
    max_duration: timedelta
    answer_within: timedelta
    guardrails: tuple[RuleId, ...]
    review_within: timedelta | None = None
    reported: tuple[RuleId, ...] = ()
    policy_hash: str


class Refusal(StrEnum):
    """Why the answer is no."""

    NOT_ALLOWED = "not_allowed"
    DENIED = "denied"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    UNKNOWN_ROLE = "unknown_role"
    NOBODY_CAN_APPROVE = "nobody_can_approve"
    NOT_FOR_OTHERS = "not_for_others"
    UNREVIEWED = "unreviewed"


class NearestMiss(Value):
    """The rule that came nearest, the first thing it missed in words, and where it is written."""

    rule: RuleId
    clause: str
    file: str | None = None
    line: int | None = None


class Alternative(Value):
    """Another role that would be given now: for how long, and how many yeses it needs."""

    role: RoleName
    duration: timedelta
    needs: int


class Refuse(Value):
    """No; with plain reasons, and what would work instead."""

    answer: Literal["refuse"] = "refuse"
    kind: Refusal
    reasons: tuple[str, ...]
    longest: timedelta | None = None
    nearest: NearestMiss | None = None
    alternatives: tuple[Alternative, ...] = ()
    reported: tuple[RuleId, ...] = ()
    policy_hash: str


Decision = Annotated[Allow | AskSomeone | Refuse, Field(discriminator="answer")]
"""One of the three answers."""


def decide(ask: Ask, facts: Facts, policy: Policy) -> Allow | AskSomeone | Refuse:
    """The answer to an ask; the same ask, facts and policy always have the same answer."""
    scene = Scene(ask, facts, policy)
    role = policy.catalogue.get(ask.role)
    if role is None:
        return _unknown_role(scene)
    barred = _barred(scene)
    if barred is not None:
        return barred
    if ask.duration < facts.shortest_duration:
        return _refuse(scene, Refusal.TOO_SHORT, f"The shortest is {say_duration(facts.shortest_duration)}.")
    best = best_path(scene, role)
    return _granted(scene, best) if best else _refused(scene, role)


def longest_allowed(ask: Ask, facts: Facts, policy: Policy) -> timedelta | None:
    """The longest this ask could be for and not be refused; None where no duration would do."""
    scene = Scene(ask, facts, policy)
    role = policy.catalogue.get(ask.role)
    if role is None or _barred(scene) is not None:
        return None
    return longest_duration(scene, role)


def choices(ask: Ask, facts: Facts, policy: Policy) -> tuple[timedelta, ...]:
    """The durations to offer, shortest first: 15 min, 30 min, the role's default and the longest allowed."""
    longest = longest_allowed(ask, facts, policy)
    role = policy.catalogue.get(ask.role)
    if role is None or longest is None:
        return ()
    default = clamp(role.default_duration, facts.shortest_duration, longest)
    offered = (each for each in _OFFERED if facts.shortest_duration <= each <= longest)
    return tuple(sorted({*offered, default, longest}))


def _barred(scene: Scene) -> Refuse | None:
    ask, facts, policy = scene
    if facts.inactive:
        names = join(map(policy.people.name_of, facts.inactive), "and")
        return _refuse(scene, Refusal.NOT_ALLOWED, f"Not allowed: {names} cannot hold access here.")
    helps = set(policy.settings.may_ask_for_others) & set(facts.requester_groups)
    if scene.askers == {Asker.OTHER} and not helps:
        return _refuse(scene, Refusal.NOT_FOR_OTHERS, "Not allowed: you may ask for yourself only.")
    return _unreviewed(scene) if ask.emergency else None


def _unreviewed(scene: Scene) -> Refuse | None:
    """No other emergency until the last was reviewed, unless it is about the same and there is still time."""
    facts, incident = scene.facts, scene.facts.around.incident
    for one in facts.around.unreviewed:
        about_the_same = incident is not None and one.incident == incident.id
        if not about_the_same or one.ends_at <= facts.now:
            whose = "your" if scene.who == "you" else f"{scene.who}'s"
            day = f"{one.opened_at.day} {one.opened_at:%b}"
            return _refuse(
                scene, Refusal.UNREVIEWED, f"Not allowed: {whose} emergency of {day} is unreviewed."
            )
    return None


def _granted(scene: Scene, path: Path) -> Allow | AskSomeone:
    if not path.slots:
        return Allow(
            rule=path.rule.id,
            why=path.rule.why,
            duration=scene.ask.duration,
            max_duration=path.cap,
            guardrails=path.guardrails,
            review_within=path.rule.review_within,
            reported=reported(scene),
            policy_hash=scene.policy.hash,
        )
    return AskSomeone(
        rule=path.rule.id,
        why=path.rule.why,
        slots=path.slots,
        approvers=tuple(approvers_of(scene, slot) for slot in path.slots),
        duration=scene.ask.duration,
        max_duration=path.cap,
        answer_within=path.answer_within,
        guardrails=path.guardrails,
        review_within=path.rule.review_within,
        reported=reported(scene),
        policy_hash=scene.policy.hash,
    )


def _refuse(
    scene: Scene,
    kind: Refusal,
    reason: str,
    *,
    longest: timedelta | None = None,
    nearest: NearestMiss | None = None,
    alternatives: tuple[Alternative, ...] = (),
) -> Refuse:
    return Refuse(
        kind=kind,
        reasons=(reason,),
        longest=longest,
        nearest=nearest,
        alternatives=alternatives,
        reported=reported(scene),
        policy_hash=scene.policy.hash,
    )


def _refused(scene: Scene, role: Role) -> Refuse:
    longest = longest_duration(scene, role)
    denying = matching(scene, Effect.DENY)
    if denying:
        return _denied(scene, role, denying[0], longest)
    paths = open_paths(scene, role)
    if not paths:
        return _not_allowed(scene, role)
    if longest is not None:
        asked = say_duration(scene.ask.duration)
        reason = f"{asked} is too long. The longest you can have is {say_duration(longest)}."
        return _refuse(scene, Refusal.TOO_LONG, reason, longest=longest)
    return _nobody(scene, role, min(paths, key=lambda path: path.order))


def _denied(scene: Scene, role: Role, rule: Rule, longest: timedelta | None) -> Refuse:
    why = rule.why.rstrip(".")
    inner = why if why[:2].isupper() else why[0].lower() + why[1:]
    return _refuse(
        scene,
        Refusal.DENIED,
        f"Not allowed: {inner}.",
        longest=longest,
        nearest=_miss(scene, rule, inner),
        alternatives=_alternatives(scene, role),
    )


def _unknown_role(scene: Scene) -> Refuse:
    close = get_close_matches(scene.ask.role, scene.policy.catalogue.names, n=1)
    hint = f" The closest is {close[0]}." if close else ""
    return _refuse(scene, Refusal.UNKNOWN_ROLE, f'No role is called "{scene.ask.role}".{hint}')


def _not_allowed(scene: Scene, role: Role) -> Refuse:
    nearest = _nearest(scene)
    why = f"{role.name} needs {nearest.clause}" if nearest else f"no rule gives {role.name} to anybody"
    return _refuse(
        scene,
        Refusal.NOT_ALLOWED,
        f"Not allowed now: {why}.",
        nearest=nearest,
        alternatives=_alternatives(scene, role),
    )


def _nobody(scene: Scene, role: Role, path: Path) -> Refuse:
    why = _why_nobody(scene, path)
    return _refuse(
        scene,
        Refusal.NOBODY_CAN_APPROVE,
        f"Nobody can approve: {why}.",
        nearest=_miss(scene, path.rule, why),
        alternatives=_alternatives(scene, role),
    )


def _why_nobody(scene: Scene, path: Path) -> str:
    for slot in path.slots:
        if not any(scene.facts.members(group) for group in slot.groups):
            return f"{join(slot.groups, 'and')} {'is' if len(slot.groups) == 1 else 'are'} empty now"
        if not approvers_of(scene, slot):
            return f"nobody else is in {join(slot.groups, 'or')} now"
    groups = sorted({group for slot in path.slots for group in slot.groups})
    return f"it takes {path.needs} different people of {join(groups, 'and')}"


def _nearest(scene: Scene) -> NearestMiss | None:
    """Of the paths to this role, the one that misses the fewest things."""
    misses = [
        (list(unmet(rule.match, scene, scene.beneficiary_groups)), rule)
        for rule in scene.rules
        if rule.effect is Effect.ALLOW and rule.mode is Mode.ENFORCE
    ]
    if not misses:
        return None
    clauses, rule = min(misses, key=lambda miss: (len(miss[0]), miss[1].id))
    return _miss(scene, rule, clauses[0])


def _miss(scene: Scene, rule: Rule, clause: str) -> NearestMiss:
    place = scene.policy.place(rule.id)
    return NearestMiss(
        rule=rule.id,
        clause=clause,
        file=place.file if place else None,
        line=place.line if place else None,
    )


def _alternatives(scene: Scene, role: Role) -> tuple[Alternative, ...]:
    """Roles of no more risk that would be given now, the most capable first, then the fewest yeses."""
    others = [other for other in scene.policy.catalogue.roles if other != role and other.risk <= role.risk]
    found = [(other, alternative) for other in others if (alternative := _alternative(scene, other))]
    found.sort(key=lambda pair: (pair[1].needs, pair[0].name))
    found.sort(key=lambda pair: pair[0].risk, reverse=True)
    return tuple(alternative for _, alternative in found[:_MOST_ALTERNATIVES])


def _alternative(scene: Scene, role: Role) -> Alternative | None:
    there = scene.asking(scene.ask.duration, role.name)
    longest = longest_duration(there, role)
    if longest is None:
        return None
    duration = clamp(role.default_duration, scene.facts.shortest_duration, longest)
    best = best_path(there.asking(duration), role)
    return Alternative(role=role.name, duration=duration, needs=best.needs) if best else None
