"""Who may do what: the policies in force on a resource and above it, with their conditions.

https://cloud.google.com/iam/docs/resource-hierarchy-access-control: what is granted above is inherited, and
nothing below takes it away.
"""

from collections.abc import Iterator
from datetime import datetime

from sandbox.gcp import cel, roles
from sandbox.gcp.directory import Directory, Resource
from sandbox.gcp.enforcement import Enforcement
from sandbox.gcp.policy import Grant


class Access:
    """Answers one question: is it granted?"""

    def __init__(self, directory: Directory, enforcement: Enforcement) -> None:
        self._directory = directory
        self._enforcement = enforcement

    def allowed(
        self, email: str, permission: str, resource: Resource, now: datetime, request: cel.Request
    ) -> bool:
        """Whether an account has a permission on a resource; `request` is what conditions are asked about."""
        return any(
            roles.allows(grant.role, permission)
            and (grant.condition is None or cel.grants(grant.condition.expression, request))
            for grant in self._held(email, resource, now)
        )

    def _held(self, email: str, resource: Resource, now: datetime) -> Iterator[Grant]:
        meant = self._directory.members(email)
        for above in self._directory.upwards(resource):
            for grant in self._enforcement.on(above.name, now):
                if grant.member.lower() in meant:
                    yield grant
