"""Clouds against ledger: what one knows and the other does not is found, told, and put right.

Runs when the clock starts, every quarter of an hour, and when an operator asks. After a lost ledger it
rebuilds the live grants from the labels in the cloud, so that they end as they were meant to. Every step
reads the cloud once more before it writes anything.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple, assert_never

import structlog

from policies import grant as grants
from policies import request as requests
from policies.audit import Event
from policies.catalogue import Risk
from policies.entitlements import ADAPTERS
from policies.grant import MISSING, Grant, GrantState
from policies.holding import Absent
from policies.reconcile import Adopt, Flag, LookOnce, Report, Shorten, Sighting, Step, plan
from policies.request import AccessRequest, Terms
from policies.rules import Policy
from policies.values import CloudName, GrantId, HoldingKey, RuleId
from workers.clouds.cloud import Cloud, CloudError, Found, Holding, Unread
from workers.ledger.errors import Repeated
from workers.ledger.ledger import Ledger
from workers.ledger.reading import Card
from workers.ledger.writing import Writing

log = structlog.get_logger(__name__)

ADOPTED: Final = RuleId("adopted")
"""What stands where a request names the rule that allowed it: nobody knows any more."""
_WHY: Final = "Found in the cloud after the ledger was lost."

Progress = Callable[[int, int], None]


class Differences(NamedTuple):
    """What clouds and ledger disagree about, and where that is not known."""

    steps: tuple[Step, ...]
    unread: tuple[Unread, ...]


class Reconciler:
    """Compares one cloud with the ledger."""

    def __init__(self, ledger: Ledger, cloud: Cloud, policy: Callable[[], Policy | None]) -> None:
        self._ledger = ledger
        self._cloud = cloud
        self._policy = policy

    def look(self) -> Differences:
        """What differs; nothing is changed. CloudError when nothing of the cloud can be read."""
        found, unread = self._cloud.search()
        return Differences(self._steps(found), unread)

    def _steps(self, found: Iterable[Found]) -> tuple[Step, ...]:
        sightings = [_sighting(one) for one in found]
        with self._ledger.reading() as reader:
            known = reader.grants_on(sighting.key for sighting in sightings)
            live = reader.grants(states=[GrantState.LIVE], most=100_000)
        here = [grant for grant in live if grant.cloud == self._cloud.name]
        return plan([*known, *here], sightings)

    def run(self, progress: Progress | None = None) -> Counter[str]:
        """Put right what differs; how many steps of each kind had an effect.

        What cannot be read is put right the next time, and keeps nothing else waiting.
        """
        search = self._cloud.search()
        found = {one.key: one for one in search.found}
        steps = self._steps(found.values())
        done: Counter[str] = Counter()
        for number, step in enumerate(steps, start=1):
            try:
                if self._do(step, found):
                    done[type(step).__name__] += 1
            except CloudError as error:
                log.warning("step_put_off", step=type(step).__name__, problem=error.problem)
            if progress is not None:
                progress(number, len(steps))
        for place, problem in search.unread:
            log.warning("place_not_reconciled", cloud=self._cloud.name, place=place, problem=problem)
        if not search.unread:
            self._ledger.retrying(
                lambda writing: writing.heard_of(f"reconciler-{self._cloud.name}", "reconciler")
            )
        log.info("reconciled", cloud=self._cloud.name, found=len(found), **done)
        return done

    def _do(self, step: Step, found: dict[HoldingKey, Found]) -> bool:
        match step:
            case Adopt(sighting):
                return self._adopt(found[sighting.key], sighting)
            case LookOnce(key):
                self._ledger.retrying(lambda writing: writing.look_again(key, writing.now))
                return True
            case Shorten(key):
                self._ledger.retrying(lambda writing: writing.look_soon(key))
                return True
            case Report(sighting):
                return self._report(sighting)
            case Flag(grant):
                return self._flag(grant)
            case _:
                assert_never(step)

    def _adopt(self, found: Found, sighting: Sighting) -> bool:
        """Write down what is ours and unknown, as it stands now; what is due ends like everything else."""
        holding = self._cloud.describe(found)
        if holding is None:
            return False
        policy = self._policy()
        ends_at = sighting.ends_at

        def adopt(writing: Writing) -> bool:
            known = writing.grants_on([holding.key])
            if any(not grant.over or grant.id == holding.grant for grant in known):
                return False
            _write(writing, holding, ends_at or writing.now, policy)
            return True

        return self._ledger.retrying(adopt)

    def _report(self, sighting: Sighting) -> bool:
        """Tell once that something stands under our path that we did not sign."""
        try:
            with self._ledger.writing(operation=f"foreign:{sighting.key}") as writing:
                writing.record([Event("reconcile.foreign", writing.now, {"holding": sighting.key})])
        except Repeated:
            return False
        log.error("not_signed_by_us", holding=sighting.key)
        return True

    def _flag(self, grant: Grant) -> bool:
        """Tell once that a live grant is not there, when a fresh look shows that too."""
        if grant.problem == MISSING or self._cloud.look(Holding.of([grant])) != Absent():
            return False

        def flag(writing: Writing) -> bool:
            now = writing.grant(grant.id)
            if now is None or now.state is not GrantState.LIVE or now.problem == MISSING:
                return False
            writing.save_grant(grants.missed(now, writing.now))
            return True

        return self._ledger.retrying(flag)


def _sighting(found: Found) -> Sighting:
    grant = found.labels.get("grant")
    return Sighting(found.key, found.ends_at, found.genuine, GrantId(grant) if grant else None)


def _write(writing: Writing, holding: Holding, ends_at: datetime, policy: Policy | None) -> None:
    request = writing.request(holding.request)
    if request is None:
        request = _request(writing, holding, ends_at, policy)
        writing.add_request(requests.adopted(request, ends_at))
        writing.put_card(Card(request.id, request.channel))
    writing.add_grants([grants.adopted(_grant(holding, ends_at, writing.now), writing.now)])


def _request(writing: Writing, holding: Holding, ends_at: datetime, policy: Policy | None) -> AccessRequest:
    role = policy.catalogue.get(holding.role) if policy else None
    return AccessRequest(
        id=holding.request,
        requester=holding.person,
        beneficiary=holding.person,
        role=holding.role,
        role_hash="",
        risk=role.risk if role else Risk.HIGH,
        duration=max(ends_at - writing.now, timedelta(0)),
        reason=writing.keep_text(_WHY),
        channel=role.channel if role else "",
        asked_at=writing.now,
        terms=Terms(rule=ADOPTED, policy_hash="", slots=(), answer_within=timedelta(0)),
    )


def _grant(holding: Holding, ends_at: datetime, now: datetime) -> Grant:
    return Grant(
        id=holding.grant,
        request=holding.request,
        role=holding.role,
        person=holding.person,
        cloud=CloudName(holding.entitlement.cloud),
        adapter=ADAPTERS[holding.entitlement.cloud],
        principal=holding.principal,
        entitlement=holding.entitlement,
        holding=holding.key,
        starts_at=now,
        ends_at=ends_at,
        due_at=ends_at,
    )
