"""What the pretend AWS holds when it starts, as the calls that make it.

The spoke's policy is the least a worker needs, and the two surprises in it are AWS's own:

- reads go to every role, because IAM cannot know the path of a role that does not exist and checks such a
  call against `role/<name>`; limited to the path, "is it gone?" is answered AccessDenied instead of
  NoSuchEntity (seen at https://github.com/keikoproj/iam-manager/pull/35);
- a role may be made, and given policies, only under the boundary
  (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.aws import names

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One call that seeds an account."""

    account: str
    service: str
    action: str
    params: Mapping[str, str]


def steps() -> Iterator[Step]:
    """Every call, in an order that works: what is named exists already."""
    yield from _people()
    yield from _tooling()
    yield from _shop()


def _people() -> Iterator[Step]:
    may_lease = _allow("sts:AssumeRole", names.LEASED_ROLES)
    for person in names.PEOPLE:
        yield from _user(names.PEOPLE_ACCOUNT, person, may_lease)
    yield from _user(names.PEOPLE_ACCOUNT, names.PORTAL, _allow("sts:AssumeRole", names.BASE_ROLE))
    portal = {"AWS": names.person_arn(names.PORTAL)}
    yield from _role(names.BASE_ROLE, _trust(portal, "sts:AssumeRole"), may_lease)


def _tooling() -> Iterator[Step]:
    verbs = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
    yield from _user(names.TOOLING, names.WORKER, _allow(verbs, names.SPOKE_ROLE))


def _shop() -> Iterator[Step]:
    for name, document in _policies().items():
        yield _iam(names.SHOP_PROD, "CreatePolicy", PolicyName=name, PolicyDocument=json.dumps(document))
    yield from _user(names.SHOP_PROD, names.AUDITOR, _allow(["iam:Get*", "iam:List*"], "*"))
    yield from _user(names.SHOP_PROD, names.OPERATOR, _allow("*", "*"))
    yield from _role(names.SPOKE_ROLE, _spoke_trust(), _spoke_policy())
    yield _database()
    yield _log_group()


def _policies() -> dict[str, Document]:
    return {
        "prod-access-boundary": _document(
            _statement("Allow", "*", "*"),
            _statement("Deny", ["iam:*", "organizations:*", "account:*", "sts:AssumeRole"], "*"),
        ),
        "rds-readonly": _allow(["rds:Describe*", "rds:ListTagsForResource"], "*"),
        "rds-write": _allow(["rds:Describe*", "rds:ModifyDBInstance", "rds:RebootDBInstance"], "*"),
        "logs-readonly": _allow(["logs:Describe*", "logs:Get*", "logs:FilterLogEvents"], "*"),
        "ecs-operator": _allow(["ecs:Describe*", "ecs:List*", "ecs:UpdateService", "ecs:StopTask"], "*"),
        "admin-in-boundary": _allow("*", "*"),
    }


def _spoke_trust() -> Document:
    worker = {"AWS": f"arn:aws:iam::{names.TOOLING}:user/{names.WORKER}"}
    return _document(
        {
            **_trusting(worker, "sts:AssumeRole"),
            "Condition": {"StringEquals": {"sts:ExternalId": names.EXTERNAL_ID}},
        },
        _trusting(worker, ["sts:SetSourceIdentity", "sts:TagSession"]),
    )


def _spoke_policy() -> Document:
    role_reads = ["GetRole", "GetRolePolicy", "ListRoleTags", "ListRolePolicies", "ListAttachedRolePolicies"]
    made_bounded = ["CreateRole", "PutRolePolicy", "AttachRolePolicy", "PutRolePermissionsBoundary"]
    ends = ["DeleteRole", "DeleteRolePolicy", "DetachRolePolicy", "UpdateAssumeRolePolicy"]
    labels = ["TagRole", "UntagRole", "UpdateRole", "ListInstanceProfilesForRole"]
    bounded = {"StringEquals": {"iam:PermissionsBoundary": names.BOUNDARY}}
    every_role = f"arn:aws:iam::{names.SHOP_PROD}:role/*"
    return _document(
        _statement("Allow", _actions(role_reads), every_role),
        _statement("Allow", "iam:ListRoles", "*"),
        {**_statement("Allow", _actions(made_bounded), names.LEASED_ROLES), "Condition": bounded},
        _statement("Allow", _actions(ends + labels), names.LEASED_ROLES),
    )


def _actions(verbs: list[str]) -> list[str]:
    return [f"iam:{verb}" for verb in verbs]


def _user(account: str, name: str, policy: Document) -> Iterator[Step]:
    yield _iam(account, "CreateUser", UserName=name)
    yield _iam(account, "CreateAccessKey", UserName=name)
    yield _iam(account, "PutUserPolicy", UserName=name, PolicyName="may", PolicyDocument=json.dumps(policy))


def _role(arn: str, trust: Document, policy: Document) -> Iterator[Step]:
    account, name = arn.split(":")[4], arn.rsplit("/", 1)[1]
    yield _iam(account, "CreateRole", RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    yield _iam(account, "PutRolePolicy", RoleName=name, PolicyName="may", PolicyDocument=json.dumps(policy))


def _database() -> Step:
    return Step(
        names.SHOP_PROD,
        "rds",
        "CreateDBInstance",
        {"DBInstanceIdentifier": names.DATABASE, "Engine": "postgres", "DBInstanceClass": "db.t3.micro"},
    )


def _log_group() -> Step:
    return Step(names.SHOP_PROD, "logs", "CreateLogGroup", {"logGroupName": names.LOG_GROUP})


def _iam(account: str, action: str, **params: str) -> Step:
    return Step(account, "iam", action, params)


def _allow(actions: str | list[str], resource: str) -> Document:
    return _document(_statement("Allow", actions, resource))


def _trust(principal: Document, action: str) -> Document:
    return _document(_trusting(principal, action))


def _trusting(principal: Document, action: str | list[str]) -> Document:
    return {"Effect": "Allow", "Principal": principal, "Action": action}


def _statement(effect: str, actions: str | list[str], resource: str) -> Document:
    return {"Effect": effect, "Action": actions, "Resource": resource}


def _document(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
