"""What every dispatcher promises to whoever nudges, whatever Redis is behind it."""

import threading
from collections.abc import Iterator

import fakeredis
import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from rq.timeouts import TimerDeathPenalty

from policies.holding import Direction
from workers import tasks, valkey
from workers.queue import WAITING_AT_MOST, Bells, SignedJob, SignedJson, connect
from workers.supervisor import Supervisor

KEYS = (b"the key in use", b"the key before it")
BELL = "revoke-aws"


@pytest.fixture(scope="module")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server under our own supervisor."""
    server, url = valkey.program(tmp_path_factory.mktemp("home"), KEYS[0])
    supervisor = Supervisor([server])
    supervisor.start()
    moment = threading.Event()
    assert any(valkey.answers(url) or moment.wait(0.02) for _ in range(500))
    yield url
    supervisor.stop()


@pytest.fixture(params=["fakeredis", "valkey"])
def redis(request: pytest.FixtureRequest) -> Iterator[Redis]:
    """An empty Redis of each kind."""
    if request.param == "fakeredis":
        yield fakeredis.FakeRedis()
        return
    with connect(request.getfixturevalue("valkey_url")) as client:
        client.flushall()
        yield client


@pytest.fixture
def bells(redis: Redis) -> Bells:
    return Bells(redis, KEYS)


class Calm(SimpleWorker):  # type: ignore[misc]
    """RQ's worker, leaving this process's signals alone."""

    death_penalty_class = TimerDeathPenalty

    def _install_signal_handlers(self) -> None:
        """Install none."""


class NotedHands:
    """Hands that only say what they were asked to drain."""

    def __init__(self) -> None:
        self.drained: list[tuple[Direction, str]] = []

    def drain(self, direction: Direction, cloud: str) -> int:
        """Note it."""
        self.drained.append((direction, cloud))
        return 0


def waiting(bells: Bells, name: str = BELL) -> list[SignedJob]:
    jobs: list[SignedJob] = bells.queue(name).jobs
    return jobs


def take(redis: Redis, queue: Queue) -> None:
    """Run what waits, as a worker does."""
    worker = Calm([queue], connection=redis, serializer=SignedJson(KEYS), job_class=SignedJob)
    worker.work(burst=True, logging_level="CRITICAL")


def test_a_nudge_waits_as_a_name_and_plain_words(bells: Bells):
    assert bells.nudge(BELL) is True
    (job,) = waiting(bells)
    assert (job.func_name, job.args, job.kwargs) == ("workers.tasks.revoke", ["aws"], {})


def test_a_nudge_has_a_minute_and_leaves_no_result(bells: Bells):
    bells.nudge(BELL)
    (job,) = waiting(bells)
    assert (job.timeout, job.result_ttl, job.failure_ttl) == (60, 0, 3600)


def test_only_so_many_nudges_wait_and_the_rest_are_heard_anyway(bells: Bells):
    assert [bells.nudge(BELL) for _ in range(5)] == [True] * 5
    assert len(waiting(bells)) == WAITING_AT_MOST


def test_twelve_at_once_do_not_make_more_wait(bells: Bells):
    start = threading.Barrier(12)
    heard: list[bool] = []

    def ring() -> None:
        start.wait()
        heard.extend(bells.nudge(BELL) for _ in range(10))

    threads = [threading.Thread(target=ring) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == [True] * 120
    assert 1 <= len(waiting(bells)) <= WAITING_AT_MOST


def test_each_queue_has_its_own_nudges(bells: Bells):
    bells.ring({"grant-aws", "revoke-aws", "announce"})
    named = {name: waiting(bells, name)[0].func_name for name in ("grant-aws", "revoke-aws", "announce")}
    assert named == {
        "grant-aws": "workers.tasks.grant",
        "revoke-aws": "workers.tasks.revoke",
        "announce": "bot.tasks.announce",
    }


def test_ringing_nobody_is_nothing(bells: Bells, redis: Redis):
    bells.ring(frozenset())
    assert redis.keys() == []


def test_a_worker_takes_what_waits_and_knocks_on_the_drains_door(
    bells: Bells, redis: Redis, monkeypatch: pytest.MonkeyPatch
):
    hands = NotedHands()
    monkeypatch.setattr(tasks, "hands", lambda: hands)
    bells.ring({"grant-aws", "revoke-aws"})
    take(redis, bells.queue("grant-aws"))
    take(redis, bells.queue("revoke-aws"))
    assert hands.drained == [(Direction.GRANT, "aws"), (Direction.REVOKE, "aws")]
    assert waiting(bells, "grant-aws") == waiting(bells, "revoke-aws") == []


def test_after_a_flush_the_next_nudge_waits_again(bells: Bells, redis: Redis):
    bells.nudge(BELL)
    redis.flushall()
    assert bells.nudge(BELL) is True
    assert len(waiting(bells)) == 1


def test_a_job_signed_with_the_key_before_is_still_ours(bells: Bells, redis: Redis):
    Bells(redis, KEYS[1:]).nudge(BELL)
    assert waiting(bells)[0].func_name == "workers.tasks.revoke"
