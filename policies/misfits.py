"""What cannot be true of the files together: names nobody has, things that are here twice, limits that clash.

Every file here has the right shape. Where one has not, what would be checked against it is left alone.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from policies.entitlements import ADAPTERS, Entitlement, place_id
from policies.entitlements.aws import AwsAccess
from policies.entitlements.gcp import GcpAccess
from policies.entitlements.identity_center import IdentityCenterAccess
from policies.people import clashes, unknown
from policies.problems import Where
from policies.rules import Case, Match
from policies.shapes import (
    CLOUDS,
    PAGERS,
    PEOPLE,
    ROLES,
    RULES,
    CloudsFile,
    PagersFile,
    Parts,
    PeopleFile,
    RolesFile,
    RulesFile,
)
from policies.window import say_duration

Misfit = tuple[str, Where, str]
"""The file, the place in it, and what does not fit."""


def misfits(parts: Parts) -> Iterator[Misfit]:
    """What does not fit, as far as the files that are there can tell."""
    people, roles, rules, clouds, pagers = parts
    if people:
        found = clashes(people.people.values(), people.groups.values())
        yield from ((PEOPLE, where, text) for where, text in found)
    if clouds:
        yield from _shared_ids(clouds)
    if roles and clouds:
        yield from _strange_places(roles, clouds)
    if roles and rules:
        yield from _too_short(roles, rules)
    if pagers:
        yield from _strange_in_pagers(parts, pagers)
    if rules:
        yield from _unreviewed(rules)
        yield from _twice(rules)
        yield from _strange_names(parts, rules)


def _shared_ids(clouds: CloudsFile) -> Iterator[Misfit]:
    for cloud in ADAPTERS:
        word = "name" if cloud == "gcp" else "id"
        seen: set[str] = set()
        for alias, place in clouds.places(cloud).items():
            if place_id(place) in seen:
                yield CLOUDS, (cloud.replace("-", "_"), alias, word), f"{place_id(place)} is here twice"
            seen.add(place_id(place))


def _strange_places(roles: RolesFile, clouds: CloudsFile) -> Iterator[Misfit]:
    for name, role in roles.roles.items():
        for number, entitlement in enumerate(role.entitlements):
            for word, text in _strange(entitlement, clouds):
                yield ROLES, ("roles", name, "entitlements", number, *word), text


_KINDS = {
    "aws": ("account", "AWS account"),
    "identity-center": ("account", "Identity Center account"),
    "gcp": ("resource", "Google Cloud resource"),
    "azure": ("scope", "Azure scope"),
}


def _strange(entitlement: Entitlement, clouds: CloudsFile) -> Iterator[tuple[tuple[str, ...], str]]:
    """What an entitlement says of its place that its place does not know."""
    places = clouds.places(entitlement.cloud)
    place: Any = places.get(entitlement.alias)
    if place is None:
        word, kind = _KINDS[entitlement.cloud]
        yield (word,), unknown(kind, entitlement.alias, places)
        return
    yield from _strange_there(entitlement, place)


def _strange_there(entitlement: Entitlement, place: Any) -> Iterator[tuple[tuple[str, ...], str]]:  # noqa: ANN401 (the place of its cloud)
    match entitlement:
        case AwsAccess(policies=policies):
            strange = [one for one in policies if f"::{place.id}:" not in one and "::aws:" not in one]
            for policy in strange:
                yield ("policies", policy), f"{policy} is not in account {place.alias} ({place.id})"
        case IdentityCenterAccess(permission_set=name) if name not in place.permission_sets:
            yield ("permission_set",), unknown("permission set", name, place.permission_sets)
        case GcpAccess(roles=roles):
            near = ("roles/", f"{place.name}/", "organizations/")
            for role in (one for one in roles if not one.startswith(near)):
                yield ("roles", role), f"{role} is not in {place.name}"
        case _:
            return


def _too_short(roles: RolesFile, rules: RulesFile) -> Iterator[Misfit]:
    shortest = rules.settings.shortest_duration
    text = f"is shorter than the shortest duration, {say_duration(shortest)}"
    for name, role in roles.roles.items():
        for word in ("default_duration", "max_duration"):
            if getattr(role, word) < shortest:
                yield ROLES, ("roles", name, word), f"{word} {text}"
    for number, rule in enumerate(rules.rules):
        if rule.max_duration and rule.max_duration < shortest:
            yield RULES, ("rules", number, "max_duration"), f"max_duration {text}"


def _unreviewed(rules: RulesFile) -> Iterator[Misfit]:
    """A review that nobody is told of, or may answer, would never be answered."""
    wanted = {"reviewers": rules.settings.reviewers, "security_channel": rules.settings.security_channel}
    missing = [word for word, value in wanted.items() if not value]
    for number, rule in enumerate(rules.rules):
        if rule.review_within and missing:
            text = f"nobody would review it: settings has no {' and no '.join(missing)}"
            yield RULES, ("rules", number, "review_within"), text


def _twice(rules: RulesFile) -> Iterator[Misfit]:
    for section, names in (
        ("rules", [str(rule.id) for rule in rules.rules]),
        ("cases", [case.name for case in rules.cases]),
    ):
        for number, name in enumerate(names):
            if name in names[:number]:
                yield RULES, (section, number), f'"{name}" is here twice'


def _strange_in_pagers(parts: Parts, pagers: PagersFile) -> Iterator[Misfit]:
    known: dict[str, Iterable[str]] = {
        "pager": pagers.pagers,
        "rota": pagers.rotas,
        "schedule": pagers.schedules,
    }
    if parts.roles:
        known["role"] = parts.roles.roles
    if parts.people:
        known["person"] = parts.people.people
        yield from _strange_accounts(parts.people, pagers)
    for kind, name, where in _names_in_pagers(pagers):
        if kind in known and name not in known[kind]:
            yield PAGERS, where, unknown(kind, name, known[kind])
    seen: set[tuple[str, str]] = set()
    for alias, service in pagers.services.items():
        if (service.pager, service.id) in seen:
            yield PAGERS, ("services", alias, "id"), f"{service.id} of {service.pager} is here twice"
        seen.add((service.pager, service.id))


def _strange_accounts(people: PeopleFile, pagers: PagersFile) -> Iterator[Misfit]:
    for person in people.people.values():
        for pager in person.pagers:
            if pager not in pagers.pagers:
                where = ("people", person.id, "pagers", pager)
                yield PEOPLE, where, unknown("pager", pager, pagers.pagers)


def _names_in_pagers(pagers: PagersFile) -> "Iterator[_Named]":
    for name, schedule in pagers.schedules.items():
        if schedule.pager:
            yield _Named("pager", schedule.pager, ("schedules", name, "pager"))
        if schedule.rota:
            yield _Named("rota", schedule.rota, ("schedules", name, "rota"))
    for name, service in pagers.services.items():
        for word in ("pager", "role", "schedule"):
            yield _Named(word, getattr(service, word), ("services", name, word))
    for name, rota in pagers.rotas.items():
        yield from _each("person", rota.people, ("rotas", name, "people"))
        for number, override in enumerate(rota.overrides):
            yield _Named("person", override.person, ("rotas", name, "overrides", number, "person"))


class _Named(NamedTuple):
    """A name in the rules, what it should be the name of, and where it stands."""

    kind: str
    name: str
    where: Where


def _strange_names(parts: Parts, rules: RulesFile) -> Iterator[Misfit]:
    known: dict[str, Iterable[str]] = {"window": rules.windows}
    if parts.people:
        known |= {"group": parts.people.groups, "person": parts.people.people}
    if parts.pagers:
        known["schedule"] = parts.pagers.schedules
    if parts.roles:
        environments = {role.environment for role in parts.roles.roles.values()}
        known |= {"role": parts.roles.roles, "environment": environments}
    for kind, name, where in _names(rules):
        if kind in known and name not in known[kind]:
            yield RULES, where, unknown(kind, name, known[kind])


def _names(rules: RulesFile) -> Iterator[_Named]:
    yield from _each("group", rules.settings.may_ask_for_others, ("settings", "may_ask_for_others"))
    yield from _each("group", rules.settings.may_end, ("settings", "may_end"))
    may_open = rules.settings.may_open_incidents
    yield from _each("group", may_open, ("settings", "may_open_incidents"))
    yield from _each("group", rules.settings.reviewers, ("settings", "reviewers"))
    for number, rule in enumerate(rules.rules):
        yield from _matched(rule.match, ("rules", number, "match"))
        for place, approvals in enumerate(rule.approvals):
            yield from _each("group", approvals.groups, ("rules", number, "approvals", place, "from"))
    for number, case in enumerate(rules.cases):
        yield from _in_case(case, ("cases", number))


def _matched(match: Match, where: Where) -> Iterator[_Named]:
    for word, kind in (
        ("requester_in", "group"),
        ("not_requester_in", "group"),
        ("role", "role"),
        ("environment", "environment"),
        ("inside_window", "window"),
        ("outside_window", "window"),
        ("on_call_for", "schedule"),
    ):
        yield from _each(kind, getattr(match, word) or (), (*where, word))


def _in_case(case: Case, where: Where) -> Iterator[_Named]:
    yield _Named("person", case.who, (*where, "who"))
    if case.on_behalf_of:
        yield _Named("person", case.on_behalf_of, (*where, "on_behalf_of"))
    yield _Named("role", case.role, (*where, "role"))
    yield from _each("schedule", case.on_call_for or (), (*where, "on_call_for"))
    if case.incident and case.incident.commander:
        yield _Named("person", case.incident.commander, (*where, "incident", "commander"))
    yield from _each("group", case.groups or (), (*where, "from"))


def _each(kind: str, names: Iterable[str], where: Where) -> Iterator[_Named]:
    return (_Named(kind, name, (*where, name)) for name in names)
