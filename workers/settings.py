"""The settings of every process that touches the ledger, the queue or a cloud; read once, in its wiring."""

import json
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

LOOPBACK: Final = {"127.0.0.1", "::1", "localhost"}


def env(name: str) -> AliasChoices:
    """The environment variable a setting is read from."""
    return AliasChoices(name)


def _by_name(value: object) -> object:
    """A mapping that is written as JSON; what cannot be read is not repeated, as it may be a secret."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value or "{}")
    except json.JSONDecodeError:
        raise ValueError("it has to be JSON, by the name of each pager") from None


BY_NAME: Final = BeforeValidator(_by_name)
"""Read a setting that has a value for each name."""


class Settings(BaseSettings):
    """What workers, clock and bot share. Every field names its environment variable."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,  # a refused secret is not shown
        populate_by_name=True,
        env_prefix="PROD_ACCESS_",  # where a field's own name is looked for too: never HOME, never SECRETS
    )

    database_url: str = Field(
        default="",
        validation_alias=env("DATABASE_URL"),
        description="Where the ledger is; empty: a SQLite file in PROD_ACCESS_HOME.",
    )
    redis_url: str = Field(
        default="",
        validation_alias=env("REDIS_URL"),
        description="The dispatcher; empty: a server of our own in PROD_ACCESS_HOME.",
    )
    redis_insecure: bool = Field(
        default=False,
        validation_alias=env("PROD_ACCESS_REDIS_INSECURE"),
        description="Allow a Redis on another host without TLS and a password.",
    )
    secrets: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        validation_alias=env("PROD_ACCESS_SECRET"),
        description="Signs jobs and labels; two with a comma while rotating: the first signs, both verify.",
    )
    instance: str = Field(
        default="prod-access",
        validation_alias=env("PROD_ACCESS_INSTANCE"),
        pattern=r"^[a-z0-9-]{1,32}$",
        description="The name of this installation, written on everything it makes in a cloud.",
    )
    org: Path = Field(
        default=Path(__file__).resolve().parent.parent / "policies" / "org",
        validation_alias=env("PROD_ACCESS_ORG"),
        description="The folder of people.yaml, roles.yaml, rules.yaml and clouds.yaml.",
    )
    home: Path = Field(
        default=Path(".prod-access"),
        validation_alias=env("PROD_ACCESS_HOME"),
        description="Where the built-in ledger, Redis and secret are kept.",
    )
    threads: int = Field(
        default=64,
        ge=1,
        le=256,
        validation_alias=env("PROD_ACCESS_THREADS"),
        description="Cloud calls that one drain has under way at most.",
    )
    page_webhook: SecretStr = Field(
        default=SecretStr(""),
        validation_alias=env("PROD_ACCESS_PAGE_WEBHOOK"),
        description="A URL that is sent a JSON message when access does not end as it should; empty: nobody.",
    )
    log_level: str = Field(
        default="INFO",
        validation_alias=env("PROD_ACCESS_LOG"),
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="How much is logged: DEBUG, INFO, WARNING or ERROR.",
    )
    aws_endpoint: str | None = Field(
        default=None,
        validation_alias=env("AWS_ENDPOINT_URL"),
        description="Another AWS endpoint: a private one, or a stand-in.",
    )

    identity_center_endpoint: str | None = Field(
        default=None,
        validation_alias=env("PROD_ACCESS_IDENTITY_CENTER_ENDPOINT"),
        description="Another address of Identity Center and its STS: a stand-in.",
    )
    gcp_endpoint: str | None = Field(
        default=None,
        validation_alias=env("PROD_ACCESS_GCP_ENDPOINT"),
        description="Another Google Cloud endpoint: a private one, or a stand-in.",
    )
    azure_endpoint: str | None = Field(
        default=None,
        validation_alias=env("PROD_ACCESS_AZURE_ENDPOINT"),
        description="Another Azure Resource Manager endpoint: a sovereign cloud, or a stand-in.",
    )
    azure_authority: str | None = Field(
        default=None,
        validation_alias=env("AZURE_AUTHORITY_HOST"),
        description="Where Azure signs in: a sovereign cloud's authority, or a stand-in.",
    )
    ca_bundle: str | None = Field(
        default=None,
        validation_alias=env("REQUESTS_CA_BUNDLE"),
        description="The certificates to trust instead of the machine's own.",
    )

    @field_validator("secrets", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part for part in (piece.strip() for piece in value.split(",")) if part)
        return value

    @field_validator("secrets")
    @classmethod
    def _long_enough(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(secret.get_secret_value()) < 16 for secret in value):  # noqa: PLR2004 (said in the message)
            raise ValueError("PROD_ACCESS_SECRET needs at least 16 characters")
        return value

    @property
    def ledger_url(self) -> str:
        """Where the ledger is."""
        return self.database_url or f"sqlite:///{self.home / 'ledger.db'}"

    @property
    def redis(self) -> str:
        """The dispatcher's address: as given, else of the server kept in our home, else Redis's own."""
        kept = self.home / REDIS_URL_FILE
        if not self.redis_url and kept.exists():
            return kept.read_text(encoding="utf-8").strip()
        return self.redis_url or "redis://127.0.0.1:6379/0"

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The signing keys, the one in use first; the kept one when none is configured."""
        if self.secrets:
            return tuple(secret.get_secret_value().encode() for secret in self.secrets)
        return (_kept_secret(self.home),)

    def redis_problem(self) -> str | None:
        """Why REDIS_URL must not be used, or None."""
        url = urlsplit(self.redis_url)
        local = url.scheme == "unix" or url.hostname in LOOPBACK or not self.redis_url
        safe = url.scheme == "rediss" and bool(url.password)
        if local or safe or self.redis_insecure:
            return None
        return (
            "REDIS_URL names another host without TLS and a password. Use rediss://:PASSWORD@HOST, "
            "or set PROD_ACCESS_REDIS_INSECURE=true if you must."
        )


REDIS_URL_FILE: Final = "redis.url"
"""Where `prod-access up` keeps the address of its own Redis, in its home."""
DATABASE_SKEW: Final = timedelta(seconds=5)
"""How far the database's clock may be from ours before nothing new is granted."""


def _kept_secret(home: Path) -> bytes:
    """The secret beside the built-in ledger, made once and readable by its owner only."""
    path = home / "secret"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(32))
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            pass  # another process made it first: theirs is the one
        finally:
            fresh.unlink()
    return path.read_text().strip().encode()
