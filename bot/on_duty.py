"""Who is on call, kept in the ledger: whoever decides without a token of a pager decides by that.

    somebody asks for a role ─▶ the schedules that its rules look at ─▶ the pagers, if nobody did just now
    a worker needs a newer answer ─▶ the same, within a second

A pager that does not answer leaves "nobody can say", which is a no and never a guess.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog
from pydantic import SecretStr

from bot.on_call.adapters import Around, make_source
from bot.on_call.rota import Rotas
from bot.on_call.source import OnDuty, Source
from bot.on_call.watch import TO_DECIDE, OnCallNow, OnCallWatch, Unknown
from policies.incident import PagerName
from policies.pagers import PagerSetup, Schedule
from policies.rules import Policy
from policies.values import PersonId, RoleName
from workers.ledger import on_call
from workers.ledger.ledger import Ledger
from workers.ledger.on_call import Known
from workers.ledger.writing import Writing

log = structlog.get_logger(__name__)

OUR_ROTAS: Final = PagerName("rotas")
"""The source that the organisation's own rotas are asked as."""
PATIENCE: Final = timedelta(seconds=1.5)
"""How long somebody who asks waits for a pager: Slack gives up on us after three seconds."""
_ALONE: Final = Around()
Tokens = Mapping[str, SecretStr]
"""The token that each pager is asked with, by its name in `pagers.yaml`."""


class OnDutyNow:
    """Asks the pagers and writes down what they say."""

    def __init__(
        self,
        ledger: Ledger,
        policy: Callable[[], Policy | None],
        tokens: Tokens,
        around: Around = _ALONE,
    ) -> None:
        self._ledger = ledger
        self._policy = policy
        self._tokens = tokens
        self._around = around
        self._lock = threading.Lock()
        self._watch: tuple[str, OnCallWatch] | None = None

    def refresh(self, schedules: Iterable[str]) -> None:
        """Bring what the ledger knows of these schedules up to date (LedgerError)."""
        policy = self._policy()
        found = [policy.pagers.schedule(name) for name in sorted(set(schedules))] if policy else []
        if policy is None or not any(found):
            return
        watch = self._watch_of(policy)
        now = self._ledger.now()
        known = [_known(watch, policy, schedule, now) for schedule in found if schedule is not None]
        self._ledger.retrying(lambda writing: _keep(writing, known))

    def refresh_for(self, role: RoleName) -> None:
        """The same for what the rules about a role look at."""
        policy = self._policy()
        schedules = policy.schedules_for(role) if policy else ()
        if schedules:
            self.refresh(schedules)

    def refresh_wanted(self) -> int:
        """The same for what workers wait for; how many schedules that were."""
        with self._ledger.reading() as reader:
            wanted = on_call.wanted(reader)
        if wanted:
            self.refresh(wanted)
        return len(wanted)

    def _watch_of(self, policy: Policy) -> OnCallWatch:
        """The sources of the policy in force; made anew when it changes."""
        with self._lock:
            if self._watch is None or self._watch[0] != policy.hash:
                watch = OnCallWatch(self._sources(policy), self._ledger.now, patience=PATIENCE)
                self._watch = (policy.hash, watch)
            return self._watch[1]

    def _sources(self, policy: Policy) -> list[Source]:
        made: list[Source] = [Rotas(OUR_ROTAS, lambda: policy.pagers.rotas)]
        used = {schedule.pager for schedule in policy.pagers.schedules if schedule.pager}
        for setup in (one for one in policy.pagers.pagers if one.name in used):
            source = self._source(setup)
            if source is not None:
                made.append(source)
        return made

    def _source(self, setup: PagerSetup) -> Source | None:
        try:
            return make_source(setup.name, setup.kind, self._tokens.get(setup.name), setup.api, self._around)
        except ValueError as error:
            log.error("source_not_made", pager=setup.name, problem=str(error))  # noqa: TRY400 (it says all)
            return None


def _keep(writing: Writing, known: Iterable[Known]) -> None:
    for one in known:
        on_call.put(writing, one)


def _known(watch: OnCallWatch, policy: Policy, schedule: Schedule, now: datetime) -> Known:
    source, key = schedule.pager or OUR_ROTAS, schedule.id or schedule.rota or ""
    answer = watch.who(source, key, at_most=TO_DECIDE)
    match answer:
        case OnCallNow():
            people = tuple(_people(policy, schedule, answer.on_duty))
            return Known(schedule.name, people, answer.as_of)
        case Unknown():
            return Known(schedule.name, None, now, answer.problem)


def _people(policy: Policy, schedule: Schedule, on_duty: Iterable[OnDuty]) -> Iterable[PersonId]:
    """Who of our people that is, as far up as the schedule counts."""
    for duty in on_duty:
        if schedule.levels is not None and duty.level > schedule.levels:
            continue
        if schedule.pager is None:
            yield PersonId(duty.account)
        elif (person := policy.people.by_pager(schedule.pager, duty.account)) is not None:
            yield person.id
