"""The `prod-access` command: every process, every question, one way in.

Exit codes: 0 it is so, 1 it is not (something was found), 2 it could not be done, and one sentence says why.
"""

import sys

import typer

from cli import (
    audit,
    bootstrap,
    demo,
    doctor,
    login,
    policy,
    processes,
    reconcile,
    records,
    slack,
    terminal,
    web,
)
from cli.credentials import commands as credentials
from cli.output import CannotDo, SaysNo, complain
from workers.logs import start_logging

app = typer.Typer(
    name="prod-access",
    help="Temporary production access: asked for, approved, granted, watched, and always taken back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
processes.add_to(app)
records.add_to(app)
login.add_to(app)
terminal.add_to(app)
app.command("web")(web.web)
app.add_typer(credentials.app, name="credentials")
app.add_typer(policy.app, name="policy")
app.add_typer(audit.app, name="audit")
app.add_typer(slack.app, name="slack")
app.command("doctor")(doctor.doctor)
app.command("bootstrap")(bootstrap.bootstrap)
app.command("demo")(demo.demo)
app.command("reconcile")(reconcile.reconcile)


def main() -> None:
    """Run the command; a misconfiguration is one sentence, never a traceback."""
    start_logging("cli", "WARNING")  # to standard error: what a command answers stands alone
    try:
        app()
    except SaysNo as no:
        complain(str(no))
        sys.exit(1)
    except CannotDo as problem:
        complain(str(problem))
        sys.exit(2)


if __name__ == "__main__":
    main()
