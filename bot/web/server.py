"""gunicorn around the API: one process that serves, forked by one that starts it again when it ends.

Everything is made after the fork, because neither a database connection nor a thread survives one. What
gunicorn would read or open by itself (its configuration files, a control socket in the home folder, a log
with its own looks) is not wanted.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from gunicorn.app.base import BaseApplication
from gunicorn.config import Config
from gunicorn.glogging import Logger

from bot.web.app import make_app
from bot.web.arriving import CONNECTIONS_MOST, PatientWorker
from bot.web.settings import WebSettings
from bot.web.wiring import Serving
from workers.heartbeat import Heartbeat

_THREADS: Final = 16
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 (gunicorn's own note of being alive, with nothing in it)


class Server(BaseApplication):
    """The web API as a process."""

    def __init__(self, settings: WebSettings) -> None:
        self._settings = settings
        self._running = ExitStack()
        super().__init__()

    def load_config(self) -> None:
        """What gunicorn is told, all of it."""
        for name, value in self._options().items():
            self.cfg.set(name, value)

    def _options(self) -> dict[str, Any]:
        return {
            "bind": self._settings.address,
            "worker_class": f"{PatientWorker.__module__}.{PatientWorker.__qualname__}",
            "worker_connections": CONNECTIONS_MOST,
            "workers": 1,
            "threads": _THREADS,
            "keepalive": 0,
            "timeout": 30,
            "graceful_timeout": 5,
            "limit_request_line": 2_048,
            "limit_request_fields": 64,
            "limit_request_field_size": 4_096,
            "control_socket_disable": True,
            "worker_tmp_dir": str(_MEMORY) if _MEMORY.is_dir() else None,
            "logger_class": PlainLog,
            "loglevel": "warning",
            "worker_exit": self._ended,
        }

    def load(self) -> Any:  # noqa: ANN401 (a WSGI application: falcon and gunicorn name its types differently)
        """The application, made in the process that serves it."""
        parts = Serving(self._settings)
        self._running.enter_context(Heartbeat(parts.ledger, parts.name, "web"))
        settings = self._settings
        return make_app(parts, proxies=settings.trusted_proxies, secrets=settings.pager_secrets)

    def _ended(self, _server: object, _worker: object) -> None:
        self._running.close()


class PlainLog(Logger):
    """gunicorn's log through ours: one line of JSON each."""

    def setup(self, cfg: Config) -> None:
        """Hand everything to the root logger."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
