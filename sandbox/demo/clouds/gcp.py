"""Google Cloud: a binding under a condition on the time, in the one policy that all bindings are in."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeAlias

from policies.grant import Grant
from policies.people import People, Person
from policies.values import RoleName
from sandbox.demo.clouds import ShownCloud, slack_of, untouched
from sandbox.demo.ports import CloudObject, Tried
from sandbox.gcp import names
from sandbox.gcp.use import Allowed, NotAnsweredError, Refused
from sandbox.world import World

_Bindings: TypeAlias = list[dict[str, Any]]

LIST: Final = "cloudsql.instances.list"
_PROJECT: Final = f"projects/{names.SHOP_PROD}"
_PERMISSIONS: Final = {"prod-logs": "logging.logEntries.list", "prod-operator": "run.services.update"}
"""What a role is for, where that is not reading databases: Google is asked whether one may."""
_BY_HAND: Final = "roles/cloudsql.viewer"
_TITLE: Final = re.compile(r"prodaccess ([0-9a-f]{20})")
_REQUEST: Final = re.compile(r"\brequest=(\S+)")
_OVERTAKEN: Final = "ABORTED"
_TRIES: Final = 5


class ShownGcp(ShownCloud):
    """The project shop-prod."""

    name = "gcp"
    title = "Google Cloud"
    place = names.SHOP_PROD
    may_add = True

    def __init__(self, world: World, people: People) -> None:
        super().__init__(world, people)
        self._stood = {_id(binding) for binding in world.gcp.bindings()}

    def look(self) -> tuple[tuple[CloudObject, ...], str]:
        """The bindings that came since the start; the workers' own and other people's stood there before."""
        bindings = self.world.gcp.bindings()
        came = tuple(self._object(one) for one in bindings if _id(one) not in self._stood)
        return came, untouched(len(self._stood), len(bindings) - len(came))

    def _object(self, binding: dict[str, Any]) -> CloudObject:
        mark, request = _TITLE.fullmatch(binding["title"]), _REQUEST.search(binding["description"])
        ends = binding["ends_at"]
        return CloudObject(
            id=_id(binding),
            kind="binding",
            name=binding["role"],
            holding=f"{binding['resource']}/bindings/{mark[1]}" if mark else _id(binding),
            request=request[1] if request else "",
            person=slack_of(self._who(binding["members"])),
            detail=" · ".join([*binding["members"], *([binding["title"]] if binding["title"] else [])]),
            ends_at=datetime.fromisoformat(ends) if ends else None,
            in_force=bool(binding["in_force"]),
        )

    def _who(self, members: list[str]) -> Person | None:
        return next((one for one in self.people.people if [one.google] == members), None)

    def tries(self, person: Person, role: RoleName | None, grant: Grant | None) -> Tried:  # noqa: ARG002
        """With a token of the person's own: whatever it was given by, Google asks the policy each time."""
        permission = _PERMISSIONS.get(role or "", LIST)
        try:
            token = self.sign_in(person)
            if permission == LIST:
                return _tried(self.world.google_people.read(token))
            asked = self.world.google_people.call(
                token, "POST", f"/v3/{_PROJECT}:testIamPermissions", permissions=[permission]
            )
        except NotAnsweredError as error:
            raise self.silent(error) from error
        return _answered(asked, permission)

    def sign_in(self, person: Person) -> str:
        """A person's own token."""
        if person.google is None:
            raise self.nobody(person)
        return self.world.google_people.sign_in(self.world.gcp.person(person.id))

    def remove(self, object_id: str) -> None:
        """Read, modify, write, as everybody who changes a policy."""

        def without(bindings: _Bindings) -> _Bindings:
            kept = [one for one in bindings if _written_id(one) != object_id]
            if len(kept) == len(bindings):
                raise self.gone()
            return kept

        self._change(without)

    def add(self, person: Person) -> None:
        """A binding without a condition: it never ends."""
        member = person.google
        if member is None:
            raise self.nobody(person)
        self._change(lambda bindings: [*bindings, {"role": _BY_HAND, "members": [member]}])

    def _change(self, edited: Callable[[_Bindings], _Bindings]) -> None:
        """Again when somebody else was faster: the workers change the same policy."""
        answer: dict[str, Any] | Refused = {}
        for _ in range(_TRIES):
            policy = self._as_operator("getIamPolicy", options={"requestedPolicyVersion": 3})
            if isinstance(policy, Refused):
                raise self.refused(policy.code)
            changed = {**policy, "version": 3, "bindings": edited(policy["bindings"])}
            answer = self._as_operator("setIamPolicy", policy=changed)
            if not isinstance(answer, Refused):
                return
            if answer.code != _OVERTAKEN:
                break
        raise self.refused(answer.code if isinstance(answer, Refused) else "")

    def _as_operator(self, verb: str, **body: Any) -> dict[str, Any] | Refused:  # noqa: ANN401 (any JSON)
        try:
            token = self.world.google_people.sign_in(self.world.gcp.operator)
            return self.world.google_people.call(token, "POST", f"/v3/{_PROJECT}:{verb}", **body)
        except NotAnsweredError as error:
            raise self.silent(error) from error


def _id(binding: dict[str, Any]) -> str:
    """What tells a binding from every other one of the policy, its title and end too."""
    return " ".join([binding["role"], binding["title"], binding["expression"], *sorted(binding["members"])])


def _written_id(binding: dict[str, Any]) -> str:
    """The same of a binding as the policy has it written."""
    condition = binding.get("condition") or {}
    return _id({"title": "", "expression": "", **condition, **binding})


def _tried(answer: Allowed | Refused) -> Tried:
    match answer:
        case Allowed(seen):
            return Tried(allowed=True, code="", message=", ".join(seen), call=LIST)
        case Refused(code, message):
            return Tried(allowed=False, code=code, message=message, call=LIST)


def _answered(asked: dict[str, Any] | Refused, permission: str) -> Tried:
    """Google answers which of the permissions one has; without any it answers nothing."""
    if isinstance(asked, Refused):
        return Tried(allowed=False, code=asked.code, message=asked.message, call=permission)
    allowed = permission in asked.get("permissions", [])
    code = "" if allowed else "not among your permissions"
    return Tried(allowed=allowed, code=code, message="", call=permission)
