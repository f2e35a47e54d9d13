"""Checking the organisation's policy before it is in force."""

from pathlib import Path
from typing import Annotated

import typer

from cli import wiring
from cli.output import AsJson, CannotDo, say, show_json
from policies.files import FileRefused, load
from policies.lint import lint
from policies.rules import Policy

app = typer.Typer(help="Check and test the policy files.", no_args_is_help=True)

Folder = Annotated[
    Path | None, typer.Argument(help="The folder of the files; PROD_ACCESS_ORG when left out.")
]


@app.command()
def check(folder: Folder = None, *, as_json: AsJson = False) -> None:
    """Read the files as the bot would, and point at what is wrong or odd in them."""
    found = _load(folder, as_json=as_json)
    warnings = [str(problem) for problem in lint(found)]
    if as_json:
        show_json({"ok": True, "policy": found.hash, "warnings": warnings})
        return
    for warning in warnings:
        say(f"warning: {warning}")
    counts = f"{len(found.catalogue.roles)} roles, {len(found.rules)} rules, {len(found.cases)} cases"
    say(f"The policy is fine: {counts}. {found.hash[:12]}")


@app.command("test")
def run_cases(folder: Folder = None, *, as_json: AsJson = False) -> None:
    """Ask the rules every case that is written beside them."""
    found = _load(folder, as_json=as_json)
    names = [case.name for case in found.cases]
    if as_json:
        show_json({"ok": True, "passed": names})
        return
    for name in names:
        say(f"passed: {name}")
    say(f"{len(names)} of {len(names)} cases answered as they should.")


def _load(folder: Path | None, *, as_json: bool) -> Policy:
    """The policy, or exit code 1 with every problem that keeps it from being one."""
    where = folder or wiring.settings().org
    if not where.is_dir():
        raise CannotDo(f"there is no folder {where}. Name the one that holds rules.yaml.")
    try:
        return load(where)
    except FileRefused as refused:
        problems = [str(problem) for problem in refused.problems]
    if as_json:
        show_json({"ok": False, "problems": problems})
    for problem in () if as_json else problems:
        say(problem)
    raise typer.Exit(1)
