"""The settings of the web API."""

from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from bot.web.callers import Network
from workers.settings import BY_NAME, Settings, env


class WebSettings(Settings):
    """What the web API needs besides the ledger and the queue."""

    port: int = Field(
        default=8080,
        ge=1,
        le=65_535,
        validation_alias=env("PORT"),
        description="Where the web API listens.",
    )
    bind: str = Field(
        default="127.0.0.1",
        validation_alias=env("PROD_ACCESS_BIND"),
        pattern=r"^[0-9A-Za-z.:_-]{1,255}$",
        description="The address the web API listens on; what is in front of it speaks TLS.",
    )

    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        default=(),
        validation_alias=env("PROD_ACCESS_TRUSTED_PROXIES"),
        description="Addresses or networks whose X-Forwarded-For is believed, with commas; empty: nobody's.",
    )

    pager_secrets: Annotated[dict[str, tuple[SecretStr, ...]], NoDecode, BY_NAME] = Field(
        default_factory=dict,
        validation_alias=env("PROD_ACCESS_PAGER_SECRETS"),
        description="What each pager signs with, as JSON by its name in pagers.yaml; two while rotating.",
    )

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part for part in (piece.strip() for piece in value.split(",")) if part)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _not_everybody(cls, value: tuple[Network, ...]) -> tuple[Network, ...]:
        if any(network.prefixlen == 0 for network in value):
            raise ValueError("not everybody is a proxy")
        return value

    @property
    def address(self) -> str:
        """Where it listens, as one word."""
        host = f"[{self.bind}]" if ":" in self.bind else self.bind
        return f"{host}:{self.port}"
