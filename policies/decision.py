"""An ask, the facts and the policy go in; allow, ask somebody or refuse comes out, with reasons.

    barred?      unknown role, somebody unknown or gone, asking for others without leave, too short
    denied?      any enforced deny rule that matches
    paths        every enforced allow rule that matches, with every matching guardrail laid over it
    the choice   of the paths that cover the duration and can be answered by different people:
                 the one that takes the fewest yeses, then the first by id

Whatever is missing (no path, no approver, no such group) refuses. Rules in `report` mode change nothing and
are named in `reported`.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from itertools import chain
from typing import Annotated, Literal, NamedTuple, assert_never

from pydantic import Field

from policies.approval import ApprovalSlot, can_fill
from policies.catalogue import Role
from policies.facts import Facts
from policies.rules import Approvals, Effect, Match, Mode, Policy, Rule
from policies.values import GroupName, PersonId, RoleName, RuleId, Value
from policies.window import clamp, say_duration

__all__ = [
    "Allow",
    "Alternative",
    "ApprovalSlot",
    "Ask",
    "AskSomeone",
    "Decision",
    "NearestMiss",
    "Refusal",
    "Refuse",
    "choices",
    "decide",
    "explain",
    "longest_allowed",
]

_OFFERED = (timedelta(minutes=15), timedelta(minutes=30))
_MOST_ALTERNATIVES = 3


class Ask(Value):
    """What somebody wants: a role, for a while, for themselves or for somebody else."""

    requester: PersonId
    beneficiary: PersonId
    role: RoleName
    duration: timedelta
    reference: str | None = None


class Allow(Value):
    """Nobody needs to be asked."""

    answer: Literal["allow"] = "allow"
    rule: RuleId
    why: str
    duration: timedelta
    max_duration: timedelta
    guardrails: tuple[RuleId, ...]
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


class _Scene(NamedTuple):
    ask: Ask
    facts: Facts
    policy: Policy

    def asking(self, duration: timedelta, role: RoleName | None = None) -> "_Scene":
        changes = {"duration": duration, "role": role or self.ask.role}
        return self._replace(ask=self.ask.model_copy(update=changes))

    @property
    def beneficiary_groups(self) -> frozenset[GroupName]:
        return frozenset(self.facts.beneficiary_groups)

    @property
    def who(self) -> str:
        """`you`, or the name of the person it is for."""
        own = self.ask.requester == self.ask.beneficiary
        return "you" if own else self.policy.people.name_of(self.ask.beneficiary)


class _Path(NamedTuple):
    rule: Rule
    guardrails: tuple[RuleId, ...]
    slots: tuple[ApprovalSlot, ...]
    cap: timedelta
    answer_within: timedelta

    @property
    def needs(self) -> int:
        return sum(slot.count for slot in self.slots)


def decide(ask: Ask, facts: Facts, policy: Policy) -> Allow | AskSomeone | Refuse:
    """The answer to an ask; the same ask, facts and policy always have the same answer."""
    scene = _Scene(ask, facts, policy)
    role = policy.catalogue.get(ask.role)
    if role is None:
        return _unknown_role(scene)
    barred = _barred(scene)
    if barred is not None:
        return barred
    if ask.duration < facts.shortest_duration:
        return _refuse(scene, Refusal.TOO_SHORT, f"The shortest is {say_duration(facts.shortest_duration)}.")
    best = _best(scene, role)
    return _granted(scene, best) if best else _refused(scene, role)


def longest_allowed(ask: Ask, facts: Facts, policy: Policy) -> timedelta | None:
    """The longest this ask could be for and not be refused; None where no duration would do."""
    scene = _Scene(ask, facts, policy)
    role = policy.catalogue.get(ask.role)
    if role is None or _barred(scene) is not None:
        return None
    return _longest(scene, role)


def choices(ask: Ask, facts: Facts, policy: Policy) -> tuple[timedelta, ...]:
    """The durations to offer, shortest first: 15 min, 30 min, the role's default and the longest allowed."""
    longest = longest_allowed(ask, facts, policy)
    role = policy.catalogue.get(ask.role)
    if role is None or longest is None:
        return ()
    default = clamp(role.default_duration, facts.shortest_duration, longest)
    offered = (each for each in _OFFERED if facts.shortest_duration <= each <= longest)
    return tuple(sorted({*offered, default, longest}))


