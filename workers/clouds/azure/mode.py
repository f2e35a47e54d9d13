"""Through PIM or directly: probed for each role and scope, kept for a while, never guessed.

PIM is taken to be open where its policy for the role can be read. The licence shows only when PIM is really
asked for something, so a refusal then counts too. An assignment that was made either way is found by looking,
not by this.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from policies.entitlements.azure import AzureAssignment, AzureScope
from workers.clouds.azure.client import AzureClient, Closed, Missing

KEPT: Final = timedelta(minutes=15)


class Mode(NamedTuple):
    """Whether assignments are made through PIM, and why, as a code."""

    pim: bool
    why: str


class Modes:
    """What was found out, for each role and scope."""

    def __init__(self, client: AzureClient) -> None:
        self._client = client
        self._known: dict[tuple[str, str], tuple[Mode, datetime]] = {}

    def of(self, target: AzureAssignment) -> Mode:
        """How this role is assigned at this scope."""
        known = self._fresh((target.scope, target.role_id))
        return known or self._keep(target, self._probe(target.scope, target.role_id))

    def closed(self, target: AzureAssignment, why: str) -> None:
        """PIM was asked, and is not open to us here."""
        self._keep(target, Mode(pim=False, why=why))

    def at(self, scope: AzureScope) -> Mode:
        """How roles are assigned at a scope in general: as the last refusal has it, or a new probe."""
        refused = (self._fresh(key) for key in list(self._known) if key[0] == scope.id)
        known = next((mode for mode in refused if mode is not None and not mode.pim), None)
        return known or self._probe(scope.id, None)

    def _probe(self, scope: str, role_id: str | None) -> Mode:
        try:
            found = self._client.count_policies(scope, role_id)
        except (Closed, Missing) as error:
            return Mode(pim=False, why=error.problem)
        return (
            Mode(pim=True, why="azure_pim_policy_readable")
            if found
            else Mode(pim=False, why="azure_no_pim_policy")
        )

    def _fresh(self, key: tuple[str, str]) -> Mode | None:
        mode, until = self._known.get(key, (None, None))
        return mode if until is not None and self._client.now() < until else None

    def _keep(self, target: AzureAssignment, mode: Mode) -> Mode:
        self._known[target.scope, target.role_id] = (mode, self._client.now() + KEPT)
        return mode
