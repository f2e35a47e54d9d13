"""The clouds as the story and the faults see them: can somebody get in, what stands there, what was changed.

Everything is asked of the stand-ins with the person's own credentials, or read from their own state and logs;
nothing is asked of the ledger.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from policies.entitlements.identity_center import IdentityCenterAssignment
from policies.grant import Grant
from policies.values import HoldingKey
from sandbox.aws.faults import Kind as AwsKind
from sandbox.aws.keys import Keys
from sandbox.aws.use import Allowed as AwsAllowed
from sandbox.aws.use import Refused as AwsRefused
from sandbox.azure import names as azure_names
from sandbox.azure.faults import Kind as AzureKind
from sandbox.azure.use import Allowed as AzureAllowed
from sandbox.azure.use import Refused as AzureRefused
from sandbox.azure.use import Token
from sandbox.gcp.use import Allowed as GoogleAllowed
from sandbox.gcp.use import Refused as GoogleRefused
from sandbox.identity_center import names as center_names
from sandbox.world import DidNotHappenError, World

_TITLE = "prodaccess "


class Tried(NamedTuple):
    """Whether somebody got in, and the code they were refused with."""

    allowed: bool
    code: str


class Change(NamedTuple):
    """Something a stand-in says was changed under our mark: what an audit entry must name, and when."""

    named: str
    action: str
    at: datetime
    removes: bool


class InCloud(ABC):
    """One cloud of a world."""

    name: str

    def __init__(self, world: World) -> None:
        self.world = world

    @abstractmethod
    def open(self, person: str, grant: Grant) -> Any:  # noqa: ANN401 (each cloud's own)
        """A session of somebody as this grant lets them have it, kept open; DidNotHappenError if refused."""

    @abstractmethod
    def tries(self, person: str, grant: Grant, session: Any = None) -> Tried:  # noqa: ANN401 (as above)
        """Really reads what the role is for, in an open session or a new one."""

    @abstractmethod
    def standing(self) -> set[HoldingKey]:
        """The holdings of ours that stand in the cloud now, expired ones too."""

    @abstractmethod
    def changes(self) -> Iterator[Change]:
        """Every change that was made to something of ours."""

    making: tuple[str, ...]
    """The calls that make something, first to last."""
    removing: tuple[str, ...]
    """The calls that take it away, first to last."""

    @abstractmethod
    def break_calls(self, kind: str, actions: Iterable[str] = (), **rest: Any) -> int:  # noqa: ANN401
        """Break the workers' calls; answers the fault's number."""

    @abstractmethod
    def mend_one(self, number: int) -> None:
        """Take one fault away."""

    @abstractmethod
    def tried(self, action: str, since: datetime) -> int:
        """How often the workers have called so since a moment, whatever came of it."""

    @abstractmethod
    def stop_dates(self) -> None:
        """No end comes by itself any more."""

    @abstractmethod
    def mend(self) -> None:
        """Everything is as it should be again."""


class Aws(InCloud):
    """Leased roles in the pretend AWS."""

    name = "aws"
    making = ("CreateRole", "PutRolePolicy", "AttachRolePolicy")
    removing = ("DetachRolePolicy", "DeleteRole")

    def break_calls(self, kind: str, actions: Iterable[str] = (), **rest: Any) -> int:  # noqa: ANN401
        """Break calls to IAM and STS."""
        return self.world.aws.break_calls(AwsKind(kind), actions, who="prod-access", **rest)

    def mend_one(self, number: int) -> None:
        """Take one fault away."""
        self.world.aws.mend(number)

    def tried(self, action: str, since: datetime) -> int:
        """How often IAM was called so."""
        return sum(call["action"] == action and _at(call) >= since for call in self.world.aws.log())

    def open(self, person: str, grant: Grant) -> Keys:
        """Keys of a session with the leased role."""
        keys = self.world.people.assume(self.world.aws.person(person), grant.holding, person)
        if isinstance(keys, AwsRefused):
            raise DidNotHappenError(f"{person} could not take on {grant.holding}: {keys.code}")
        return keys

    def tries(self, person: str, grant: Grant, session: Keys | None = None) -> Tried:
        """Reads databases with the leased role."""
        keys = session or self.world.people.assume(self.world.aws.person(person), grant.holding, person)
        if isinstance(keys, AwsRefused):
            return Tried(allowed=False, code=keys.code)
        answer = self.world.people.read(keys)
        return Tried(isinstance(answer, AwsAllowed), answer.code if isinstance(answer, AwsRefused) else "")

    def standing(self) -> set[HoldingKey]:
        """The roles under our path."""
        return {HoldingKey(role["arn"]) for role in self.world.aws.roles()}

    def changes(self) -> Iterator[Change]:
        """Every call that changed a role of ours."""
        for call in self.world.aws.log():
            if call["service"] == "iam" and call["role"]:
                removes = call["action"] == "DeleteRole" and call["status"] == 200
                yield Change(f"/{call['role']}", call["action"], _at(call), removes)

    def stop_dates(self) -> None:
        """No date in a condition comes due."""
        self.world.aws.stop_dates()

    def mend(self) -> None:
        """Dates and calls are as they should be."""
        self.world.aws.mend()


class Gcp(InCloud):
    """Conditional bindings in the pretend Google Cloud."""

    name = "gcp"
    making = ("SetIamPolicy",)
    removing = ("SetIamPolicy",)

    def break_calls(self, kind: str, actions: Iterable[str] = (), **rest: Any) -> int:  # noqa: ANN401
        """Break calls to the Resource Manager."""
        return self.world.gcp.break_calls(AwsKind(kind), actions, who="prod-access", **rest)

    def mend_one(self, number: int) -> None:
        """Take one fault away."""
        self.world.gcp.mend(number)

    def tried(self, action: str, since: datetime) -> int:
        """How often a policy was written."""
        return sum(call["action"] == action and _at(call) >= since for call in self.world.gcp.log())

    def open(self, person: str, grant: Grant) -> str:  # noqa: ARG002 (a person's own token is for everything)
        """A token of the person's own."""
        return self.world.google_people.sign_in(self.world.gcp.person(person))

    def tries(self, person: str, grant: Grant, session: str | None = None) -> Tried:
        """Lists databases with a token of the person's own."""
        answer = self.world.google_people.read(session or self.open(person, grant))
        allowed = isinstance(answer, GoogleAllowed)
        return Tried(allowed, answer.code if isinstance(answer, GoogleRefused) else "")

    def standing(self) -> set[HoldingKey]:
        """The bindings under our mark."""
        found = self.world.gcp.bindings("")
        return {_binding(one["resource"], one["title"]) for one in found if one["title"].startswith(_TITLE)}

    def changes(self) -> Iterator[Change]:
        """Every binding of ours that a write added or removed."""
        for call in self.world.gcp.log():
            for grant in (*call["added"], *call["removed"]):
                title = _title(grant)
                if title.startswith(_TITLE):
                    key = _binding(call["resource"], title)
                    yield Change(key, call["action"], _at(call), grant in call["removed"])

    def stop_dates(self) -> None:
        """No date in a condition comes due."""
        self.world.gcp.stop_dates()

    def mend(self) -> None:
        """Dates and calls are as they should be."""
        self.world.gcp.mend()


