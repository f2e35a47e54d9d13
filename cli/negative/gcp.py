"""Google Cloud: what the workers' service account must be refused on a resource, tried.

Google asks a condition on `modifiedGrantsByRole` about what a write changes, so one binding more is enough to
see it (https://cloud.google.com/iam/docs/setting-limits-on-granting-roles).
"""

import secrets
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from cli.negative.verdict import PAUSES, untried, verdict
from policies.entitlements.gcp import GcpBinding
from policies.least_privilege.listed import listed
from policies.rules import Policy
from workers.clouds.cloud import Checkup, CloudError
from workers.clouds.gcp.client import GcpClient, Overtaken, WriteForbidden, WriteRefused
from workers.clouds.gcp.policy import AllowPolicy, Binding, Condition
from workers.settings import Settings

_OVER: Final = 'request.time < timestamp("2000-01-01T00:00:00Z")'
"""Never true: it compares with the time of the request, which no caller sets."""
_WHY: Final = "made by prod-access doctor --prove to see that it is refused; it grants nothing, remove it"
_HARMLESS: Final = (
    "roles/browser",
    "roles/compute.viewer",
    "roles/monitoring.viewer",
    "roles/errorreporting.viewer",
)
"""Roles to try, all of which read only and can be granted on a project, a folder and an organisation."""
_DENIED: Final = frozenset({"gcp_permission_denied", "gcp_iam_permission_denied"})


def proofs(policy: Policy, settings: Settings, now: Callable[[], datetime]) -> Iterator[Checkup]:
    """One for each resource that a role reaches."""
    client = GcpClient(instance=settings.instance, now=now, endpoint=settings.gcp_endpoint)
    found = listed(policy, GcpBinding)
    roles = {role for one in found for role in one.roles}
    people = (person.google for person in policy.people.people if person.active and person.google)
    member = next(people, None)
    for binding in {one.resource: one for one in found}.values():
        if member is None:
            yield untried(_name(binding), "nobody in people.yaml has a Google account")
        else:
            yield prove_refused(client, binding, roles, member)


def prove_refused(
    client: GcpClient,
    place: GcpBinding,
    roles: Collection[str],
    member: str,
    *,
    pauses: Sequence[float] = PAUSES,
) -> Checkup:
    """Try to bind a role the catalogue does not list, as the workers; ok when Google refuses. Raises nothing.

    `roles` are those of the whole catalogue: what may be granted above this resource may be granted here too.
    `member` exists, because Google takes nobody else.

    Nobody gets anything by it, even where it is let through: its condition ended in 2000, and Google asks it
    at each request. Nobody loses anything: what was read is written back as it was, under its etag, so a
    policy that somebody else has changed meanwhile is not written. What is let through is taken out again in
    the same way; it is known by its title, which nothing else bears.
    """
    role = next((one for one in _HARMLESS if one not in roles), None)
    if role is None:
        return untried(_name(place), "the catalogue lists every role there is to try")
    return verdict(_name(place), _Trial(client, place.resource, role, member, pauses), cloud="gcp")


def _name(place: GcpBinding) -> str:
    return f"gcp {place.alias}: refuses roles outside the catalogue"


class _Trial:
    """One go at one resource."""

    def __init__(
        self, client: GcpClient, resource: str, role: str, member: str, pauses: Sequence[float]
    ) -> None:
        self._client = client
        self._resource = resource
        self._pauses = pauses
        self._title = f"prod-access proof {secrets.token_hex(4)}"
        self._binding = Binding(role, (member,), Condition(self._title, _WHY, _OVER))
        self._seen = False
        self._may_stand = False

    def run(self) -> Iterator[str]:
        """The role, if it is let through."""
        before = self._client.read(self._resource)
        try:
            self._client.write(before._replace(bindings=(*before.bindings, self._binding)), ())
        except WriteForbidden as error:
            self._check_refused(error, before)
        except (Overtaken, WriteRefused):
            raise  # nothing was written, for another reason than the catalogue
        except CloudError:
            self._take_out(written=False)
            if not self._seen:
                raise
            yield self._binding.role
        else:
            self._take_out(written=True)
            yield self._binding.role

    def left(self) -> list[str]:
        """The binding's title, when it may be there still."""
        return [f"{self._title} on {self._resource}"] if self._may_stand else []

    def _check_refused(self, error: WriteForbidden, before: AllowPolicy) -> None:
        """It was about the role only where nobody else changed the policy: undoing that is forbidden too."""
        if error.problem not in _DENIED:
            raise error
        if self._client.read(self._resource).etag != before.etag:
            raise Overtaken("gcp_changed_meanwhile") from error

    def _take_out(self, *, written: bool) -> None:
        """Remove the binding, in as many tries as there are pauses.

        Reads may be behind (https://cloud.google.com/iam/docs/retry-strategy): what is known to have been
        written stands until it was seen, and what is not known is looked for more than once.
        """
        self._may_stand = True
        for pause in self._pauses:
            time.sleep(pause)
            with suppress(CloudError):
                shown = self._client.read(self._resource)
                rest = tuple(one for one in shown.bindings if not self._is_ours(one))
                if rest != shown.bindings:
                    self._seen = self._may_stand = True
                    self._client.write(shown._replace(bindings=rest), ())
                self._may_stand = written and not self._seen
                if self._seen:
                    return

    def _is_ours(self, binding: Binding) -> bool:
        return binding.condition is not None and binding.condition.title == self._title
