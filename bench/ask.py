"""`ask`: a typed line, asked, committed and acknowledged, at fifty a second.

An open loop: lines are typed when they are due, whether or not the last was answered. A time is the
stand-in's own, from the envelope's leaving to its acknowledgement. A person can have one open request for
a role, so each line is somebody else's, or about another role: of the added people everybody asks once in
each turn. They are known to the gate then (all have typed `help` before, unmeasured); a few more, not
known to it, are measured apart, since for these the gate asks Slack first. A bare app and ours take turns
at the same stand-in, one connected at a time.
"""

import signal
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from bench import bare
from bench.cpu import Meter
from bench.measure import MS, Measure, Row, p50, p99, rounded, spread
from bench.sizes import Size
from bench.stage import CHANNEL, ROLES, Stage, slack_id
from policies.request import RequestState
from sandbox.slack.person import Person
from sandbox.slack.world import APP_TOKEN, BOT_TOKEN

PER_SECOND: Final = 50
_MORE_MS: Final = 5.0
_GOAL_MS: Final = 50.0
_TYPING: Final = 64
_WARMING: Final = 8
_NEVER_MS: Final = 3000.0
"""What a line that was never acknowledged counts for: Slack's own patience."""


def measure(stage: Stage, size: Size) -> Measure:
    """A bare app and ours in turns, and ours for people it has not seen for a while."""
    known, strangers = range(size.asks), range(size.asks, size.asks + size.first_asks)
    bare_acks: list[float] = []
    ours: list[float] = []
    first: list[float] = []
    facts: dict[str, object] = {"lines": size.rounds * (len(known) + len(strangers))}
    before = _asked(stage)
    for turn in range(size.rounds):
        stage.wait_until_told()
        bare_acks += _bare_turn(stage, known)
        _bot(stage, up=True)
        _warm(stage, known)
        meter = Meter(stage)
        ours += _type(stage, known, _line(turn))
        facts["processor time of an ask, ms"] = meter.per(len(known))
        first += _type(stage, strangers, _line(turn))
    facts["requests that came of them"] = _asked(stage) - before
    return _told(bare_acks, ours, first, facts)


def _told(
    bare_acks: list[float], ours: list[float], first: list[float], facts: Mapping[str, object]
) -> Measure:
    goal = f"p50 ≤ bare + {_MORE_MS:g} ms, p99 < {_GOAL_MS:g} ms"
    rows = [
        Row(f"ask, {words}, {name}", of(bare_acks), of(samples), MS, goal, _met(bare_acks, samples))
        for words, samples in (("person known", ours), ("person not seen for a minute", first))
        for name, of in (("p50", p50), ("p99", p99))
    ]
    how = (
        f"{PER_SECOND} lines a second, each a request of its own. Floor: a Bolt app with the same settings "
        "and one listener that acknowledges, as a process at the same stand-in over Socket Mode."
    )
    headline = (
        f"A typed line is asked, committed and acknowledged in {rounded(p50(ours)):g} ms (p50; p99 "
        f"{rounded(p99(ours)):g} ms) at {PER_SECOND} a second; a bare Bolt app takes "
        f"{rounded(p50(bare_acks)):g} ms"
    )
    told = {
        "known, ms": spread(ours),
        "not seen, ms": spread(first),
        "floor, ms": spread(bare_acks),
        **facts,
    }
    return Measure("ask", how, tuple(rows), headline, told)


def _met(floor: list[float], ours: list[float]) -> bool:
    return p50(ours) <= p50(floor) + _MORE_MS and p99(ours) < _GOAL_MS


def _line(turn: int) -> str:
    return f"/prod-access {ROLES[turn % len(ROLES)]} 30m measured"


def _bare_turn(stage: Stage, people: Iterable[int]) -> list[float]:
    _bot(stage, up=False)
    slack = {
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_API_URL": f"{stage.world.slack_url}/api/",
    }
    with bare.running("bolt", env={**slack, **stage.world.clock.env()}):
        stage.world.until("the bare app is connected", lambda: _connected(stage))
        return _type(stage, people, _line(0))


def _bot(stage: Stage, *, up: bool) -> None:
    """Start or stop our own app, and wait until it is alone at Slack, or gone."""
    if up:
        stage.world.until("nobody is connected", lambda: not _connected(stage))
        stage.world.revive("bot")
    else:
        stage.world.supervisor.kill("bot", signal.SIGTERM, again=False)
    stage.world.until("the bot came or went", lambda: _connected(stage) is up, seconds=30)


def _connected(stage: Stage) -> bool:
    return bool(stage.world.page.get("sockets")["connections"])


def _warm(stage: Stage, people: Iterable[int]) -> None:
    """Everybody asks for help once, and for nothing else; that also loads what is lazy."""
    with ThreadPoolExecutor(_WARMING) as hands:
        list(hands.map(lambda one: _person(stage, one).types("/prod-access help", CHANNEL), people))


def _person(stage: Stage, number: int) -> Person:
    return stage.world.person(slack_id(number))


def _type(stage: Stage, people: Iterable[int], line: str) -> list[float]:
    """Everybody types the line, each when it is due; milliseconds to each acknowledgement."""
    begin = time.monotonic() + 0.1

    def one(number: int) -> float:
        ms = _person(stage, number).types(line, CHANNEL).ms
        return _NEVER_MS if ms is None else ms

    with ThreadPoolExecutor(_TYPING) as hands:
        waiting = []
        for place, number in enumerate(people):
            time.sleep(max(0.0, begin + place / PER_SECOND - time.monotonic()))
            waiting.append(hands.submit(one, number))
        return [done.result() for done in waiting]


def _asked(stage: Stage) -> int:
    with stage.ledger.reading() as reader:
        return len(reader.requests(states=[RequestState.PENDING], most=100_000))
