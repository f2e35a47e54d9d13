"""What is typed: one command for each cloud. The ledger is asked first, so an early end ends it at once."""

import json
import shlex
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer
from pydantic import ValidationError

from bot.web.shapes import AwsRole, AzureRole, Cloud, GoogleBinding, Usable, UseAccess
from cli.credentials import words
from cli.output import CannotDo, SaysNo, say
from cli.person import Terminal, for_a_program, terminal

if TYPE_CHECKING:  # only people's terminals have what it imports
    from cli.credentials.aws import Sessions

app = typer.Typer(help="Use what you hold, with your own account in each cloud.", no_args_is_help=True)

_PROFILE: Final = "prod-access"
Request: TypeAlias = Annotated[
    str | None, typer.Option("--request", help="Which one, where several are live: pa-7k3m, or pa-7k3m-2.")
]
Token: TypeAlias = Annotated[
    bool, typer.Option("--token", help="Print an access token of your own account, for a program.")
]


@app.command("aws")
def aws(
    *,
    request: Request = None,
    profile: Annotated[
        str | None, typer.Option("--profile", help="The AWS profile of your own, everyday credentials.")
    ] = None,
    setup: Annotated[bool, typer.Option("--setup", help="Print the lines for ~/.aws/config.")] = False,
) -> None:
    """Print AWS credentials of what is live, as `credential_process` of an AWS profile wants them."""
    if setup:
        print(words.profile(request or _PROFILE, _command(request, profile)))  # noqa: T201 (for a file)
        return
    for_a_program("Let your AWS profile ask for it: prod-access credentials aws --setup")
    here = terminal()
    sessions = _sessions(here, request, profile)
    usable = _usable(here, "aws", request, sessions)
    if not isinstance(usable.target, AwsRole):
        raise CannotDo(f"{usable.request} is not in AWS.")
    from cli.credentials.aws import session_of  # noqa: PLC0415 (boto3 takes a while to import)

    session = session_of(usable, usable.target, sessions, profile)
    print(json.dumps(session.printed(usable.ends_at)))  # noqa: T201 (what the AWS SDKs read)


@app.command("gcp")
def gcp(
    *,
    request: Request = None,
    token: Token = False,
    impersonate: Annotated[
        str | None, typer.Option("--impersonate", help="Print a token of this service account instead.")
    ] = None,
) -> None:
    """Say how to use what is live in Google Cloud, or print a token for a program."""
    if token or impersonate:
        for_a_program("Give it to a program: --token | …")
    here = terminal()
    usable = _usable(here, "gcp", request)
    if not isinstance(usable.target, GoogleBinding):
        raise CannotDo(f"{usable.request} is not in Google Cloud.")
    if not (token or impersonate):
        _say_all(words.on_your_google_account(usable, usable.target))
        return
    try:
        from cli.credentials import gcp as google  # noqa: PLC0415 (only where Google is used)
    except ImportError as error:
        raise CannotDo("this needs its own packages: pip install 'prod-access[gcp]'.") from error
    left = timedelta(seconds=usable.seconds_left)
    endpoint = here.settings.gcp_endpoint
    print(google.token_of(impersonate, left, endpoint) if impersonate else google.own_token())  # noqa: T201 (for a program)


@app.command("azure")
def azure(*, request: Request = None, token: Token = False) -> None:
    """Say how to use what is live in Azure, or print a token for a program."""
    if token:
        for_a_program("Give it to a program: --token | …")
    usable = _usable(terminal(), "azure", request)
    if not isinstance(usable.target, AzureRole):
        raise CannotDo(f"{usable.request} is not in Azure.")
    if not token:
        _say_all(words.on_your_azure_account(usable, usable.target))
        return
    try:
        from cli.credentials import azure as microsoft  # noqa: PLC0415 (only where Azure is used)
    except ImportError as error:
        raise CannotDo("this needs its own packages: pip install 'prod-access[azure]'.") from error
    print(microsoft.own_token(usable.target.tenant))  # noqa: T201 (for a program)


def _usable(here: Terminal, cloud: Cloud, request: str | None, sessions: "Sessions | None" = None) -> Usable:
    """The one thing there that may be used now; what was kept of one that may not is dropped."""
    try:
        told = UseAccess(cloud=cloud, which=request.lower() if request else None)
    except ValidationError as error:
        raise CannotDo("--request is an id like pa-7k3m, or pa-7k3m-2 for one of its accounts.") from error
    try:
        return here.signed_in().use(told)
    except SaysNo:
        if sessions:
            sessions.drop()
        raise


def _sessions(here: Terminal, request: str | None, profile: str | None) -> "Sessions":
    from cli.credentials.aws import Sessions  # noqa: PLC0415 (boto3 takes a while to import)

    return Sessions(here.keeping, f"{here.settings.address} aws {request or ''} {profile or ''}".strip())


def _command(request: str | None, profile: str | None) -> str:
    """This command as another program starts it, found where it is now."""
    options = [("--request", request), ("--profile", profile)]
    given = [word for name, value in options if value for word in (name, value)]
    return shlex.join([shutil.which("prod-access") or "prod-access", "credentials", "aws", *given])


def _say_all(lines: tuple[str, ...]) -> None:
    for line in lines:
        say(line)
