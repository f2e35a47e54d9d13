"""An allow policy: which of its bindings are ours, what they grant, and its next version. All of it is pure.

A binding is ours when its title, its description and its expression read exactly as we write them, it has one
member, and its labels are signed for this resource, this mark, this role and this member. So a copy for
somebody else, a later end written in by hand, or a second member is not ours. What is not ours is kept as it
is, where it is.

    title        prodaccess 3f9a…                                            the mark of the holding
    description  v1 instance=… grant=… request=… person=… role=… signature=…
    expression   request.time < timestamp("2026-11-24T15:02:11Z")            evaluated on every request

Limits: https://cloud.google.com/iam/quotas; the size of a policy is "limited to a few 10s of KB"
(https://github.com/googleapis/googleapis/blob/master/google/iam/v1/iam_policy.proto), and how long titles and
descriptions may be is not documented.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from policies.entitlements.gcp import GcpBinding
from policies.people import GoogleMember
from policies.values import HoldingKey
from workers.clouds.cloud import Holding, Refused, Seen
from workers.clouds.labels import SIGNATURE, SIGNED, Labels, moment_text, read_moment

MOST_MEMBERS: Final = 1_500
"""In one policy, counted each time they appear."""
MOST_EXPRESSIONS: Final = 20
"""Of bindings of the same role and member."""
MOST_BYTES: Final = 60_000
"""Of all bindings as JSON: no number is documented, and what is not a binding needs some room too."""
LONGEST_DESCRIPTION: Final = 256
LEFT_OVER_AFTER: Final = timedelta(hours=1)
"""How long after its end a binding of ours is nobody's work any more: the next write takes it along."""

_TITLE: Final = re.compile(r"prodaccess ([0-9a-f]{20})")
_EXPRESSION: Final = re.compile(r'request\.time < timestamp\("([^"]+)"\)')
_DELETED: Final = re.compile(r"deleted:(.+)\?uid=\d+")
_FORMAT: Final = "v1"
_ENDS: Final = "ends"
_WRITTEN: Final = (*(name for name in SIGNED if name != _ENDS), SIGNATURE)
"""The labels of a description, in order; the end is read from the expression, so that it is signed too."""


class Condition(NamedTuple):
    """When a binding grants (google.type.Expr)."""

    title: str
    description: str
    expression: str
    location: str = ""


class Binding(NamedTuple):
    """Members who hold a role."""

    role: str
    members: tuple[str, ...]
    condition: Condition | None = None


class AllowPolicy(NamedTuple):
    """Everything that is granted on one resource, as one read showed it; its etag allows one write."""

    resource: str
    etag: bytes
    bindings: tuple[Binding, ...]


class Marked(NamedTuple):
    """A binding under our mark: where it stands in its policy, what it says, and whether we wrote it."""

    place: int
    key: HoldingKey
    binding: Binding
    until: datetime | None
    labels: dict[str, str]
    genuine: bool

    @property
    def member(self) -> str:
        """Whom it names, as people are named while they exist."""
        return undeleted(self.binding.members[0])


def undeleted(member: str) -> str:
    """A member as they are named while their account exists.

    Google writes `deleted:` around one whose account was deleted, and takes it away when it is restored
    (https://github.com/googleapis/googleapis/blob/master/google/iam/v1/policy.proto).
    """
    found = _DELETED.fullmatch(member)
    return found[1] if found else member


def _same(member: str) -> str:
    """One spelling for each member: the letter case of an address does not matter to Google."""
    name = undeleted(member)
    return name.lower() if name.startswith("user:") else name


def binding_of(holding: Holding) -> GcpBinding:
    """The target of a holding; TypeError when it is another cloud's."""
    if not isinstance(holding.entitlement, GcpBinding):
        raise TypeError(f"{holding.key} is not a binding")
    return holding.entitlement


def roles_of(holding: Holding) -> tuple[str, ...]:
    """The Google roles of a holding."""
    return binding_of(holding).roles


def _member(holding: Holding) -> str:
    if not isinstance(holding.principal, GoogleMember):
        raise TypeError(f"{holding.key} is not held by a Google member")
    return holding.principal.member


# Written and read


