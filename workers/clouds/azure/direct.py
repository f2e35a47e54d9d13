"""A role assignment made directly: its name is known before it exists, and somebody has to end it.

Only storage's data roles end by themselves, by a condition on the time: Azure looks at conditions nowhere
else (https://learn.microsoft.com/azure/role-based-access-control/conditions-overview). What such a role
allows outside the data, like listing the containers, the condition does not end.

Whether one is there is decided by a read of its id. Lists are late both ways.
"""

import re
from datetime import datetime
from typing import Final

from workers.clouds.azure import marks
from workers.clouds.azure.client import AzureClient, Missing, Taken
from workers.clouds.azure.marks import Marks
from workers.clouds.azure.records import Assignment, Triple, last_part, principal_of, target_of
from workers.clouds.cloud import Again, CloudError, Fence, HeldAlready, Holding, Seen, Unknown
from workers.clouds.labels import moment_text, read_moment

ENDS_BY_CONDITION: Final = frozenset(
    {
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",  # Storage Blob Data Reader
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",  # Storage Blob Data Contributor
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",  # Storage Blob Data Owner
        "19e7f393-937e-4f77-808e-94535e297925",  # Storage Queue Data Reader
        "974c5e8b-45b9-4653-ba55-5f855dd0fb88",  # Storage Queue Data Contributor
        "8a0f0c08-91a1-4084-bc3d-661d67233fed",  # Storage Queue Data Message Processor
        "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",  # Storage Queue Data Message Sender
    }
)
"""The roles whose data actions look at `@Environment[UtcNow]`
(https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes)."""
_CONDITION: Final = re.compile(r"@Environment\[UtcNow\] DateTimeLessThan '([\w:-]+)'")


class Direct:
    """Makes, reads and deletes direct assignments."""

    def __init__(self, client: AzureClient, marks: Marks) -> None:
        self._client = client
        self._marks = marks

    def find(self, holding: Holding) -> Assignment | None:
        """What bears the holding's name, whoever made it."""
        try:
            return self._client.assignment(holding.key)
        except Missing:
            return None

    def is_ours(self, holding: Holding, found: Assignment) -> bool:
        """Whether we made it."""
        return self._marks.made(holding.key, found.description, found.maker, unmarked=True)

    def another(self, holding: Holding) -> bool:
        """Whether somebody has this role here by an assignment of another name, by a read of its id."""
        listed = self._client.assignments(target_of(holding).scope, principal_of(holding))
        alike = (one for one in listed if one.triple == Triple.of(holding))
        return any(self._stands(one) for one in alike if one.name.lower() != last_part(holding.key))

    def _stands(self, listed: Assignment) -> bool:
        try:
            self._client.assignment(listed.id)
        except Missing:
            return False
        return True

    def make(self, holding: Holding, until: datetime, fence: Fence) -> None:
        """Make it; Refused when somebody else has given the same access already."""
        fence.check()
        try:
            self._client.assign(holding.key, self._words(holding, until))
        except Taken:
            raise self.in_the_way(holding) from None

    def in_the_way(self, holding: Holding) -> CloudError:
        """What it means that the same access exists: standing access of theirs, or ours of a moment ago."""
        return HeldAlready("azure_already_assigned") if self.another(holding) else Again("azure_settling")

    def keep(self, holding: Holding, found: Assignment, until: datetime, fence: Fence) -> None:
        """Let it say the new end; a change whose outcome is not known is looked at by the next try."""
        wanted = self._words(holding, until)
        if (found.description, found.condition) == (wanted["description"], wanted.get("condition")):
            return
        fence.check()
        try:
            self._client.assign(holding.key, wanted)
        except Unknown as error:
            raise Again(error.problem) from error

    def _words(self, holding: Holding, until: datetime) -> dict[str, object]:
        """An assignment as the SDK takes it; saying the type spares somebody new a look-up that fails."""
        target = target_of(holding)
        words: dict[str, object] = {
            "role_definition_id": target.role_id,
            "principal_id": principal_of(holding),
            "principal_type": "User",
            "description": self._marks.text(holding, until),
        }
        if last_part(target.role_id) in ENDS_BY_CONDITION:
            condition = f"@Environment[UtcNow] DateTimeLessThan '{moment_text(until)}'"
            words |= {"condition": condition, "condition_version": "2.0"}
        return words

    def seen(self, found: Assignment) -> Seen:
        """When it ends by itself, if it does; a storage role without its condition is not whole."""
        until = _end_of(found.condition)
        complete = until is not None or found.role not in ENDS_BY_CONDITION
        return Seen(until, complete, read_moment(marks.read(found.description).get("ends", "")))

    def remove(self, holding: Holding, fence: Fence) -> None:
        """Delete it."""
        fence.check()
        self._client.unassign(holding.key)


def _end_of(condition: str | None) -> datetime | None:
    found = _CONDITION.fullmatch(condition or "")
    return read_moment(found[1]) if found else None
