"""The rules that hold for an ask, the paths they leave to what it asks for, and which of these is taken.

A path is an enforced allow rule that matches, with every matching guardrail laid over it. A deny rule that
matches closes them all. What a rule still needs is said in words, because that is what a refusal says.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain
from typing import Final, NamedTuple

from policies.approval import ApprovalSlot, can_fill
from policies.catalogue import Role
from policies.facts import Facts, IncidentFact, is_pager
from policies.incident import IncidentState
from policies.rules import Approvals, Asker, Effect, Match, Mode, Policy, Rule
from policies.values import GroupName, PersonId, RoleName, RuleId, Value
from policies.window import say_duration


class Ask(Value):
    """What somebody wants: a role, for a while, for themselves or for somebody else."""

    requester: PersonId
    beneficiary: PersonId
    role: RoleName
    duration: timedelta
    reference: str | None = None
    emergency: bool = False


class Scene(NamedTuple):
    """An ask, and all it is judged by."""

    ask: Ask
    facts: Facts
    policy: Policy

    def asking(self, duration: timedelta, role: RoleName | None = None) -> "Scene":
        """The same for another duration, or another role."""
        changes = {"duration": duration, "role": role or self.ask.role}
        return self._replace(ask=self.ask.model_copy(update=changes))

    @property
    def beneficiary_groups(self) -> frozenset[GroupName]:
        """The groups of the person it is for."""
        return frozenset(self.facts.beneficiary_groups)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that look at such an ask at all."""
        rules = self.policy.rules_for(self.ask.role)
        return tuple(rule for rule in rules if rule.meant_for(emergency=self.ask.emergency))

    @property
    def askers(self) -> frozenset[Asker]:
        """As what somebody asks."""
        ask, incident = self.ask, self.facts.around.incident
        if is_pager(ask.requester):
            return frozenset({Asker.PAGER})
        if ask.requester == ask.beneficiary:
            return frozenset({Asker.HOLDER})
        leads = incident is not None and incident.state is IncidentState.LIVE
        commands = leads and incident is not None and incident.commander == ask.requester
        return frozenset({Asker.OTHER, Asker.COMMANDER} if commands else {Asker.OTHER})

    @property
    def who(self) -> str:
        """`you`, or the name of the person it is for."""
        own = self.ask.requester == self.ask.beneficiary
        return "you" if own else self.policy.people.name_of(self.ask.beneficiary)


class Path(NamedTuple):
    """An allow rule with the guardrails laid over it: whose yes it takes, and for how long it is good."""

    rule: Rule
    guardrails: tuple[RuleId, ...]
    slots: tuple[ApprovalSlot, ...]
    cap: timedelta
    answer_within: timedelta

    @property
    def needs(self) -> int:
        """How many yeses it takes."""
        return sum(slot.count for slot in self.slots)

    @property
    def order(self) -> tuple[int, RuleId]:
        """The fewest yeses first, then by id."""
        return self.needs, self.rule.id


def unmet(match: Match, scene: Scene, groups: frozenset[GroupName]) -> Iterator[str]:
    """What a rule still needs, in words that follow "it needs"."""
    people = scene.policy.people
    if match.requester_in and not groups.intersection(match.requester_in):
        yield f"{scene.who} to be in {join(map(people.title_of, match.requester_in), 'or')}"
    if match.not_requester_in and groups.intersection(match.not_requester_in):
        yield f"{scene.who} not to be in {join(map(people.title_of, match.not_requester_in), 'or')}"
    yield from _unmet_around(match, scene)
    if match.longer_than and scene.ask.duration <= match.longer_than:
        yield f"more than {say_duration(match.longer_than)}"
    if match.inside_window and not _within(match.inside_window, scene):
        yield f"a time inside {_windows(match.inside_window, scene)}"
    if match.outside_window and _within(match.outside_window, scene):
        yield f"a time outside {_windows(match.outside_window, scene)}"


def _unmet_around(match: Match, scene: Scene) -> Iterator[str]:
    facts = scene.facts
    if match.requested_by and not scene.askers.intersection(match.requested_by):
        yield f"to be asked for by {join((_ASKERS[asker] for asker in match.requested_by), 'or')}"
    if match.on_call_for and not facts.on_call_for(match.on_call_for):
        silent = facts.not_known(match.on_call_for)
        note = f", and nobody can say who is on call for {join(silent, 'and')} now" if silent else ""
        yield f"{scene.who} to be on call for {join(match.on_call_for, 'or')}{note}"
    if (match.incident_state or match.incident_severity) and not _happens(match, facts.around.incident):
        yield _wanted_incident(match, facts.around.incident)


_ASKERS: Final = {
    Asker.HOLDER: "whoever will have it",
    Asker.COMMANDER: "the commander of a live incident",
    Asker.OTHER: "somebody else",
    Asker.PAGER: "a pager",
}


