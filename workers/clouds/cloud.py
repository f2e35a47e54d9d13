"""The port to a cloud: make it present, make it absent, look; nothing else.

What a hook may raise, and what it means:

```
CloudError
├── Again      not now: throttled, in conflict, unreachable; `after` when the cloud named a wait
├── HeldAlready  the person has it for good, from somebody else: it is left alone, and nothing is needed
├── Refused    no, and trying again will not change that
├── Unknown    the call may or may not have been applied: it is looked up, never guessed
└── ClaimLost  our hold on the work is gone: nothing more may be changed (raised by the fence)
```

Public methods turn these into outcomes. `Present` and `Absent` are only ever said after a read. Works that
come together may be done together: a cloud whose unit of change holds many grants (a Google policy) then
reads and writes once for all of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, Protocol, TypeAlias, assert_never, final

from policies.entitlements import Target
from policies.grant import Grant
from policies.holding import (
    Absent,
    Ensure,
    Limit,
    LookAgain,
    Outcome,
    Plan,
    Present,
    RefusedForGood,
    Remove,
    Standing,
    StillThere,
    Unreachable,
)
from policies.people import Principal
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


class HeldAlready(CloudError):
    """The person has it for good, from somebody else; raised by a start only, after a read."""


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
    principal: Principal
    entitlement: Target
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


class Work(NamedTuple):
    """One holding, what its cloud should show, and the fence that stands before changing it."""

    holding: Holding
    plan: Plan
    fence: Fence


class Seen(NamedTuple):
    """What a read showed: it is there, whole or not, and ends by itself at `until` (None: it does not)."""

    until: datetime | None
    complete: bool
    labelled_until: datetime | None = None
    """The end in its label, where that can be another: whoever rebuilds the ledger believes it."""

    @property
    def latest(self) -> datetime | None:
        """The latest end that it has or gives."""
        return max((end for end in (self.until, self.labelled_until) if end is not None), default=None)


Look: TypeAlias = Seen | CloudError | None
"""What a fresh read of one holding showed: there, absent (None), or why that is not known."""


class Found(NamedTuple):
    """Something under our mark: its name, its labels, when it ends by itself, and whether we signed it."""

    key: HoldingKey
    labels: dict[str, str]
    ends_at: datetime | None
    genuine: bool


class Place(NamedTuple):
    """Somewhere our mark can be, and the reads that find everything under it there."""

    name: str
    find: Callable[[], Iterable[Found]]


class Unread(NamedTuple):
    """A place that could not be looked through, and why."""

    place: str
    problem: str


class Search(NamedTuple):
    """What was found under our mark, and where nobody could look."""

    found: tuple[Found, ...]
    unread: tuple[Unread, ...]


class Checkup(NamedTuple):
    """One thing `doctor` looked at."""

    name: str
    ok: bool
    detail: str


class Cloud(ABC):
    """One cloud, as the jobs see it."""

    name: CloudName
    slack = timedelta()
    """How much later than asked for an end may be that this cloud cannot bring nearer."""

    @final
    def carry_out(self, works: Sequence[Work]) -> tuple[Outcome | None, ...]:
        """Do each work and read what came of it; outcomes in the order of the works.

        None stands for a work whose claim was lost on the way: nothing may be said about it.
        """
        within = self._within(works)
        going = [_to_do(work) for work in works if work.holding.key not in within]
        outcomes = iter(self._carry_out(going) if going else ())
        return tuple(
            within[work.holding.key] if work.holding.key in within else next(outcomes) for work in works
        )

    def _within(self, works: Sequence[Work]) -> dict[HoldingKey, Outcome]:
        """What a fresh look shows of each that should only not last too long, where it does not."""
        limits = {work.holding: work.plan.until for work in works if isinstance(work.plan, Limit)}
        looks = zip(limits.items(), self._look_all(list(limits)) if limits else (), strict=True)
        outcomes = {holding.key: _limited(look, until, self.slack) for (holding, until), look in looks}
        return {key: outcome for key, outcome in outcomes.items() if outcome is not None}

    def _carry_out(self, works: Sequence[Work]) -> tuple[Outcome | None, ...]:
        problems = self._change_all(works)
        asked = [
            work.holding
            for work, problem in zip(works, problems, strict=True)
            if _wants_a_look(work.plan, problem)
        ]
        looks = dict(zip((holding.key for holding in asked), self._look_all(asked), strict=True))
        return tuple(
            None if isinstance(problem, ClaimLost) else _outcome(work, problem, looks, self.slack)
            for work, problem in zip(works, problems, strict=True)
        )

    @final
    def ensure(self, holding: Holding, until: datetime, fence: Fence) -> Outcome:
        """Make it present until a moment, and read it back: Present, Unreachable or RefusedForGood.

        Raises ClaimLost.
        """
        return self._one(Work(holding, Ensure(until), fence))

    @final
    def remove(self, holding: Holding, fence: Fence, *, early: bool) -> Outcome:
        """Make it absent, open sessions too when it ends early, and read that: Absent or Unreachable.

        Raises ClaimLost.
        """
        return self._one(Work(holding, Remove(early), fence))

    def _one(self, work: Work) -> Outcome:
        (outcome,) = self.carry_out([work])
        if outcome is None:
            raise ClaimLost("claim_lost")
        return outcome

    @final
    def look(self, holding: Holding) -> Outcome:
        """Absent, StillThere or Unreachable, by a read."""
        (look,) = self._look_all([holding])
        return _looked(look)

    @final
    def warm(self) -> None:
        """Do beforehand what the first call would otherwise wait for; what fails is done then."""
        with suppress(CloudError):
            self._warm()

    @final
    def search(self) -> Search:
        """Everything that carries our mark; a place that cannot be read keeps nothing else from being found.

        CloudError when there is no place that can be read.
        """
        found: list[Found] = []
        unread: list[Unread] = []
        places = list(self._places())
        for place in places:
            try:
                found += place.find()
            except CloudError as error:
                unread.append(Unread(place.name, error.problem))
        if unread and len(unread) == len(places):
            raise Again(unread[0].problem)
        return Search(tuple(found), tuple(unread))

    @final
    def find_ours(self) -> tuple[Found, ...]:
        """Everything in this cloud that carries our mark; CloudError when any of it cannot be read."""
        found, unread = self.search()
        if unread:
            raise Again(unread[0].problem)
        return found

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

    def _change_all(self, works: Sequence[Work]) -> Sequence[CloudError | None]:
        """Carry out every work but the looks; what went wrong with each, in order."""
        return [_caught(partial(self._do, work)) for work in works]

    def _do(self, work: Work) -> None:
        match work.plan:
            case Ensure(until) | Limit(until):
                self._ensure(work.holding, until, work.fence)
            case Remove(early):
                self._remove(work.holding, work.fence, early=early)
            case LookAgain():
                return
            case _:
                assert_never(work.plan)

    def _look_all(self, holdings: Sequence[Holding]) -> Sequence[Look]:
        """What a fresh read shows of each, in order."""
        return [_read(partial(self._look, holding)) for holding in holdings]

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
    def _places(self) -> Iterable[Place]:
        """Where our mark can be."""

    @abstractmethod
    def _describe(self, found: Found) -> Holding | None:
        """Everything about something of ours, by a fresh read; None when it is gone by now."""

    @abstractmethod
    def _doctor(self) -> Iterable[Checkup]:
        """What an operator should know."""


def _caught(change: Callable[[], None]) -> CloudError | None:
    try:
        change()
    except CloudError as error:
        return error
    return None


def _read(read: Callable[[], Seen | None]) -> Look:
    try:
        return read()
    except CloudError as error:
        return error


def _wants_a_look(plan: Plan, problem: CloudError | None) -> bool:
    """An end is always looked at; a start when it may have been made."""
    if isinstance(problem, ClaimLost):
        return False
    return not isinstance(plan, Ensure | Limit) or problem is None or isinstance(problem, Unknown)


def _to_do(work: Work) -> Work:
    """A limit on what lasts too long is an end to be moved."""
    return work._replace(plan=Ensure(work.plan.until)) if isinstance(work.plan, Limit) else work


def _limited(look: Look, until: datetime, slack: timedelta) -> Outcome | None:
    """What is to be said of what does not last too long; None where its end has to be moved."""
    if isinstance(look, CloudError):
        return Unreachable(look.problem, look.after)
    if look is None:
        return Absent()
    if look.latest is not None and look.latest > until + slack:
        return None
    return Present(min(look.until or until, until))


def _outcome(
    work: Work, problem: CloudError | None, looks: dict[HoldingKey, Look], slack: timedelta
) -> Outcome:
    match work.plan:
        case Ensure(until) | Limit(until):
            return _ensured(until, problem, looks.get(work.holding.key), slack)
        case Remove():
            return _removed(problem, looks[work.holding.key])
        case LookAgain():
            return _looked(looks[work.holding.key])
        case _:
            assert_never(work.plan)


def _ensured(until: datetime, problem: CloudError | None, look: Look, slack: timedelta) -> Outcome:
    if isinstance(problem, HeldAlready):
        return Standing()
    if isinstance(problem, Refused):
        return RefusedForGood(problem.problem)
    if problem is not None and not isinstance(problem, Unknown):
        return Unreachable(problem.problem, problem.after)
    if isinstance(look, CloudError):
        return Unreachable(look.problem, look.after)
    outcome = _present(look, until, slack)
    if problem is not None and not isinstance(outcome, Present):
        return Unreachable(problem.problem, _SOON)
    return outcome


def _removed(problem: CloudError | None, look: Look) -> Outcome:
    if isinstance(look, CloudError):
        return Unreachable(look.problem, look.after)
    if look is None:
        return Absent()
    return Unreachable(problem.problem if problem else "still_there", problem.after if problem else _SOON)


def _looked(look: Look) -> Outcome:
    if isinstance(look, CloudError):
        return Unreachable(look.problem, look.after)
    return Absent() if look is None else StillThere()


def _present(seen: Seen | None, until: datetime, slack: timedelta) -> Outcome:
    if seen is None:
        return Unreachable("not_visible_yet", _SOON)
    if not seen.complete:
        return Unreachable("not_complete_yet", _SOON)
    if seen.until is not None and seen.until < until:
        return Unreachable("ends_too_soon", _SOON)
    if seen.until is not None and seen.until > until + slack:
        return Unreachable("ends_too_late", _SOON)
    return Present(until)
