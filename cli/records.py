"""What the ledger holds: requests and grants; and ending one from a terminal."""

import getpass
from typing import Annotated, Any

import typer

from bot.answers import Ending, NothingToEnd, Withdrawn
from bot.desk import Desk
from cli import wiring
from cli.output import AsJson, CannotDo, say, show
from policies.grant import Grant, GrantState
from policies.request import AccessRequest, RequestState
from policies.values import RequestId
from workers.ledger.errors import LedgerError

_REQUEST_COLUMNS = ("id", "state", "requester", "beneficiary", "role", "asked_at", "ends_at")
_GRANT_COLUMNS = ("id", "state", "person", "role", "cloud", "ends_at", "due_at", "problem")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(requests)
    app.command()(grants)
    app.command()(end)


def requests(*, all_of_them: Annotated[bool, typer.Option("--all")] = False, as_json: AsJson = False) -> None:
    """List the requests that are open, or all of them."""
    states = [] if all_of_them else [state for state in RequestState if not state.over]
    try:
        with wiring.hands().ledger.reading() as reader:
            found = reader.requests(states=states)
    except LedgerError as error:
        raise CannotDo(str(error)) from error
    show([_request(one) for one in found], _REQUEST_COLUMNS, as_json=as_json, empty="No request is open.")


def grants(*, all_of_them: Annotated[bool, typer.Option("--all")] = False, as_json: AsJson = False) -> None:
    """List the grants that are not gone, or all of them."""
    states = [] if all_of_them else [state for state in GrantState if state is not GrantState.GONE]
    try:
        with wiring.hands().ledger.reading() as reader:
            found = reader.grants(states=states)
    except LedgerError as error:
        raise CannotDo(str(error)) from error
    show([_grant(one) for one in found], _GRANT_COLUMNS, as_json=as_json, empty="Nobody holds anything.")


def end(request: Annotated[str, typer.Argument(help="The request's id: pa-7k3m.")]) -> None:
    """End a request's access now, or withdraw it while it waits."""
    hands = wiring.hands()
    answer = Desk(hands.ledger, hands.policy).end_as_operator(getpass.getuser(), RequestId(request.lower()))
    match answer:
        case Ending():
            say(f"{request} is ending. prod-access grants shows when it is gone.")
        case Withdrawn():
            say(f"{request} was withdrawn; nothing was given.")
        case NothingToEnd(None):
            raise CannotDo(f"there is no request called {request}.")
        case NothingToEnd():
            say(f"{request} is over already; nothing changed.")
        case _:
            raise CannotDo(f"{request} was not ended: {type(answer).__name__}.")


def _request(request: AccessRequest) -> dict[str, Any]:
    return request.model_dump(mode="json", include={*_REQUEST_COLUMNS, "reference", "version"})


def _grant(grant: Grant) -> dict[str, Any]:
    return grant.model_dump(
        mode="json", include={*_GRANT_COLUMNS, "request", "holding", "live_at", "gone_at"}
    )