def _happens(match: Match, incident: IncidentFact | None) -> bool:
    """Whether this is such an incident; a severity alone wants a live one."""
    if incident is None:
        return False
    states = match.incident_state or (IncidentState.LIVE,)
    return incident.state in states and (
        match.incident_severity is None or incident.severity in match.incident_severity
    )


def _wanted_incident(match: Match, incident: IncidentFact | None) -> str:
    """`a live sev1 incident; INC-42 is sev2`."""
    states = join((state.value for state in match.incident_state or (IncidentState.LIVE,)), "or")
    severity = f" {join(match.incident_severity, 'or')}" if match.incident_severity else ""
    wanted = f"a {states}{severity} incident"
    if incident is None:
        return wanted
    is_now = incident.severity or "of no severity"
    if incident.state not in (match.incident_state or (IncidentState.LIVE,)):
        is_now = incident.state.value
    return f"{wanted}; {incident.id} is {is_now}"


def _within(names: Iterable[str], scene: Scene) -> bool:
    return any(scene.policy.window(name).contains(scene.facts.now) for name in names)


def _windows(names: Iterable[str], scene: Scene) -> str:
    return join((f"{name} ({scene.policy.window(name)})" for name in names), "or")


def _holds(rule: Rule, scene: Scene) -> bool:
    subjects = [scene.beneficiary_groups]
    if rule.effect is not Effect.ALLOW:
        subjects.append(frozenset(scene.facts.requester_groups))
    return any(next(unmet(rule.match, scene, groups), None) is None for groups in subjects)


def matching(scene: Scene, effect: Effect) -> tuple[Rule, ...]:
    """The enforced rules of this effect that hold for the ask."""
    rules = (rule for rule in scene.rules if rule.effect is effect and rule.mode is Mode.ENFORCE)
    return tuple(rule for rule in rules if _holds(rule, scene))


def reported(scene: Scene) -> tuple[RuleId, ...]:
    """The rules that hold and change nothing, because they only report."""
    return tuple(rule.id for rule in scene.rules if rule.mode is Mode.REPORT and _holds(rule, scene))


def open_paths(scene: Scene, role: Role) -> tuple[Path, ...]:
    """Every path to the role, for whatever duration and whether or not it can be answered."""
    if matching(scene, Effect.DENY):
        return ()
    guardrails = matching(scene, Effect.REQUIRE)
    return tuple(_guarded(rule, guardrails, scene, role) for rule in matching(scene, Effect.ALLOW))


def path_of(rule: Rule, scene: Scene, role: Role) -> Path:
    """The path of one rule, as the guardrails that hold now leave it."""
    return _guarded(rule, matching(scene, Effect.REQUIRE), scene, role)


def _guarded(rule: Rule, guardrails: tuple[Rule, ...], scene: Scene, role: Role) -> Path:
    rules = (rule, *guardrails)
    caps = (each.max_duration for each in rules if each.max_duration)
    answers = [each.answer_within for each in rules if each.answer_within]
    return Path(
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


def best_path(scene: Scene, role: Role) -> Path | None:
    """The path to take: of those that cover the duration and can be answered, the first in order."""
    usable = (
        path
        for path in open_paths(scene, role)
        if path.cap >= scene.ask.duration and _answerable(scene, path.slots)
    )
    return min(usable, key=lambda path: path.order, default=None)


def longest_duration(scene: Scene, role: Role) -> timedelta | None:
    """The longest duration with a path: always one at which some rule changes its mind."""
    rules = scene.policy.rules_for(role.name)
    turns = {role.max_duration}
    turns.update(rule.max_duration for rule in rules if rule.max_duration)
    turns.update(rule.match.longer_than for rule in rules if rule.match.longer_than)
    for turn in sorted(turns, reverse=True):
        if turn >= scene.facts.shortest_duration and best_path(scene.asking(turn), role):
            return turn
    return None


def approvers_of(scene: Scene, slot: ApprovalSlot) -> tuple[PersonId, ...]:
    """Who could say yes to a slot now, by id; never who asks or would have it."""
    people = set(chain.from_iterable(scene.facts.members(group) for group in slot.groups))
    return tuple(sorted(people - {scene.ask.requester, scene.ask.beneficiary}))


def _answerable(scene: Scene, slots: tuple[ApprovalSlot, ...]) -> bool:
    standing: dict[PersonId, set[GroupName]] = {}
    for group in {group for slot in slots for group in slot.groups}:
        for person in scene.facts.members(group):
            standing.setdefault(person, set()).add(group)
    never = {scene.ask.requester, scene.ask.beneficiary}
    others = ((person, frozenset(groups)) for person, groups in standing.items() if person not in never)
    return can_fill(slots, others)


def join(words: Iterable[str], last: str) -> str:
    """`a`, `a or b`, `a, b or c`."""
    *head, tail = words
    return f"{', '.join(head)} {last} {tail}" if head else tail
