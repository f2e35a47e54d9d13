"""The conditional binding: a person's own account bound to roles, under a condition on the time.

Google evaluates the condition on every request, so the end needs nobody. The binding itself stays in the
policy until it is taken out (https://cloud.google.com/iam/docs/temporary-elevated-access). A change of a
policy, an early end too, is in force after about two minutes, seven or more at times
(https://cloud.google.com/iam/docs/access-change-propagation).

Permissions the worker needs on each resource, nothing more: `resourcemanager.projects.getIamPolicy` and
`resourcemanager.projects.setIamPolicy` (or of `folders`, `organizations`), the second under conditions that
name the roles it may change, ten in each
(https://cloud.google.com/iam/docs/setting-limits-on-granting-roles).

A policy is one piece, so all that is due on a resource is one read, one write and one look, whoever it is
for. Where Google refuses that write, the works are tried apart, so that nobody is refused for the sake of
somebody else.
"""

import itertools
import random
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Final, TypeAlias

import structlog

from policies.entitlements.gcp import GcpResource, binding_on
from policies.holding import Ensure, LookAgain, Remove
from policies.people import GoogleMember
from policies.values import CloudName, HoldingKey
from workers.clouds.cloud import (
    Again,
    Checkup,
    Cloud,
    CloudError,
    Fence,
    Found,
    Holding,
    Look,
    Place,
    Seen,
    Work,
)
from workers.clouds.gcp.client import GcpClient, Overtaken, WriteForbidden, WriteRefused
from workers.clouds.gcp.policy import MOST_BYTES, AllowPolicy, Draft, Marked, Sight, binding_of, roles_of
from workers.clouds.labels import Labels, labelled

log = structlog.get_logger(__name__)

_PAUSES: Final = (0.0, 0.1, 0.2, 0.4)
"""Seconds, at most, before each try at a policy that somebody else is changing too."""
_MOST_PARTS: Final = 48
"""How many writes one resource's works are tried in before the rest waits for the next time."""

Problems: TypeAlias = dict[HoldingKey, CloudError | None]
"""What went wrong with each holding; None where nothing did."""


