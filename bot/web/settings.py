"""The settings of the web API."""

from pydantic import Field

from workers.settings import Settings, env


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

    @property
    def address(self) -> str:
        """Where it listens, as one word."""
        host = f"[{self.bind}]" if ":" in self.bind else self.bind
        return f"{host}:{self.port}"
