"""What somebody could have: the roles as the rules stand for them, and what would come of a wish."""

from bot import answers
from bot.asking import Wish
from bot.views import person_view
from policies.catalogue import Role
from policies.decision import Allow, Ask, AskSomeone, Refuse, choices, decide, longest_allowed
from policies.facts import Facts
from policies.rules import Policy
from policies.values import PersonId


def asking_oneself(role: Role, person: PersonId) -> Ask:
    """What somebody asks who asks for a role and says nothing else."""
    return Ask(requester=person, beneficiary=person, role=role.name, duration=role.default_duration)


def asking(wish: Wish, role: Role) -> Ask:
    """What a wish asks for, its duration filled in."""
    return wish.ask(wish.duration or role.default_duration)


def role_line(role: Role, person: PersonId, facts: Facts, policy: Policy) -> answers.RoleLine:
    """One role as this person may have it now."""
    ask = asking_oneself(role, person)
    longest = longest_allowed(ask, facts, policy)
    duration = min(role.default_duration, longest) if longest else role.default_duration
    decision = decide(ask.model_copy(update={"duration": duration}), facts, policy)
    titles = _titles(decision, policy)
    refusal = decision.reasons[0] if isinstance(decision, Refuse) else None
    return answers.RoleLine(role.name, role.title, role.risk.value, longest, titles, refusal)


def _titles(decision: Allow | AskSomeone | Refuse, policy: Policy) -> tuple[str, ...]:
    if not isinstance(decision, AskSomeone):
        return ()
    groups = dict.fromkeys(group for slot in decision.slots for group in slot.groups)
    return tuple(policy.people.title_of(group) for group in groups)


def preview(wish: Wish, role: Role, policy: Policy, facts: Facts) -> answers.Preview:
    """What would come of a wish: who is asked, for how long it could be, or why not."""
    ask = asking(wish, role)
    offered = choices(ask, facts, policy)
    if wish.duration is None and offered:
        ask = ask.model_copy(update={"duration": min(role.default_duration, offered[-1])})
    decision = decide(ask, facts, policy)
    people = decision.approvers if isinstance(decision, AskSomeone) else ()
    named = dict.fromkeys(person for slot in people for person in slot)
    return answers.Preview(
        decision=None if isinstance(decision, Allow) else decision,
        asked=tuple(person_view(policy.people, person) for person in named),
        groups=_titles(decision, policy),
        why=decision.why if isinstance(decision, Allow) else "",
        choices=offered,
        default=min(role.default_duration, offered[-1]) if offered else None,
    )
