"""Trust policies AWS would not store.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html: a principal is
"*", an account, a user, a role, a session; "you cannot use a wildcard to match part of a principal name or
ARN"; and IAM turns the ARN into the principal's unique id, so one that does not exist is refused.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.aws import names
from sandbox.aws.corrections.inside import find

_ACCOUNTS = frozenset({names.SHOP_PROD, names.TOOLING, names.PEOPLE_ACCOUNT})
_ROOT = re.compile(r"(?:arn:aws:iam::(\d{12}):root)|(\d{12})")
_ENTITY = re.compile(r"arn:aws:iam::(\d{12}):(user|role)/(?:[\x21-\x7e]+/)?([\w+=,.@-]+)")
_SESSION = re.compile(r"arn:aws:sts::(\d{12}):assumed-role/([\w+=,.@-]+)/[\w+=,.@-]{2,64}")


def problem(document: str) -> str | None:
    """What is wrong with a trust policy, in IAM's words, or None."""
    try:
        policy = json.loads(document)
    except ValueError:
        return "This policy contains invalid Json"
    statements = _listed(policy.get("Statement") if isinstance(policy, dict) else None)
    if not statements or not all(isinstance(statement, dict) for statement in statements):
        return "Syntax errors in policy."
    return next((wrong for statement in statements for wrong in _wrongs(statement)), None)


def _wrongs(statement: Mapping[str, Any]) -> Iterator[str]:
    if statement.get("Effect") not in {"Allow", "Deny"}:
        yield "Syntax errors in policy."
    if "Resource" in statement or "NotResource" in statement:
        yield "Has prohibited field Resource"
    if "Principal" not in statement:
        yield "Missing required field Principal"
    if not all(str(action).lower().startswith("sts:") for action in _listed(statement.get("Action"))):
        yield "AssumeRole policy may only specify STS AssumeRole actions."
    for principal in _aws_principals(statement.get("Principal")):
        if not _exists(principal):
            yield f'Invalid principal in policy: "AWS":"{principal}"'


def _aws_principals(principal: Any) -> list[str]:  # noqa: ANN401 - any JSON
    if not isinstance(principal, dict):
        return [] if principal in {None, "*"} else [str(principal)]
    return [str(one) for one in _listed(principal.get("AWS"))]


def _exists(principal: str) -> bool:
    if principal == "*":
        return True
    if root := _ROOT.fullmatch(principal):
        return (root[1] or root[2]) in _ACCOUNTS
    if session := _SESSION.fullmatch(principal):
        return find("_roles", session[1], session[2]) is not None
    entity = _ENTITY.fullmatch(principal)
    stored = find(f"_{entity[2]}s", entity[1], entity[3]) if entity else None
    return stored is not None and stored["Arn"] == principal


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
