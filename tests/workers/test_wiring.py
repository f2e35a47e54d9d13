"""The one place where the parts are put together."""

import os
import threading
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from policies.grant import GrantState, planned
from policies.holding import Direction
from policies.request import approved, asked
from policies.values import CloudName
from tests.builders import AWS, NOW, StoppedClock, grant, request, yes
from tests.simulated_cloud import SimulatedCloud
from workers import tasks
from workers.clouds.aws.leased_role import LeasedRoles
from workers.clouds.cloud import Again, Found
from workers.ledger.engine import open_engine
from workers.ledger.ledger import Ledger, utc_now
from workers.ledger.migrate import migrate
from workers.settings import Settings
from workers.wiring import CLOUDS, Hands, _PerProcess, hands

NOWHERE = "redis://127.0.0.1:1/0"


def settings(home: Path, **more: object) -> Settings:
    given = {"home": home, "redis_url": NOWHERE, "database_url": f"sqlite:///{home / 'ledger.db'}", **more}
    return Settings.model_validate(given)


@pytest.fixture
def wired(tmp_path: Path) -> Iterator[Hands]:
    made = Hands(settings(tmp_path))
    migrate(made.ledger.engine)
    yield made
    made.ledger.close()


def give(made: Hands, cloud: SimulatedCloud) -> None:
    """Put a cloud in memory where the real one would be."""
    made._clouds[AWS] = cloud


def test_nothing_is_made_before_it_is_used(tmp_path: Path):
    Hands(settings(tmp_path / "home"))
    assert not (tmp_path / "home").exists()


def test_each_part_is_made_once(wired: Hands):
    assert wired.bells is wired.bells
    assert wired.ledger is wired.ledger
    assert wired.cloud(AWS) is wired.cloud(AWS)


def test_a_worker_is_named_by_its_machine_and_process(wired: Hands):
    assert wired.name.endswith(f":{os.getpid()}")


def test_there_is_an_adapter_for_every_cloud_we_name(wired: Hands):
    assert all(wired.cloud(name).name == name for name in CLOUDS)


def test_a_cloud_there_is_no_adapter_for_is_not_found(wired: Hands):
    with pytest.raises(LookupError, match="no cloud called moon"):
        wired.cloud(CloudName("moon"))


def test_the_adapter_looks_through_the_accounts_of_the_policy(wired: Hands):
    adapter = wired.cloud(AWS)
    policy = wired.policy()
    assert isinstance(adapter, LeasedRoles)
    assert policy is not None
    assert [account.account_id for account in adapter._accounts()] == [one.id for one in policy.clouds.aws]


def test_without_a_policy_there_are_no_accounts_to_look_through(tmp_path: Path):
    adapter = Hands(settings(tmp_path, org=tmp_path / "nowhere")).cloud(AWS)
    assert isinstance(adapter, LeasedRoles)
    assert adapter._accounts() == ()


def test_a_commit_rings_even_while_nobody_hears_it(wired: Hands):
    with capture_logs() as logged, wired.ledger.writing() as writing:
        writing.add_request(asked(request()))
    assert [(event["event"], event["queue"]) for event in logged] == [("nudge_lost", "announce")]


def test_what_the_rules_no_longer_allow_is_overruled_before_the_cloud_is_called(wired: Hands):
    cloud = SimulatedCloud()
    give(wired, cloud)
    with wired.ledger.writing() as writing:
        waiting = writing.add_request(asked(request(role="no-such-role")))
        writing.save_request(approved(waiting, yes(), NOW))
        soon = wired.ledger.now() + timedelta(hours=1)
        writing.add_grants([planned(grant(ends_at=soon, due_at=NOW - timedelta(days=9999)))])
    assert wired.drain(Direction.GRANT, AWS) == 1
    with wired.ledger.reading() as reader:
        assert [one.state for one in reader.grants()] == [GrantState.ENDING]
    assert cloud.changes == []


class Away(SimulatedCloud):
    """A cloud that cannot be read."""

    def _found(self) -> Iterable[Found]:
        raise Again("Throttling")


def test_a_cloud_that_cannot_be_read_is_compared_with_the_ledger_another_time(wired: Hands):
    give(wired, Away())
    with capture_logs() as logged:
        wired.reconcile(AWS)
    assert [(event["event"], event["problem"]) for event in logged] == [("not_reconciled", "Throttling")]


def test_a_cloud_that_holds_what_the_ledger_says_is_left_alone(wired: Hands):
    cloud = SimulatedCloud()
    give(wired, cloud)
    wired.reconcile(AWS)
    assert cloud.changes == []


class SlowToStart(SimulatedCloud):
    """A cloud that is worth warming, and then cannot be reached."""

    def __init__(self) -> None:
        super().__init__()
        self.warmed = threading.Event()

    def _warm(self) -> None:
        self.warmed.set()
        raise Again("EndpointConnectionError")


def test_what_the_first_job_would_wait_for_is_done_beforehand_in_the_background(wired: Hands):
    cloud = SlowToStart()
    give(wired, cloud)
    wired.warm("grant-aws")
    assert cloud.warmed.wait(10)


# When the clocks do not agree


@pytest.fixture
def apart(tmp_path: Path, postgres_url: str) -> Iterator[Hands]:
    """Hands whose clock is half a minute ahead of their database's."""
    made = Hands(settings(tmp_path, database_url=postgres_url))
    made.ledger = Ledger(open_engine(postgres_url), now=StoppedClock(utc_now() + timedelta(seconds=30)))
    migrate(made.ledger.engine)
    give(made, SimulatedCloud())
    yield made
    made.ledger.close()


def test_nothing_is_granted_while_the_databases_clock_is_far_from_ours(apart: Hands):
    with capture_logs() as logged:
        assert apart.drain(Direction.GRANT, AWS) == 0
    assert [event["event"] for event in logged] == ["clock_skew"]


def test_an_end_does_not_wait_for_the_clocks_to_agree(apart: Hands):
    with apart.ledger.writing() as writing:
        waiting = writing.add_request(asked(request()))
        writing.save_request(approved(waiting, yes(), NOW))
        writing.add_grants([planned(grant(state=GrantState.ENDING))])
    assert apart.drain(Direction.REVOKE, AWS) == 1
    with apart.ledger.reading() as reader:
        assert [one.state for one in reader.grants()] == [GrantState.GONE]


def test_clocks_that_agree_are_right(tmp_path: Path, postgres_url: str):
    near = Hands(settings(tmp_path, database_url=postgres_url))
    assert near.clock_is_wrong() is False
    near.ledger.close()


# One process, one pair of hands


def test_a_process_has_one_pair_of_hands_and_a_fork_gets_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    ours = _PerProcess()
    first = ours()
    assert ours() is first
    assert said_by_a_fork(lambda: ours() is first) == "False"


def said_by_a_fork(ask) -> str:  # noqa: ANN001 (any question)
    """What a forked copy of this process answers."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(ask()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        return answer.read()


def test_the_tasks_use_this_processs_hands():
    assert tasks.hands is hands
