"""People, the accounts each of them has, and the groups they are in.

Decisions use person ids. Two linked accounts are one person, so nobody answers their own request with the
other one.

Every cloud knows a person by an account of their own, and a grant is for that account alone.
An AWS identity names exactly one human being, because the trust of a leased role is built from it: an IAM
user's own ARN, or a role's ARN together with the exact `aws:userid` of the session. An account root, a
wildcard, or a session name alone could be taken by whoever may assume some role, so they are refused.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cached_property
from typing import Annotated, Literal, Self, assert_never

from pydantic import AfterValidator, Field, model_validator

from policies.incident import PagerAccount, PagerName
from policies.values import GroupName, PersonId, Value

NAME_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
"""How people, groups, roles and rules are named in the files: `db-oncall`."""
NAME_LENGTH = 40
"""The longest such name."""

Clash = tuple[tuple[str, ...], str]
"""Where something does not fit (section, name, field ...), and why."""


class SlackAccount(Value):
    """A member of one Slack workspace, by its stable ids."""

    team: str = Field(pattern=r"^[TE][A-Z0-9]+$")
    user: str = Field(pattern=r"^[UW][A-Z0-9]+$")


class AwsUser(Value):
    """An IAM user, by its own ARN."""

    kind: Literal["user"]
    arn: str = Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:user/[\w+=,.@/-]+$")


class AwsRoleSession(Value):
    """A session of an everyday role: its ARN and the exact `aws:userid` (`AROA…:name`) of one person."""

    kind: Literal["role_session"]
    role_arn: str = Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$")
    user_id: str = Field(pattern=r"^AROA[A-Z0-9]{5,124}:[\w+=,.@-]{2,64}$")


AwsIdentity = Annotated[AwsUser | AwsRoleSession, Field(discriminator="kind")]
"""Who a person is in AWS, unmistakably."""


class IdentityCenterUser(Value):
    """A user of the organisation's Identity Center, by the id of its identity store."""

    kind: Literal["identity_center_user"] = "identity_center_user"
    user_id: str


class GoogleMember(Value):
    """A person as Google's policies name them."""

    kind: Literal["google_member"] = "google_member"
    member: str


class EntraUser(Value):
    """A user of the organisation's Entra tenant, by object id."""

    kind: Literal["entra_user"] = "entra_user"
    object_id: str


Principal = Annotated[
    AwsUser | AwsRoleSession | IdentityCenterUser | GoogleMember | EntraUser, Field(discriminator="kind")
]
"""Who a person is in one cloud, as a grant keeps it."""

_GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
IdentityCenterId = Annotated[str, Field(pattern=rf"^([0-9a-f]{{10}}-)?{_GUID}$")]
"""An identity store's user id."""
GoogleMemberName = Annotated[
    str,
    Field(
        pattern=r"^(user:[^\s@:*]+@[^\s@:*]+"
        r"|principal://iam\.googleapis\.com/locations/global/workforcePools/[\w-]+/subject/[^\s*]+)$"
    ),
]
"""`user:ana@example.org`, or one subject of a workforce pool; never a group or a whole domain."""
EntraId = Annotated[str, Field(pattern=rf"^{_GUID}$")]
"""An Entra object id."""


def _shown_name(name: str) -> str:
    if not all(unicodedata.category(sign)[0] in "LM" or sign in " '.-" for sign in name):
        raise ValueError("a name has letters, spaces, apostrophes, full stops and hyphens only")
    return name


ShownName = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_shown_name)]
"""A person's name as cards show it: nothing in it can be read as markup or as a mention."""


class Person(Value):
    """One human being: a stable id, a name to show, and the accounts that are theirs."""

    id: PersonId = Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH)
    name: ShownName
    title: str = Field(min_length=1, max_length=60)
    slack: tuple[SlackAccount, ...] = ()
    aws: AwsIdentity | None = None
    identity_center: IdentityCenterId | None = None
    google: GoogleMemberName | None = None
    entra: EntraId | None = None
    pagers: dict[PagerName, PagerAccount] = Field(default_factory=dict)
    """Who they are in each pager, by the stable id it has for them."""
    active: bool = True

    def __hash__(self) -> int:
        """By the id, which is theirs alone."""
        return hash(self.id)

    def principal_in(self, cloud: str) -> Principal | None:
        """Who this person is in a cloud, or None where nobody has said."""
        match cloud:
            case "aws":
                return self.aws
            case "identity-center" if self.identity_center:
                return IdentityCenterUser(user_id=self.identity_center)
            case "gcp" if self.google:
                return GoogleMember(member=self.google)
            case "azure" if self.entra:
                return EntraUser(object_id=self.entra)
            case _:
                return None


def _sorted_members(members: Iterable[PersonId]) -> tuple[PersonId, ...]:
    return tuple(sorted(set(members)))


class Group(Value):
    """People who may be named together by a rule."""

    name: GroupName = Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH)
    title: str = Field(min_length=1, max_length=60)
    members: Annotated[tuple[PersonId, ...], AfterValidator(_sorted_members)]


def _sorted_people(people: Iterable[Person]) -> tuple[Person, ...]:
    return tuple(sorted(people, key=lambda person: person.id))


def _sorted_groups(groups: Iterable[Group]) -> tuple[Group, ...]:
    return tuple(sorted(groups, key=lambda group: group.name))


