"""Azure: a role assignment of a known name, which has no end of its own unless PIM made it."""

import re
import uuid
from datetime import datetime
from typing import Any, Final

from azure.core.exceptions import AzureError
from azure.identity import ClientSecretCredential

from policies.grant import Grant
from policies.people import People, Person
from policies.values import RoleName
from sandbox.azure import names
from sandbox.azure.use import Allowed, NotAnsweredError, Refused, Token
from sandbox.demo.clouds import ShownCloud, slack_of, untouched
from sandbox.demo.ports import CloudObject, Tried
from sandbox.world import World

READ: Final = "flexibleServers/read"
_ASSIGNMENTS: Final = "/providers/Microsoft.Authorization/roleAssignments/"
_REQUEST: Final = re.compile(r"\brequest=(\S+)")
_NOT_THERE: Final = "RoleAssignmentNotFound"


class ShownAzure(ShownCloud):
    """The resource group prod."""

    name = "azure"
    title = "Azure"
    place = names.RESOURCE_GROUP
    may_add = True

    def __init__(self, world: World, people: People) -> None:
        super().__init__(world, people)
        self._stood = {_id(one) for one in world.azure.assignments()}

    def look(self) -> tuple[tuple[CloudObject, ...], str]:
        """The assignments that came since the start, whatever the lists of Azure show yet."""
        assignments = self.world.azure.assignments()
        came = tuple(self._object(one) for one in assignments if _id(one) not in self._stood)
        return came, untouched(len(self._stood), len(assignments) - len(came))

    def _object(self, one: dict[str, Any]) -> CloudObject:
        request = _REQUEST.search(one["description"] or "")
        ends = one["ends_at"]
        return CloudObject(
            id=_id(one),
            kind="assignment",
            name=one["role"],
            holding=_id(one),
            request=request[1] if request else "",
            person=slack_of(self._who(one["principal"])),
            detail=one["who"] or one["principal"],
            ends_at=datetime.fromisoformat(ends) if ends else None,
            in_force=one["in_force"],
        )

    def _who(self, principal: str) -> Person | None:
        return next((one for one in self.people.people if one.entra == principal), None)

    def tries(self, person: Person, role: RoleName | None, grant: Grant | None) -> Tried:  # noqa: ARG002
        """With a token of the person's own: Azure looks at the assignments each time."""
        try:
            answer = self.world.azure_people.read(self.sign_in(person))
        except NotAnsweredError as error:
            raise self.silent(error) from error
        match answer:
            case Allowed(seen):
                return Tried(allowed=True, code="", message=", ".join(seen), call=READ)
            case Refused(code, message):
                return Tried(allowed=False, code=code, message=message, call=READ)

    def sign_in(self, person: Person) -> Token:
        """A person's own token."""
        if person.id not in names.PEOPLE:
            raise self.nobody(person)
        return self.world.azure_people.sign_in(person.id)

    def remove(self, object_id: str) -> None:
        """As anybody may who manages access there."""
        self._as_operator("DELETE", object_id)

    def add(self, person: Person) -> None:
        """An assignment of a made-up name, which never ends."""
        if person.entra is None:
            raise self.nobody(person)
        wanted = {
            "roleDefinitionId": names.role_id(names.READER),
            "principalId": person.entra,
            "principalType": "User",
        }
        path = f"{names.GROUP_SCOPE}{_ASSIGNMENTS}{uuid.uuid4()}"
        self._as_operator("PUT", path, {"properties": wanted})

    def _as_operator(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        try:
            answer = self.world.azure_people.call(self._operator(), method, path, body)
        except (NotAnsweredError, AzureError) as error:
            raise self.silent(error) from error
        match answer:
            case Refused(code) if code == _NOT_THERE:
                raise self.gone()
            case Refused(code):
                raise self.refused(code)

    def _operator(self) -> Token:
        """A token of the operator's, asked for anew each time: what is kept counts by the machine's clock."""
        azure = self.world.azure
        application = azure.operator
        with ClientSecretCredential(
            application.tenant_id,
            application.client_id,
            application.client_secret,
            authority=azure.endpoint_url,
            disable_instance_discovery=True,
            connection_verify=str(azure.ca_bundle),
        ) as credential:
            found = credential.get_token(f"{names.ARM_AUDIENCE}/.default")
        return Token(application.name, found.expires_on, found.token)


def _id(one: dict[str, Any]) -> str:
    return f"{one['scope']}{_ASSIGNMENTS}{one['name']}"
