"""The policy documents of a leased role: who may take it on, until when, and that nothing works afterwards.

Three locks end it without anybody's help: the trust takes nobody on after the end, the inline Deny beats
every attached policy from the end on, in open sessions too (conditions are evaluated on every request;
source: IAM User Guide, "Revoking IAM role temporary security credentials"), and a session lasts an hour.
"""

import json
from datetime import datetime
from typing import Any, Final, TypeAlias

from policies.people import AwsIdentity, AwsRoleSession, AwsUser
from workers.clouds.labels import moment_text, read_moment

Document: TypeAlias = dict[str, Any]
END_POLICY: Final = "prod-access-end"
"""The inline policy that denies everything once the grant has ended."""
_TRUSTED: Final = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]


def trust(principal: AwsIdentity, until: datetime) -> Document:
    """Who may take the role on: this person, before this moment."""
    condition: Document = {"DateLessThan": {"aws:CurrentTime": moment_text(until)}}
    match principal:
        case AwsUser():
            arn = principal.arn
        case AwsRoleSession():
            arn = principal.role_arn
            condition["StringEquals"] = {"aws:userid": principal.user_id}
    statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": _TRUSTED, "Condition": condition}
    return _document(statement)


def deny_after(until: datetime) -> Document:
    """Nothing is allowed from this moment on, whatever else is attached."""
    condition = {"DateGreaterThanEquals": {"aws:CurrentTime": moment_text(until)}}
    return _document({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition})


def deny_now() -> Document:
    """Nothing is allowed any more: cuts every open session."""
    return _document({"Effect": "Deny", "Action": "*", "Resource": "*"})


def principal_of(document: Document) -> AwsIdentity | None:
    """Whom a trust document of ours lets in, or None for one that we did not write."""
    try:
        (statement,) = document["Statement"]
        arn, only = statement["Principal"]["AWS"], statement["Condition"].get("StringEquals", {})
        if "aws:userid" in only:
            return AwsRoleSession(kind="role_session", role_arn=arn, user_id=only["aws:userid"])
        return AwsUser(kind="user", arn=arn)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def end_of_trust(document: Document) -> datetime | None:
    """Until when a trust document lets anybody in, or None when it has no such end."""
    return _end(document, "DateLessThan")


def end_of_deny(document: Document) -> datetime | None:
    """From when a document denies everything, or None when it does not."""
    return _end(document, "DateGreaterThanEquals")


def _end(document: Document, operator: str) -> datetime | None:
    try:
        (statement,) = document["Statement"]
        return read_moment(statement["Condition"][operator]["aws:CurrentTime"])
    except (KeyError, TypeError, ValueError):
        return None


def text(document: Document) -> str:
    """A document as IAM takes it."""
    return json.dumps(document, separators=(",", ":"))


def _document(statement: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": [statement]}
