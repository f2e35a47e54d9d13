"""Comparing the clouds with the ledger, by hand."""

from typing import Annotated, Any, assert_never

import typer
from rich.console import Console
from rich.progress import Progress

from cli import wiring
from cli.output import AsJson, CannotDo, say, show
from policies.reconcile import Adopt, Flag, LookOnce, Report, Shorten, Step
from policies.values import CloudName
from workers.clouds.cloud import CloudError, Unread
from workers.ledger.errors import LedgerError
from workers.reconciler import Reconciler

_COLUMNS = ("what", "object", "detail")


def reconcile(
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Put right what differs, not only show it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what clouds and ledger disagree about, and with --apply put it right."""
    hands = wiring.hands()
    rows: list[dict[str, Any]] = []
    for cloud in hands.clouds_in_use():
        try:
            rows += _one(hands.reconciler(cloud), cloud, apply=apply)
        except (CloudError, LedgerError) as error:
            raise CannotDo(f"{cloud} could not be compared with the ledger: {error}.") from error
    show(rows, _COLUMNS, as_json=as_json, empty="Clouds and ledger agree.")
    if rows and not as_json:
        say("It was put right." if apply else "Nothing was changed. Add --apply to put it right.")
    raise typer.Exit(1 if rows and not apply else 0)


def _one(reconciler: Reconciler, cloud: CloudName, *, apply: bool) -> list[dict[str, Any]]:
    steps, unread = reconciler.look()
    if apply and steps:
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(f"reconciling {cloud}", total=len(steps))
            reconciler.run(lambda done, of: bar.update(task, completed=done, total=of))
    return [*(_row(step) for step in steps), *(_unread(cloud, one) for one in unread)]


def _unread(cloud: CloudName, unread: Unread) -> dict[str, Any]:
    return {"what": "could not be read", "object": f"{cloud} {unread.place}", "detail": unread.problem}


def _row(step: Step) -> dict[str, Any]:
    match step:
        case Adopt(sighting):
            detail = f"ends {sighting.ends_at:%Y-%m-%d %H:%M:%S} UTC" if sighting.ends_at else "has no end"
            return {"what": "unknown to the ledger", "object": sighting.key, "detail": detail}
        case LookOnce(key):
            return {"what": "gone in the ledger", "object": key, "detail": "still in the cloud"}
        case Shorten(key):
            return {"what": "there for longer than given", "object": key, "detail": "its end is moved back"}
        case Report(sighting):
            return {"what": "not signed by us", "object": sighting.key, "detail": "left alone"}
        case Flag(grant):
            return {"what": "not in the cloud", "object": grant.holding, "detail": f"{grant.id} is live"}
        case _:
            assert_never(step)