class People(Value):
    """Everybody the organisation knows; the order they are written in does not matter."""

    people: Annotated[tuple[Person, ...], AfterValidator(_sorted_people)] = ()
    groups: Annotated[tuple[Group, ...], AfterValidator(_sorted_groups)] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for _, text in clashes(self.people, self.groups):
            raise ValueError(text)
        return self

    @cached_property
    def _by_id(self) -> dict[PersonId, Person]:
        return {person.id: person for person in self.people}

    @cached_property
    def _by_slack(self) -> dict[tuple[str, str], Person]:
        return {(account.team, account.user): person for person in self.people for account in person.slack}

    @cached_property
    def _by_pager(self) -> dict[tuple[PagerName, PagerAccount], Person]:
        return {account: person for person in self.people for account in person.pagers.items()}

    @cached_property
    def _by_group(self) -> dict[GroupName, Group]:
        return {group.name: group for group in self.groups}

    @cached_property
    def _groups_of(self) -> dict[PersonId, frozenset[GroupName]]:
        found: dict[PersonId, set[GroupName]] = {}
        for group in self.groups:
            for member in group.members:
                found.setdefault(member, set()).add(group.name)
        return {person: frozenset(names) for person, names in found.items()}

    def get(self, person: PersonId) -> Person | None:
        """The person with this id, active or not."""
        return self._by_id.get(person)

    def by_slack(self, team: str, user: str) -> Person | None:
        """The person this Slack account is linked to, active or not; nobody where it is linked to none."""
        return self._by_slack.get((team, user))

    def by_pager(self, pager: PagerName, account: PagerAccount | None) -> Person | None:
        """The active person who has this account in a pager; nobody where it is linked to none."""
        found = self._by_pager.get((pager, account)) if account is not None else None
        return found if found is not None and found.active else None

    def group(self, name: GroupName) -> Group | None:
        """The group of this name."""
        return self._by_group.get(name)

    def is_active(self, person: PersonId) -> bool:
        """Whether the person is known and has not left."""
        found = self.get(person)
        return found is not None and found.active

    def groups_of(self, person: PersonId) -> frozenset[GroupName]:
        """The groups this person is in; none for somebody unknown or no longer active."""
        return self._groups_of.get(person, frozenset()) if self.is_active(person) else frozenset()

    def members(self, group: GroupName) -> tuple[Person, ...]:
        """The active people of a group, by id; nobody where there is no such group."""
        found = self.group(group)
        people = [self._by_id[member] for member in found.members] if found else []
        return tuple(person for person in people if person.active)

    def name_of(self, person: PersonId) -> str:
        """The name to show for an id; the id itself for somebody unknown."""
        found = self.get(person)
        return found.name if found else person

    def title_of(self, group: GroupName) -> str:
        """The title to show for a group; its name where it is unknown."""
        found = self.group(group)
        return found.title if found else group


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """The sentence for a name that is not there, with the closest one that is."""
    return f'no {kind} is called "{name}"{did_you_mean(name, known)}'


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`. Did you mean x?` where some known word is close, else nothing."""
    close = get_close_matches(word, sorted(known), n=1)
    return f". Did you mean {close[0]}?" if close else ""


def clashes(people: Iterable[Person], groups: Iterable[Group]) -> Iterator[Clash]:
    """What cannot be true of these people together: the same id, account or group twice, unknown members."""
    known = tuple(people)
    yield from _twice((("people", person.id), person.id) for person in known)
    yield from _shared_accounts(known)
    groups = tuple(groups)
    yield from _twice((("groups", group.name), group.name) for group in groups)
    ids = {person.id for person in known}
    for group in groups:
        for member in group.members:
            if member not in ids:
                yield ("groups", group.name, "members", member), unknown("person", member, ids)


def _shared_accounts(people: tuple[Person, ...]) -> Iterator[Clash]:
    yield from _twice(
        (("people", person.id, "slack"), f"Slack account {account.team}/{account.user}")
        for person in people
        for account in person.slack
    )
    yield from _twice(
        (("people", person.id, "pagers", pager), f"{pager} account {account}")
        for person in people
        for pager, account in sorted(person.pagers.items())
    )
    for cloud, word in _ACCOUNTS.items():
        yield from _twice(
            (("people", person.id, word), f"{_SYSTEMS[cloud]} {_account(principal)}")
            for person in people
            if (principal := person.principal_in(cloud))
        )


_ACCOUNTS = {"aws": "aws", "identity-center": "identity_center", "gcp": "google", "azure": "entra"}
_SYSTEMS = {
    "aws": "AWS identity",
    "identity-center": "Identity Center user",
    "gcp": "Google account",
    "azure": "Entra user",
}


def _account(principal: Principal) -> str:
    match principal:
        case AwsUser():
            return principal.arn
        case AwsRoleSession():
            return f"{principal.role_arn} {principal.user_id}"
        case IdentityCenterUser():
            return principal.user_id
        case GoogleMember():
            return principal.member.lower()
        case EntraUser():
            return principal.object_id
        case _:
            assert_never(principal)


def _twice(things: Iterable[tuple[tuple[str, ...], str]]) -> Iterator[Clash]:
    seen: set[str] = set()
    for where, thing in things:
        if thing in seen:
            yield where, f"{thing} is here twice"
        seen.add(thing)
