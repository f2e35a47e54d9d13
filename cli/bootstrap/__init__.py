"""What has to be set up in a cloud, and nothing more, so that the cloud itself refuses the rest.

the catalogue ──▶ policies.least_privilege ──▶ commands │ terraform │ JSON
"""

from collections import Counter
from typing import Annotated, Literal, TypeAlias, assert_never

import typer
from pydantic import ValidationError

from cli import wiring
from cli.bootstrap.commands import command_lines
from cli.bootstrap.terraform import terraform as as_terraform
from cli.output import CannotDo, show_json
from policies.files import FileRefused, load
from policies.least_privilege.aws import AwsSetup, aws_setup
from policies.least_privilege.azure import LONGEST_CONDITION, AzureSetup, azure_setup
from policies.least_privilege.gcp import MOST_LIMITS, GcpSetup, gcp_setup
from policies.least_privilege.identity_center import IdentityCenterSetup, identity_center_setup
from policies.rules import Policy

CloudToSetUp: TypeAlias = Literal["aws", "identity-center", "gcp", "azure"]
Setup: TypeAlias = AwsSetup | IdentityCenterSetup | GcpSetup | AzureSetup

_WORKERS = {
    "aws": "arn:aws:iam::444455556666:role/prod-access-worker",
    "identity-center": "arn:aws:iam::444455556666:role/prod-access-worker",
    "gcp": "prod-access-worker@tooling.iam.gserviceaccount.com",
    "azure": "70000000-0000-4000-8000-000000000071 (the object id of its service principal)",
}
"""Who the workers could be, as an example."""


def bootstrap(
    cloud: Annotated[CloudToSetUp, typer.Argument(help="The cloud to set up.")],
    *,
    worker: Annotated[
        str | None,
        typer.Option(
            "--worker", help="Who the workers are: an ARN, a service account's address, an object id."
        ),
    ] = None,
    cli: Annotated[
        bool, typer.Option("--cli", help="Print lines for a shell, as without any of these.")
    ] = False,
    terraform: Annotated[bool, typer.Option("--terraform", help="Print Terraform.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the documents alone.")] = False,
    pim: Annotated[bool, typer.Option("--pim", help="Azure: open PIM too, which needs more.")] = False,
) -> None:
    """Print what a cloud needs for this catalogue, and nothing more. Nothing is called or changed."""
    if cli + terraform + as_json > 1:
        raise CannotDo("--cli, --terraform and --json are three ways to print the same; choose one")
    if pim and cloud != "azure":
        raise CannotDo("--pim is for azure alone")
    setup = setup_for(_policy(), cloud, worker, pim=pim)
    if as_json:
        show_json(setup.document)
    else:
        typer.echo(as_terraform(setup) if terraform else command_lines(setup))


def setup_for(policy: Policy, cloud: CloudToSetUp, worker: str | None, *, pim: bool = False) -> Setup:
    """What a cloud needs for a policy; CannotDo says why there is nothing to print."""
    if not policy.clouds.places(cloud):
        raise CannotDo(f"clouds.yaml has nothing in {cloud}")
    if worker is None:
        raise CannotDo(f"say who the workers are, for example --worker {_WORKERS[cloud]}")
    try:
        setup = _setup(policy, cloud, worker, pim=pim)
    except ValidationError as error:
        raise CannotDo(
            f'"{worker}" cannot be the workers of {cloud}; one could be {_WORKERS[cloud]}'
        ) from error
    problem = _problem(setup)
    if problem:
        raise CannotDo(problem)
    return setup


def _policy() -> Policy:
    folder = wiring.settings().org
    try:
        return load(folder)
    except FileRefused as refused:
        raise CannotDo(f"the policy in {folder} is refused; prod-access policy check says why") from refused


def _setup(policy: Policy, cloud: CloudToSetUp, worker: str, *, pim: bool) -> Setup:
    match cloud:
        case "aws":
            return aws_setup(policy, worker)
        case "identity-center":
            return identity_center_setup(policy, worker)
        case "gcp":
            return gcp_setup(policy, worker)
        case "azure":
            return azure_setup(policy, worker, pim=pim)
        case _:
            assert_never(cloud)


def _problem(setup: Setup) -> str | None:
    """Why there is nothing to print, or why the cloud would not take it; None when all is well."""
    match setup:
        case GcpSetup(limits=()) | AzureSetup(delegations=()):
            return "no role of the catalogue reaches anything there"
        case GcpSetup():
            bindings = Counter(limit.resource for limit in setup.limits)
            full = (name for name, count in bindings.items() if count > MOST_LIMITS)
            text = f"has more roles than {MOST_LIMITS} bindings can name; give fewer of them there"
        case AzureSetup():
            full = (one.scope for one in setup.delegations if len(one.condition) > LONGEST_CONDITION)
            text = "has more roles than a condition of 8 KB can name; give fewer of them there"
        case _:
            return None
    return next((f"{name} {text}" for name in full), None)
