"""What the ledger holds: requests and grants; and ending one from a terminal."""

import getpass
from collections import Counter
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from bot.desk import Desk
from cli import wiring
from cli.output import AsJson, CannotDo, say, show
from cli.person import TerminalSettings
from cli.terminal import end_own
from policies.grant import Grant, GrantState
from policies.request import AccessRequest, RequestState
from policies.values import PersonId, RequestId
from workers.ending import Stopped
from workers.ledger.errors import LedgerError
from workers.wiring import Hands

_REQUEST_COLUMNS = ("id", "state", "requester", "beneficiary", "role", "asked_at", "ends_at")
_GRANT_COLUMNS = ("id", "state", "person", "role", "cloud", "ends_at", "due_at", "problem")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(requests)
    app.command()(grants)
    app.command()(end)
    app.command()(freeze)


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


def end(
    request: Annotated[str | None, typer.Argument(help="The request's id: pa-7k3m.")] = None,
    *,
    person: Annotated[str | None, typer.Option(help="End everything this person holds or waits for.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="End everything anybody holds.")] = False,
    sure: Annotated[bool, typer.Option("--yes", help="Do not ask before --all.")] = False,
) -> None:
    """End a request's access now, or withdraw it while it waits; or all of a person's, or all there is.

    At a person's own terminal (PROD_ACCESS_URL is set, DATABASE_URL is not) it ends what is theirs: a
    request, a role, `all`, or without a word the one thing that runs.
    """
    if TerminalSettings().is_a_persons and not (person or everything):
        end_own(request)
    if [request is not None, person is not None, everything].count(True) != 1:
        raise CannotDo("name one request, or --person, or --all.")
    if everything and not sure:
        typer.confirm("End everybody's access now?", abort=True)
    hands = wiring.hands()
    desk = Desk(hands.ledger, hands.policy)
    try:
        if request is not None:
            say(_end_one(desk, RequestId(request.lower())))
        else:
            _end_many(desk, hands, PersonId(person) if person else None)
    except LedgerError as error:
        raise CannotDo(str(error)) from error


def _end_one(desk: Desk, request: RequestId) -> str:
    match desk.end_as_operator(getpass.getuser(), request):
        case Stopped.ENDING:
            return f"{request} is ending. prod-access grants shows when it is gone."
        case Stopped.WITHDRAWN:
            return f"{request} was withdrawn; nothing was given."
        case Stopped.OVER:
            return f"{request} is over already; nothing changed."
        case Stopped.UNKNOWN:
            raise CannotDo(f"there is no request called {request}.")


def _end_many(desk: Desk, hands: Hands, person: PersonId | None) -> None:
    """End them one by one, and count; what waits for an answer is withdrawn."""
    states = [state for state in RequestState if not state.over]
    with hands.ledger.reading() as reader:
        found = reader.requests(states=states, person=person, most=100_000)
    done: Counter[Stopped] = Counter()
    with Progress(console=Console(stderr=True), transient=True) as bar:
        for one in bar.track(found, description="ending"):
            done[desk.end_as_operator(getpass.getuser(), one.id)] += 1
    counts = (done[stopped] for stopped in (Stopped.ENDING, Stopped.WITHDRAWN, Stopped.OVER))
    say("{} ending, {} withdrawn, {} over already.".format(*counts))


def freeze(
    *, off: Annotated[bool, typer.Option("--off", help="Let new access be given again.")] = False
) -> None:
    """Stop all new access; what is live still ends on time."""
    by = f"operator:{getpass.getuser()}"
    try:
        changed = wiring.hands().ledger.retrying(
            lambda writing: writing.thaw(by) if off else writing.freeze(by)
        )
    except LedgerError as error:
        raise CannotDo(str(error)) from error
    state = "New access is given again." if off else "No new access is given. Live access still ends on time."
    say(state if changed else f"{state} It was so already.")


def _request(request: AccessRequest) -> dict[str, Any]:
    return request.model_dump(mode="json", include={*_REQUEST_COLUMNS, "reference", "version"})


def _grant(grant: Grant) -> dict[str, Any]:
    return grant.model_dump(
        mode="json", include={*_GRANT_COLUMNS, "request", "holding", "live_at", "gone_at"}
    )