class Azure(InCloud):
    """Role assignments in the pretend Azure."""

    name = "azure"
    making = ("roleAssignments/write",)
    removing = ("roleAssignments/delete",)

    def break_calls(self, kind: str, actions: Iterable[str] = (), **rest: Any) -> int:  # noqa: ANN401
        """Break calls to the Resource Manager."""
        return self.world.azure.break_calls(AzureKind(kind), actions, who="prod-access", **rest)

    def mend_one(self, number: int) -> None:
        """Take one fault away."""
        self.world.azure.mend(number)

    def tried(self, action: str, since: datetime) -> int:
        """How often an assignment was written or deleted."""
        log = self.world.azure.log()
        return sum(call["action"].endswith(action) and _at(call) >= since for call in log)

    def open(self, person: str, grant: Grant) -> Token:  # noqa: ARG002 (as for Google)
        """A token of the person's own."""
        return self.world.azure_people.sign_in(person)

    def tries(self, person: str, grant: Grant, session: Token | None = None) -> Tried:
        """Lists database servers with a token of the person's own."""
        answer = self.world.azure_people.read(session or self.open(person, grant))
        allowed = isinstance(answer, AzureAllowed)
        return Tried(allowed, answer.code if isinstance(answer, AzureRefused) else "")

    def standing(self) -> set[HoldingKey]:
        """The assignments that nobody seeded."""
        return {
            _assignment(one["scope"], one["name"])
            for one in self.world.azure.assignments()
            if not one["standing"]
        }

    def changes(self) -> Iterator[Change]:
        """Every assignment of ours that was written or deleted."""
        worker = azure_names.APPLICATIONS[azure_names.DIRECT_WORKER]
        for call in self.world.azure.log():
            done = call["reached"] and call["who"] in {*worker, azure_names.DIRECT_WORKER}
            if done and "roleAssignments/" in call["action"] and call["status"] in {200, 201}:
                removes = call["action"].endswith("/delete")
                yield Change(call["name"], call["action"], _at(call), removes)

    def stop_dates(self) -> None:
        """No date in a condition comes due."""
        self.world.azure.stop_dates()

    def mend(self) -> None:
        """Dates and calls are as they should be."""
        self.world.azure.mend()


