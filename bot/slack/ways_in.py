"""The ways into each cloud: where its console is opened, and the lines to type first.

Nothing here is secret: each way works only for the person whose grant it is, with their own account.
"""

from typing import Final, assert_never
from urllib.parse import quote, urlencode

from policies.entitlements.aws import AwsLease
from policies.entitlements.azure import AzureAssignment
from policies.entitlements.gcp import GcpBinding
from policies.entitlements.identity_center import IdentityCenterAssignment
from policies.grant import Grant

_AWS: Final = "https://signin.aws.amazon.com/switchrole"
_GOOGLE: Final = "https://console.cloud.google.com/"
_GOOGLE_PLACES: Final = {"projects": "project", "folders": "folder", "organizations": "organizationId"}
"""What the console's address calls the place that the name of a resource starts with."""
_AZURE: Final = "https://portal.azure.com"


def console(grant: Grant, profile: str) -> str | None:
    """Where the cloud is opened in a browser; None where its address is not known here."""
    match grant.entitlement:
        case AwsLease(account_id=account):
            query = {"account": account, "roleName": _role_name(grant), "displayName": profile}
            return f"{_AWS}?{urlencode(query, safe='/')}"
        case GcpBinding(resource=resource):
            kind, _, name = resource.partition("/")
            return f"{_GOOGLE}?{urlencode({_GOOGLE_PLACES.get(kind, kind): name})}"
        case AzureAssignment(tenant=tenant, scope=scope):
            return f"{_AZURE}/#@{quote(tenant)}/resource{quote(scope)}"
        case IdentityCenterAssignment():
            return None  # each organisation has an access portal of its own
        case _:
            assert_never(grant.entitlement)


def _role_name(grant: Grant) -> str:
    """The role's ARN is the grant's holding."""
    return grant.holding.partition(":role/")[2]


def first_lines(grant: Grant, profile: str, command: str | None) -> list[str]:
    """What to type to begin with, ready to be pasted; `command` is the catalogue's harmless first one."""
    match grant.entitlement:
        case AwsLease():
            return [*_profile(grant, profile), *([f"aws --profile {profile} {command}"] if command else [])]
        case IdentityCenterAssignment():
            return ["aws sso login"]
        case GcpBinding(resource=resource):
            project = resource.removeprefix("projects/") if resource.startswith("projects/") else ""
            return [f"gcloud {_told_where(command, '--project', project)}"] if command else []
        case AzureAssignment() as assignment:
            there = assignment.subscription
            return [f"az {_told_where(command, '--subscription', there)}"] if command else []
        case _:
            assert_never(grant.entitlement)


def _profile(grant: Grant, name: str) -> list[str]:
    return [
        f"aws configure set profile.{name}.role_arn {grant.holding}",
        f"aws configure set profile.{name}.source_profile default",
    ]


def _told_where(command: str, option: str, value: str) -> str:
    """The command and where it is meant, unless it says so itself."""
    return command if not value or option in command.split() else f"{command} {option} {value}"
