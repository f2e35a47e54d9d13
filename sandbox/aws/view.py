"""The cloud view: the leased roles AWS has, read back with an auditor's own keys and nothing of ours."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config

from sandbox.aws import names
from sandbox.aws.keys import Keys


@dataclass(frozen=True)
class RoleView:
    """One role as AWS has it now."""

    name: str
    arn: str
    created_at: str
    tags: Mapping[str, str]
    boundary: str | None
    policies: tuple[str, ...]
    trusts: tuple[str, ...]
    assumable_until: str | None
    """When its trust stops, or None: never by itself."""
    denied_after: str | None
    """When its inline policy denies everything, or None: never by itself."""
    denied_now: bool
    """Its inline policy denies everything as of now."""
    sessions_cut_at: str | None
    """Sessions issued before this are denied everything, or None."""

    def json(self) -> dict[str, Any]:
        """The role as the cloud view shows it."""
        return asdict(self)


def roles(endpoint_url: str, auditor: Keys, now: datetime, path: str = names.LEASED_PATH) -> list[RoleView]:
    """Every role under a path, each read whole."""
    iam = boto3.Session().client(
        "iam",
        endpoint_url=endpoint_url,
        region_name=names.REGION,
        aws_access_key_id=auditor.access_key_id,
        aws_secret_access_key=auditor.secret_access_key,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=10),
    )
    pages = iam.get_paginator("list_roles").paginate(PathPrefix=path)
    found = (_seen(iam, role["RoleName"], now) for page in pages for role in page["Roles"])
    return [role for role in found if role is not None]


def _seen(iam: Any, name: str, now: datetime) -> RoleView | None:  # noqa: ANN401 - boto3 makes its clients up
    """A role that was listed; None when it went before it was read."""
    try:
        return _role(iam, name, now)
    except iam.exceptions.NoSuchEntityException:
        return None


def _role(iam: Any, name: str, now: datetime) -> RoleView:  # noqa: ANN401 - boto3 makes its clients up
    role = iam.get_role(RoleName=name)["Role"]
    trust = _statements(role["AssumeRolePolicyDocument"])
    denials = [deny for document in _inline(iam, name) for deny in _denials(document)]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return RoleView(
        name=name,
        arn=role["Arn"],
        created_at=role["CreateDate"].isoformat(),
        tags={tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
        boundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        policies=tuple(policy["PolicyArn"] for policy in attached),
        trusts=tuple(principal for statement in trust for principal in _principals(statement)),
        assumable_until=_first(_date(one, "DateLessThan", "aws:CurrentTime") for one in trust),
        denied_after=_first(map(_denied_from, denials)),
        denied_now=any(_in_force(denial, now) for denial in denials),
        sessions_cut_at=_first(_date(one, "DateLessThan", "aws:TokenIssueTime") for one in denials),
    )


def _inline(iam: Any, name: str) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - boto3 makes its clients up
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        yield iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]


def _denials(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in _statements(document) if _denies_everything(one)]


def _denies_everything(statement: Mapping[str, Any]) -> bool:
    named = (_listed(statement.get(element)) for element in ("Action", "Resource"))
    return statement["Effect"] == "Deny" and all("*" in one for one in named)


def _in_force(denial: Mapping[str, Any], now: datetime) -> bool:
    """A Deny of everything that holds now: unconditional, or its date is past."""
    date = _denied_from(denial)
    return not denial.get("Condition") or (date is not None and datetime.fromisoformat(date) < now)


def _denied_from(denial: Mapping[str, Any]) -> str | None:
    dates = (_date(denial, f"DateGreaterThan{equals}", "aws:CurrentTime") for equals in ("", "Equals"))
    return _first(date for date in dates if date)


def _date(statement: Mapping[str, Any], operator: str, key: str) -> str | None:
    date = statement.get("Condition", {}).get(operator, {}).get(key)
    return str(date) if date else None


def _first(dates: Iterable[str | None]) -> str | None:
    return min(filter(None, dates), default=None)


def _principals(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal", {})
    return [str(one) for one in _listed(principal.get("AWS") if isinstance(principal, dict) else principal)]


def _statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return _listed(document["Statement"])


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
