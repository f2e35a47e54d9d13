"""The calls of sso-admin: https://docs.aws.amazon.com/singlesignon/latest/APIReference/."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from sandbox.identity_center import names
from sandbox.identity_center.asked import Asked
from sandbox.identity_center.assignments import Assignment, Operation, Way
from sandbox.identity_center.callers import Standing
from sandbox.identity_center.directory import PermissionSet
from sandbox.identity_center.errors import AwsError, denied, invalid, not_found
from sandbox.identity_center.settings import Absent

Answer = dict[str, Any]

_ASSIGNABLE: Final = frozenset(names.CATALOGUE.values())
_PRODUCTION: Final = frozenset({names.SHOP_PROD, names.PAY_PROD})
"""The resources of the access role's policy: an instance, permission sets and accounts
(https://docs.aws.amazon.com/singlesignon/latest/userguide/delegate-permission-set-admin.html)."""
_DURATION: Final = TypeAdapter(timedelta)


def check_access(asked: Asked, action: str) -> None:
    """Refuses a caller whose policies do not allow the call."""
    reads = action.startswith(("Describe", "List"))
    if asked.caller.standing is Standing.OPERATOR or (asked.caller.standing is Standing.ACCESS and reads):
        return
    set_arn, account = asked.body.get("PermissionSetArn"), asked.body.get("TargetId")
    assigns = action in {"CreateAccountAssignment", "DeleteAccountAssignment"}
    if asked.caller.standing is not Standing.ACCESS or not assigns or set_arn not in _ASSIGNABLE:
        raise denied(asked.caller.name, f"sso:{action}", str(set_arn or names.INSTANCE))
    if account not in _PRODUCTION:
        raise denied(asked.caller.name, f"sso:{action}", f"arn:aws:sso:::account/{account}")


def create_account_assignment(asked: Asked) -> Answer:
    """Begins to make an assignment."""
    assignment = _assignment(asked)
    if len(asked.center.assignments.under_way(Way.CREATION)) >= asked.center.settings.outstanding:
        raise AwsError("ServiceQuotaExceededException", "Too many operations are in progress.")
    return {"AccountAssignmentCreationStatus": _begun(asked, Way.CREATION, assignment)}


def delete_account_assignment(asked: Asked) -> Answer:
    """Begins to remove an assignment."""
    assignment = _assignment(asked)
    absent = not asked.center.assignments.stands(assignment)
    if absent and asked.center.settings.absent is Absent.NOT_FOUND:
        raise not_found("The account assignment does not exist.")
    return {"AccountAssignmentDeletionStatus": _begun(asked, Way.DELETION, assignment)}


def _assignment(asked: Asked) -> Assignment:
    """The assignment a change is about; ConflictException while another change of it is under way.

    "A retry (with appropriate backoff logic) is the recommended response": the errors of both actions. That
    it comes while an operation on the same three is outstanding:
    https://github.com/aws-samples/iam-identity-center-team/issues/513
    """
    _instance(asked)
    asked.word("TargetType")
    found = _set(asked)
    account, kind, principal = (asked.word(name) for name in ("TargetId", "PrincipalType", "PrincipalId"))
    if account not in names.ACCOUNTS:
        raise not_found(f"Account {account} is not in the organization.")
    assignment = Assignment(found.arn, account, kind, principal)
    if any(one.assignment == assignment for one in asked.center.assignments.under_way()):
        raise AwsError("ConflictException", "There is a conflicting operation in process.")
    return assignment


def _begun(asked: Asked, way: Way, assignment: Assignment) -> Answer:
    settings = asked.center.settings
    lasts = timedelta(seconds=settings.operation_seconds)
    operation = asked.center.assignments.begin(
        way, assignment, asked.caller.name, asked.now, lasts=lasts, reason=settings.failure_reason
    )
    return _whole(operation)


def _whole(operation: Operation) -> Answer:
    one = operation.assignment
    ended = operation.status != "IN_PROGRESS"
    return {
        **_short(operation),
        "TargetId": one.account,
        "TargetType": "AWS_ACCOUNT",
        "PermissionSetArn": one.permission_set,
        "PrincipalType": one.kind,
        "PrincipalId": one.principal,
        **({"FailureReason": operation.reason} if operation.reason and ended else {}),
    }


def _short(operation: Operation) -> Answer:
    return {
        "Status": operation.status.value,
        "RequestId": operation.id,
        "CreatedDate": operation.begun_at.timestamp(),
    }


def describe_account_assignment_creation_status(asked: Asked) -> Answer:
    """How making an assignment goes."""
    return {"AccountAssignmentCreationStatus": _described(asked, Way.CREATION)}


def describe_account_assignment_deletion_status(asked: Asked) -> Answer:
    """How removing an assignment goes."""
    return {"AccountAssignmentDeletionStatus": _described(asked, Way.DELETION)}


def _described(asked: Asked, way: Way) -> Answer:
    _instance(asked)
    name = asked.word(f"AccountAssignment{way.value.capitalize()}RequestId")
    operation = asked.center.assignments.find(way, name)
    if operation is None:
        raise not_found(f"There is no {way.value} {name}.")
    return _whole(operation)


def list_account_assignment_creation_status(asked: Asked) -> Answer:
    """The creations, or those of one status: ids only."""
    return _listed(asked, Way.CREATION, "AccountAssignmentsCreationStatus")


def list_account_assignment_deletion_status(asked: Asked) -> Answer:
    """The deletions, or those of one status: ids only."""
    return _listed(asked, Way.DELETION, "AccountAssignmentsDeletionStatus")


def _listed(asked: Asked, way: Way, name: str) -> Answer:
    _instance(asked)
    wanted = (asked.body.get("Filter") or {}).get("Status")
    found = [one for one in asked.center.assignments.operations(way) if wanted in {None, one.status.value}]
    page, more = asked.page(found)
    return {name: [_short(operation) for operation in page], **more}


def list_account_assignments(asked: Asked) -> Answer:
    """Who has one permission set in one account, users and groups."""
    _instance(asked)
    found, account = _set(asked), asked.word("AccountId")
    seen = [one for one in asked.center.seen(asked.now) if one[:2] == (found.arn, account)]
    return _assignments(asked, seen)


def list_account_assignments_for_principal(asked: Asked) -> Answer:
    """What a principal has anywhere; for a user also what their groups have.

    https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_ListAccountAssignmentsForPrincipal.html
    """
    _instance(asked)
    kind, principal = asked.word("PrincipalType"), asked.word("PrincipalId")
    theirs = asked.center.directory.principals_of(principal) if kind == "USER" else {principal}
    account = (asked.body.get("Filter") or {}).get("AccountId")
    seen = [
        one
        for one in asked.center.seen(asked.now)
        if one.principal in theirs and account in {None, one.account}
    ]
    return _assignments(asked, seen)


def _assignments(asked: Asked, seen: Iterable[Assignment]) -> Answer:
    page, more = asked.page(sorted(seen))
    listed = [
        {
            "AccountId": one.account,
            "PermissionSetArn": one.permission_set,
            "PrincipalType": one.kind,
            "PrincipalId": one.principal,
        }
        for one in page
    ]
    return {"AccountAssignments": listed, **more}


def list_instances(asked: Asked) -> Answer:
    """The one instance there is."""
    instance = {
        "InstanceArn": names.INSTANCE,
        "IdentityStoreId": names.IDENTITY_STORE,
        "OwnerAccountId": names.MANAGEMENT,
        "Status": "ACTIVE",
    }
    page, more = asked.page([instance])
    return {"Instances": page, **more}


def list_permission_sets(asked: Asked) -> Answer:
    """The ARNs of all permission sets."""
    _instance(asked)
    page, more = asked.page(sorted(asked.center.directory.sets))
    return {"PermissionSets": page, **more}


def describe_permission_set(asked: Asked) -> Answer:
    """One permission set; its session lasts an hour to twelve.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/howtosessionduration.html
    """
    _instance(asked)
    found = _set(asked)
    return {
        "PermissionSet": {
            "Name": found.name,
            "PermissionSetArn": found.arn,
            "SessionDuration": _DURATION.dump_python(found.session, mode="json"),
        }
    }


def update_permission_set(asked: Asked) -> Answer:
    """Changes how long its sessions last."""
    _instance(asked)
    found = _set(asked)
    try:
        found.session = _DURATION.validate_python(asked.body.get("SessionDuration", found.session))
    except ValidationError as error:
        raise invalid("SessionDuration is not a duration.") from error
    return {}


def delete_permission_set(asked: Asked) -> Answer:
    """Deletes a permission set that nobody is assigned.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/howtoremovepermissionset.html
    """
    _instance(asked)
    found = _set(asked)
    if any(one.permission_set == found.arn for one in asked.center.seen(asked.now)):
        raise AwsError("ConflictException", "The permission set is still assigned.")
    del asked.center.directory.sets[found.arn]
    return {}


def list_tags_for_resource(asked: Asked) -> Answer:
    """The tags of a permission set."""
    tags = [{"Key": key, "Value": value} for key, value in sorted(_tagged(asked).tags.items())]
    page, more = asked.page(tags)
    return {"Tags": page, **more}


def tag_resource(asked: Asked) -> Answer:
    """Puts tags on a permission set."""
    _tagged(asked).tags.update({tag["Key"]: tag["Value"] for tag in asked.body.get("Tags", [])})
    return {}


def untag_resource(asked: Asked) -> Answer:
    """Takes tags off a permission set."""
    found = _tagged(asked)
    for key in asked.body.get("TagKeys", []):
        found.tags.pop(key, None)
    return {}


def _tagged(asked: Asked) -> PermissionSet:
    found = asked.center.directory.sets.get(asked.word("ResourceArn"))
    if found is None:
        raise not_found("The resource does not exist.")
    return found


def _instance(asked: Asked) -> None:
    if asked.word("InstanceArn") != names.INSTANCE:
        raise not_found("The instance does not exist.")


def _set(asked: Asked) -> PermissionSet:
    found = asked.center.directory.sets.get(asked.word("PermissionSetArn"))
    if found is None:
        raise not_found("The permission set does not exist.")
    return found