def explain(ask: Ask, facts: Facts, policy: Policy) -> str:
    """The answer in a few lines for a person who asks why: what holds, by which rule, and what would work."""
    scene = _Scene(ask, facts, policy)
    role = policy.catalogue.get(ask.role)
    decision = decide(ask, facts, policy)
    title = [f"{role.name} · {role.title} · risk {role.risk.value}"] if role else []
    match decision:
        case Allow():
            body = [f"Nobody needs to be asked. At most {say_duration(decision.max_duration)}."]
            body.append(f"{decision.why.rstrip('.')}. {_by(scene, decision.rule)}")
        case AskSomeone():
            body = [f"{_yeses(scene, decision.slots)}, at most {say_duration(decision.max_duration)}."]
            body.append(f"{decision.why.rstrip('.')}. {_by(scene, decision.rule)}")
        case Refuse():
            body = list(_explain_refusal(scene, role, decision))
        case _:
            assert_never(decision)
    return "\n".join([*title, *body])


def _barred(scene: _Scene) -> Refuse | None:
    ask, facts, policy = scene
    if facts.inactive:
        names = _join(map(policy.people.name_of, facts.inactive), "and")
        return _refuse(scene, Refusal.NOT_ALLOWED, f"Not allowed: {names} cannot hold access here.")
    helps = set(policy.settings.may_ask_for_others) & set(facts.requester_groups)
    if ask.requester != ask.beneficiary and not helps:
        return _refuse(scene, Refusal.NOT_FOR_OTHERS, "Not allowed: you may ask for yourself only.")
    return None


def _unmet(match: Match, scene: _Scene, groups: frozenset[GroupName]) -> Iterator[str]:
    """What a rule still needs, in words that follow "it needs"."""
    people = scene.policy.people
    if match.requester_in and not groups.intersection(match.requester_in):
        yield f"{scene.who} to be in {_join(map(people.title_of, match.requester_in), 'or')}"
    if match.not_requester_in and groups.intersection(match.not_requester_in):
        yield f"{scene.who} not to be in {_join(map(people.title_of, match.not_requester_in), 'or')}"
    if match.longer_than and scene.ask.duration <= match.longer_than:
        yield f"more than {say_duration(match.longer_than)}"
    if match.inside_window and not _within(match.inside_window, scene):
        yield f"a time inside {_windows(match.inside_window, scene)}"
    if match.outside_window and _within(match.outside_window, scene):
        yield f"a time outside {_windows(match.outside_window, scene)}"


def _within(names: Iterable[str], scene: _Scene) -> bool:
    return any(scene.policy.window(name).contains(scene.facts.now) for name in names)


def _windows(names: Iterable[str], scene: _Scene) -> str:
    return _join((f"{name} ({scene.policy.window(name)})" for name in names), "or")


def _holds(rule: Rule, scene: _Scene) -> bool:
    subjects = [scene.beneficiary_groups]
    if rule.effect is not Effect.ALLOW:
        subjects.append(frozenset(scene.facts.requester_groups))
    return any(next(_unmet(rule.match, scene, groups), None) is None for groups in subjects)


def _matching(scene: _Scene, effect: Effect) -> tuple[Rule, ...]:
    rules = scene.policy.rules_for(scene.ask.role)
    return tuple(
        rule for rule in rules if rule.effect is effect and rule.mode is Mode.ENFORCE and _holds(rule, scene)
    )


def _reported(scene: _Scene) -> tuple[RuleId, ...]:
    rules = scene.policy.rules_for(scene.ask.role)
    return tuple(rule.id for rule in rules if rule.mode is Mode.REPORT and _holds(rule, scene))


def _path(rule: Rule, scene: _Scene, role: Role) -> _Path:
    guardrails = _matching(scene, Effect.REQUIRE)
    rules = (rule, *guardrails)
    caps = (each.max_duration for each in rules if each.max_duration)
    answers = [each.answer_within for each in rules if each.answer_within]
    return _Path(
        rule=rule,
        guardrails=tuple(guardrail.id for guardrail in guardrails),
        slots=_strictest(chain.from_iterable(each.approvals for each in rules)),
        cap=min([role.max_duration, *caps]),
        answer_within=min(answers or [scene.policy.settings.answer_within]),
    )


def _strictest(approvals: Iterable[Approvals]) -> tuple[ApprovalSlot, ...]:
    """One slot per set of groups, with the highest count anybody wants."""
    counts: dict[tuple[GroupName, ...], int] = {}
    for wanted in approvals:
        counts[wanted.groups] = max(wanted.count, counts.get(wanted.groups, 0))
    return tuple(ApprovalSlot(groups=groups, count=count) for groups, count in sorted(counts.items()))