class Center(InCloud):
    """Account assignments in the pretend Identity Center."""

    name = "identity-center"
    making = ("CreateAccountAssignment",)
    removing = ("DeleteAccountAssignment",)

    def break_calls(self, kind: str, actions: Iterable[str] = (), **rest: Any) -> int:  # noqa: ANN401
        """Break calls to sso-admin."""
        return self.world.center.break_calls(AwsKind(kind), actions, who="prod-access", **rest)

    def mend_one(self, number: int) -> None:
        """Take one fault away."""
        self.world.center.mend(number)

    def tried(self, action: str, since: datetime) -> int:
        """How often an assignment was created or deleted."""
        return sum(call["action"] == action and _at(call) >= since for call in self.world.center.log())

    def open(self, person: str, grant: Grant) -> Keys:
        """A session from the access portal."""
        keys = self._open(person, grant)
        if isinstance(keys, AwsRefused):
            raise DidNotHappenError(f"{person} got no session: {keys.code}")
        return keys

    def _open(self, person: str, grant: Grant) -> Keys | AwsRefused:
        target = grant.entitlement
        if not isinstance(target, IdentityCenterAssignment):
            raise DidNotHappenError(f"{grant.id} is not in Identity Center")
        portal = self.world.center.person(person)
        return self.world.center_people.open(portal, target.permission_set, target.account_id)

    def tries(self, person: str, grant: Grant, session: Keys | None = None) -> Tried:
        """Reads databases with a session of the permission set."""
        keys = session or self._open(person, grant)
        if isinstance(keys, AwsRefused):
            return Tried(allowed=False, code=keys.code)
        answer = self.world.center_people.read(keys)
        return Tried(isinstance(answer, AwsAllowed), answer.code if isinstance(answer, AwsRefused) else "")

    def standing(self) -> set[HoldingKey]:
        """The assignments of people to the permission sets that are ours."""
        return {
            HoldingKey(f"{one['permission_set_arn']}/account/{one['account']}/user/{one['principal']}")
            for one in self.world.center.assignments()
            if one["kind"] == "USER" and one["permission_set_arn"] in center_names.CATALOGUE.values()
        }

    def changes(self) -> Iterator[Change]:
        """Every assignment that was asked for or taken back."""
        for call in self.world.center.log():
            if call["action"] in {*self.making, *self.removing} and call["status"] == 200:
                yield Change(call["assignment"], call["action"], _at(call), call["action"] in self.removing)

    def stop_dates(self) -> None:
        """There are none."""

    def mend(self) -> None:
        """Calls are as they should be."""
        self.world.center.mend()


def clouds_of(world: World) -> dict[str, InCloud]:
    """The clouds that run in a world."""
    found = {one.name: one(world) for one in (Aws, Center, Gcp, Azure)}
    return {name: cloud for name, cloud in found.items() if name in world.clouds}


def _at(call: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(call["at"])


def _binding(resource: str, title: str) -> HoldingKey:
    return HoldingKey(f"{resource}/bindings/{title.removeprefix(_TITLE)}")


def _title(grant: dict[str, Any]) -> str:
    condition = grant.get("condition") or {}
    return str(condition.get("title", ""))


def _assignment(scope: str, name: str) -> HoldingKey:
    return HoldingKey(f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}")
