"""Who is on call: asked for before a decision, kept in the ledger, refreshed when a worker needs it newer."""

import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot import answers
from bot.asking import Wish
from bot.desk import Desk
from bot.on_duty import PATIENCE, OnDutyNow
from bot.web.duty import DutyByLedger
from policies.incident import PagerAccount, PagerName
from policies.pagers import Pagers, PagerSetup, Schedule
from policies.people import People
from policies.rota import Rota
from policies.rules import Policy
from policies.values import PersonId, RoleName
from sandbox.pagers import organisation
from sandbox.pagers.api import Trouble
from sandbox.pagers.organisation import Vendor
from sandbox.pagers.standin import PagersStandIn, running
from tests.builders import ANA, BEN, NOW, StoppedClock
from tests.policies.builders import people, policy, rule
from workers.ledger import on_call
from workers.ledger.ledger import Ledger

ROLE = RoleName("prod-db-readonly")
SCHEDULE = "db-primary"
PAGERDUTY = PagerName("pagerduty")
WEEK = timedelta(days=7)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: what both databases do alike is their contract's to show."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def with_pagers(pagers: Pagers, known: People | None = None) -> Policy:
    reads = rule("on-call-reads", match={"on_call_for": [SCHEDULE]})
    given = policy(reads, known=known)
    return given.model_copy(update={"pagers": pagers})


def by_rota() -> Policy:
    """Ben's week, then Chloe's."""
    rota = Rota(
        name="databases",
        people=(BEN, PersonId("chloe")),
        starts_at=NOW - timedelta(days=1),
        every=WEEK,
        tz="Europe/Berlin",
    )
    schedule = Schedule(name=SCHEDULE, title="database on-call", rota="databases")
    return with_pagers(Pagers(schedules=(schedule,), rotas=(rota,)))


def by_pagerduty(stand_in: PagersStandIn) -> Policy:
    """PagerDuty says who: Ben, whose account it knows."""
    account = PagerAccount(organisation.user(Vendor.PAGERDUTY, "ben"))
    everybody = people()
    known = People(
        people=tuple(
            one.model_copy(update={"pagers": {PAGERDUTY: account}}) if one.id == BEN else one
            for one in everybody.people
        ),
        groups=everybody.groups,
    )
    setup = PagerSetup(name=PAGERDUTY, kind="pagerduty", api={"address": stand_in.address(Vendor.PAGERDUTY)})
    key = organisation.schedule(Vendor.PAGERDUTY, "database")
    schedule = Schedule(name=SCHEDULE, title="database on-call", pager=PAGERDUTY, id=key, levels=1)
    return with_pagers(Pagers(pagers=(setup,), schedules=(schedule,)), known)


def desk_of(ledger: Ledger, given: Policy, **tokens: str) -> tuple[Desk, OnDutyNow]:
    secrets = {name: SecretStr(token) for name, token in tokens.items()}
    on_duty = OnDutyNow(ledger, lambda: given, secrets)
    return Desk(ledger, lambda: given, on_duty.refresh_for), on_duty


def ask(desk: Desk, who: PersonId) -> answers.AskAnswer:
    return desk.ask(Wish(who, who, ROLE, timedelta(hours=1), None, "replication lag"))


def reasons(answer: answers.AskAnswer) -> str:
    assert isinstance(answer, answers.NotAllowed | answers.NoIdentity)
    return answer.decision.reasons[0] if isinstance(answer, answers.NotAllowed) else "no account"


def known_of(ledger: Ledger) -> on_call.Known:
    with ledger.reading() as reader:
        return on_call.find(reader, [SCHEDULE])[SCHEDULE]


def test_whoever_is_on_call_by_our_own_rota_does_not_wait(ledger: Ledger, clock: StoppedClock):
    desk, _ = desk_of(ledger, by_rota())
    assert (
        reasons(ask(desk, BEN)) == "no account"
    )  # the rules said yes; this small organisation has no accounts
    assert (
        reasons(ask(desk, ANA)) == "Not allowed now: prod-db-readonly needs you to be on call for db-primary."
    )
    clock.move(WEEK)
    assert "on call" in reasons(ask(desk, BEN))
    assert reasons(ask(desk, PersonId("chloe"))) == "no account"


