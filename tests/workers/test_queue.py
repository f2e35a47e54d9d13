"""The bell and its jobs: only what we signed, only what is on the list, and nothing when Redis is away."""

import json
import os
import pickle
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.timeouts import TimerDeathPenalty

from policies.holding import Direction
from workers import tasks, valkey
from workers.queue import ALLOWED, ANNOUNCE, Bells, Forged, SignedJob, SignedJson, connect, job_for
from workers.supervisor import Supervisor

KEYS = (b"the key in use", b"the key before it")
OURS = SignedJson(KEYS)
BELL = "grant-aws"
SINGS = "tests.workers.test_queue.sings"
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


# The signature


@given(JSONS)
def test_what_was_signed_is_read_back(value: object):
    assert OURS.loads(OURS.dumps(value)) == value


@given(JSONS)
def test_the_key_before_still_opens_what_it_signed(value: object):
    assert OURS.loads(SignedJson(KEYS[1:]).dumps(value)) == value


def test_the_first_key_signs():
    assert SignedJson(KEYS[:1]).loads(OURS.dumps("a job")) == "a job"
    with pytest.raises(Forged):
        SignedJson(KEYS[1:]).loads(OURS.dumps("a job"))


@given(JSONS, st.data())
def test_one_altered_byte_is_forged(value: object, data: st.DataObject):
    signed = bytearray(OURS.dumps(value))
    signed[data.draw(st.integers(0, len(signed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Forged):
        OURS.loads(bytes(signed))


@given(st.binary())
def test_whatever_nobody_signed_is_forged(data: bytes):
    with pytest.raises(Forged):
        OURS.loads(data)


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(["workers.tasks.grant", None, ["aws"], {}]).encode(),
        b"." + json.dumps(["workers.tasks.grant", None, ["aws"], {}]).encode(),
        pickle.dumps(("workers.tasks.grant", None, ("aws",), {})),
        SignedJson((b"another key",)).dumps(["workers.tasks.grant", None, ["aws"], {}]),
    ],
)
def test_json_a_pickle_or_another_key_is_forged(data: bytes):
    with pytest.raises(Forged):
        OURS.loads(data)


@pytest.mark.parametrize(
    ("bell", "function", "words"),
    [
        ("grant-aws", "workers.tasks.grant", ("aws",)),
        ("revoke-gcp", "workers.tasks.revoke", ("gcp",)),
        (ANNOUNCE, "bot.tasks.announce", ()),
    ],
)
def test_a_bell_names_the_function_that_answers_it(bell: str, function: str, words: tuple[str, ...]):
    assert job_for(bell) == (function, words)
    assert function in ALLOWED


# Redis away


def test_a_nudge_says_no_at_once_when_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    began = time.monotonic()
    assert Bells(connect(f"redis://127.0.0.1:{port}"), KEYS).nudge(BELL) is False
    assert time.monotonic() - began < 1


def test_a_nudge_says_no_soon_when_nobody_answers():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        redis = connect(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        assert Bells(redis, KEYS).nudge(BELL) is False
        assert time.monotonic() - began < 4


def test_ringing_with_redis_away_raises_nothing():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    Bells(connect(f"redis://127.0.0.1:{port}"), KEYS).ring({"grant-aws", "revoke-aws"})


# Jobs that somebody else put into Redis, before a real worker on a real server


def sings(_job: object, connection: Redis, *_rest: object) -> None:
    """What an attacker would have run: it says so in Redis."""
    connection.set("canary", "sung")


class Calm(SimpleWorker):  # type: ignore[misc]
    """RQ's worker, leaving this process's signals alone."""

    death_penalty_class = TimerDeathPenalty

    def _install_signal_handlers(self) -> None:
        """Install none."""


class NotedHands:
    """Hands that only say what they were asked to drain."""

    def __init__(self) -> None:
        self.drained: list[tuple[Direction, str]] = []
        self.breaks = False

    def drain(self, direction: Direction, cloud: str) -> int:
        """Note it."""
        self.drained.append((direction, cloud))
        if self.breaks:
            raise ZeroDivisionError
        return 0


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> NotedHands:
    noted = NotedHands()
    monkeypatch.setattr(tasks, "hands", lambda: noted)
    return noted


@pytest.fixture(scope="module")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server, url = valkey.program(tmp_path_factory.mktemp("home"), KEYS[0])
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


@pytest.fixture
def nudged(redis: Redis) -> SignedJob:
    """A nudge of our own that waits, for somebody to tamper with."""
    bells = Bells(redis, KEYS)
    bells.nudge(BELL)
    job: SignedJob = bells.queue(BELL).jobs[0]
    return job


def work(redis: Redis, job_class: type[Job] = SignedJob) -> None:
    """A worker's burst over the queue."""
    queue = Queue(BELL, connection=redis, serializer=OURS, job_class=job_class)
    worker = Calm([queue], connection=redis, serializer=OURS, job_class=job_class)
    worker.work(burst=True, logging_level="CRITICAL")


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_our_own_nudge_is_run(redis: Redis, nudged: SignedJob, hands: NotedHands):
    work(redis)
    assert hands.drained == [(Direction.GRANT, "aws")]
    assert not redis.exists(nudged.key)


@pytest.mark.parametrize(
    "serializer",
    [None, JSONSerializer, SignedJson((b"another key",)), OURS],
    ids=["pickle", "json", "key", "list"],
)
def test_a_function_that_is_not_on_the_list_is_not_run(redis: Redis, tmp_path: Path, serializer: object):
    made = tmp_path / "made"
    Queue(BELL, connection=redis, serializer=serializer).enqueue_call("os.mkdir", (str(made),))
    work(redis)
    assert not made.exists()
    assert redis.llen(f"rq:queue:{BELL}") == 0


def test_an_allowed_name_is_not_enough_without_our_signature(redis: Redis, hands: NotedHands):
    queue = Queue(BELL, connection=redis, serializer=JSONSerializer)
    queue.enqueue_call("workers.tasks.grant", ("aws",))
    work(redis)
    assert hands.drained == []


def test_a_method_of_an_object_is_not_run(redis: Redis, nudged: SignedJob, hands: NotedHands):
    redis.hset(nudged.key, "data", OURS.dumps(["workers.tasks.grant", {"an": "object"}, ["aws"], {}]))
    work(redis)
    assert hands.drained == []


@pytest.mark.parametrize("field", ["data", "result", "meta"])
def test_a_pickle_is_never_opened(
    redis: Redis, nudged: SignedJob, tmp_path: Path, field: str, hands: NotedHands
):
    evil = pickle.dumps(Evil(tmp_path / "made"))
    redis.hset(nudged.key, field, zlib.compress(evil) if field == "data" else evil)
    work(redis)
    assert list(tmp_path.iterdir()) == []
    assert hands.drained == ([] if field == "data" else [(Direction.GRANT, "aws")])


@pytest.mark.parametrize(("job_class", "sung"), [(Job, True), (SignedJob, False)])
def test_a_callback_written_into_our_job_is_not_called(
    redis: Redis, nudged: SignedJob, hands: NotedHands, job_class: type[Job], *, sung: bool
):
    """RQ's own job class, beside ours, shows that the attack is one."""
    redis.hset(nudged.key, "success_callback_name", SINGS)
    work(redis, job_class)
    assert len(hands.drained) == 1
    assert bool(redis.exists("canary")) is sung


@pytest.mark.parametrize(("job_class", "sung"), [(Job, True), (SignedJob, False)])
def test_a_callback_of_a_job_that_fails_is_not_called(
    redis: Redis, nudged: SignedJob, job_class: type[Job], *, sung: bool
):
    altered = {"failure_callback_name": SINGS, "data": OURS.dumps(["no.such.function", None, [], {}])}
    redis.hset(nudged.key, mapping=altered)
    work(redis, job_class)
    assert bool(redis.exists("canary")) is sung


@pytest.mark.parametrize(("job_class", "sung"), [(Job, True), (SignedJob, False)])
def test_a_callback_of_a_job_left_lying_is_not_called(
    redis: Redis, nudged: SignedJob, job_class: type[Job], *, sung: bool
):
    redis.hset(nudged.key, mapping={"failure_callback_name": SINGS, "status": "started"})
    redis.delete(f"rq:queue:{BELL}")
    redis.zadd(StartedJobRegistry(BELL, connection=redis).key, {f"{nudged.id}:x": 1})
    work(redis, job_class)
    assert bool(redis.exists("canary")) is sung


def test_a_webhook_written_into_our_job_is_not_called(redis: Redis, nudged: SignedJob, hands: NotedHands):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        redis.hset(nudged.key, "webhooks", json.dumps([{"url": url, "job_status": "finished"}]))
        assert len(Job.fetch(nudged.id, connection=redis, serializer=OURS).webhooks) == 1
        work(redis)
        listening.settimeout(0.05)
        with pytest.raises(TimeoutError):
            listening.accept()
    assert len(hands.drained) == 1


@pytest.mark.parametrize(("job_class", "times"), [(Job, 4), (SignedJob, 1)])
def test_a_job_told_to_repeat_runs_once(
    redis: Redis, nudged: SignedJob, hands: NotedHands, job_class: type[Job], times: int
):
    again = {"repeats_left": 3, "repeat_intervals": "[0]", "result_ttl": 60}
    redis.hset(nudged.key, mapping=again)  # type: ignore[arg-type]
    work(redis, job_class)
    assert len(hands.drained) == times


@pytest.mark.parametrize(("job_class", "times"), [(Job, 3), (SignedJob, 1)])
def test_a_failing_job_told_to_be_tried_again_runs_once(
    redis: Redis, nudged: SignedJob, hands: NotedHands, job_class: type[Job], times: int
):
    hands.breaks = True
    redis.hset(nudged.key, "retries_left", 2)
    work(redis, job_class)
    assert len(hands.drained) == times
