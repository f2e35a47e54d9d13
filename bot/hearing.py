"""What pagers say, acted on: each event once, in the order it came, in one transaction with its effect.

A pager's event names people and services by the pager's own ids. Here they become people of ours and the
services of `pagers.yaml`, or nothing. An event that tells of an incident nobody has heard of makes it known,
unless it is old: what comes late may end things and gives nothing.
"""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from policies.audit import Event
from policies.incident import (
    Heard,
    Incident,
    IncidentState,
    PagerAccount,
    PagerEvent,
    PagerName,
    PagerVerb,
    heard,
    opened,
)
from policies.rules import Policy
from policies.values import IncidentId, PersonId
from workers.ledger import deliveries, incidents, on_call
from workers.ledger.errors import LedgerError
from workers.ledger.ledger import Ledger
from workers.ledger.writing import Writing

log = structlog.get_logger(__name__)

TIDY_EVERY: Final = timedelta(hours=1)
LATE: Final = timedelta(minutes=15)
"""How old an event may be that makes an incident live: PagerDuty's signature covers no time of sending."""


class Hearing:
    """Acts on what pagers said."""

    def __init__(self, ledger: Ledger, policy: Callable[[], Policy | None]) -> None:
        self._ledger = ledger
        self._policy = policy
        self._tidy_at = datetime.min.replace(tzinfo=UTC)

    def hear(self) -> int:
        """Act on what waits; how many events there were."""
        policy = self._policy()
        if policy is None:
            return 0
        with self._ledger.reading() as reader:
            waiting = deliveries.waiting(reader)
        return sum(self._hear(one, policy) for one in waiting)

    def _hear(self, one: deliveries.Waiting, policy: Policy) -> bool:
        try:
            return self._act(one, policy)
        except LedgerError:
            raise
        except Exception as error:  # the boundary of one event: it must not silence those after it
            problem = type(error).__name__
            log.exception("event_not_understood", pager=one.pager, delivery=one.delivery)
        return self._ledger.retrying(lambda writing: _give_up(writing, one, problem))

    def _act(self, one: deliveries.Waiting, policy: Policy) -> bool:
        event = one.event

        def work(writing: Writing) -> bool:
            if not deliveries.done(writing, one.number):
                return False
            if event.verb is PagerVerb.SHIFTED:
                on_call.want(writing, _schedules(policy, event.pager))
            else:
                take(writing, policy, event)
            return True

        return self._ledger.retrying(work)

    def tidy(self) -> None:
        """Now and then, forget what no pager repeats any more."""
        now = self._ledger.now()
        if now < self._tidy_at:
            return
        self._tidy_at = now + TIDY_EVERY
        self._ledger.retrying(deliveries.forget)


def _give_up(writing: Writing, one: deliveries.Waiting, problem: str) -> bool:
    """An event that nothing can be made of is written down as that, and not tried again."""
    if not deliveries.done(writing, one.number):
        return False
    body = {"pager": one.pager, "delivery": one.delivery, "problem": problem}
    writing.record([Event("delivery.not_understood", writing.now, body)])
    return True


def _schedules(policy: Policy, pager: PagerName) -> tuple[str, ...]:
    return tuple(one.name for one in policy.pagers.schedules if one.pager == pager)


def take(writing: Writing, policy: Policy, event: PagerEvent) -> Incident | None:
    """The incident after an event; None where the event is about none, or changes nothing."""
    if event.incident is None:
        return None
    known = incidents.of_pager(writing, event.pager, event.incident)
    if known is None:
        return _open(writing, policy, event)
    locked = incidents.lock(writing, known.id) or known
    if not locked.live and event.verb is not PagerVerb.RESOLVED and _is_late(writing, event):
        return None
    moved = heard(locked, _translated(writing, policy, event, locked), writing.now, _grace(policy))
    return incidents.save(writing, moved) if moved else None


def _is_late(writing: Writing, event: PagerEvent) -> bool:
    return writing.now - event.at > LATE


def _grace(policy: Policy) -> timedelta:
    return policy.settings.incident_grace


def _open(writing: Writing, policy: Policy, event: PagerEvent) -> Incident | None:
    over = event.verb is PagerVerb.RESOLVED
    if not over and _is_late(writing, event):
        log.warning("too_late_to_open", pager=event.pager, delivery=event.delivery)
        return None
    news = _translated(writing, policy, event, None)
    at = min(event.at, writing.now)
    incident = Incident(
        id=_name(writing, event),
        state=IncidentState.CLOSED if over else IncidentState.LIVE,
        pager=event.pager,
        key=event.incident,
        title=news.title or writing.keep_text(""),
        severity=news.severity,
        service=news.service,
        commander=news.commander,
        assignees=news.assignees or (),
        channel=news.channel,
        link=news.link,
        opened_at=writing.now,
        live_since=at,
        heard_at=at,
    )
    return incidents.add(writing, opened(incident, writing.now))


def _name(writing: Writing, event: PagerEvent) -> IncidentId:
    """What people call it; where its pager has no name for it, or another pager has the same, one of ours."""
    told = (event.reference or "").upper()
    if told.startswith("#"):
        told = f"{event.pager.replace('-', '').upper()}-{told[1:]}"
    names = itertools.chain([told] if Incident.is_name(told) else [], _own_names(event))
    return next(IncidentId(name) for name in names if incidents.find(writing, IncidentId(name)) is None)


def _own_names(event: PagerEvent) -> Iterator[str]:
    """Names that people can type, the same first one each time."""
    for number in itertools.count():
        digest = hashlib.sha256(f"{event.pager}\0{event.incident}\0{number}".encode()).hexdigest()
        yield f"INC-{100_000 + int(digest, 16) % 900_000}"


def _translated(writing: Writing, policy: Policy, event: PagerEvent, known: Incident | None) -> Heard:
    pager = event.pager
    assignees = event.assignees
    return Heard(
        verb=event.verb,
        at=event.at,
        delivery=event.delivery,
        title=_title(writing, event.title, known),
        severity=event.severity,
        service=_service(policy, event),
        commander=_person(policy, pager, event.commander),
        assignees=None if assignees is None else _people(policy, pager, assignees),
        channel=event.slack_channel,
        link=event.link,
    )


def _title(writing: Writing, title: str, known: Incident | None) -> str | None:
    """The reference of a title; of the same words the same reference."""
    if not title:
        return None
    if known is not None and writing.text(known.title) == title:
        return known.title
    return writing.keep_text(title)


def _service(policy: Policy, event: PagerEvent) -> str | None:
    service = policy.pagers.service(event.pager, event.service)
    return service.name if service else None


def _person(policy: Policy, pager: PagerName, account: PagerAccount | None) -> PersonId | None:
    found = policy.people.by_pager(pager, account)
    return found.id if found else None


def _people(policy: Policy, pager: PagerName, accounts: tuple[PagerAccount, ...]) -> tuple[PersonId, ...]:
    found = (_person(policy, pager, account) for account in accounts)
    return tuple(dict.fromkeys(person for person in found if person is not None))
