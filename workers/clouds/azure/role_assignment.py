"""The role assignment: one person, one role, one scope; PIM ends it where PIM is open to us.

Permissions the workers' identity needs on each scope, all under `Microsoft.Authorization/`:
`roleAssignments/read`, `write`, `delete`; for PIM also `roleAssignmentScheduleRequests/read`, `write`,
`cancel/action`, `roleAssignmentScheduleInstances/read` and `roleManagementPolicyAssignments/read`. The role
"Role Based Access Control Administrator" has those for direct assignments, "User Access Administrator" has
all of them; give either under a condition that allows the catalogue's roles for users only
(https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-overview). In Graph,
for looking people up: User.Read.All.

A direct assignment has no end of its own, except for storage's data roles: it ends when we end it. Access
follows an assignment within ten minutes, up and down; what is read here is the assignment.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

from policies.entitlements.azure import BUILT_IN, AzureAssignment, AzureScope, assignment_at, assignment_key
from policies.people import EntraUser
from policies.values import CloudName, HoldingKey
from workers.clouds.azure import marks
from workers.clouds.azure.client import AzureClient, Closed, Missing, NotYet
from workers.clouds.azure.direct import Direct
from workers.clouds.azure.marks import Marks
from workers.clouds.azure.mode import Modes
from workers.clouds.azure.pim import FLOOR, MARGIN, Pim, Sighted
from workers.clouds.azure.records import Assignment, Triple, target_of
from workers.clouds.cloud import Checkup, Cloud, CloudError, Fence, Found, Holding, Place, Refused, Seen
from workers.clouds.labels import Labels, labelled, read_moment

_NAMES = {role: name for name, role in BUILT_IN.items()}


class RoleAssignments(Cloud):
    """Azure through role assignments; `scopes` are the ones to look through from the cloud's side."""

    name = CloudName("azure")
    slack = FLOOR + 2 * MARGIN

    def __init__(
        self, client: AzureClient, labels: Labels, scopes: Callable[[], Sequence[AzureScope]]
    ) -> None:
        self._client = client
        self._scopes = scopes
        self._marks = Marks(labels, client)
        self._direct = Direct(client, self._marks)
        self._pim = Pim(client, self._marks, self._direct)
        self._modes = Modes(client)

    def _ensure(self, holding: Holding, until: datetime, fence: Fence) -> None:
        direct = self._direct.find(holding)
        if direct is not None:
            if not self._direct.is_ours(holding, direct):
                raise Refused("name_taken_by_another")
            self._direct.keep(holding, direct, until, fence)
        elif (found := self._pim.find(holding)) is not None:
            self._pim.keep(holding, found, until, fence)
        else:
            self._make(holding, until, fence)

    def _make(self, holding: Holding, until: datetime, fence: Fence) -> None:
        """Through PIM where that is the way, else directly; PIM itself may say only now that it is not."""
        target = target_of(holding)
        if not (self._pim.suits(until) and self._modes.of(target).pim):
            self._direct.make(holding, until, fence)
            return
        try:
            self._pim.assign(holding, until, fence)
        except NotYet:
            self._direct.make(holding, until, fence)  # the window is too short after all
        except Closed as error:
            self._direct.make(holding, until, fence)
            self._modes.closed(target, error.problem)

    def _remove(self, holding: Holding, fence: Fence, *, early: bool) -> None:  # noqa: ARG002 (Azure has no sessions to cut)
        if self._ours(holding) is not None:
            self._direct.remove(holding, fence)
        elif (found := self._pim.find(holding)) is not None:
            self._pim.remove(holding, found, fence)

    def _look(self, holding: Holding) -> Seen | None:
        direct = self._ours(holding)
        if direct is not None:
            return self._direct.seen(direct)
        found = self._pim.find(holding)
        return self._pim.seen(found) if found is not None else None

    def _ours(self, holding: Holding) -> Assignment | None:
        """The direct assignment of the holding's name, if we made it."""
        found = self._direct.find(holding)
        return found if found is not None and self._direct.is_ours(holding, found) else None

    def _warm(self) -> None:
        self._client.warm([scope.id for scope in self._scopes()])

    def _places(self) -> Iterable[Place]:
        return [Place(scope.alias, partial(self._found_in, scope)) for scope in self._scopes()]

    def _found_in(self, scope: AzureScope) -> Iterable[Found]:
        for key, assignment in self._marked(scope):
            yield self._found(key, assignment.description)
        for sighted in self._sighted(scope):
            yield self._found(sighted.key, sighted.held.request.justification)

    def _found(self, key: HoldingKey, text: str | None) -> Found:
        labels = marks.read(text)
        ends_at = read_moment(labels.get("ends", ""))
        return Found(key, labels, ends_at, self._marks.signed(key, text))

    def _marked(self, scope: AzureScope) -> Iterator[tuple[HoldingKey, Assignment]]:
        """The direct assignments at exactly this scope that say they are ours."""
        try:
            listed = self._client.assignments(scope.id)
        except Missing:
            return  # the place is gone, and everything assigned there
        for one in listed:
            if one.scope == scope.id.lower() and self._marks.under_ours(one.description):
                yield _named(scope, one), one

    def _sighted(self, scope: AzureScope) -> Iterator[Sighted]:
        """What PIM holds at this scope and says is ours; nothing where PIM is not open to us."""
        try:
            yield from self._pim.find_all(scope, lambda triple: _key(scope, triple))
        except (Closed, Missing):
            return

    def _describe(self, found: Found) -> Holding | None:
        scope = next((one for one in self._scopes() if found.key.startswith(f"{one.id}/providers/")), None)
        if scope is None:
            return None
        try:
            triple, text = self._as_it_stands(scope, found.key)
        except Missing:
            return None
        if not self._marks.signed(found.key, text):
            return None
        principal = EntraUser(object_id=triple.principal)
        return labelled(found.key, marks.read(text), principal, _target(scope, triple.role))

    def _as_it_stands(self, scope: AzureScope, key: HoldingKey) -> tuple[Triple, str | None]:
        """What a holding is about and the text it carries, by a fresh read; Missing."""
        try:
            assignment = self._client.assignment(key)
        except Missing:
            return self._sighting(scope, key)
        return assignment.triple, assignment.description

    def _sighting(self, scope: AzureScope, key: HoldingKey) -> tuple[Triple, str | None]:
        for sighted in self._sighted(scope):
            if sighted.key == key:
                return sighted.triple, sighted.held.request.justification
        raise Missing("azure_pim_nothing_there")

    def _doctor(self) -> Iterable[Checkup]:
        for scope in self._scopes():
            yield self._signs_in(scope)
            yield self._reads(scope)
            yield self._assigns(scope)

    def _signs_in(self, scope: AzureScope) -> Checkup:
        name = f"azure {scope.alias}: the workers sign in to its tenant"
        try:
            identity = self._client.identity()
        except CloudError as error:
            return Checkup(name, ok=False, detail=f"{error.problem}; check the workers' Azure credentials")
        if identity.tenant != scope.tenant:
            return Checkup(name, ok=False, detail=f"signed in to {identity.tenant}, not {scope.tenant}")
        return Checkup(name, ok=True, detail=f"as {identity.object_id}")

    def _reads(self, scope: AzureScope) -> Checkup:
        name = f"azure {scope.alias}: its role assignments can be read"
        try:
            self._client.assignments(scope.id)
            count = sum(1 for _ in self._marked(scope)) + sum(1 for _ in self._sighted(scope))
        except CloudError as error:
            return Checkup(name, ok=False, detail=f"{error.problem}; check the workers' role on {scope.id}")
        return Checkup(name, ok=True, detail=f"{count} of ours there now")

    def _assigns(self, scope: AzureScope) -> Checkup:
        name = f"azure {scope.alias}: how roles are assigned"
        try:
            mode = self._modes.at(scope)
        except CloudError as error:
            return Checkup(name, ok=False, detail=f"could not be found out: {error.problem}")
        if mode.pim:
            detail = (
                f"PIM is asked first ({mode.why}) and ends them by itself; for less than five minutes, or "
                "where it wants a licence or a permission, directly: those end when a worker ends them"
            )
            return Checkup(name, ok=True, detail=detail)
        detail = (
            f"directly ({mode.why}): they have no end of their own and end when a worker ends them, except "
            "storage's data roles"
        )
        return Checkup(name, ok=True, detail=detail)


def _key(scope: AzureScope, triple: Triple) -> HoldingKey:
    return assignment_key(assignment_at(scope, triple.role), triple.principal)


def _named(scope: AzureScope, assignment: Assignment) -> HoldingKey:
    """The key of what a listed assignment would be; its own id where it bears another name than ours does."""
    key = _key(scope, assignment.triple)
    return key if key.lower().endswith(f"/{assignment.name.lower()}") else HoldingKey(assignment.id)


def _target(scope: AzureScope, role: str) -> AzureAssignment:
    return assignment_at(scope, _NAMES.get(role, role))
