"""What the tests ask of sso-admin."""

# ruff: noqa: ANN401 - boto3 makes its clients up

from typing import Any

from sandbox.identity_center import names

READ, WRITE = names.CATALOGUE
READ_ARN = names.CATALOGUE[READ]
WHERE = {"InstanceArn": names.INSTANCE}


def triple(
    principal: str = "", *, arn: str = READ_ARN, account: str = names.SHOP_PROD, kind: str = "USER"
) -> dict[str, str]:
    """What one assignment is, as create and delete want it; ana's when nobody is named."""
    return {
        **WHERE,
        "TargetType": "AWS_ACCOUNT",
        "TargetId": account,
        "PermissionSetArn": arn,
        "PrincipalType": kind,
        "PrincipalId": principal or names.user_id("ana"),
    }


def create(client: Any, **changes: str) -> dict[str, Any]:
    """Begin to make an assignment: its status."""
    answer = client.create_account_assignment(**triple(**changes))
    return dict(answer["AccountAssignmentCreationStatus"])


def delete(client: Any, **changes: str) -> dict[str, Any]:
    """Begin to remove an assignment: its status."""
    answer = client.delete_account_assignment(**triple(**changes))
    return dict(answer["AccountAssignmentDeletionStatus"])


def made(client: Any, operation: dict[str, Any]) -> dict[str, Any]:
    """How making goes."""
    answer = client.describe_account_assignment_creation_status(
        **WHERE, AccountAssignmentCreationRequestId=operation["RequestId"]
    )
    return dict(answer["AccountAssignmentCreationStatus"])


def removed(client: Any, operation: dict[str, Any]) -> dict[str, Any]:
    """How removing goes."""
    answer = client.describe_account_assignment_deletion_status(
        **WHERE, AccountAssignmentDeletionRequestId=operation["RequestId"]
    )
    return dict(answer["AccountAssignmentDeletionStatus"])


def assigned(client: Any, arn: str = READ_ARN, account: str = names.SHOP_PROD) -> list[str]:
    """Who has a permission set in an account."""
    answer = client.list_account_assignments(**WHERE, AccountId=account, PermissionSetArn=arn)
    return [one["PrincipalId"] for one in answer["AccountAssignments"]]
