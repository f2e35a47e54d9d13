"""Whole lives of requests through Slack, the ledger and a cloud, in one process and without waiting."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from policies.audit import verify
from policies.grant import GrantState
from policies.people import People
from policies.request import AccessRequest, RequestState
from policies.values import CloudName
from sandbox.slack.person import Person
from sandbox.slack.server import Running, running
from tests.bot.slack_bench import ASK, Bench, direct, meridian, opened, said, sentence, whisper, with_
from tests.builders import HOUR
from tests.simulated_cloud import failing
from workers.clouds.cloud import Again, Refused

WRITE = "/prod-access prod-db-write 30m INC-42 wrong prices"
AZURE = CloudName("azure")
THREE = ("aws", "gcp", "azure")


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
        assert {key for cloud in made.clouds.values() for key in cloud.held} == live


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


def test_the_late_cloud_of_three_rings_once_more(bench: Bench):
    bench.reach(*THREE)
    bench.asked()
    bench.clouds[AZURE].before = failing(Again("Throttling", timedelta(seconds=90)))
    bench.ben.clicks("Approve", bench.card())
    step(bench)
    assert title(bench) == "🔓 *Live in 2 of 3 until {15:02 UTC}* · Ana Ruiz · prod-db-readonly"
    (first,) = bench.ana.dm()
    assert "*Azure* · starting, up to 10 min · your own account" in said(first)
    bench.clock.move(timedelta(seconds=90))
    step(bench)
    assert title(bench) == "🔓 *Live until {15:02 UTC}* · Ana Ruiz · prod-db-readonly"
    (before, late) = bench.ana.dm()
    assert (before.ts, before.buttons) == (first.ts, ())
    assert said(before).endswith(" · what holds now is in the message below")
    assert "*Azure* · live, may take up to 10 min · your own account" in said(late)


def test_one_life_over_three_clouds_with_more_time(bench: Bench):
    bench.reach(*THREE)
    request = bench.live()
    bench.look_at(request, timedelta(minutes=50))
    bench.tell()
    bench.ana.clicks("Ask for 30 min more", bench.ana.dm()[-1])
    bench.tell()
    bench.ben.clicks("Approve", bench.ben.thread(bench.card())[-1])
    step(bench)
    assert title(bench) == "🔓 *Live until {15:32 UTC}* · Ana Ruiz · prod-db-readonly"
    ends = {until for cloud in bench.clouds.values() for until in cloud.held.values()}
    assert ends == {bench.again(request).ends_at}
    bench.clock.move(timedelta(minutes=40))
    step(bench)
    assert title(bench) == "🔒 *Ended {15:32 UTC}* · Ana Ruiz · prod-db-readonly · held 1 h 30 min"
    assert (
        said(bench.card())
        .split("\n")[-1]
        .startswith("AWS and Google refuse since {15:32:11 UTC} · Azure may still answer until {15:42 UTC}")
    )
    assert thread(bench) == [
        "Asked by Ana Ruiz",
        "Approved by Ben Okafor",
        "Live in AWS {14",
        "Ana Ruiz asked for more time, until {15",
        "More time approved by Ben Okafor",
        "Extended 30 min by Ana Ruiz",
        "Ended",
    ]
    assert len(bench.ana.dm()) == 2  # it is there, and the warning


def test_one_cloud_of_three_cannot_last_longer(bench: Bench):
    bench.reach(*THREE)
    bench.ben.types(ASK, "C0DB")
    step(bench)
    bench.clouds[AZURE].before = failing(Refused("RoleAssignmentUpdateNotPermitted"))
    assert bench.ben.types("/prod-access extend 30m", "C0DB").acked
    step(bench)
    assert title(bench) == "🔓 *Live until {15:32 UTC}* · Ben Okafor · prod-db-readonly"
    assert "Azure live, still ends {15:02 UTC}" in said(bench.card())
    assert sentence(bench.ben.thread(bench.card())[-1]).endswith(
        "Rule on-call-reads. Azure still ends {15:02:11 UTC}."
    )
    bench.clock.move(HOUR)
    step(bench)
    assert title(bench) == "🔓 *Live in 2 of 3 until {15:32 UTC}* · Ben Okafor · prod-db-readonly"
    assert "Azure gone {15:02:11 UTC}" in said(bench.card())
    assert bench.clouds[AZURE].held == {}
    assert bench.card().buttons == ("End now",)
    bench.clock.move(HOUR / 2)
    step(bench)
    assert title(bench) == "🔒 *Ended {15:32 UTC}* · Ben Okafor · prod-db-readonly · held 1 h 30 min"
    assert "AWS and Google refuse since {15:32:11 UTC}" in said(bench.card())


def test_a_cloud_that_does_not_answer_keeps_its_old_end_while_the_others_last_longer(bench: Bench):
    bench.reach(*THREE)
    bench.ben.types(ASK, "C0DB")
    step(bench)
    assert bench.ben.types("/prod-access extend 30m", "C0DB").acked
    bench.clouds[AZURE].before = failing(Again("ConnectTimeoutError", timedelta(minutes=1)), times=2)
    step(bench)
    assert title(bench) == "🔓 *Live until {15:02 UTC}* · Ben Okafor · prod-db-readonly"
    assert "AWS live until {15:32 UTC} · Google Cloud live until" in said(bench.card())
    bench.clock.move(HOUR)
    step(bench)
    assert title(bench) == "🔓 *Live in 2 of 3 until {15:32 UTC}* · Ben Okafor · prod-db-readonly"
    assert "Azure asked, not yet confirmed" in said(bench.card())
    assert sentence(bench.ben.thread(bench.card())[-1]).endswith("Azure still ends {15:02:11 UTC}.")
    bench.clock.move(timedelta(minutes=2))
    step(bench)
    assert "Azure gone {15:04:11 UTC}" in said(bench.card())


def test_a_cloud_of_three_that_says_no_takes_the_others_back(bench: Bench):
    bench.reach(*THREE)
    bench.asked()
    bench.clouds[AZURE].before = failing(Refused("RoleAssignmentLimitExceeded"))
    bench.ben.clicks("Approve", bench.card())
    step(bench)
    step(bench)
    assert title(bench) == (
        "↩️ *Not given* · Ana Ruiz · prod-db-readonly · Azure said no: role assignment limit exceeded"
    )
    assert "AWS taken back, gone" in said(bench.card())
    assert "Azure never started" in said(bench.card())
    assert "All clouds or none: nothing is left behind" in said(bench.card())


def test_one_cloud_of_three_that_does_not_end_is_named(bench: Bench):
    bench.reach(*THREE)
    request = bench.live()
    bench.clouds[AZURE].before = failing(Again("ConnectTimeoutError", timedelta(minutes=1)), times=20)
    bench.clock.move(HOUR)
    for _ in range(7):
        step(bench)
        bench.clock.move(timedelta(minutes=1))
    assert title(bench).startswith("⚠️ *Stuck: Azure has not ended* · Ana Ruiz · prod-db-readonly · was due")
    bench.clouds[AZURE].before = lambda _verb, _holding: None
    bench.clock.move(timedelta(minutes=2))
    step(bench)
    assert title(bench) == "🔒 *Ended {15:02 UTC}* · Ana Ruiz · prod-db-readonly · held 1 h"
    assert bench.again(request).state is RequestState.ENDED


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
