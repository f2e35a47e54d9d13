"""Keeping secrets on a person's machine: in the keyring of its operating system, or not at all."""

from contextlib import suppress
from typing import Final

import keyring
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.errors import KeyringError

_SERVICE: Final = "prod-access"
_KEPT_SAFELY: Final = 1.0
"""keyring's own mark of a backend it recommends; files in the clear, and what keeps nothing, are below it."""


class Keeping:
    """The keyring, by name; whatever goes wrong with it is as good as nothing kept."""

    def __init__(self, backend: KeyringBackend) -> None:
        self._backend = backend

    def get(self, name: str) -> str | None:
        """What is kept under a name, or None."""
        with suppress(KeyringError):
            return self._backend.get_password(_SERVICE, name)
        return None

    def put(self, name: str, secret: str) -> bool:
        """Keep it; False when the keyring would not: it is locked, or this is too long for it."""
        try:
            self._backend.set_password(_SERVICE, name, secret)
        except (KeyringError, OSError):
            return False
        return True

    def drop(self, name: str) -> None:
        """Keep it no longer."""
        with suppress(KeyringError):
            self._backend.delete_password(_SERVICE, name)


def keeping() -> Keeping | None:
    """This machine's keyring, or None where there is none that keeps secrets safely."""
    try:
        backend = keyring.get_keyring()
    except (ImportError, KeyringError, RuntimeError):
        return None
    return Keeping(backend) if _is_safe(backend) else None


def _is_safe(backend: KeyringBackend) -> bool:
    members = backend.backends if isinstance(backend, ChainerBackend) else [backend]
    return bool(members) and all(one.priority >= _KEPT_SAFELY for one in members)
