"""What loads and still looks wrong: paths nobody can use or answer, names that nothing uses."""

from collections.abc import Iterator

from policies.approval import ApprovalSlot, can_fill
from policies.catalogue import Role
from policies.problems import Problem, in_order
from policies.rules import Effect, Mode, Policy, Rule
from policies.values import GroupName, RoleName
from policies.window import say_duration


def lint(policy: Policy) -> tuple[Problem, ...]:
    """What loads and still deserves a look: paths nobody can use or answer, names that nothing uses."""
    found = [
        *(("rules", rule.id, text) for rule in policy.rules for text in _doubts(rule, policy)),
        *(("groups", name, "no rule uses this group") for name in _unused_groups(policy)),
        *(("roles", name, "no rule gives this role to anybody") for name in _closed_roles(policy)),
    ]
    return in_order(_warning(policy, section, name, text) for section, name, text in found)


def _warning(policy: Policy, section: str, name: str, text: str) -> Problem:
    place = policy.place(name, section)
    return Problem(
        file=place.file if place else section, line=place.line if place else 0, text=f"{name}: {text}"
    )


def _doubts(rule: Rule, policy: Policy) -> Iterator[str]:
    if not _can_be_answered(rule, policy):
        yield "its approvals need more people than its groups have"
    if rule.effect is Effect.ALLOW:
        yield from _unreachable(rule, policy)
        yield from _too_wide(rule, policy)
    elif not _roles_of(rule, policy):
        yield "it matches no role"


def _can_be_answered(rule: Rule, policy: Policy) -> bool:
    slots = [ApprovalSlot(groups=one.groups, count=one.count) for one in rule.approvals]
    people = policy.people
    return can_fill(slots, ((person.id, people.groups_of(person.id)) for person in people.people))


def _roles_of(rule: Rule, policy: Policy) -> list[Role]:
    return [role for role in policy.catalogue.roles if rule.match.covers(role)]


def _unreachable(rule: Rule, policy: Policy) -> Iterator[str]:
    roles = _roles_of(rule, policy)
    if not roles:
        yield "it matches no role"
    groups = rule.match.requester_in
    if groups and not any(policy.people.members(group) for group in groups):
        yield "nobody is in its groups"
    denies = [other for other in policy.rules if other.effect is Effect.DENY and _always(other)]
    if roles and all(any(deny.match.covers(role) for deny in denies) for role in roles):
        yield "a deny rule closes it for every role"


def _too_wide(rule: Rule, policy: Policy) -> Iterator[str]:
    if rule.max_duration is None:
        return
    for role in _roles_of(rule, policy):
        caps = [(role.max_duration, "the role")]
        caps += [
            (guardrail.max_duration, f"rule {guardrail.id}")
            for guardrail in policy.rules_for(role.name)
            if guardrail.effect is Effect.REQUIRE and guardrail.max_duration and _always(guardrail)
        ]
        cap, by = min(caps)
        if rule.max_duration > cap:
            most = f"{role.name} is given for at most {say_duration(cap)} by {by}"
            yield f"it says {say_duration(rule.max_duration)}, but {most}"


def _always(rule: Rule) -> bool:
    """Whether the rule looks at nothing but the role."""
    match = rule.match
    conditions = match.model_dump(exclude={"role", "role_risk", "environment"}, exclude_none=True)
    return rule.mode is Mode.ENFORCE and not conditions


def _unused_groups(policy: Policy) -> Iterator[GroupName]:
    settings = policy.settings
    used = {*settings.may_ask_for_others, *settings.may_end, *settings.may_open_incidents}
    used.update(settings.reviewers)
    for rule in policy.rules:
        used.update(rule.match.requester_in or (), rule.match.not_requester_in or ())
        used.update(group for approvals in rule.approvals for group in approvals.groups)
    return (group.name for group in policy.people.groups if group.name not in used)


def _closed_roles(policy: Policy) -> Iterator[RoleName]:
    for role in policy.catalogue.roles:
        if not any(rule.effect is Effect.ALLOW for rule in policy.rules_for(role.name)):
            yield role.name
