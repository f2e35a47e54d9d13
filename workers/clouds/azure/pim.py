"""A role assigned through Privileged Identity Management: Azure ends it by itself.

    AdminAssign, until ──▶ Provisioned ──▶ an instance, and a role assignment behind it, until its end
    AdminUpdate          a new end         AdminRemove          an end now

What PIM says is late and coarse, so nothing is believed that one answer says. "Does not exist" is said of
what was made a minute ago; nothing ends in its first five minutes; what has ended is listed for a while.
What decides then is a read of the assignment behind it. What was asked for a moment ago may be in no list:
it is looked up by its name. AdminRemove takes standing access of the same person, role and scope just as
well, so it is only sent for an instance that one of our own requests made.

https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-resource-roles-assign-roles;
the times are field notes.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Final, NamedTuple, TypeAlias

from policies.entitlements.azure import AzureScope
from policies.values import HoldingKey
from workers.clouds.azure.client import AzureClient, Closed, Missing, NotYet, Repeated, Taken
from workers.clouds.azure.direct import Direct
from workers.clouds.azure.marks import PRODUCT, Marks, read
from workers.clouds.azure.records import Instance, Request, Triple, principal_of, target_of
from workers.clouds.cloud import Again, CloudError, Fence, HeldAlready, Holding, Refused, Seen
from workers.clouds.labels import moment_text, read_moment

FLOOR: Final = timedelta(minutes=5)
"""PIM assigns nothing for less, and removes nothing sooner."""
MARGIN: Final = timedelta(seconds=15)
"""For the time a request takes to get there."""
REMEMBERED: Final = timedelta(days=44)
"""Requests are listed for 45 days; of anything longer we could not say any more that it is ours."""
_UNLISTED: Final = timedelta(minutes=6)
"""How long something new may be missing from a list."""
_DRIFT: Final = timedelta(seconds=5)
"""How far an end may be from what was asked."""
_SOON: Final = timedelta(seconds=15)
SETTLING: Final = "azure_pim_settling"
_NAMES: Final = uuid.UUID("0f9b6a1e-5c77-5d43-8d8a-6d1a2b4cf5e3")
"""The namespace of our requests' names."""


class Held(NamedTuple):
    """Access through PIM: what is listed as active, and the latest of our requests about it."""

    request: Request
    instance: Instance

    @property
    def until(self) -> datetime | None:
        """When Azure ends it; None where it would not: the licence has run out."""
        asked = read_moment(read(self.request.justification).get("ends", ""))
        ends_at = self.instance.ends_at
        return asked if asked and ends_at and abs(asked - ends_at) < _DRIFT else ends_at


class Waiting(NamedTuple):
    """Asked for, and not listed as active: pending, or too young to be sure of."""

    request: Request


Found: TypeAlias = Held | Waiting
Instances: TypeAlias = Callable[[], Sequence[Instance]]