class ConditionalBindings(Cloud):
    """Google Cloud through conditional bindings; `resources` are those to look through from its side.

    `most_bytes` is how large a policy's bindings may become: Google documents no number, so it can be raised.
    """

    name = CloudName("gcp")

    def __init__(
        self,
        client: GcpClient,
        labels: Labels,
        resources: Callable[[], Sequence[GcpResource]],
        *,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._client = client
        self._labels = labels
        self._resources = resources
        self._most_bytes = most_bytes

    # All that is due on a resource in one write

    def _change_all(self, works: Sequence[Work]) -> Sequence[CloudError | None]:
        due: dict[str, list[Work]] = defaultdict(list)
        for work in works:
            if not isinstance(work.plan, LookAgain):
                due[binding_of(work.holding).resource].append(work)
        problems: Problems = {}
        for resource, together in due.items():
            problems |= self._fold(resource, together)
        return [problems.get(work.holding.key) for work in works]

    def _fold(self, resource: str, works: Sequence[Work]) -> Problems:
        """Everything in one write; what is refused together is tried apart."""
        problems: Problems = {}
        parts = deque([works])
        for _ in range(_MOST_PARTS):
            if not parts:
                return problems
            part = parts.popleft()
            problems |= self._write(resource, part)
            parts.extend(_apart(part, problems))
        return problems | _all(itertools.chain(*parts), Again("gcp_refused_together"))

    def _write(self, resource: str, works: Sequence[Work]) -> Problems:
        """One write, from a fresh read on as often as somebody else is faster."""
        for pause in _PAUSES:
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 (spreads writers, keeps no secret)
            problems = self._write_once(resource, works)
            if not any(isinstance(problem, Overtaken) for problem in problems.values()):
                break
        return problems

    def _write_once(self, resource: str, works: Sequence[Work]) -> Problems:
        try:
            sight = self._sight(resource)
        except CloudError as error:
            return _all(works, error)
        draft = Draft(sight, self._labels, self._most_bytes)
        problems: Problems = {work.holding.key: _drafted(draft, work) for work in _ends_first(works)}
        if not draft.changes:
            return problems
        done = [work for work in works if problems[work.holding.key] is None]
        try:
            self._client.write(draft.finished(), [work.holding.grant for work in done])
        except CloudError as error:
            return problems | _all(done, self._really(error, sight.policy))
        _tell_of_standing_access(sight, done)
        return problems

    def _really(self, problem: CloudError, written_over: AllowPolicy) -> CloudError:
        """What a refusal means: a stale write that would undo others' changes may be called forbidden."""
        if not isinstance(problem, WriteForbidden):
            return problem
        try:
            now = self._client.read(written_over.resource)
        except CloudError as error:
            return Again(error.problem, error.after)
        return problem if now.etag == written_over.etag else Overtaken(problem.problem)

    def _look_all(self, holdings: Sequence[Holding]) -> Sequence[Look]:
        sights: dict[str, Sight | CloudError] = {}
        for resource in {binding_of(holding).resource for holding in holdings}:
            try:
                sights[resource] = self._sight(resource)
            except CloudError as error:
                sights[resource] = error
        return [_look_at(holding, sights[binding_of(holding).resource]) for holding in holdings]

    def _sight(self, resource: str) -> Sight:
        return Sight(self._client.read(resource), self._labels, self._client.now())

    # One alone is all of one

    def _ensure(self, holding: Holding, until: datetime, fence: Fence) -> None:
        self._change(Work(holding, Ensure(until), fence))

    def _remove(self, holding: Holding, fence: Fence, *, early: bool) -> None:
        self._change(Work(holding, Remove(early), fence))

    def _change(self, work: Work) -> None:
        (problem,) = self._change_all([work])
        if problem is not None:
            raise problem

    def _look(self, holding: Holding) -> Seen | None:
        (look,) = self._look_all([holding])
        if isinstance(look, CloudError):
            raise look
        return look

    # From the cloud's side

    def _warm(self) -> None:
        for resource in self._resources()[:1]:
            self._client.read(resource.name)

    def _places(self) -> Iterable[Place]:
        return [Place(one.name, partial(self._found, one.name)) for one in self._resources()]

    def _found(self, resource: str) -> Iterable[Found]:
        return _found(self._sight(resource))

    def _describe(self, found: Found) -> Holding | None:
        name = found.key.partition("/bindings/")[0]
        resource = next((one for one in self._resources() if one.name == name), None)
        ours = self._sight(resource.name).ours(found.key) if resource else []
        if not resource or not ours:
            return None
        roles = tuple({one.binding.role for one in ours})
        principal = GoogleMember(member=ours[0].member)
        return labelled(found.key, ours[0].labels, principal, binding_on(resource, roles))

    def _doctor(self) -> Iterable[Checkup]:
        for resource in self._resources():
            try:
                yield from _checkups(resource, self._sight(resource.name))
            except CloudError as error:
                detail = f"{error.problem}; check what the worker may do on {resource.name}"
                yield Checkup(f"{_title(resource)}: its policy can be read", ok=False, detail=detail)


def _all(works: Iterable[Work], problem: CloudError) -> Problems:
    return dict.fromkeys((work.holding.key for work in works), problem)


def _drafted(draft: Draft, work: Work) -> CloudError | None:
    """Puts one work into the draft, unless its claim is lost: the write comes next."""
    try:
        work.fence.check()
        if isinstance(work.plan, Ensure):
            draft.ensure(work.holding, work.plan.until)
        else:
            draft.remove(work.holding)
    except CloudError as error:
        return error
    return None


def _ends_first(works: Iterable[Work]) -> list[Work]:
    """What ends makes room for what starts."""
    return sorted(works, key=lambda work: isinstance(work.plan, Ensure))


def _apart(works: Sequence[Work], problems: Problems) -> list[list[Work]]:
    """What was refused together, in parts to try one by one; nothing when it could not be told apart.

    First by roles, since each set may be ours to change or not; then in halves, since one member who no
    longer exists makes Google refuse the whole policy.
    """
    refused = [work for work in works if isinstance(problems[work.holding.key], WriteRefused)]
    starts = [work for work in refused if isinstance(work.plan, Ensure)]
    ends = [work for work in refused if not isinstance(work.plan, Ensure)]
    if starts and ends:
        return [ends, starts]
    by_roles: dict[tuple[str, ...], list[Work]] = defaultdict(list)
    for work in refused:
        by_roles[roles_of(work.holding)].append(work)
    if len(by_roles) > 1:
        return list(by_roles.values())
    forbidden = any(isinstance(problems[work.holding.key], WriteForbidden) for work in refused)
    half = 0 if forbidden else len(refused) // 2
    return [refused[:half], refused[half:]] if half else []


def _look_at(holding: Holding, sight: Sight | CloudError) -> Look:
    return sight if isinstance(sight, CloudError) else sight.of(holding)


def _tell_of_standing_access(sight: Sight, works: Iterable[Work]) -> None:
    """Somebody was given until a moment what they hold for ever: it is theirs, and is left as it is."""
    for work in works:
        roles = sight.without_end(work.holding) if isinstance(work.plan, Ensure) else ()
        if roles:
            log.warning("standing_access", holding=work.holding.key, roles=roles)


def _found(sight: Sight) -> Iterable[Found]:
    """One for each holding, and one more where somebody put a binding of their own under its mark."""
    genuine: dict[HoldingKey, list[Marked]] = defaultdict(list)
    others: dict[HoldingKey, list[Marked]] = defaultdict(list)
    for one in sight.marked:
        (genuine if one.genuine else others)[one.key].append(one)
    for key, ours in genuine.items():
        yield Found(key, ours[0].labels, _last_end(ours), genuine=True)
    for key, theirs in others.items():
        name = HoldingKey(f"{key}/altered") if key in genuine else key
        yield Found(name, theirs[0].labels, _last_end(theirs), genuine=False)


def _last_end(bindings: Iterable[Marked]) -> datetime | None:
    """When the last of them ends by itself; None when one does not."""
    ends = [one.until for one in bindings]
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None


def _checkups(resource: GcpResource, sight: Sight) -> Iterable[Checkup]:
    ours = [one for one in sight.marked if one.genuine]
    altered, left_over = len(sight.marked) - len(ours), len(sight.left_over())
    standing = sum(sight.standing(one.binding.role, one.member) for one in ours)
    title = _title(resource)
    yield Checkup(f"{title}: its policy can be read", ok=True, detail=f"bindings of ours now: {len(ours)}")
    yield _none(f"{title}: every binding under our mark is as we wrote it", "not so", altered)
    yield _none(f"{title}: nothing of ours is left over", "over for long and still there", left_over)
    yield _none(f"{title}: nobody holds for ever what we gave for a while", "given for nothing", standing)


def _none(name: str, otherwise: str, count: int) -> Checkup:
    return Checkup(name, ok=not count, detail=f"{otherwise}: {count}" if count else "as it should be")


def _title(resource: GcpResource) -> str:
    return f"gcp {resource.alias}"
