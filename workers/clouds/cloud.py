"""The port to a cloud: make it present, make it absent, look; nothing else.

What a hook may raise, and what it means:

```
CloudError
├── Again      not now: throttled, in conflict, unreachable; `after` when the cloud named a wait
├── Refused    no, and trying again will not change that
├── Unknown    the call may or may not have been applied: it is looked up, never guessed
└── ClaimLost  our hold on the work is gone: nothing more may be changed (raised by the fence)
```

Public methods turn these into outcomes. `Present` and `Absent` are only ever said after a read.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, final

from policies.catalogue import AwsLease
from policies.grant import Grant
from policies.holding import Absent, Outcome, Present, RefusedForGood, StillThere, Unreachable
from policies.people import AwsIdentity
from policies.values import CloudName, GrantId, HoldingKey, PersonId, RequestId, RoleName

_SOON = timedelta(seconds=1)


class CloudError(Exception):
    """A cloud did not do what was asked; `problem` is a code, fit for the audit log."""

    def __init__(self, problem: str, after: timedelta | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.after = after


class Again(CloudError):
    """Not now; the job tries again."""


class Refused(CloudError):
    """No, and trying again will not change that."""


class Unknown(CloudError):
    """The call may or may not have been applied."""


class ClaimLost(CloudError):
    """Our hold on the work is gone."""


class Fence(Protocol):
    """Stands before every call that changes a cloud."""

    def check(self) -> None:
        """Raise ClaimLost unless the claim is still ours and there is time for one more call."""


class Holding(NamedTuple):
    """What an adapter needs to make or remove one holding; no catalogue, people or policy is read for it."""

    key: HoldingKey
    principal: AwsIdentity
    entitlement: AwsLease
    grant: GrantId
    request: RequestId
    role: RoleName
    person: PersonId

    @classmethod
    def of(cls, grants: Iterable[Grant]) -> "Holding":
        """The holding that these grants hang on, labelled by the newest of them."""
        newest = max(grants, key=lambda grant: (grant.starts_at, grant.id))
        return cls(
            key=newest.holding,
            principal=newest.principal,
            entitlement=newest.entitlement,
            grant=newest.id,
            request=newest.request,
            role=newest.role,
            person=newest.person,
        )


class Seen(NamedTuple):
    """What a read showed: it is there, whole or not, and ends by itself at `until` (None: it does not)."""

    until: datetime | None
    complete: bool


class Found(NamedTuple):
    """Something under our mark: its name, its labels, when it ends by itself, and whether we signed it."""

    key: HoldingKey
    labels: dict[str, str]
    ends_at: datetime | None
    genuine: bool


class Checkup(NamedTuple):
    """One thing `doctor` looked at."""

    name: str
    ok: bool
    detail: str


class Cloud(ABC):
    """One cloud, as the jobs see it."""

    name: CloudName

    @final
    def ensure(self, holding: Holding, until: datetime, fence: Fence) -> Outcome:
        """Make it present until a moment, and read it back: Present, Unreachable or RefusedForGood.

        Raises ClaimLost.
        """
        try:
            self._ensure(holding, until, fence)
            seen = self._look(holding)
        except ClaimLost:
            raise
        except Refused as error:
            return RefusedForGood(error.problem)
        except Unknown as error:
            return self._ensured(holding, until, error)
        except CloudError as error:
            return Unreachable(error.problem, error.after)
        return _present(seen, until)

    def _ensured(self, holding: Holding, until: datetime, unknown: Unknown) -> Outcome:
        try:
            seen = self._look(holding)
        except CloudError as error:
            return Unreachable(error.problem, error.after)
        outcome = _present(seen, until)
        return outcome if isinstance(outcome, Present) else Unreachable(unknown.problem, _SOON)

    @final
    def remove(self, holding: Holding, fence: Fence, *, early: bool) -> Outcome:
        """Make it absent, open sessions too when it ends early, and read that: Absent or Unreachable.

        Raises ClaimLost.
        """
        try:
            self._remove(holding, fence, early=early)
        except ClaimLost:
            raise
        except CloudError as error:
            return self._removed(holding, error)
        return self._removed(holding, None)

    def _removed(self, holding: Holding, problem: CloudError | None) -> Outcome:
        try:
            seen = self._look(holding)
        except CloudError as error:
            return Unreachable(error.problem, error.after)
        if seen is None:
            return Absent()
        return Unreachable(problem.problem if problem else "still_there", problem.after if problem else _SOON)

    @final
    def look(self, holding: Holding) -> Outcome:
        """Absent, StillThere or Unreachable, by a read."""
        try:
            seen = self._look(holding)
        except CloudError as error:
            return Unreachable(error.problem, error.after)
        return Absent() if seen is None else StillThere()

    @final
    def warm(self) -> None:
        """Do beforehand what the first call would otherwise wait for; what fails is done then."""
        with suppress(CloudError):
            self._warm()

    @final
    def find_ours(self) -> tuple[Found, ...]:
        """Everything in this cloud that carries our mark; CloudError when it cannot be read."""
        return tuple(self._find_ours())

    @final
    def describe(self, found: Found) -> Holding | None:
        """Something of ours as it stands now, fit to be taken over; None when it is gone. CloudError."""
        return self._describe(found)

    @final
    def doctor(self) -> tuple[Checkup, ...]:
        """What an operator should know about our standing in this cloud; never raises CloudError."""
        try:
            return tuple(self._doctor())
        except CloudError as error:
            return (Checkup(self.name, ok=False, detail=f"not reachable: {error.problem}"),)

    @abstractmethod
    def _ensure(self, holding: Holding, until: datetime, fence: Fence) -> None:
        """Converge to present; check the fence before each call that changes anything."""

    @abstractmethod
    def _remove(self, holding: Holding, fence: Fence, *, early: bool) -> None:
        """Converge to absent; what is already absent is done."""

    @abstractmethod
    def _look(self, holding: Holding) -> Seen | None:
        """What a fresh read shows; None only when the cloud itself says it is not there."""

    def _warm(self) -> None:  # noqa: B027 (a cloud may have nothing to warm)
        """Sign in, load what is slow to load."""

    @abstractmethod
    def _find_ours(self) -> Iterable[Found]:
        """Everything that carries our mark."""

    @abstractmethod
    def _describe(self, found: Found) -> Holding | None:
        """Everything about something of ours, by a fresh read; None when it is gone by now."""

    @abstractmethod
    def _doctor(self) -> Iterable[Checkup]:
        """What an operator should know."""


def _present(seen: Seen | None, until: datetime) -> Outcome:
    if seen is None:
        return Unreachable("not_visible_yet", _SOON)
    if not seen.complete:
        return Unreachable("not_complete_yet", _SOON)
    if seen.until is not None and seen.until < until:
        return Unreachable("ends_too_soon", _SOON)
    return Present(until)
