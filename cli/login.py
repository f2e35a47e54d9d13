"""Logging in and out at a terminal: Slack's identity is the login."""

import getpass
import shlex
import socket
import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from cli.output import CannotDo, NotNow, say
from cli.person import Terminal, for_a_program, terminal

if TYPE_CHECKING:  # only people's terminals have httpx
    from bot.web.shapes import LoginStarted, LoginTaken
    from cli.service import Service

_PAUSE_MOST: Final = 30.0
"""How many seconds pass at most before a web API that does not answer is asked again (RFC 8628, 3.5)."""
EVAL: Final = 'eval "$(prod-access login --print-env)"'


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(login)
    app.command()(logout)


def login(
    *,
    print_env: Annotated[
        bool, typer.Option("--print-env", help="Log in this shell alone: print the line that sets its login.")
    ] = False,
) -> None:
    """Log in for 12 hours: type the code it shows in Slack, and confirm there that it is you."""
    here = terminal()
    if print_env:
        for_a_program(f"Use: {EVAL}")
    elif here.keeping is None:
        raise CannotDo(f"there is no keyring here to keep a login in. For this shell alone: {EVAL}")
    taken = _confirmed(here.service())
    if print_env:
        print(f"export PROD_ACCESS_TOKEN={shlex.quote(taken.token)}")  # noqa: T201 (what the shell evaluates)
    else:
        _keep(here, taken)
    _tell(f"Logged in as {taken.name} until {clock_time(taken.ends_at)}.")


def _confirmed(service: "Service") -> "LoginTaken":
    """The login, once somebody confirmed it in Slack; CannotDo when nobody does."""
    started = service.start_login(f"{getpass.getuser()}@{socket.gethostname()}")
    _tell(f"In Slack: /prod-access login {started.user_code}")
    _tell(f"Waiting for you to confirm it there, for {started.expires_in // 60} min at most.")
    return _wait(service, started)


def _wait(service: "Service", started: "LoginStarted") -> "LoginTaken":
    """Ask until the code lapses; what goes wrong meanwhile is asked again, each time a little later."""
    lapses = time.monotonic() + started.expires_in
    pause = started.interval
    while True:
        try:
            taken = service.take_login(started.device_code)
            pause = started.interval
        except CannotDo as error:
            told = error.after if isinstance(error, NotNow) else 0.0
            pause = min(max(2 * pause, told), _PAUSE_MOST)
            if time.monotonic() + pause >= lapses:
                raise
            taken = None
        if taken is not None:
            return taken
        time.sleep(pause)


def _keep(here: Terminal, taken: "LoginTaken") -> None:
    """Keep the new login in the keyring in place of the one before, which is ended."""
    address = here.settings.address
    before = here.keeping.get(address) if here.keeping else None
    if here.keeping is None or not here.keeping.put(address, taken.token):
        here.service(taken.token).log_out()
        raise CannotDo(f"the keyring did not keep the login, so it was ended. For this shell alone: {EVAL}")
    if before:
        with suppress(CannotDo):
            here.service(before).log_out()
    if here.settings.token.get_secret_value():
        _tell(
            "This shell has a PROD_ACCESS_TOKEN, which goes first. For the new login: unset PROD_ACCESS_TOKEN"
        )


def logout() -> None:
    """End this terminal's login. Every terminal's: /prod-access logout in Slack."""
    here = terminal()
    service = here.signed_in()
    try:
        service.log_out()
    finally:
        if here.keeping:
            here.keeping.drop(here.settings.address)
    say("Logged out.")


def clock_time(moment: datetime) -> str:
    """A moment as this machine's clock shows it, with its zone."""
    here = moment.astimezone()
    today = here.date() == datetime.now(here.tzinfo).date()
    return f"{here:%H:%M %Z}" if today else f"{here:%-d %b %H:%M %Z}"


def _tell(sentence: str) -> None:
    """Say something beside what is printed for a shell."""
    Console(stderr=True, soft_wrap=True).print(Text(sentence))
