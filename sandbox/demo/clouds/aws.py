"""AWS: a role of its own for each grant, taken on by one person."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from policies.grant import Grant
from policies.people import People, Person
from policies.values import GrantId, PersonId, RoleName
from sandbox.aws import names
from sandbox.aws.keys import Keys
from sandbox.aws.use import Allowed, NotAnsweredError, Refused
from sandbox.demo.clouds import ShownCloud, slack_of
from sandbox.demo.ports import CloudObject, Tried
from sandbox.world import World
from workers.clouds.aws.documents import END_POLICY


class _Call(NamedTuple):
    service: str
    operation: str
    shown: str


_READ: Final = _Call("rds", "describe_db_instances", "rds:DescribeDBInstances")
_CALLS: Final = {
    "prod-logs": _Call("logs", "describe_log_groups", "logs:DescribeLogGroups"),
    "prod-operator": _Call("ecs", "list_clusters", "ecs:ListClusters"),
}
_ASSUME: Final = "sts:AssumeRole"
_OVER: Final = ("Expired", "InvalidClientToken")
"""What the code of a session that is over starts with."""
_NOT_THERE: Final = "NoSuchEntity"


class ShownAws(ShownCloud):
    """The account shop-prod."""

    name = "aws"
    title = "AWS"
    place = "shop-prod"

    def __init__(self, world: World, people: People) -> None:
        super().__init__(world, people)
        self._sessions: dict[tuple[PersonId, GrantId], Keys] = {}

    def look(self) -> tuple[tuple[CloudObject, ...], str]:
        """The roles under our path; none stood there at the start."""
        return tuple(self._object(role) for role in self.world.aws.roles()), ""

    def _object(self, role: dict[str, Any]) -> CloudObject:
        tags, until = role["tags"], role["assumable_until"]
        return CloudObject(
            id=role["arn"],
            kind="role",
            name=role["name"],
            holding=role["arn"],
            request=tags.get("prod-access:request", ""),
            person=slack_of(self.people.get(PersonId(tags.get("prod-access:person", "")))),
            ends_at=datetime.fromisoformat(until) if until else None,
            denied=bool(role["denied_now"]),
        )

    def tries(self, person: Person, role: RoleName | None, grant: Grant | None) -> Tried:
        """With the role of the grant, in the session that is open where there is one."""
        keys = self.keys(person)
        try:
            if grant is None:
                return _tried(self.world.people.read(keys), _READ)
            return self._try_role(person, keys, _CALLS.get(role or "", _READ), grant)
        except NotAnsweredError as error:
            raise self.silent(error) from error

    def keys(self, person: Person) -> Keys:
        """A person's own keys."""
        if person.id not in names.PEOPLE:
            raise self.nobody(person)
        return self.world.aws.person(person.id)

    def _try_role(self, person: Person, keys: Keys, call: _Call, grant: Grant) -> Tried:
        mine = (person.id, grant.id)
        session = self._sessions.get(mine)
        if session is None:
            taken = self.world.people.assume(keys, grant.holding, person.id)
            if isinstance(taken, Refused):
                return Tried(allowed=False, code=taken.code, message=taken.message, call=_ASSUME)
            session = self._sessions[mine] = taken
        answer = self._call(session, call)
        if isinstance(answer, Refused) and answer.code.startswith(_OVER):
            self._sessions.pop(mine, None)
        return _tried(answer, call)

    def _call(self, session: Keys, call: _Call) -> Allowed | Refused:
        if call is _READ:
            return self.world.people.read(session)
        return self.world.people.call(session, call.service, call.operation)

    def remove(self, object_id: str) -> None:
        """As IAM wants it: every policy first, then the role."""
        name = object_id.rpartition("/")[2]
        role = next((one for one in self.world.aws.roles() if one["arn"] == object_id), None)
        if role is None:
            raise self.gone()
        for policy in role["policies"]:
            self._as_operator("detach_role_policy", RoleName=name, PolicyArn=policy)
        self._as_operator("delete_role_policy", RoleName=name, PolicyName=END_POLICY)
        self._as_operator("delete_role", RoleName=name)

    def _as_operator(self, operation: str, **params: str) -> None:
        try:
            answer = self.world.people.call(self.world.aws.operator, "iam", operation, **params)
        except NotAnsweredError as error:
            raise self.silent(error) from error
        if isinstance(answer, Refused) and answer.code != _NOT_THERE:
            raise self.refused(answer.code)


def _tried(answer: Allowed | Refused, call: _Call) -> Tried:
    match answer:
        case Allowed(seen):
            return Tried(allowed=True, code="", message=", ".join(seen), call=call.shown)
        case Refused(code, message):
            return Tried(allowed=False, code=code, message=message, call=call.shown)
