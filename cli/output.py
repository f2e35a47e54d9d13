"""How the command speaks: tables for people, JSON for programs, one sentence when something is wrong."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, TypeAlias

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


class CannotDo(Exception):
    """What was asked cannot be done; the message says why and what to do."""


class SaysNo(Exception):
    """It is not so, and nothing is wrong; the message says why. Exit code 1."""


def complain(sentence: str) -> None:
    """Say what is wrong, on standard error."""
    Console(stderr=True, soft_wrap=True).print(Text(f"prod-access: {sentence}"))


class NotNow(CannotDo):
    """It may work later; `after` is how many seconds we were asked to wait."""

    def __init__(self, why: str, after: float = 0.0) -> None:
        super().__init__(why)
        self.after = after


def say(sentence: str) -> None:
    """Say something to a person; nothing in it is taken for markup."""
    Console(soft_wrap=True).print(Text(sentence))


def show(rows: Sequence[Mapping[str, object]], columns: Iterable[str], *, as_json: bool, empty: str) -> None:
    """Rows as a table, or as JSON with everything they hold."""
    if as_json:
        print(json.dumps(list(rows), indent=2, ensure_ascii=False))  # noqa: T201 (the command's output)
        return
    if not rows:
        say(empty)
        return
    Console().print(_table(rows, tuple(columns)))


def show_json(value: object) -> None:
    """One value as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))  # noqa: T201 (the command's output)


def _table(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if row.get(name) is None else str(row[name])) for name in columns))
    return table
