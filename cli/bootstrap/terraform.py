"""A setup as Terraform, for the providers `aws`, `google` and `azurerm`.

Documents stand in heredocs as they are, but for `${` and `%{`
(https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences-1).
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import assert_never

from cli.bootstrap.layout import laid_out
from policies.least_privilege.aws import AwsSetup, SpokeAccount
from policies.least_privilege.azure import AzureSetup, Delegation
from policies.least_privilege.gcp import GcpSetup, OwnRole, RoleLimit
from policies.least_privilege.iam import Arn, PolicyDocument
from policies.least_privilege.identity_center import Assigner, IdentityCenterSetup

_KINDS = {"projects": ("project", "project"), "folders": ("folder", "folder")}
_ORGANIZATION = ("organization", "org_id")
_BOUNDARY = "The most that access through prod-access can ever do there: narrow the first statement."
_PEOPLE = "Attach it to whatever people sign in with. By itself it permits nothing: each role decides."


def terraform(setup: AwsSetup | IdentityCenterSetup | GcpSetup | AzureSetup) -> str:
    """Everything as blocks to copy; credentials are the providers' own matter."""
    match setup:
        case AwsSetup():
            blocks = _aws(setup)
        case IdentityCenterSetup():
            blocks = _identity_center(setup)
        case GcpSetup():
            blocks = _gcp(setup)
        case AzureSetup():
            blocks = (_delegation(setup, one) for one in setup.delegations)
        case _:
            assert_never(setup)
    return "\n\n".join(blocks)


def _block(head: str, short: Mapping[str, str], **long: str) -> str:
    """A block whose short attributes are aligned, as `terraform fmt` does; long ones stand apart."""
    width = max(map(len, short), default=0)
    lines = [f"  {name.ljust(width)} = {value}" for name, value in short.items()]
    for name, value in long.items():
        lines += ["", f"  {name} = {value}"]
    return "\n".join([f"{head} {{", *lines, "}"])


def _text(value: str) -> str:
    return _plain(json.dumps(value, ensure_ascii=False))


def _plain(text: str) -> str:
    """Nothing in it is a template."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _json(document: PolicyDocument) -> str:
    return _lines("JSON", laid_out(document.document))


def _lines(mark: str, text: str) -> str:
    inside = _plain(text).replace("\n", "\n    ")
    return f"<<-{mark}\n    {inside}\n  {mark}"


def _label(name: str) -> str:
    return re.sub(r"\W", "_", name)


# AWS and Identity Center ------------------------------------------------------------------------------------


def _aws(setup: AwsSetup) -> Iterator[str]:
    region = setup.accounts[0].account.region
    for one in setup.accounts:
        label = _label(one.account.alias)
        yield _provider(label, one.account.region, one.account.id)
        yield _boundary(label, one)
        yield from _role(label, one.account.spoke_role, one.trust, one.permissions)
    yield from _workers(setup.worker, "prod-access", region, setup.hub)
    for account in setup.people_accounts:
        label = f"people_{account}"
        yield _provider(label, region, account)
        yield _managed(_PEOPLE, label, _named(label, "prod-access-people", "/"), setup.people)


def _identity_center(setup: IdentityCenterSetup) -> Iterator[str]:
    for one in setup.assigners:
        yield from _assigner(one)
    yield from _workers(setup.worker, "prod-access-identity-center", setup.assigners[0].region, setup.hub)


def _assigner(one: Assigner) -> Iterator[str]:
    role = Arn.of(one.role)
    label = f"identity_center_{role.account}_{_label(role.name)}"
    yield _provider(label, one.region, role.account)
    yield from _role(label, one.role, one.trust, one.permissions)


def _provider(label: str, region: str, account: str) -> str:
    short = {"alias": _text(label), "region": _text(region), "allowed_account_ids": f"[{_text(account)}]"}
    return _block('provider "aws"', short)


def _boundary(label: str, one: SpokeAccount) -> str:
    name = Arn.of(one.account.boundary)
    return _managed(_BOUNDARY, f"{label}_boundary", _named(label, name.name, name.path), one.boundary)


def _managed(why: str, label: str, short: Mapping[str, str], document: PolicyDocument) -> str:
    return f"# {why}\n" + _block(f'resource "aws_iam_policy" "{label}"', short, policy=_json(document))


def _named(provider: str, name: str, path: str) -> dict[str, str]:
    return {"provider": f"aws.{provider}", "name": _text(name), "path": _text(path)}


def _role(label: str, arn: str, trust: PolicyDocument, permissions: PolicyDocument) -> Iterator[str]:
    name = Arn.of(arn)
    short = _named(label, name.name, name.path)
    yield _block(f'resource "aws_iam_role" "{label}"', short, assume_role_policy=_json(trust))
    short = {"provider": f"aws.{label}", "name": '"prod-access"', "role": f"aws_iam_role.{label}.name"}
    yield _block(f'resource "aws_iam_role_policy" "{label}"', short, policy=_json(permissions))


def _workers(arn: str, name: str, region: str, hub: PolicyDocument) -> Iterator[str]:
    worker = Arn.of(arn)
    label = _label(f"{name}_workers")
    yield _provider(label, region, worker.account)
    short = {"provider": f"aws.{label}", "name": _text(name), worker.kind: _text(worker.name)}
    yield _block(f'resource "aws_iam_{worker.kind}_policy" "{label}"', short, policy=_json(hub))


# Google Cloud -----------------------------------------------------------------------------------------------


def _gcp(setup: GcpSetup) -> Iterator[str]:
    yield from map(_own_role, setup.own_roles)
    for limit in setup.limits:
        yield _limit(limit, setup.member)


def _own_role(role: OwnRole) -> str:
    organization = role.organization.partition("/")[2]
    permissions = ", ".join(map(_text, role.permissions))
    short = {
        "org_id": _text(organization),
        "role_id": _text(role.id),
        "title": '"prod-access"',
        "permissions": f"[{permissions}]",
    }
    return _block(f'resource "google_organization_iam_custom_role" "prod_access_{organization}"', short)


def _limit(limit: RoleLimit, member: str) -> str:
    kind, _, name = limit.resource.partition("/")
    resource, attribute = _KINDS.get(kind, _ORGANIZATION)
    role = _text(limit.role)
    if kind == "organizations":
        role = f"google_organization_iam_custom_role.prod_access_{name}.name"
    whole = limit.resource if kind == "folders" else name
    short = {attribute: _text(whole), "role": role, "member": _text(member)}
    condition = {"title": _text(limit.title), "expression": _text(limit.expression)}
    inner = _block("condition", condition).replace("\n", "\n  ")
    label = f"prod_access_{_label(limit.alias)}_{limit.number}"
    outer = _block(f'resource "google_{resource}_iam_member" "{label}"', short)
    return f"{outer.removesuffix('}')}\n  {inner}\n}}"


# Azure ------------------------------------------------------------------------------------------------------


def _delegation(setup: AzureSetup, one: Delegation) -> str:
    short = {
        "scope": _text(one.scope),
        "role_definition_name": _text(setup.administrator.name),
        "principal_id": _text(setup.worker),
        "principal_type": '"ServicePrincipal"',
        "condition_version": '"2.0"',
    }
    condition = f"trimspace({_lines('END', one.condition)}\n  )"
    head = f'resource "azurerm_role_assignment" "prod_access_{_label(one.alias)}"'
    return _block(head, short, condition=condition)
