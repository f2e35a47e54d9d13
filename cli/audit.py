"""The audit log, checked."""

import typer

from cli import wiring
from cli.output import AsJson, CannotDo, say, show_json
from policies.audit import verify
from workers.ledger.errors import LedgerError

app = typer.Typer(help="Verify the audit log.", no_args_is_help=True)


@app.command("verify")
def verify_log(*, as_json: AsJson = False) -> None:
    """Follow the hash chain from the first entry to the last, and name the first that does not fit."""
    try:
        with wiring.hands().ledger.reading() as reader:
            broken = verify(reader.entries())
            seq, head = reader.head()
            last = max((entry.seq for entry in reader.entries(after=seq - 1)), default=0)
    except LedgerError as error:
        raise CannotDo(str(error)) from error
    if broken is None and last != seq:
        why = f"the log ends at entry {last}, but entry {seq} was written"
    else:
        why = broken.why if broken else ""
    if as_json:
        show_json({"ok": not why, "entries": seq, "head": head, "problem": why or None})
    else:
        say(f"The log is broken: {why}." if why else f"{seq} entries, each follows from the one before it.")
    raise typer.Exit(1 if why else 0)
