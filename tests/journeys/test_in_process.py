"""Whole lives of requests through Slack, the ledger and a cloud, in one process and without waiting."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from policies.audit import verify
from policies.grant import GrantState
from policies.people import People
from policies.request import AccessRequest, RequestState
from sandbox.slack.person import Person
from sandbox.slack.server import Running, running
from tests.bot.slack_bench import ASK, Bench, direct, meridian, opened, said, sentence, whisper, with_
from tests.builders import HOUR
from tests.simulated_cloud import failing
from workers.clouds.cloud import Again, Refused

WRITE = "/prod-access prod-db-write 30m INC-42 wrong prices"


@pytest.fixture(scope="module")
def address() -> Iterator[Running]:
    """Where the workspaces live, one after the other."""
    with running() as here:
        yield here


@pytest.fixture
def bench(address: Running, tmp_path: Path) -> Iterator[Bench]:
    """A fresh workspace and ledger; at the end the log must hold and nothing may be held unknown to it."""
    with opened(address, tmp_path) as made:
        yield made
        assert verify(made.entries()) is None
        live = {grant.holding for grant in made.grants() if grant.state is GrantState.LIVE}
        assert set(made.cloud.held) == live


def step(bench: Bench) -> None:
    """Workers and announcer do what there is to do."""
    bench.work()
    bench.tell()


def title(bench: Bench, channel: str = "C0DB", who: Person | None = None) -> str:
    """The first line of the newest card."""
    return sentence(bench.card(who, channel))


def thread(bench: Bench) -> list[str]:
    """What the lines under the newest card start with."""
    return [
        sentence(one).partition("} ")[2].split(".")[0].split(":")[0] for one in bench.ben.thread(bench.card())
    ]


def test_asked_approved_live_and_ended_by_itself(bench: Bench):
    request = bench.asked()
    assert title(bench) == "⏳ *Waiting* · Ana Ruiz asks for *prod-db-readonly* · 1 h"
    bench.clock.move(timedelta(minutes=1))
    bench.ben.clicks("Approve", bench.card())
    step(bench)
    assert title(bench) == "🔓 *Live until {15:03 UTC}* · Ana Ruiz · prod-db-readonly"
    assert len(bench.cloud.held) == 1
    bench.clock.move(HOUR)
    step(bench)
    assert title(bench) == "🔒 *Ended {15:03 UTC}* · Ana Ruiz · prod-db-readonly · held 1 h"
    assert bench.cloud.held == {}
    assert thread(bench) == ["Asked by Ana Ruiz", "Approved by Ben Okafor", "Live in AWS {14", "Ended"]
    assert bench.again(request).state is RequestState.ENDED
    assert len(bench.ana.dm()) == 1
    assert bench.ben.unread("C0DB") == 1  # one message for everybody, however often it was drawn again


def test_on_call_and_live_without_anybody_being_asked(bench: Bench):
    bench.ben.types(ASK, "C0DB")
    step(bench)
    assert title(bench) == "🔓 *Live until {15:02 UTC}* · Ben Okafor · prod-db-readonly"
    assert bench.card().pings == ()
    bench.ben.clicks("End now", direct(bench.ben, "You have prod-db-readonly"))
    step(bench)
    assert title(bench).startswith("🔒 *Ended {14:02 UTC}* · Ben Okafor")


def test_two_people_for_what_changes_data(bench: Bench):
    request = bench.asked(WRITE)
    emi = bench.person("emi")
    bench.page("members", channel="C0DB", user="U0EMI", **{"in": True})
    emi.clicks("Approve", bench.card(emi))
    bench.tell()
    assert title(bench).startswith("⏳ *Waiting, 1 of 2*")
    bench.ben.clicks("Approve", bench.card())
    step(bench)
    assert title(bench).startswith("🔓 *Live until {14:32 UTC}*")
    approvals = {one.person for one in bench.again(request).approvals}
    assert approvals == {"ben", "emi"}


def test_denied_asked_again_and_given(bench: Bench):
    bench.asked()
    bench.ben.clicks("Deny", bench.card())
    bench.ben.fills("Reason, shown to Ana Ruiz", "replica is being rebuilt, try in an hour")
    bench.ben.submits()
    bench.tell()
    assert title(bench).startswith("⛔ *Denied* · Ana Ruiz asked for prod-db-readonly")
    bench.ana.clicks("Ask again", direct(bench.ana, "Denied by Ben Okafor"))
    assert bench.ana.submits().acked
    bench.tell()
    assert title(bench).startswith("⏳ *Waiting*")
    bench.ben.clicks("Approve", bench.card())
    step(bench)
    assert title(bench).startswith("🔓 *Live")


def test_nobody_answers(bench: Bench):
    request = bench.asked()
    bench.look_at(request)
    bench.tell()
    assert title(bench).startswith("💤 *Lapsed* · Ana Ruiz asked for prod-db-readonly")
    assert bench.card().buttons == ()
    assert "nothing was given" in said(bench.ana.dm()[-1])
    assert bench.cloud.changes == []


def test_asked_for_somebody_else_and_declined_or_ended_by_them(bench: Bench):
    dev, ivy, chloe = (bench.person(name) for name in ("dev", "ivy", "chloe"))
    line = "/prod-access for @ivy prod-operator 30m INC-42 restart workers"
    bench.asked(line, "dev", "C0GENERAL")
    dev.clicks("Approve", bench.card(dev, "C0PRODACCESS"))
    assert "own request" in sentence(whisper(dev, "own request", "C0PRODACCESS"))
    chloe.clicks("Approve", bench.card(chloe, "C0PRODACCESS"))
    step(bench)
    assert title(bench, "C0PRODACCESS", chloe).startswith("🔓 *Live until {14:32 UTC}*")
    ivy.clicks("End now", direct(ivy, "You have prod-operator"))
    step(bench)
    assert bench.cloud.held == {}
    assert title(bench, "C0PRODACCESS", chloe).startswith("🔒 *Ended")


def test_a_cloud_that_says_no_leaves_nothing_behind(bench: Bench):
    request = bench.asked()
    bench.cloud.before = failing(Refused("LimitExceeded"))
    bench.ben.clicks("Approve", bench.card())
    step(bench)
    step(bench)
    assert title(bench).startswith("↩️ *Not given* · Ana Ruiz · prod-db-readonly")
    assert bench.again(request).state is RequestState.FAILED
    assert "Nothing is left behind." in said(bench.ana.dm()[-1])
    assert bench.ana.dm()[-1].buttons == ("Ask again",)


def test_a_cloud_that_is_slow_is_waited_for(bench: Bench):
    bench.asked()
    bench.cloud.before = failing(Again("Throttling", timedelta(seconds=5)))
    bench.ben.clicks("Approve", bench.card())
    step(bench)
    assert title(bench).startswith("⚙️ *Approved, starting*")
    bench.clock.move(timedelta(seconds=5))
    step(bench)
    assert title(bench).startswith("🔓 *Live")


def test_rules_that_changed_after_the_yes_give_nothing(bench: Bench):
    request = bench.asked()
    bench.ben.clicks("Approve", bench.card())
    policy = meridian()
    bench.in_force = with_(policy, rules=tuple(one for one in policy.rules if one.id != "engineers-read"))
    step(bench)
    assert title(bench).startswith("⛔ *Not given*")
    assert bench.again(request).state is RequestState.REFUSED
    assert bench.cloud.held == {}


def test_slack_away_for_a_whole_life_changes_nothing_and_is_told_afterwards(bench: Bench):
    request = bench.asked()
    bench.ben.clicks("Approve", bench.card())
    bench.fault("error")
    bench.work()
    assert bench.announcer.run() == 1.0
    assert len(bench.cloud.held) == 1
    bench.clock.move(HOUR)
    bench.work()
    assert bench.cloud.held == {}
    assert bench.announcer.run() == 1.0
    bench.mend()
    bench.tell()
    assert title(bench).startswith("🔒 *Ended {15:02 UTC}*")
    assert thread(bench) == ["Asked by Ana Ruiz", "Approved by Ben Okafor", "Live in AWS {14", "Ended"]
    assert bench.again(request).state is RequestState.ENDED


def test_somebody_who_leaves_while_their_request_waits_gets_nothing(bench: Bench):
    request = bench.asked()
    policy = meridian()
    left = tuple(
        one.model_copy(update={"active": False}) if one.id == "ana" else one for one in policy.people.people
    )
    bench.in_force = with_(policy, people=People(people=left, groups=policy.people.groups))
    bench.ben.clicks("Approve", bench.card())
    assert sentence(whisper(bench.ben)).startswith("Not allowed: Ana Ruiz cannot hold access here.")
    step(bench)
    assert bench.again(request).state is RequestState.PENDING
    assert bench.cloud.changes == []


def test_ten_at_once_are_each_told_once(bench: Bench):
    made: list[AccessRequest] = []
    for name in ("ana", "chloe", "dev", "ivy"):
        made.extend(
            bench.typed(f"/prod-access {role} reading what went wrong", name, "C0GENERAL")
            for role in ("prod-db-readonly 1h", "prod-logs 30m")
        )
    bench.tell()
    for card in bench.ben.sees("C0DB"):
        bench.ben.clicks("Approve", card)
    step(bench)
    assert len(bench.cloud.held) == len(made) == 8
    cards = [*bench.ben.sees("C0DB"), *bench.ben.sees("C0PRODACCESS")]
    assert all("Live until" in card.shown for card in cards)
    assert [len(bench.ben.thread(card)) for card in cards] == [3] * 8
    bench.clock.move(HOUR)
    step(bench)
    assert bench.cloud.held == {}
