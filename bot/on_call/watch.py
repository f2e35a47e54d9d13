"""Who is on call, asked no more often than is needed, and never guessed.

    who ─▶ young enough an answer? ─▶ that
           else a question on its way that is young enough? ─▶ what comes of it
           else the source's circuit lets us ask? ─▶ ask, on a thread of its own
           else Unknown

A source that is away leaves Unknown, never "nobody": whoever decides has to treat it as not on call, and
whoever shows it has to say that it is not known. Nobody waits longer than five seconds, whatever a source
does; what comes too late for those who waited is remembered for the next. A source that never comes to an end
keeps a few threads, and is then left alone until one of them is back.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeAlias, assert_never

import structlog

from bot.on_call.breaker import Breaker
from bot.on_call.source import OnDuty, Source, SourceAway, SourceRefused
from policies.incident import PagerName

log = structlog.get_logger(__name__)

TO_SHOW: Final = timedelta(seconds=60)
"""How old an answer may be that is shown, or that suggests somebody."""
TO_DECIDE: Final = timedelta(seconds=30)
"""How old an answer may be that a decision without approval rests on."""
PATIENCE: Final = timedelta(seconds=5)
QUESTIONS_MOST: Final = 16
"""How many questions to one source may be on their way at a time."""


class OnCallNow(NamedTuple):
    """Who is on call by a schedule, by level; nobody where it is empty."""

    source: PagerName
    schedule: str
    on_duty: tuple[OnDuty, ...]
    as_of: datetime
    """The moment that was asked about: just before the source was asked."""


class Unknown(NamedTuple):
    """Nobody can say who is on call by a schedule, and since when not."""

    source: PagerName
    schedule: str
    since: datetime
    problem: str
    refused: bool = False
    """The source works and says no: somebody has to mend the settings."""


WhoIsOnCall: TypeAlias = OnCallNow | Unknown


class Health(NamedTuple):
    """How a source has been answering, as far as it was asked."""

    source: PagerName
    answered_at: datetime | None
    """The moment its newest answer is about; None before the first."""
    away: Unknown | None
    """Since when, and why, where it did not answer when it was last asked."""
    refused: tuple[Unknown, ...]
    """The schedules it gives no answer about, by name."""

    def age(self, now: datetime) -> timedelta | None:
        """How old its newest answer is; None before the first."""
        return None if self.answered_at is None else now - self.answered_at


_Key: TypeAlias = tuple[PagerName, str]
_Said: TypeAlias = OnCallNow | SourceAway | SourceRefused


class _Question:
    """A question on its way to a source, and everybody who waits for what comes of it."""

    def __init__(self, key: _Key, as_of: datetime, patience: timedelta) -> None:
        self.key = key
        self.as_of = as_of
        self.late = False
        """Whether it was held against the source already that somebody waited in vain."""
        self._late_at = time.monotonic() + patience.total_seconds()
        self._answer: Future[WhoIsOnCall] = Future()

    def answered(self, answer: WhoIsOnCall) -> None:
        """This came of it."""
        self._answer.set_result(answer)

    def wait(self) -> WhoIsOnCall | None:
        """What comes of it, or None once it takes too long; counted from when it was asked."""
        try:
            return self._answer.result(max(0.0, self._late_at - time.monotonic()))
        except TimeoutError:
            return None


class OnCallWatch:
    """Everything that knows who is on call, safe to ask from any thread."""

    def __init__(
        self, sources: Iterable[Source], clock: Callable[[], datetime], *, patience: timedelta = PATIENCE
    ) -> None:
        self._sources = {source.name: source for source in sources}
        self._breakers = {name: Breaker() for name in self._sources}
        self._clock = clock
        self._patience = patience
        self._lock = threading.Lock()
        self._known: dict[_Key, OnCallNow] = {}
        self._asked: dict[_Key, _Question] = {}
        self._unknown: dict[_Key, Unknown] = {}
        self._running: Counter[PagerName] = Counter()
        self._answered_at: dict[PagerName, datetime] = {}
        self._away: dict[PagerName, Unknown] = {}

    def who(self, source: PagerName, schedule: str, *, at_most: timedelta) -> WhoIsOnCall:
        """Who is on call by a schedule of a source, by an answer that is younger than this."""
        key, now = (source, schedule), self._clock()
        if source not in self._sources:
            return Unknown(source, schedule, now, "there is no such source", refused=True)
        with self._lock:
            known = self._known.get(key)
            if known and _younger(known.as_of, now, at_most):
                return known
            question = self._underway(key, now, at_most) or self._begun(key, now)
            if question is None:
                return self._left_alone(key, now)
        return question.wait() or self._too_late(question)

    def forget(self, source: PagerName, schedule: str | None = None) -> None:
        """The next one who wants to know asks again: a shift has changed, of one schedule or of any."""
        with self._lock:
            for key in {*self._known, *self._asked}:
                if key[0] == source and schedule in {None, key[1]}:
                    self._known.pop(key, None)
                    self._asked.pop(key, None)

    def health(self) -> tuple[Health, ...]:
        """How every source has been answering, by name; none is asked for it."""
        with self._lock:
            return tuple(self._health(name) for name in sorted(self._sources))

    def _health(self, name: PagerName) -> Health:
        refused = (one for one in self._unknown.values() if one.refused and one.source == name)
        return Health(name, self._answered_at.get(name), self._away.get(name), tuple(sorted(refused)))

    def _underway(self, key: _Key, now: datetime, at_most: timedelta) -> _Question | None:
        question = self._asked.get(key)
        return question if question and _younger(question.as_of, now, at_most) else None

    def _begun(self, key: _Key, now: datetime) -> _Question | None:
        """A question that is on its way from now on; None where the source is to be left alone."""
        if self._running[key[0]] >= QUESTIONS_MOST or not self._breakers[key[0]].may_ask(now):
            return None
        question = _Question(key, now, self._patience)
        threading.Thread(target=self._answer, args=(question,), name="who-is-on-call", daemon=True).start()
        self._running[key[0]] += 1
        self._asked[key] = question
        return question

    def _answer(self, question: _Question) -> None:
        """Ask the source; what it says is remembered unless the question was forgotten, or asked anew."""
        said = self._said(question)
        with self._lock:
            self._running[question.key[0]] -= 1
            current = self._asked.get(question.key) is question
            if current:
                del self._asked[question.key]
            question.answered(self._heard(question, said, current=current))

    def _said(self, question: _Question) -> _Said:
        name, schedule = question.key
        try:
            return OnCallNow(
                name, schedule, self._sources[name].on_call(schedule, question.as_of), question.as_of
            )
        except (SourceAway, SourceRefused) as error:
            said: SourceAway | SourceRefused = error
        except Exception as error:  # noqa: BLE001 (the boundary to systems of others: none of them stops us)
            said = SourceAway(type(error).__name__, timedelta())
        log.warning("who_is_on_call_unknown", source=name, schedule=schedule, problem=str(said))
        return said

    def _heard(self, question: _Question, said: _Said, *, current: bool) -> WhoIsOnCall:
        match said:
            case OnCallNow():
                self._works(question)
                return self._remembered(said) if current else said
            case SourceRefused():
                self._works(question)
                return self._not_known(question.key, str(said), refused=True, current=current)
            case SourceAway():
                self._fails(question, str(said), said.after)
                return self._not_known(question.key, str(said), current=current)
            case _:
                assert_never(said)

    def _works(self, question: _Question) -> None:
        name = question.key[0]
        self._breakers[name].answered()
        self._away.pop(name, None)

    def _fails(self, question: _Question, problem: str, after: timedelta) -> None:
        """One question is one failure, whoever waits for it and whatever comes of it later."""
        (name, schedule), now = question.key, self._clock()
        if after or not question.late:
            self._breakers[name].failed(now, after)
        before = self._away.get(name)
        self._away[name] = Unknown(name, schedule, before.since if before else now, problem)

    def _remembered(self, answer: OnCallNow) -> OnCallNow:
        name = answer.source
        self._known[name, answer.schedule] = answer
        self._unknown.pop((name, answer.schedule), None)
        self._answered_at[name] = max(answer.as_of, self._answered_at.get(name, answer.as_of))
        return answer

    def _not_known(self, key: _Key, problem: str, *, refused: bool = False, current: bool = True) -> Unknown:
        before = self._unknown.get(key)
        since = before.since if before else self._clock()
        unknown = Unknown(*key, since, problem, refused)
        if current:
            self._unknown[key] = unknown
        return unknown

    def _left_alone(self, key: _Key, now: datetime) -> Unknown:
        """It says why it is left alone where this is known of the very schedule."""
        alone = Unknown(*key, now, "it did not answer before, and is left alone for a while")
        return self._unknown.setdefault(key, alone)

    def _too_late(self, question: _Question) -> WhoIsOnCall:
        with self._lock:
            return question.wait() or self._late(question)

    def _late(self, question: _Question) -> Unknown:
        problem = "it does not answer in time"
        if not question.late:
            self._fails(question, problem, timedelta())
            question.late = True
        return self._not_known(question.key, problem, current=self._asked.get(question.key) is question)


def _younger(as_of: datetime, now: datetime, at_most: timedelta) -> bool:
    """Whether an answer is younger than this; one from after now was given by another clock."""
    return timedelta() <= now - as_of < at_most
