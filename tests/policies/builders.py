"""A small organisation to try rules on, and one-line ways to ask it something."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from policies.approval import ApprovalSlot
from policies.catalogue import Catalogue, Role
from policies.decision import Allow, Ask, AskSomeone, Refuse, decide
from policies.facts import gather
from policies.people import Group, People, Person
from policies.rules import Policy, Rule, Settings
from policies.values import GroupName, PersonId, RoleName
from policies.window import Window

WEDNESDAY_NOON = datetime(2026, 1, 7, 12, tzinfo=UTC)
ENTITLEMENT = {
    "cloud": "aws",
    "account": "shop-prod",
    "policies": ["arn:aws:iam::111122223333:policy/rds-readonly"],
}
GROUPS = {
    "engineers": ("ana", "ben", "chloe", "ivy"),
    "db-oncall": ("ben", "chloe"),
    "security": ("emi",),
    "commanders": ("dev",),
    "left": ("gus",),
    "nobody": (),
}
OFFICE_HOURS = Window.model_validate(
    {
        "name": "office-hours",
        "days": ["mon", "tue", "wed", "thu", "fri"],
        "start": "08:00",
        "end": "19:00",
        "tz": "Europe/Berlin",
    }
)


def person(who: str, /, **more: object) -> Person:
    """Somebody of this id."""
    return Person.model_validate({"id": who, "name": who.title(), "title": "engineer", **more})


def people(groups: Mapping[str, Iterable[str]] | None = None) -> People:
    """Ana, Ben, Chloe, Dev, Emi, Ivy, and Gus who has left, in these groups."""
    members = GROUPS if groups is None else groups
    return People(
        people=(
            *(person(name) for name in ("ana", "ben", "chloe", "dev", "emi", "ivy")),
            person("gus", active=False),
        ),
        groups=tuple(
            Group.model_validate({"name": name, "title": f"the {name}", "members": list(ids)})
            for name, ids in members.items()
        ),
    )


def role(name: str = "prod-db-readonly", risk: str = "low", **more: object) -> Role:
    """A role: half an hour unless said otherwise, four hours at most."""
    return Role.model_validate(
        {
            "name": name,
            "title": name.replace("-", " "),
            "environment": "prod",
            "risk": risk,
            "default_duration": "30m",
            "max_duration": "4h",
            "entitlements": [ENTITLEMENT],
            "channel": "C0DB",
            **more,
        }
    )


def rule(name: str, effect: str = "allow", *, match: object = None, **more: object) -> Rule:
    """A rule of this id, which matches everything unless told otherwise."""
    return Rule.model_validate(
        {
            "id": name,
            "why": f"Because of {name}",
            "effect": effect,
            "match": match or {},
            **more,
        }
    )


def yes_from(*groups: str, count: int = 1) -> dict[str, object]:
    """So many yeses from these groups, as a rule writes it."""
    return {"from": list(groups), "count": count}


def policy(
    *rules: Rule, roles: Iterable[Role] = (), known: People | None = None, **settings: object
) -> Policy:
    """These rules for the small organisation."""
    return Policy(
        people=known or people(),
        catalogue=Catalogue(roles=tuple(roles) or (role(),)),
        rules=rules,
        windows=(OFFICE_HOURS,),
        settings=Settings.model_validate(settings),
    )


def ask(
    who: str = "ana", name: str = "prod-db-readonly", minutes: float = 60, *, on_behalf_of: str | None = None
) -> Ask:
    """An ask, for oneself unless said otherwise."""
    return Ask(
        requester=PersonId(who),
        beneficiary=PersonId(on_behalf_of or who),
        role=RoleName(name),
        duration=timedelta(minutes=minutes),
    )


def answer(asked: Ask, given: Policy, at: datetime = WEDNESDAY_NOON) -> Allow | AskSomeone | Refuse:
    """What the policy says to an ask at a moment."""
    return decide(asked, gather(given, asked.requester, asked.beneficiary, at), given)


def slot(*groups: str, count: int = 1) -> ApprovalSlot:
    """So many people from these groups."""
    return ApprovalSlot(groups=tuple(GroupName(group) for group in groups), count=count)
