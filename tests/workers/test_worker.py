"""A worker process: one queue, answered until it is told to stop."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from redis import Redis
from structlog.testing import capture_logs

from policies.holding import Direction
from workers import tasks, valkey, worker
from workers.queue import Bells, connect
from workers.settings import Settings
from workers.supervisor import Supervisor
from workers.worker import serve

SECRET = "a test key that is long enough"
BELL = "grant-aws"
pytestmark = pytest.mark.timeout(60, method="thread")  # a job's own alarm takes the place of the other kind


@pytest.fixture(scope="module")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server, url = valkey.program(tmp_path_factory.mktemp("home"), SECRET.encode())
    supervisor = Supervisor([server])
    supervisor.start()
    moment = threading.Event()
    assert any(valkey.answers(url) or moment.wait(0.02) for _ in range(500))
    yield url
    supervisor.stop()


@pytest.fixture
def redis(valkey_url: str) -> Iterator[Redis]:
    with connect(valkey_url) as client:
        client.flushall()
        yield client


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """A worker takes over this process's signals; they are as before afterwards."""
    ours = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    before = {number: signal.getsignal(number) for number in ours}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Hands:
    """Hands that note what they were asked to drain, and do what a test says."""

    def __init__(self) -> None:
        self.drained: list[tuple[Direction, str]] = []
        self.doing: Callable[[], object] = lambda: None

    def drain(self, direction: Direction, cloud: str) -> int:
        """Note it, and do it."""
        self.drained.append((direction, cloud))
        self.doing()
        return 0


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    noted = Hands()
    monkeypatch.setattr(tasks, "hands", lambda: noted)
    return noted


def settings(url: str) -> Settings:
    return Settings.model_validate({"redis_url": url, "secrets": SECRET})


def stop() -> None:
    """Tell this process to stop, as its supervisor does."""
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_worker_told_to_stop_ends_its_job_first(redis: Redis, valkey_url: str, hands: Hands):
    ended = []

    def work() -> None:
        stop()
        ended.append(True)

    hands.doing = work
    bells = Bells(redis, (SECRET.encode(),))
    bells.nudge(BELL)
    bells.nudge(BELL)
    assert serve(settings(valkey_url), BELL) is True
    assert (hands.drained, ended) == ([(Direction.GRANT, "aws")], [True])
    assert bells.queue(BELL).count == 1


def test_a_worker_makes_room_for_a_fresh_one_after_so_many_jobs(
    redis: Redis, valkey_url: str, hands: Hands, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(worker, "RECYCLE_AFTER", 2)
    bells = Bells(redis, (SECRET.encode(),))
    hands.doing = lambda: bells.nudge(BELL)
    bells.nudge(BELL)
    assert serve(settings(valkey_url), BELL) is True
    assert len(hands.drained) == 2


def test_a_job_that_breaks_does_not_end_its_worker(redis: Redis, valkey_url: str, hands: Hands):
    def work() -> None:
        if len(hands.drained) == 1:
            raise ZeroDivisionError
        stop()

    hands.doing = work
    bells = Bells(redis, (SECRET.encode(),))
    bells.nudge(BELL)
    bells.nudge(BELL)
    assert serve(settings(valkey_url), BELL) is True
    assert len(hands.drained) == 2


def test_a_worker_serves_one_queue_and_is_soon_missed_when_it_is_killed(
    redis: Redis, valkey_url: str, hands: Hands
):
    seen: list[tuple[bytes, int]] = []

    def work() -> None:
        stop()
        seen.extend((redis.hget(key, "queues"), redis.ttl(key)) for key in redis.smembers("rq:workers"))

    hands.doing = work
    Bells(redis, (SECRET.encode(),)).nudge(BELL)
    serve(settings(valkey_url), BELL)
    ((queues, forgotten_in),) = seen
    assert queues == BELL.encode()
    assert forgotten_in < 130


def test_a_worker_without_redis_says_so_and_ends():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"redis://127.0.0.1:{closed.getsockname()[1]}"
    with capture_logs() as logged:
        assert serve(settings(url), BELL) is False
    assert [event["event"] for event in logged] == ["redis_went_away"]