def _paths(scene: _Scene, role: Role) -> tuple[_Path, ...]:
    if _matching(scene, Effect.DENY):
        return ()
    return tuple(_path(rule, scene, role) for rule in _matching(scene, Effect.ALLOW))


def _approvers(scene: _Scene, slot: ApprovalSlot) -> tuple[PersonId, ...]:
    people = set(chain.from_iterable(scene.facts.members(group) for group in slot.groups))
    return tuple(sorted(people - {scene.ask.requester, scene.ask.beneficiary}))


def _answerable(scene: _Scene, slots: tuple[ApprovalSlot, ...]) -> bool:
    standing: dict[PersonId, set[GroupName]] = {}
    for group in {group for slot in slots for group in slot.groups}:
        for person in scene.facts.members(group):
            standing.setdefault(person, set()).add(group)
    never = {scene.ask.requester, scene.ask.beneficiary}
    others = ((person, frozenset(groups)) for person, groups in standing.items() if person not in never)
    return can_fill(slots, others)


def _best(scene: _Scene, role: Role) -> _Path | None:
    usable = (
        path
        for path in _paths(scene, role)
        if path.cap >= scene.ask.duration and _answerable(scene, path.slots)
    )
    return min(usable, key=lambda path: (path.needs, path.rule.id), default=None)


def _longest(scene: _Scene, role: Role) -> timedelta | None:
    """The longest duration with a path: always one at which some rule changes its mind."""
    rules = scene.policy.rules_for(role.name)
    turns = {role.max_duration}
    turns.update(rule.max_duration for rule in rules if rule.max_duration)
    turns.update(rule.match.longer_than for rule in rules if rule.match.longer_than)
    for turn in sorted(turns, reverse=True):
        if turn >= scene.facts.shortest_duration and _best(scene.asking(turn), role):
            return turn
    return None


def _granted(scene: _Scene, path: _Path) -> Allow | AskSomeone:
    if not path.slots:
        return Allow(
            rule=path.rule.id,
            why=path.rule.why,
            duration=scene.ask.duration,
            max_duration=path.cap,
            guardrails=path.guardrails,
            reported=_reported(scene),
            policy_hash=scene.policy.hash,
        )
    return AskSomeone(
        rule=path.rule.id,
        why=path.rule.why,
        slots=path.slots,
        approvers=tuple(_approvers(scene, slot) for slot in path.slots),
        duration=scene.ask.duration,
        max_duration=path.cap,
        answer_within=path.answer_within,
        guardrails=path.guardrails,
        reported=_reported(scene),
        policy_hash=scene.policy.hash,
    )


def _refuse(
    scene: _Scene,
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
        reported=_reported(scene),
        policy_hash=scene.policy.hash,
    )


def _refused(scene: _Scene, role: Role) -> Refuse:
    longest = _longest(scene, role)
    denying = _matching(scene, Effect.DENY)
    if denying:
        return _denied(scene, role, denying[0], longest)
    paths = _paths(scene, role)
    if not paths:
        return _not_allowed(scene, role)
    if longest is not None:
        asked = say_duration(scene.ask.duration)
        reason = f"{asked} is too long. The longest you can have is {say_duration(longest)}."
        return _refuse(scene, Refusal.TOO_LONG, reason, longest=longest)
    return _nobody(scene, role, min(paths, key=lambda path: (path.needs, path.rule.id)))


def _denied(scene: _Scene, role: Role, rule: Rule, longest: timedelta | None) -> Refuse:
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


def _unknown_role(scene: _Scene) -> Refuse:
    close = get_close_matches(scene.ask.role, scene.policy.catalogue.names, n=1)
    hint = f" The closest is {close[0]}." if close else ""
    return _refuse(scene, Refusal.UNKNOWN_ROLE, f'No role is called "{scene.ask.role}".{hint}')


def _not_allowed(scene: _Scene, role: Role) -> Refuse:
    nearest = _nearest(scene)
    why = f"{role.name} needs {nearest.clause}" if nearest else f"no rule gives {role.name} to anybody"
    return _refuse(
        scene,
        Refusal.NOT_ALLOWED,
        f"Not allowed now: {why}.",
        nearest=nearest,
        alternatives=_alternatives(scene, role),
    )


def _nobody(scene: _Scene, role: Role, path: _Path) -> Refuse:
    why = _why_nobody(scene, path)
    return _refuse(
        scene,
        Refusal.NOBODY_CAN_APPROVE,
        f"Nobody can approve: {why}.",
        nearest=_miss(scene, path.rule, why),
        alternatives=_alternatives(scene, role),
    )


