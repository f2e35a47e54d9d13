"""The audit log, checked."""

from collections.abc import Iterator

import typer

from cli import wiring
from cli.output import AsJson, CannotDo, say, show_json
from policies.audit import Entry, verify
from workers.ledger.errors import LedgerError
from workers.ledger.reading import Reader

app = typer.Typer(help="Verify the audit log.", no_args_is_help=True)


@app.command("verify")
def verify_log(*, as_json: AsJson = False) -> None:
    """Follow the hash chain from the first entry to the last, and name the first that does not fit."""
    try:
        with wiring.hands().ledger.reading() as reader:
            why = what_is_wrong(reader)
            seq, head = reader.head()
    except LedgerError as error:
        raise CannotDo(str(error)) from error
    if as_json:
        show_json({"ok": not why, "entries": seq, "head": head, "problem": why or None})
    else:
        say(f"The log is broken: {why}." if why else f"{seq} entries, each follows from the one before it.")
    raise typer.Exit(1 if why else 0)


def what_is_wrong(reader: Reader) -> str:
    """The first entry that does not fit, or an end that is missing, in words; nothing when the log holds."""
    last = 0

    def noted() -> Iterator[Entry]:
        nonlocal last
        for entry in reader.entries():
            last = entry.seq
            yield entry

    broken, (seq, _) = verify(noted()), reader.head()
    if broken is None and last != seq:
        return f"the log ends at entry {last}, but entry {seq} was written"
    return broken.why if broken else ""