def test_a_pager_is_asked_and_its_answer_kept(ledger: Ledger, clock: StoppedClock):
    with running(clock) as pagers:
        desk, _ = desk_of(ledger, by_pagerduty(pagers), pagerduty=organisation.TOKENS[Vendor.PAGERDUTY])
        clock.move(timedelta(minutes=1))
        assert reasons(ask(desk, BEN)) == "no account"
        assert "on call" in reasons(ask(desk, ANA))
        assert known_of(ledger) == on_call.Known(SCHEDULE, (BEN,), clock())


def test_a_pager_that_does_not_answer_puts_nobody_on_call(ledger: Ledger, clock: StoppedClock):
    with running(clock) as pagers:
        desk, _ = desk_of(ledger, by_pagerduty(pagers), pagerduty=organisation.TOKENS[Vendor.PAGERDUTY])
        pagers.trouble(Vendor.PAGERDUTY, Trouble.AWAY)
        assert reasons(ask(desk, BEN)).endswith("and nobody can say who is on call for db-primary now.")
        assert known_of(ledger).people is None


def test_a_slow_pager_is_not_waited_for_longer_than_slack_waits_for_us(ledger: Ledger, clock: StoppedClock):
    with running(clock) as pagers:
        desk, _ = desk_of(ledger, by_pagerduty(pagers), pagerduty=organisation.TOKENS[Vendor.PAGERDUTY])
        pagers.trouble(Vendor.PAGERDUTY, Trouble.SLOW, 3.5)
        assert "nobody can say" in reasons(ask(desk, BEN))
        assert known_of(ledger).problem == "it does not answer in time"
    assert timedelta(seconds=3) > PATIENCE


def test_a_process_without_a_token_asks_by_way_of_the_ledger(ledger: Ledger):
    _, on_duty = desk_of(ledger, by_rota())
    waiting = DutyByLedger(ledger, by_rota, timedelta(seconds=20))
    asks = threading.Thread(target=waiting.refresh_for, args=(ROLE,))
    asks.start()
    while not on_duty.refresh_wanted():
        time.sleep(0.01)
    asks.join()
    assert known_of(ledger).people == (BEN,)
    waiting.refresh_for(ROLE)
    assert on_duty.refresh_wanted() == 0
    waiting.refresh_for(RoleName("no-such-role"))


def test_where_nobody_answers_it_goes_on_without(ledger: Ledger):
    DutyByLedger(ledger, by_rota, timedelta()).refresh_for(ROLE)
    assert known_of(ledger).people is None
    DutyByLedger(ledger, lambda: None).refresh_for(ROLE)


def test_without_a_token_nobody_is_on_call_and_it_is_said(ledger: Ledger, clock: StoppedClock):
    with running(clock) as pagers, capture_logs() as logged:
        desk, _ = desk_of(ledger, by_pagerduty(pagers))
        assert "nobody can say" in reasons(ask(desk, BEN))
    assert [entry["event"] for entry in logged if entry["event"] == "source_not_made"]


def test_what_a_worker_waits_for_is_brought_up_to_date(ledger: Ledger, clock: StoppedClock):
    _, on_duty = desk_of(ledger, by_rota())
    assert on_duty.refresh_wanted() == 0
    on_duty.refresh([SCHEDULE])
    clock.move(timedelta(minutes=5))
    ledger.retrying(lambda writing: on_call.want(writing, [SCHEDULE]))
    assert on_duty.refresh_wanted() == 1
    assert known_of(ledger) == on_call.Known(SCHEDULE, (BEN,), clock())
    assert on_duty.refresh_wanted() == 0


def test_what_is_no_schedule_is_left_alone(ledger: Ledger):
    _, on_duty = desk_of(ledger, by_rota())
    on_duty.refresh(["another"])
    on_duty.refresh_for(RoleName("no-such-role"))
    without = OnDutyNow(ledger, lambda: None, {})
    without.refresh([SCHEDULE])
    without.refresh_for(ROLE)
    with ledger.reading() as reader:
        assert on_call.find(reader, [SCHEDULE, "another"]) == {}


def test_only_the_first_levels_count(ledger: Ledger, clock: StoppedClock):
    with running(clock) as pagers:
        pagers.hand.put_on_call("database", 1, "ana", None)
        pagers.hand.put_on_call("database", 2, "ben", None)
        given = by_pagerduty(pagers)
        clock.move(timedelta(minutes=1))
        _, on_duty = desk_of(ledger, given, pagerduty=organisation.TOKENS[Vendor.PAGERDUTY])
        on_duty.refresh([SCHEDULE])
        assert BEN not in (known_of(ledger).people or ())
