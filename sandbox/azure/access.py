"""May somebody do something somewhere? Decided from the assignments in force, and nothing else.

https://learn.microsoft.com/azure/role-based-access-control/overview#how-azure-rbac-determines-if-a-user-has-access-to-a-resource.
Conditions count for managing role assignments and for reading and writing blobs and queues, and are passed
over for every other action (https://learn.microsoft.com/azure/role-based-access-control/conditions-overview).
There are no deny assignments here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.azure.assignments import Assignment, Assignments
from sandbox.azure.conditions import Facts
from sandbox.azure.directory import Directory
from sandbox.azure.errors import AzureError
from sandbox.azure.roles import role_of
from sandbox.azure.scopes import Scope
from sandbox.azure.settings import Settings
from sandbox.azure.timing import Timing
from sandbox.azure.tokens import Caller

_CONDITIONAL = re.compile(
    r"microsoft\.(authorization/roleassignments/(write|delete)|storage/.*/(blobs|messages)/.*)"
)


@dataclass(frozen=True)
class Question:
    """Somebody wants to do something somewhere; attributes are what conditions may look at."""

    caller: Caller
    action: str
    scope: Scope
    data: bool = False
    attributes: Mapping[str, str] | None = None
    unconditional: bool = False
    """Conditions are passed over: there is nothing they could look at."""


class Access:
    """Answers questions."""

    def __init__(
        self, assignments: Assignments, directory: Directory, timing: Timing, settings: Callable[[], Settings]
    ) -> None:
        self._assignments = assignments
        self._directory = directory
        self._timing = timing
        self._settings = settings

    def require(self, question: Question) -> Assignment:
        """The assignment that allows it, or 403 AuthorizationFailed."""
        candidates = self._candidates(question)
        allowing = next((one for one in candidates if self._fulfilled(one, question)), None)
        if allowing is None:
            raise _refusal(question, unfulfilled=bool(candidates))
        return allowing

    def held(self, principal: str, scope: Scope) -> list[Assignment]:
        """What somebody has at a scope: directly, through groups, from above."""
        ids = self._directory.memberships(principal)
        in_force = self._assignments.in_force(self._timing.now(), self._settings())
        return [one for one in in_force if one.principal in ids and one.scope.covers(scope)]

    def _candidates(self, question: Question) -> list[Assignment]:
        held = self.held(question.caller.id, question.scope)
        return [one for one in held if _allows(one, question)]

    def _fulfilled(self, assignment: Assignment, question: Question) -> bool:
        condition = assignment.asked()
        passed_over = question.unconditional or not _CONDITIONAL.fullmatch(question.action.lower())
        if condition is None or passed_over:
            return True
        now = {"environment:utcnow": self._timing.dates().isoformat()}
        return condition(Facts(question.action, {**(question.attributes or {}), **now}))


def _allows(assignment: Assignment, question: Question) -> bool:
    role = role_of(assignment.role)
    return role is not None and role.allows(question.action, data=question.data)


def _refusal(question: Question, *, unfulfilled: bool) -> AzureError:
    """The words of https://learn.microsoft.com/azure/role-based-access-control/troubleshooting."""
    if question.data:
        return AzureError(
            403,
            "AuthorizationPermissionMismatch",
            "This request is not authorized to perform this operation using this permission.",
        )
    lacking = "authorization or an ABAC condition not fulfilled" if unfulfilled else "authorization"
    return AzureError(
        403,
        "AuthorizationFailed",
        f"The client '{question.caller.name}' with object id '{question.caller.id}' does not have {lacking} "
        f"to perform action '{question.action}' over scope '{question.scope.text}' or the scope is invalid. "
        "If access was recently granted, please refresh your credentials.",
    )


def assignment_attributes(source: str, role: str, principal: str, kind: str) -> dict[str, str]:
    """An assignment as conditions see it: `@Request` when it is made, `@Resource` when it is removed."""
    named = {"roledefinitionid": role, "principalid": principal, "principaltype": kind}
    return {f"{source}:{name}": value for name, value in named.items()}
