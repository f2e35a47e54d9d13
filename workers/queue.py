"""Redis and RQ as a bell, and nothing more: a nudge says *look at the ledger*, it never says what to do.

A job is a function's name and plain words, as JSON under an HMAC; a worker runs only the functions on
`ALLOWED` and ignores callbacks, webhooks, repeats and retries whatever the hash in Redis says (anyone who can
write Redis could otherwise run code: JSON names any importable function, and so do callback fields; source:
rq 3.0 job.py). With Redis away a nudge answers False at once: the clock finds the work in the ledger.
"""

import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import structlog
from redis import Redis, RedisError, WatchError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.job import Job

log = structlog.get_logger(__name__)

ANNOUNCE: Final = "announce"
ALLOWED: Final = frozenset({"workers.tasks.grant", "workers.tasks.revoke", "bot.tasks.announce"})
"""The only functions a job may name."""
WAITING_AT_MOST: Final = 2
"""Nudges that may wait in one queue; more would say nothing new."""
_JOB_SECONDS: Final = 60
_SEPARATOR: Final = b"."


class Forged(Exception):
    """A job is not one of ours: its signature or its function is wrong."""


class SignedJson:
    """An RQ serializer: JSON under an HMAC; the first key signs, each verifies."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self._keys = keys
        self.__qualname__ = type(self).__qualname__  # RQ's worker names its serializer by it

    def dumps(self, value: Any) -> bytes:  # noqa: ANN401 (RQ's own protocol)
        """The signed text of a value."""
        body = json.dumps(value, separators=(",", ":")).encode()
        return _sign(self._keys[0], body) + _SEPARATOR + body

    def loads(self, data: bytes) -> Any:  # noqa: ANN401 (RQ's own protocol)
        """The value of a signed text; Forged when no key made it."""
        signature, _, body = bytes(data).partition(_SEPARATOR)
        if not any(hmac.compare_digest(signature, _sign(key, body)) for key in self._keys):
            raise Forged("a job's signature is wrong")
        return json.loads(body)


def _sign(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, b"job:" + body, hashlib.sha256).hexdigest().encode()


class SignedJob(Job):
    """A job that runs nothing but an allowed function."""

    def restore(self, raw_data: Any) -> Any:  # noqa: ANN401 (RQ's own signature)
        """The job as stored, less every field that could make a worker run or call something else."""
        answer = super().restore(raw_data)
        self._success_callback_name = None
        self._failure_callback_name = None
        self._stopped_callback_name = None
        self.webhooks = []
        self.repeats_left = None
        self.retries_left = None
        return answer

    @property
    def func(self) -> Callable[..., Any]:
        """The function to run; Forged when it is not on the list."""
        if self.instance is not None or self.func_name not in ALLOWED:
            raise Forged("a job names a function that is not on the list")
        function: Callable[..., Any] = super().func
        return function


def connect(url: str) -> Redis:
    """A client that answers or fails fast: no silent retries, no long waits."""
    return Redis.from_url(
        url,
        socket_connect_timeout=0.5,
        socket_timeout=2,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=5,
    )


class Bells:
    """Nudges for the drains; `ring` is what the ledger calls after each commit."""

    def __init__(self, redis: Redis, keys: tuple[bytes, ...]) -> None:
        self._redis = redis
        self._serializer = SignedJson(keys)
        self._lock = threading.Lock()
        self._later: ThreadPoolExecutor | None = None

    def queue(self, name: str) -> Queue:
        """The RQ queue of a bell."""
        return Queue(name, connection=self._redis, serializer=self._serializer, job_class=SignedJob)

    def ring(self, names: Iterable[str]) -> None:
        """Nudge these queues; losing a nudge costs a moment, so nothing is raised."""
        for name in sorted(names):
            self.nudge(name)

    def ring_soon(self, names: Iterable[str]) -> None:
        """As `ring`, from a thread in the background: whoever answers a person does not wait for Redis."""
        with self._lock:
            if self._later is None:
                self._later = ThreadPoolExecutor(1, thread_name_prefix="bells")
        self._later.submit(self.ring, tuple(names))

    def nudge(self, name: str) -> bool:
        """Put one nudge into a queue unless enough wait there already; False when Redis is away."""
        try:
            return self._nudge(self.queue(name))
        except RedisError as error:
            log.warning("nudge_lost", queue=name, problem=type(error).__name__)
            return False

    def _nudge(self, queue: Queue) -> bool:
        with self._redis.pipeline() as pipe:
            try:
                pipe.watch(queue.key)  # type: ignore[no-untyped-call]
                if int(pipe.llen(queue.key)) >= WAITING_AT_MOST:
                    return True
                pipe.multi()
                function, words = job_for(queue.name)
                queue.enqueue_call(
                    function,
                    args=words,
                    job_id=secrets.token_hex(8),
                    timeout=_JOB_SECONDS,
                    result_ttl=0,
                    failure_ttl=3600,
                    pipeline=pipe,
                )
                pipe.execute()
            except WatchError:
                return True  # somebody else nudged or took one meanwhile: the queue is awake
        return True


def job_for(bell: str) -> tuple[str, tuple[str, ...]]:
    """The function that answers a bell, and its words: `grant-aws` is `workers.tasks.grant("aws")`."""
    if bell == ANNOUNCE:
        return "bot.tasks.announce", ()
    direction, _, cloud = bell.partition("-")
    return f"workers.tasks.{direction}", (cloud,)
