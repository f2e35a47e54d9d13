"""The query services: sts, through which the worker gets in, and rds, which people use.

A session of a permission set works until it runs out, whatever became of the assignment: role sessions
"continue based on the duration configured in the permission set"
(https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_Logout.html); what else can be done is
in https://docs.aws.amazon.com/singlesignon/latest/userguide/authconcept-revoke-access.html.
"""

from datetime import timedelta
from typing import Final

from sandbox.identity_center import names
from sandbox.identity_center.asked import Asked
from sandbox.identity_center.callers import Standing
from sandbox.identity_center.errors import AwsError

_LONGEST: Final = timedelta(hours=1)
"""What the access role allows, and IAM's default for a role."""


def assume_role(asked: Asked) -> str:
    """A session of the access role, for the worker who knows the external id."""
    arn, name = str(asked.body.get("RoleArn", "")), str(asked.body.get("RoleSessionName", ""))
    trusted = asked.body.get("ExternalId") == names.EXTERNAL_ID
    if asked.caller.standing is not Standing.WORKER or arn != names.ACCESS_ROLE or not trusted:
        raise _denied(asked, "sts:AssumeRole", arn)
    lasts = timedelta(seconds=int(asked.body.get("DurationSeconds", "3600")))
    if lasts > _LONGEST:
        message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise AwsError("ValidationError", message)
    who = f"arn:aws:sts::{names.ADMINISTRATION}:assumed-role/{arn.rpartition('/')[2]}/{name}"
    session = asked.center.callers.session(who, Standing.ACCESS, asked.now + lasts)
    keys = session.keys
    return _answer(
        "AssumeRole",
        f"<Credentials><AccessKeyId>{keys.access_key_id}</AccessKeyId>"
        f"<SecretAccessKey>{keys.secret_access_key}</SecretAccessKey>"
        f"<SessionToken>{keys.session_token}</SessionToken>"
        f"<Expiration>{asked.now + lasts:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
        f"<AssumedRoleUser><AssumedRoleId>AROASANDBOX:{name}</AssumedRoleId><Arn>{who}</Arn></AssumedRoleUser>",
    )


def describe_databases(asked: Asked) -> str:
    """The databases of the account of a session."""
    _require(asked, "DescribeDBInstances")
    found = "".join(
        f"<DBInstance><DBInstanceIdentifier>{name}</DBInstanceIdentifier></DBInstance>"
        for name in names.DATABASES
    )
    return _answer("DescribeDBInstances", f"<DBInstances>{found}</DBInstances>")


def reboot_database(asked: Asked) -> str:
    """Restarts a database."""
    _require(asked, "RebootDBInstance")
    name = str(asked.body.get("DBInstanceIdentifier", ""))
    if name not in names.DATABASES:
        raise AwsError("DBInstanceNotFound", f"DBInstance {name} not found.", 404)
    asked.center.restarts.append(name)
    found = f"<DBInstanceIdentifier>{name}</DBInstanceIdentifier>"
    return _answer("RebootDBInstance", f"<DBInstance>{found}</DBInstance>")


def _require(asked: Asked, action: str) -> None:
    """Refuses a caller without a session whose permission set allows this."""
    found = asked.center.directory.sets.get(asked.caller.permission_set)
    if found is None or action not in found.allows:
        raise _denied(asked, f"rds:{action}", f"arn:aws:rds:{names.REGION}:{asked.caller.account}:db:*")


def _denied(asked: Asked, action: str, resource: str) -> AwsError:
    message = f"User: {asked.caller.name} is not authorized to perform: {action} on resource: {resource}"
    return AwsError("AccessDenied", message, 403)


def _answer(action: str, result: str) -> str:
    metadata = "<ResponseMetadata><RequestId>sandbox</RequestId></ResponseMetadata>"
    return f"<{action}Response><{action}Result>{result}</{action}Result>{metadata}</{action}Response>"
