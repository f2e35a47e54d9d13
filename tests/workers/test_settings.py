"""Settings: where each is read from, what it is without, and what is refused."""

import multiprocessing
import stat
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

import workers.settings
from workers.settings import REDIS_URL_FILE, Settings

LONG = "sixteen letters!"
READ = {
    "database_url": ("DATABASE_URL", "postgresql://db/ledger", "postgresql://db/ledger"),
    "redis_url": ("REDIS_URL", "redis://127.0.0.1:7000/1", "redis://127.0.0.1:7000/1"),
    "redis_insecure": ("PROD_ACCESS_REDIS_INSECURE", "true", True),
    "secrets": ("PROD_ACCESS_SECRET", LONG, (SecretStr(LONG),)),
    "instance": ("PROD_ACCESS_INSTANCE", "meridian-1", "meridian-1"),
    "org": ("PROD_ACCESS_ORG", "/etc/prod-access", Path("/etc/prod-access")),
    "home": ("PROD_ACCESS_HOME", "/var/lib/prod-access", Path("/var/lib/prod-access")),
    "threads": ("PROD_ACCESS_THREADS", "7", 7),
    "log_level": ("PROD_ACCESS_LOG", "DEBUG", "DEBUG"),
    "page_webhook": (
        "PROD_ACCESS_PAGE_WEBHOOK",
        "https://pager.example/x",
        SecretStr("https://pager.example/x"),
    ),
    "identity_center_endpoint": (
        "PROD_ACCESS_IDENTITY_CENTER_ENDPOINT",
        "http://127.0.0.1:4567",
        "http://127.0.0.1:4567",
    ),
    "gcp_endpoint": ("PROD_ACCESS_GCP_ENDPOINT", "http://127.0.0.1:4568", "http://127.0.0.1:4568"),
    "azure_endpoint": ("PROD_ACCESS_AZURE_ENDPOINT", "https://127.0.0.1:4569", "https://127.0.0.1:4569"),
    "azure_authority": ("AZURE_AUTHORITY_HOST", "https://127.0.0.1:4570", "https://127.0.0.1:4570"),
    "ca_bundle": ("REQUESTS_CA_BUNDLE", "/etc/ssl/ca.pem", "/etc/ssl/ca.pem"),
    "aws_endpoint": ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566", "http://127.0.0.1:4566"),
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with none of our settings."""
    for variable, _, _ in READ.values():
        monkeypatch.delenv(variable, raising=False)
    return monkeypatch


def given(**values: object) -> Settings:
    return Settings(**values)  # type: ignore[arg-type]


def test_the_table_of_this_test_names_every_setting():
    assert set(READ) == set(Settings.model_fields)


@pytest.mark.parametrize("field", READ)
def test_each_setting_is_read_from_its_environment_variable(field: str, bare: pytest.MonkeyPatch):
    variable, text, value = READ[field]
    bare.setenv(variable, text)
    assert getattr(Settings(), field) == value


@pytest.mark.parametrize("field", READ)
def test_no_setting_is_read_from_a_variable_that_is_not_ours(field: str, bare: pytest.MonkeyPatch):
    before = getattr(Settings(), field)
    if field.upper() != READ[field][0]:
        bare.setenv(field.upper(), READ[field][1])
    assert getattr(Settings(), field) == before


def test_each_setting_says_what_it_is():
    assert all(field.description for field in Settings.model_fields.values())


def test_without_settings_everything_is_kept_at_home():
    plain = Settings()
    assert plain.ledger_url == "sqlite:///.prod-access/ledger.db"
    assert plain.redis == "redis://127.0.0.1:6379/0"
    assert (plain.instance, plain.threads, plain.log_level) == ("prod-access", 64, "INFO")
    assert (plain.redis_insecure, plain.aws_endpoint) == (False, None)
    assert (plain.org / "people.yaml").exists()


def test_a_given_database_is_the_ledgers():
    assert given(database_url="postgresql://db/ledger").ledger_url == "postgresql://db/ledger"


def test_the_address_of_the_redis_at_home_is_found(tmp_path: Path):
    (tmp_path / REDIS_URL_FILE).write_text("redis://:word@127.0.0.1:7001/0\n", encoding="utf-8")
    assert given(home=tmp_path).redis == "redis://:word@127.0.0.1:7001/0"
    assert given(home=tmp_path, redis_url="redis://127.0.0.1:1").redis == "redis://127.0.0.1:1"


def test_settings_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().threads = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("threads", 0),
        ("threads", 257),
        ("log_level", "debug"),
        ("instance", "Prod Access"),
        ("instance", ""),
        ("instance", "x" * 33),
    ],
)
def test_what_a_setting_cannot_be_is_refused(field: str, value: object):
    with pytest.raises(ValidationError):
        given(**{field: value})


# Secrets


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (LONG, (LONG.encode(),)),
        (f"{LONG},another secret of ours", (LONG.encode(), b"another secret of ours")),
        (f" {LONG} , , another secret of ours,", (LONG.encode(), b"another secret of ours")),
    ],
)
def test_the_first_secret_signs_and_each_verifies(
    text: str, keys: tuple[bytes, ...], bare: pytest.MonkeyPatch
):
    bare.setenv("PROD_ACCESS_SECRET", text)
    assert Settings().keys == keys


@pytest.mark.parametrize("text", ["fifteen letters", f"{LONG},short"])
def test_a_short_secret_is_refused_without_being_shown(text: str, bare: pytest.MonkeyPatch):
    bare.setenv("PROD_ACCESS_SECRET", text)
    with pytest.raises(ValidationError, match="at least 16 characters") as refused:
        Settings()
    assert text not in str(refused.value)


def test_secrets_are_not_shown():
    assert LONG not in repr(given(secrets=(SecretStr(LONG),)))


def test_a_secret_is_made_once_and_kept_for_its_owner_only(tmp_path: Path):
    home = tmp_path / "deep" / "home"
    (first,) = given(home=home).keys
    assert len(first) == 64
    assert given(home=home).keys == (first,)
    assert stat.S_IMODE((home / "secret").stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == ["secret"]


def ask_for_the_secret(start: Barrier, home: Path, answers: Any) -> None:  # noqa: ANN401 (a queue of processes)
    start.wait()
    answers.put(workers.settings._kept_secret(home))


def test_several_processes_at_once_keep_the_same_secret(tmp_path: Path):
    forking = multiprocessing.get_context("fork")
    start, answers = forking.Barrier(6), forking.SimpleQueue()
    asking = [forking.Process(target=ask_for_the_secret, args=(start, tmp_path, answers)) for _ in range(6)]
    for process in asking:
        process.start()
    for process in asking:
        process.join()
    assert len({answers.get() for _ in asking}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


# Where Redis may be


@pytest.mark.parametrize(
    "url",
    [
        "",
        "redis://127.0.0.1:6379/0",
        "redis://localhost",
        "redis://[::1]:6379",
        "unix:///run/redis.sock",
        "rediss://:word@redis.example:6380/0",
        "rediss://user:word@redis.example",
    ],
)
def test_redis_here_or_over_tls_with_a_password_is_fine(url: str):
    assert given(redis_url=url).redis_problem() is None


@pytest.mark.parametrize(
    "url",
    [
        "redis://redis.example:6379/0",
        "redis://:word@redis.example",
        "rediss://redis.example",
        "rediss://user@redis.example",
        "rediss://:@redis.example",
        "redis://127.0.0.1.example",
        "redis://localhost@redis.example",
    ],
)
def test_redis_elsewhere_without_tls_or_a_password_is_refused_in_words(url: str):
    problem = given(redis_url=url).redis_problem()
    assert problem is not None
    assert "without TLS and a password" in problem
    assert "word@" not in problem


def test_whoever_must_can_have_it_insecure():
    assert given(redis_url="redis://redis.example", redis_insecure=True).redis_problem() is None
