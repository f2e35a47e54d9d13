"""Asking for access, seeing it and ending it, at a person's own terminal."""

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from cli.login import clock_time
from cli.output import AsJson, say, show, show_json
from cli.person import terminal

if TYPE_CHECKING:  # only people's terminals have httpx
    from bot.web.shapes import HeldRequest, Outcome

_COLUMNS = ("id", "state", "role", "where", "until")
_AS_TYPED = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(context_settings=_AS_TYPED)(ask)
    app.command()(mine)


def ask(
    line: Annotated[
        list[str],
        typer.Argument(metavar="ROLE", help="ROLE [DURATION] [REFERENCE] reason, as typed in Slack."),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Ask for a role: `prod-access ask prod-db-readonly 1h INC-42 replication lag`."""
    tell(terminal().signed_in().ask(" ".join(line)), as_json=as_json)


def mine(*, as_json: AsJson = False) -> None:
    """List what you hold and wait for."""
    found = terminal().signed_in().mine().requests
    rows = [one.model_dump(mode="json") for one in found] if as_json else [_row(one) for one in found]
    show(rows, _COLUMNS, as_json=as_json, empty="You hold nothing now. Ask: prod-access ask ROLE reason")


def end_own(target: str | None) -> NoReturn:
    """End what is one's own: a request, a role, `all`, or the one thing that runs."""
    tell(terminal().signed_in().end(target), as_json=False)


def tell(outcome: "Outcome", *, as_json: bool) -> NoReturn:
    """What came of it; exit code 1 when nothing did."""
    if as_json:
        show_json(outcome.model_dump(mode="json"))
    else:
        say(outcome.message)
    raise typer.Exit(0 if outcome.done else 1)


def _row(one: "HeldRequest") -> dict[str, object]:
    until = clock_time(one.ends_at) if one.ends_at else ""
    return {
        "id": one.id,
        "state": one.state,
        "role": one.role,
        "where": ", ".join(one.places),
        "until": until,
    }