def written(holding: Holding, role: str, until: datetime, labels: Labels) -> Binding:
    """The binding that gives one role of a holding until a moment, in whole seconds.

    Raises:
        Refused: the labels cannot be written so that they read back as they are.
    """
    member = _member(holding)
    named = holding._replace(key=_signed_name(holding.key, role, member))
    signed = {name: value for name, value in labels.of(named, until).items() if name != _ENDS}
    description = _description(signed)
    if len(description) > LONGEST_DESCRIPTION or _labels(description) != signed:
        raise Refused("gcp_labels_do_not_fit")
    mark = holding.key.rpartition("/")[2]
    return Binding(role, (member,), Condition(f"prodaccess {mark}", description, _expression(until)))


def marked(policy: AllowPolicy, labels: Labels) -> tuple[Marked, ...]:
    """The bindings under our mark, in order."""
    found = (_read(place, binding, policy, labels) for place, binding in enumerate(policy.bindings))
    return tuple(one for one in found if one is not None)


def _read(place: int, binding: Binding, policy: AllowPolicy, labels: Labels) -> Marked | None:
    condition = binding.condition
    title = _TITLE.fullmatch(condition.title) if condition else None
    if condition is None or title is None:
        return None
    key = HoldingKey(f"{policy.resource}/bindings/{title[1]}")
    until = _end(condition.expression)
    read = _labels(condition.description)
    if until is not None:
        read[_ENDS] = moment_text(until)
    whole = len(binding.members) == 1 and until is not None and not condition.location
    signed = whole and labels.genuine(_signed_name(key, binding.role, binding.members[0]), read)
    return Marked(place, key, binding, until, read, genuine=signed)


def _signed_name(key: HoldingKey, role: str, member: str) -> HoldingKey:
    """What a signature is about: one binding, not the whole holding."""
    return HoldingKey(f"{key} {role} {_same(member)}")


def _description(signed: Mapping[str, str]) -> str:
    return " ".join([_FORMAT, *(f"{name}={signed[name]}" for name in _WRITTEN)])


def _labels(description: str) -> dict[str, str]:
    """The labels of a description of ours; none for any other."""
    first, *parts = description.split(" ")
    pairs = [part.partition("=")[::2] for part in parts]
    if first != _FORMAT or tuple(name for name, _ in pairs) != _WRITTEN:
        return {}
    return dict(pairs)


def _end(expression: str) -> datetime | None:
    found = _EXPRESSION.fullmatch(expression)
    until = read_moment(found[1]) if found else None
    return until if until is not None and expression == _expression(until) else None


def _expression(until: datetime) -> str:
    return f'request.time < timestamp("{moment_text(until)}")'


# What a read shows


class Sight:
    """What one read of a policy shows of holdings."""

    def __init__(self, policy: AllowPolicy, labels: Labels, now: datetime) -> None:
        self.policy = policy
        self.marked = marked(policy, labels)
        self._now = now
        self._on: dict[HoldingKey, list[Marked]] = defaultdict(list)
        for one in self.marked:
            self._on[one.key].append(one)
        self._always = {
            (binding.role, _same(member))
            for binding in policy.bindings
            if binding.condition is None
            for member in binding.members
        }

    def ours(self, key: HoldingKey) -> list[Marked]:
        """The bindings of a holding that we wrote."""
        return [one for one in self._on.get(key, ()) if one.genuine]

    def altered(self, holding: Holding) -> bool:
        """Whether the person may still get in by a binding under the holding's mark that we did not write.

        It is not ours to take away, and as long as it grants something the holding is not gone.
        """
        return any(
            not one.genuine
            and _same(_member(holding)) in map(_same, one.binding.members)
            and (one.until is None or one.until > self._now)
            for one in self._on.get(holding.key, ())
        )

    def of(self, holding: Holding) -> Seen | None:
        """What stands of a holding, also past its end: it is complete when every role ends at one moment."""
        ours = self.ours(holding.key)
        if not ours:
            return Seen(None, complete=False) if self.altered(holding) else None
        ends = {one.until for one in ours if one.until is not None}
        roles = {one.binding.role for one in ours}
        return Seen(min(ends), complete=len(ends) == 1 and roles == set(roles_of(holding)))

    def standing(self, role: str, member: str) -> bool:
        """Whether a member holds a role on this very resource without any condition, so for ever."""
        return (role, _same(member)) in self._always

    def without_end(self, holding: Holding) -> tuple[str, ...]:
        """The roles of a holding that its person holds anyway."""
        return tuple(role for role in roles_of(holding) if self.standing(role, _member(holding)))

    def left_over(self) -> list[Marked]:
        """The bindings of ours, of any holding, that ended long ago."""
        before = self._now - LEFT_OVER_AFTER
        return [one for one in self.marked if one.genuine and one.until is not None and one.until < before]


