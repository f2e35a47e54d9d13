"""The answer in a few lines, for a person who asks why."""

from collections.abc import Iterator
from typing import assert_never

from policies.approval import ApprovalSlot
from policies.catalogue import Role
from policies.decision import Allow, AskSomeone, Refusal, Refuse, decide
from policies.facts import Facts
from policies.paths import Ask, Scene, approvers_of, join, path_of
from policies.rules import Policy
from policies.values import RuleId
from policies.window import say_duration


def explain(ask: Ask, facts: Facts, policy: Policy) -> str:
    """The answer in a few lines for a person who asks why: what holds, by which rule, and what would work."""
    scene = Scene(ask, facts, policy)
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


def _explain_refusal(scene: Scene, role: Role | None, refusal: Refuse) -> Iterator[str]:
    where = f" {_by(scene, refusal.nearest.rule)}" if refusal.nearest else ""
    yield refusal.reasons[0] + where
    if role and refusal.kind is Refusal.NOT_ALLOWED and refusal.nearest:
        yield _then(scene, role, refusal.nearest.rule)
    for other in refusal.alternatives[:1]:
        yield f"Now: {other.role} for {say_duration(other.duration)}, {_count(other.needs)}."


def _then(scene: Scene, role: Role, rule_id: RuleId) -> str:
    """What the nearest path asks for once it is open."""
    rule = next(rule for rule in scene.policy.rules_for(role.name) if rule.id == rule_id)
    path = path_of(rule, scene, role)
    return f"Then: {_yeses(scene, path.slots)}, at most {say_duration(path.cap)}."


def _yeses(scene: Scene, slots: tuple[ApprovalSlot, ...]) -> str:
    if not slots:
        return "nobody needs to be asked"
    who = join((_slot_words(scene, slot) for slot in slots), "and")
    return f"{sum(slot.count for slot in slots)} yes from {who}"


def _slot_words(scene: Scene, slot: ApprovalSlot) -> str:
    people = scene.policy.people
    names = ", ".join(map(people.name_of, approvers_of(scene, slot))) or "nobody now"
    return f"{join(map(people.title_of, slot.groups), 'or')} ({names})"


def _count(needs: int) -> str:
    return f"{needs} yes" if needs else "nobody needs to be asked"


def _by(scene: Scene, rule: RuleId) -> str:
    place = scene.policy.place(rule)
    return f"(rule {rule}, {place.file}:{place.line})" if place else f"(rule {rule})"
