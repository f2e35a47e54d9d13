"""The floor of what goes over the queue: a bare timer, enqueue and RQ worker on the same Redis."""

import time
from typing import Final

from redis import Redis
from rq import Queue

from bench import bare

_APART: Final = 0.1
_PATIENCE: Final = 5.0


def lateness(redis_url: str, jobs: int) -> list[float]:
    """Seconds from the moment each job was due to its first line, one at a time."""
    with bare.running("worker", redis_url), Redis.from_url(redis_url) as redis:
        queue = Queue(bare.QUEUE, connection=redis)
        redis.delete(bare.LATENESS)
        return [_one(redis, queue) for _ in range(jobs)]


def _one(redis: Redis, queue: Queue) -> float:
    due = time.time() + _APART
    time.sleep(_APART)
    queue.enqueue(bare.started, due, result_ttl=0)
    told = redis.blpop([bare.LATENESS], timeout=_PATIENCE)
    if not told:
        raise RuntimeError("the bare worker did not answer")
    return float(told[1])