# Changed


class Draft:
    """The next version of a policy: holdings are put in and taken out, everything else stays where it is.

    One holding is put in or taken out once.
    """

    def __init__(self, sight: Sight, labels: Labels, most_bytes: int = MOST_BYTES) -> None:
        self._sight = sight
        self._labels = labels
        self._tally = _Tally(sight.policy.bindings, most_bytes)
        self._out: dict[int, Binding] = {}
        self._new: list[Binding] = []

    @property
    def changes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._out or self._new)

    def ensure(self, holding: Holding, until: datetime) -> None:
        """Exactly one binding of ours for each role, with this end.

        Raises:
            Refused: there is no room for it; what stood before stands.
        """
        end, roles, ours = moment_text(until), roles_of(holding), self._sight.ours(holding.key)
        right = {one.binding.role: one for one in reversed(ours) if one.labels[_ENDS] == end}
        kept = [right[role] for role in roles if role in right]
        stale = [one for one in ours if one not in kept]
        missing = [role for role in roles if role not in right]
        self._replace(stale, [written(holding, role, until, self._labels) for role in missing])

    def remove(self, holding: Holding) -> None:
        """No binding of ours.

        Raises:
            Refused: the person still gets in by one that somebody altered, which stays.
        """
        self._replace(self._sight.ours(holding.key), [])
        if self._sight.altered(holding):
            raise Refused("gcp_binding_altered")

    def finished(self) -> AllowPolicy:
        """The next version; what is left over is taken along, of the roles that are being changed anyway.

        Of these roles only, because we may be allowed to change each under a condition of its own
        (https://cloud.google.com/iam/docs/setting-limits-on-granting-roles).
        """
        roles = {binding.role for binding in (*self._out.values(), *self._new)}
        over = {one.place for one in self._sight.left_over() if one.binding.role in roles}
        gone = over | self._out.keys()
        policy = self._sight.policy
        kept = (binding for place, binding in enumerate(policy.bindings) if place not in gone)
        return policy._replace(bindings=(*kept, *self._new))

    def _replace(self, stale: Iterable[Marked], fresh: Sequence[Binding]) -> None:
        out = {one.place: one.binding for one in stale}
        self._tally.take(out.values())
        problem = self._tally.problem_with(fresh)
        if problem is not None:
            self._tally.add(out.values())
            raise Refused(problem)
        self._tally.add(fresh)
        self._out |= out
        self._new += fresh


class _Tally:
    """How full a policy is."""

    def __init__(self, bindings: Iterable[Binding], most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._members = 0
        self._bytes = 0
        self._expressions: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.add(bindings)

    def add(self, bindings: Iterable[Binding]) -> None:
        self._count(bindings, 1)

    def take(self, bindings: Iterable[Binding]) -> None:
        self._count(bindings, -1)

    def problem_with(self, fresh: Sequence[Binding]) -> str | None:
        """Why these do not fit in any more, or None."""
        members = self._members + sum(len(binding.members) for binding in fresh)
        size = self._bytes + sum(map(_size, fresh))
        if fresh and (members > MOST_MEMBERS or size > self._most_bytes):
            return "gcp_policy_full"
        return "gcp_too_many_conditions" if any(map(self._is_one_too_many, fresh)) else None

    def _is_one_too_many(self, binding: Binding) -> bool:
        known = self._expressions[_slot(binding, binding.members[0])]
        expression = binding.condition.expression if binding.condition else ""
        return known[expression] == 0 and sum(times > 0 for times in known.values()) >= MOST_EXPRESSIONS

    def _count(self, bindings: Iterable[Binding], times: int) -> None:
        for binding in bindings:
            self._members += times * len(binding.members)
            self._bytes += times * _size(binding)
            if binding.condition is not None:
                for member in binding.members:
                    self._expressions[_slot(binding, member)][binding.condition.expression] += times


def _slot(binding: Binding, member: str) -> tuple[str, str]:
    return binding.role, _same(member)


def _size(binding: Binding) -> int:
    """How long it is in JSON, about."""
    condition = binding.condition._asdict() if binding.condition else None
    return len(json.dumps({**binding._asdict(), "condition": condition}, separators=(",", ":")))
