"""A worker process: one queue, one RQ SimpleWorker, no scheduler.

Several queues in one worker can lose a job for ever (RQ pops with BLPOP then), RQ's defaults leave a killed
worker's job lying for 13 minutes, and its scheduler dies in a short Redis outage: so one queue each, short
intervals, and our own clock (measured on rq 3.0). When Redis goes away the process ends and is started anew.
"""

from typing import Final

import structlog
from redis import Redis, RedisError
from rq import SimpleWorker

from workers.queue import SignedJob, SignedJson
from workers.settings import Settings

log = structlog.get_logger(__name__)

RECYCLE_AFTER: Final = 10_000
"""Jobs after which a worker makes room for a fresh one."""


def serve(settings: Settings, queue: str) -> bool:
    """Answer one queue's bells until told to stop or recycled (True), or until Redis goes away (False)."""
    try:
        with Redis.from_url(settings.redis, health_check_interval=5) as redis:
            worker = _worker(settings, queue, redis)
            worker.work(with_scheduler=False, logging_level="WARNING", max_jobs=RECYCLE_AFTER)
    except RedisError as error:
        log.warning("redis_went_away", queue=queue, problem=type(error).__name__)
        return False
    return True


def _worker(settings: Settings, queue: str, redis: Redis) -> SimpleWorker:
    return SimpleWorker(
        [queue],
        connection=redis,
        serializer=SignedJson(settings.keys),
        job_class=SignedJob,
        worker_ttl=20,
        maintenance_interval=5,
        job_monitoring_interval=5,
        log_job_description=False,
    )