class Pim:
    """Asks PIM, and reads what came of it."""

    def __init__(self, client: AzureClient, marks: Marks, direct: Direct) -> None:
        self._client = client
        self._marks = marks
        self._direct = direct

    def suits(self, until: datetime) -> bool:
        """Whether a window is one that PIM takes, and that we could still recognise at its end."""
        return FLOOR + MARGIN <= until - self._client.now() <= REMEMBERED

    # What is there

    def find(self, holding: Holding) -> Found | None:
        """What PIM holds of ours; None only when it holds nothing."""
        scope, who, triple = target_of(holding).scope, principal_of(holding), Triple.of(holding)
        try:
            listed = [one for one in self._client.requests(scope, who) if one.triple == triple]
            instances = cache(lambda: self._instances(scope, who, triple))
            return self._judge(holding.key, listed, instances) or self._unlisted(holding, listed, instances)
        except Missing:
            return None  # the place itself is gone
        except Closed:
            self._check_unread(holding)
            return None

    def _instances(self, scope: str, principal: str, triple: Triple) -> list[Instance]:
        return [one for one in self._client.instances(scope, principal) if one.triple == triple]

    def _unlisted(self, holding: Holding, listed: Sequence[Request], instances: Instances) -> Found | None:
        """What no list of requests shows yet: found by its name; else Again while an instance is unexplained.

        The name is that of the newest grant. An older one may have asked as short a while ago, and so may
        another's, who will be listed in a moment.
        """
        requests = [*listed, *self._named(holding, listed)]
        found = self._judge(holding.key, requests, instances) if len(requests) > len(listed) else None
        explained = {one.schedule for one in requests}
        if found is None and any(self._is_news(one) for one in instances() if one.schedule not in explained):
            raise Again(SETTLING, _SOON)
        return found

    def _named(self, holding: Holding, listed: Iterable[Request]) -> list[Request]:
        """The request of this grant's own name, where no list has it; nothing where there is none."""
        name = _first_name(holding)
        if any(one.name.lower() == name for one in listed):
            return []
        try:
            return [self._client.request(target_of(holding).scope, name)]
        except Missing:
            return []

    def _is_news(self, instance: Instance) -> bool:
        """Whether PIM made it so short a while ago that its request may not be listed; it has an end then."""
        now = self._client.now()
        began_at, ends_at = instance.starts_at, instance.ends_at
        return bool(began_at and ends_at and now - _UNLISTED < began_at and now < ends_at)

    def _check_unread(self, holding: Holding) -> None:
        """PIM does not let us look (any more): what stands all the same may be what it made for us."""
        if self._direct.another(holding):
            raise Again("azure_pim_unreadable")

    def _judge(self, key: HoldingKey, requests: Sequence[Request], instances: Instances) -> Found | None:
        mine = [one for one in requests if self._is_ours(key, one)]
        if not mine:
            return None
        over = {one.schedule for one in requests if one.status == "Revoked"}
        held = self._held(mine, over, instances())
        return held or self._waiting(mine, over)

    def _is_ours(self, key: HoldingKey, request: Request) -> bool:
        return self._marks.made(key, request.justification, request.maker, unmarked=False)

    def _held(
        self, mine: Sequence[Request], over: set[str | None], instances: Iterable[Instance]
    ) -> Held | None:
        telling = sorted((one for one in mine if one.tells), key=lambda one: one.asked_at)
        by_schedule = {one.schedule: one for one in telling}
        for instance in instances:
            request = by_schedule.get(instance.schedule) if instance.schedule else None
            if request and self._stands(instance, removed=instance.schedule in over):
                return Held(request, instance)
        return None

    def _stands(self, instance: Instance, *, removed: bool) -> bool:
        """What has ended is listed for a while; the assignment behind it goes at once."""
        ended = instance.ends_at is not None and instance.ends_at <= self._client.now()
        if not (removed or ended) or not instance.backing:
            return True
        try:
            self._client.assignment(instance.backing)
        except Missing:
            return False
        return True

    def _waiting(self, mine: Iterable[Request], over: set[str | None]) -> Waiting | None:
        open_ones = (one for one in mine if one.assigns and one.schedule not in over - {""})
        return next((Waiting(one) for one in open_ones if self._may_come(one)), None)

    def _may_come(self, request: Request) -> bool:
        now = self._client.now()
        ends_at = read_moment(read(request.justification).get("ends", ""))
        over = ends_at is not None and ends_at <= now
        return not over and (request.waits or now - request.asked_at < _UNLISTED)

    def seen(self, found: Found) -> Seen:
        """When it ends by itself; what is only asked for is not whole."""
        if isinstance(found, Waiting):
            return Seen(None, complete=False)
        return Seen(found.until, complete=True)

    # Making, moving, taking away

    def assign(self, holding: Holding, until: datetime, fence: Fence) -> None:
        """Ask for it, until its end. Closed or NotYet where PIM is not the way."""
        fence.check()
        try:
            words = self._words(holding, until, "AdminAssign", until)
            self._ask(holding, words, _first_name(holding), _name(holding, until, holding.grant))
        except Taken:
            raise self._in_the_way(holding) from None

    def _ask(self, holding: Holding, words: Mapping[str, object], name: str, *others: str) -> None:
        """Ask under a name that an earlier try may have used, whose reply was lost and no list shows yet.

        Where nothing can come any more of what was asked under it, ask under the next.
        """
        scope = target_of(holding).scope
        try:
            request = self._client.ask(scope, name, words)
        except Repeated:
            request = self._client.request(scope, name)
            if not self._is_ours(holding.key, request):
                raise Refused("name_taken_by_another") from None
            if others and not (request.assigns and self._may_come(request)):
                self._ask(holding, words, *others)
                return
        _check(request)

    def _in_the_way(self, holding: Holding) -> CloudError:
        """PIM says "exists" for two minutes of what has ended, too."""
        error = self._direct.in_the_way(holding)
        return error if isinstance(error, HeldAlready) else Again(SETTLING, _SOON)

    def keep(self, holding: Holding, found: Found, until: datetime, fence: Fence) -> None:
        """Move its end, which cannot be nearer than five minutes."""
        if isinstance(found, Waiting):
            _check(found.request)
            return
        end = max(until, self._client.now() + FLOOR + MARGIN).replace(microsecond=0)
        if found.until is not None and until <= found.until <= max(until + _DRIFT, end):
            return
        fence.check()
        try:
            words = self._words(holding, until, "AdminUpdate", end)
            self._ask(holding, words, _name(holding, end, found.request.name))
        except NotYet as error:
            raise Again(SETTLING, _SOON) from error

    def remove(self, holding: Holding, found: Found, fence: Fence) -> None:
        """Take it away; what is only asked for is taken back."""
        scope = target_of(holding).scope
        if isinstance(found, Held):
            self._end(holding, found, fence)
        elif found.request.waits:
            fence.check()
            self._client.cancel(scope, found.request.name)
        else:
            raise Again(SETTLING, _SOON)  # it will be listed in a moment; blindly, we could hit another's

    def _end(self, holding: Holding, found: Held, fence: Fence) -> None:
        """Each try has a name of its own: one that came to nothing must not stand in the way of the next."""
        words = self._words(holding, self._client.now(), "AdminRemove", None)
        fence.check()
        try:
            self._client.ask(target_of(holding).scope, str(uuid.uuid4()), words)
        except NotYet as error:
            raise Again(SETTLING, self._left(found)) from error
        except Closed:
            self._end_without_pim(found, fence)

    def _end_without_pim(self, found: Held, fence: Fence) -> None:
        """Without a licence what PIM made is an ordinary assignment, which would stay for good."""
        if found.instance.backing is None:
            raise Again("azure_pim_unreadable")
        fence.check()
        self._client.unassign(found.instance.backing)

    def _left(self, found: Held) -> timedelta:
        """What is left of the five minutes in which nothing is removed."""
        began_at = found.instance.starts_at or found.request.asked_at
        return max(began_at + FLOOR + MARGIN - self._client.now(), _SOON)

    def _words(self, holding: Holding, until: datetime, kind: str, end: datetime | None) -> dict[str, object]:
        """A request as the SDK takes it."""
        target = target_of(holding)
        words: dict[str, object] = {
            "request_type": kind,
            "role_definition_id": target.role_id,
            "principal_id": principal_of(holding),
            "justification": self._marks.text(holding, until),
            "ticket_info": {"ticket_system": PRODUCT, "ticket_number": holding.request},
        }
        if end is not None:
            expiration = {"type": "AfterDateTime", "end_date_time": end}
            words["schedule_info"] = {"expiration": expiration}
        return words

    # From the cloud's side

    def find_all(self, scope: AzureScope, key_of: Callable[[Triple], HoldingKey]) -> Iterator["Sighted"]:
        """Everything at exactly this scope that says it is ours and stands."""
        instances = self._client.instances(scope.id)
        marked: dict[Triple, list[Request]] = {}
        for request in self._client.requests(scope.id):
            if request.scope == scope.id.lower():
                marked.setdefault(request.triple, []).append(request)
        for triple, requests in marked.items():
            mine = [one for one in requests if self._marks.under_ours(one.justification)]
            over = {one.schedule for one in requests if one.status == "Revoked"}
            held = self._held(mine, over, [one for one in instances if one.triple == triple])
            if held is not None:
                yield Sighted(key_of(triple), triple, held)


class Sighted(NamedTuple):
    """Something of PIM's that says it is ours: its holding's key, what it is about, what is listed."""

    key: HoldingKey
    triple: Triple
    held: Held


def _check(request: Request) -> None:
    """Refused when nothing will come of what was asked."""
    if request.problem is not None:
        raise Refused(request.problem)


def _first_name(holding: Holding) -> str:
    """What a grant asks under first, whatever its end: who knows the grant can look it up."""
    return str(uuid.uuid5(_NAMES, f"{holding.key}\n{holding.grant}"))


def _name(holding: Holding, end: datetime, after: str) -> str:
    """The same for the same end of the same holding, so that a second try is no second request.

    What it comes after is in it too (the grant, or the last request), because an end may come back: it was
    ended early, or moved, and is asked for again.
    """
    return str(uuid.uuid5(_NAMES, "\n".join([holding.key, moment_text(end), after])))
