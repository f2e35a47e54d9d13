"""A person at their own terminal: where prod-access is, whose login it is, and where that is kept."""

import sys
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from cli.output import CannotDo
from workers.settings import LOOPBACK, env

if TYPE_CHECKING:  # only people's terminals have httpx and keyring installed
    from cli.keeping import Keeping
    from cli.service import Service

NOT_LOGGED_IN = "you are not logged in. Run: prod-access login"


class TerminalSettings(BaseSettings):
    """What a person's own terminal knows."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, populate_by_name=True
    )

    url: str = Field(
        default="",
        validation_alias=env("PROD_ACCESS_URL"),
        description="Where the web API is, for a person's own terminal.",
    )
    token: SecretStr = Field(
        default=SecretStr(""),
        validation_alias=env("PROD_ACCESS_TOKEN"),
        description="A login for one shell alone, where there is no keyring to keep it in.",
    )
    database_url: str = Field(
        default="",
        validation_alias=env("DATABASE_URL"),
        description="Where the ledger is: whoever is told is an operator.",
    )

    gcp_endpoint: str | None = Field(
        default=None,
        validation_alias=env("PROD_ACCESS_GCP_ENDPOINT"),
        description="Another endpoint for Google's APIs: a stand-in.",
    )

    @property
    def is_a_persons(self) -> bool:
        """True at a person's own terminal: it knows the web API and not the ledger."""
        return bool(self.url and not self.database_url)

    @property
    def address(self) -> str:
        """Where the web API is.

        Raises:
            CannotDo: nobody said, or a login would be sent in the clear.
        """
        if not self.url:
            raise CannotDo(
                "PROD_ACCESS_URL is missing: the https:// address of your organisation's prod-access."
            )
        parts = urlsplit(self.url)
        to_ourselves = parts.scheme == "http" and parts.hostname in LOOPBACK
        if not parts.hostname or not (parts.scheme == "https" or to_ourselves):
            raise CannotDo(
                "PROD_ACCESS_URL has to start with https://, or your login could be read on its way."
            )
        if parts.username or parts.query or parts.fragment:
            raise CannotDo("PROD_ACCESS_URL is an address alone: without a user, a query or a fragment.")
        return self.url.rstrip("/")


class Terminal(NamedTuple):
    """A terminal's settings, and its keyring if it has one that keeps secrets safely."""

    settings: TerminalSettings
    keeping: "Keeping | None"

    @property
    def token(self) -> str:
        """The login: this shell's own, else the one in the keyring; empty where there is none."""
        shell = self.settings.token.get_secret_value()
        kept = self.keeping.get(self.settings.address) if self.keeping and not shell else None
        return shell or kept or ""

    def service(self, token: str = "") -> "Service":
        """The web API, called with this login or none."""
        from cli.service import Service  # noqa: PLC0415 (only people's terminals have httpx)

        return Service(self.settings.address, token)

    def signed_in(self) -> "Service":
        """The web API, called as the person who logged in; CannotDo when nobody did."""
        token = self.token if self.settings.address else ""
        if not token:
            raise CannotDo(NOT_LOGGED_IN)
        return self.service(token)


def terminal() -> Terminal:
    """This terminal; CannotDo where the packages that a terminal needs are missing."""
    try:
        from cli.keeping import keeping  # noqa: PLC0415 (only people's terminals have keyring)
    except ImportError as error:
        raise CannotDo("a terminal needs its own packages: pip install 'prod-access[terminal]'.") from error
    return Terminal(TerminalSettings(), keeping())


def for_a_program(how: str) -> None:
    """See to it that what is secret goes to a program; CannotDo when a screen would show it."""
    if sys.stdout.isatty():
        raise CannotDo(f"this prints a secret, which does not belong on a screen. {how}")