def _why_nobody(scene: _Scene, path: _Path) -> str:
    for slot in path.slots:
        if not any(scene.facts.members(group) for group in slot.groups):
            return f"{_join(slot.groups, 'and')} {'is' if len(slot.groups) == 1 else 'are'} empty now"
        if not _approvers(scene, slot):
            return f"nobody else is in {_join(slot.groups, 'or')} now"
    groups = sorted({group for slot in path.slots for group in slot.groups})
    return f"it takes {path.needs} different people of {_join(groups, 'and')}"


def _nearest(scene: _Scene) -> NearestMiss | None:
    """Of the paths to this role, the one that misses the fewest things."""
    misses = [
        (list(_unmet(rule.match, scene, scene.beneficiary_groups)), rule)
        for rule in scene.policy.rules_for(scene.ask.role)
        if rule.effect is Effect.ALLOW and rule.mode is Mode.ENFORCE
    ]
    if not misses:
        return None
    clauses, rule = min(misses, key=lambda miss: (len(miss[0]), miss[1].id))
    return _miss(scene, rule, clauses[0])


def _miss(scene: _Scene, rule: Rule, clause: str) -> NearestMiss:
    place = scene.policy.place(rule.id)
    return NearestMiss(
        rule=rule.id,
        clause=clause,
        file=place.file if place else None,
        line=place.line if place else None,
    )


def _alternatives(scene: _Scene, role: Role) -> tuple[Alternative, ...]:
    """Roles of no more risk that would be given now, the most capable first, then the fewest yeses."""
    others = [other for other in scene.policy.catalogue.roles if other != role and other.risk <= role.risk]
    found = [(other, alternative) for other in others if (alternative := _alternative(scene, other))]
    found.sort(key=lambda pair: (pair[1].needs, pair[0].name))
    found.sort(key=lambda pair: pair[0].risk, reverse=True)
    return tuple(alternative for _, alternative in found[:_MOST_ALTERNATIVES])


def _alternative(scene: _Scene, role: Role) -> Alternative | None:
    there = scene.asking(scene.ask.duration, role.name)
    longest = _longest(there, role)
    if longest is None:
        return None
    duration = clamp(role.default_duration, scene.facts.shortest_duration, longest)
    best = _best(there.asking(duration), role)
    return Alternative(role=role.name, duration=duration, needs=best.needs) if best else None


def _explain_refusal(scene: _Scene, role: Role | None, refusal: Refuse) -> Iterator[str]:
    where = f" {_by(scene, refusal.nearest.rule)}" if refusal.nearest else ""
    yield refusal.reasons[0] + where
    if role and refusal.kind is Refusal.NOT_ALLOWED and refusal.nearest:
        yield _then(scene, role, refusal.nearest.rule)
    for other in refusal.alternatives[:1]:
        yield f"Now: {other.role} for {say_duration(other.duration)}, {_count(other.needs)}."


def _then(scene: _Scene, role: Role, rule_id: RuleId) -> str:
    """What the nearest path asks for once it is open."""
    rule = next(rule for rule in scene.policy.rules_for(role.name) if rule.id == rule_id)
    path = _path(rule, scene, role)
    return f"Then: {_yeses(scene, path.slots)}, at most {say_duration(path.cap)}."


def _yeses(scene: _Scene, slots: tuple[ApprovalSlot, ...]) -> str:
    if not slots:
        return "nobody needs to be asked"
    who = _join((_slot_words(scene, slot) for slot in slots), "and")
    return f"{sum(slot.count for slot in slots)} yes from {who}"


def _slot_words(scene: _Scene, slot: ApprovalSlot) -> str:
    people = scene.policy.people
    names = ", ".join(map(people.name_of, _approvers(scene, slot))) or "nobody now"
    return f"{_join(map(people.title_of, slot.groups), 'or')} ({names})"


def _count(needs: int) -> str:
    return f"{needs} yes" if needs else "nobody needs to be asked"


def _by(scene: _Scene, rule: RuleId) -> str:
    place = scene.policy.place(rule)
    return f"(rule {rule}, {place.file}:{place.line})" if place else f"(rule {rule})"


def _join(words: Iterable[str], last: str) -> str:
    """`a`, `a or b`, `a, b or c`."""
    *head, tail = words
    return f"{', '.join(head)} {last} {tail}" if head else tail
