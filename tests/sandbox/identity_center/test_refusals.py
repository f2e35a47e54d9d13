"""Who may do what, and what is refused at once."""

# ruff: noqa: ANN401 - boto3 makes its clients up

from datetime import timedelta
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from sandbox.aws.keys import Keys
from sandbox.aws.signing import botocore_follows
from sandbox.clock import MovableClock
from sandbox.identity_center import names
from sandbox.identity_center.standin import IdentityCenterStandIn
from tests.sandbox.identity_center.asks import WHERE, assigned, create, triple
from tests.sandbox.identity_center.conftest import ClientOf


def refusal(call: Any, **words: Any) -> str:
    """The code a call is refused with."""
    with pytest.raises(ClientError) as refused:
        call(**words)
    return str(refused.value.response["Error"]["Code"])


ROLE = {"RoleArn": names.ACCESS_ROLE, "RoleSessionName": "worker"}


@pytest.mark.parametrize(
    "words",
    [
        ROLE,
        {**ROLE, "ExternalId": "guessed"},
        {**ROLE, "RoleArn": f"{names.ACCESS_ROLE}-other", "ExternalId": names.EXTERNAL_ID},
    ],
)
def test_the_access_role_is_assumed_by_its_name_and_external_id_only(
    identity_center: IdentityCenterStandIn, client: ClientOf, words: dict[str, str]
) -> None:
    assert refusal(client("sts", identity_center.worker).assume_role, **words) == "AccessDenied"


def test_nobody_else_may_assume_it_nor_for_longer_than_an_hour(
    identity_center: IdentityCenterStandIn, client: ClientOf
) -> None:
    whole = {**ROLE, "ExternalId": names.EXTERNAL_ID}
    assert refusal(client("sts", identity_center.operator).assume_role, **whole) == "AccessDenied"
    sts = client("sts", identity_center.worker)
    assert refusal(sts.assume_role, **whole, DurationSeconds=7200) == "ValidationError"


def test_a_session_of_the_access_role_ends_after_an_hour(
    identity_center: IdentityCenterStandIn, access: Any
) -> None:
    assigned(access)
    identity_center.clock.move(timedelta(hours=1))
    assert refusal(assigned, client=access) == "ExpiredTokenException"


def test_the_workers_own_keys_open_nothing(identity_center: IdentityCenterStandIn, client: ClientOf) -> None:
    worker = identity_center.worker
    assert refusal(client("sso-admin", worker).list_permission_sets, **WHERE) == "AccessDeniedException"
    store = client("identitystore", worker)
    assert refusal(store.list_users, IdentityStoreId=names.IDENTITY_STORE) == "AccessDeniedException"
    assert refusal(client("rds", worker).describe_db_instances) == "AccessDenied"


@pytest.mark.parametrize(
    "changes",
    [
        {"arn": names.EVERYDAY_ARN},
        {"account": names.TOOLING},
        {"account": names.MANAGEMENT},
        {"account": "123456789012"},
    ],
)
@pytest.mark.usefixtures("identity_center")
def test_only_the_catalogue_may_be_assigned_and_only_in_production(
    access: Any, changes: dict[str, str]
) -> None:
    assert refusal(create, client=access, **changes) == "AccessDeniedException"


@pytest.mark.usefixtures("identity_center")
def test_the_access_role_changes_nothing_else(access: Any, client: ClientOf, access_keys: Keys) -> None:
    tag = {**WHERE, "ResourceArn": names.EVERYDAY_ARN, "Tags": [{"Key": "a", "Value": "b"}]}
    assert refusal(access.tag_resource, **tag) == "AccessDeniedException"
    store, user = client("identitystore", access_keys), names.user_id("ana")
    words = {"IdentityStoreId": names.IDENTITY_STORE, "UserId": user}
    assert store.describe_user(**words)["UserName"] == "ana"
    assert refusal(store.delete_user, **words) == "AccessDeniedException"


@pytest.mark.parametrize("service", ["sso-admin", "sts"])
def test_unknown_keys_and_a_wrong_secret_are_told_apart(
    identity_center: IdentityCenterStandIn, client: ClientOf, service: str
) -> None:
    name = "list_instances" if service == "sso-admin" else "assume_role"
    words = {} if service == "sso-admin" else {**ROLE, "ExternalId": names.EXTERNAL_ID}
    forged = Keys(identity_center.operator.access_key_id, "not the secret")
    codes = [
        refusal(getattr(client(service, keys), name), **words) for keys in (Keys("AKIANOBODY", "x"), forged)
    ]
    known = {
        "sso-admin": ["UnrecognizedClientException", "InvalidSignatureException"],
        "sts": ["InvalidClientTokenId", "SignatureDoesNotMatch"],
    }
    assert codes == known[service]


def test_a_session_without_its_token_is_nobodys(client: ClientOf, access_keys: Keys) -> None:
    bare = Keys(access_keys.access_key_id, access_keys.secret_access_key)
    assert refusal(client("sso-admin", bare).list_instances) == "UnrecognizedClientException"


def test_a_signature_from_another_time_is_refused(operator: Any, tmp_path: Any) -> None:
    elsewhere = MovableClock(tmp_path / "clock")
    elsewhere.move(timedelta(days=400))
    with botocore_follows(elsewhere):
        assert refusal(operator.list_instances) == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"TargetId": "account-1234"}, "ValidationException"),
        ({"TargetType": "ORGANIZATION"}, "ValidationException"),
        ({"PrincipalType": "ROBOT"}, "ValidationException"),
        ({"PrincipalId": "ana"}, "ValidationException"),
        ({"PermissionSetArn": "arn:aws:sso:::permissionSet/x"}, "ValidationException"),
        (
            {"PermissionSetArn": "arn:aws:sso:::permissionSet/ssoins-7223d4e5f6a7b8c9/ps-ffffffffffffffff"},
            "ResourceNotFoundException",
        ),
        ({"InstanceArn": "arn:aws:sso:::instance/ssoins-ffffffffffffffff"}, "ResourceNotFoundException"),
        ({"TargetId": "123456789012"}, "ResourceNotFoundException"),
    ],
)
def test_what_is_not_right_or_not_there_is_refused_at_once(
    operator: Any, changes: dict[str, str], code: str
) -> None:
    assert refusal(operator.create_account_assignment, **{**triple(), **changes}) == code


@pytest.mark.usefixtures("identity_center")
def test_the_directory_finds_people_by_name_and_address(store: Any) -> None:
    def found(path: str, value: str) -> str:
        unique = {"UniqueAttribute": {"AttributePath": path, "AttributeValue": value}}
        answer = store.get_user_id(IdentityStoreId=names.IDENTITY_STORE, AlternateIdentifier=unique)
        return str(answer["UserId"])

    assert found("userName", "ana") == names.user_id("ana")
    assert found("emails.value", "ben@meridian.example") == names.user_id("ben")
    assert refusal(found, path="userName", value="nobody") == "ResourceNotFoundException"
    assert refusal(found, path="nickName", value="ana") == "ValidationException"
    assert len(store.list_users(IdentityStoreId=names.IDENTITY_STORE)["Users"]) == len(names.PEOPLE)
    elsewhere = {"IdentityStoreId": "d-0000000000"}
    assert refusal(store.list_users, **elsewhere) == "ResourceNotFoundException"
    nobody = {"IdentityStoreId": names.IDENTITY_STORE, "UserId": names.group_id(names.SRE)}
    assert refusal(store.describe_user, **nobody) == "ResourceNotFoundException"


@pytest.mark.usefixtures("identity_center")
def test_permission_sets_say_how_long_a_session_is_and_whose_they_are(operator: Any) -> None:
    (instance,) = operator.list_instances()["Instances"]
    assert instance["IdentityStoreId"] == names.IDENTITY_STORE
    arn = {**WHERE, "PermissionSetArn": names.EVERYDAY_ARN}
    assert operator.describe_permission_set(**arn)["PermissionSet"]["SessionDuration"] == "PT8H"
    operator.update_permission_set(**arn, SessionDuration="PT2H")
    assert operator.describe_permission_set(**arn)["PermissionSet"]["SessionDuration"] == "PT2H"
    assert refusal(operator.update_permission_set, **arn, SessionDuration="long") == "ValidationException"
    tagged = {**WHERE, "ResourceArn": names.EVERYDAY_ARN}
    operator.tag_resource(**tagged, Tags=[{"Key": "team", "Value": "all"}])
    assert operator.list_tags_for_resource(**tagged)["Tags"] == [{"Key": "team", "Value": "all"}]
    operator.untag_resource(**tagged, TagKeys=["team"])
    assert operator.list_tags_for_resource(**tagged)["Tags"] == []
    nothing = {**WHERE, "ResourceArn": "arn:aws:sso:::permissionSet/none"}
    assert refusal(operator.list_tags_for_resource, **nothing) == "ResourceNotFoundException"


@pytest.mark.usefixtures("identity_center")
def test_pages_are_asked_for_properly(operator: Any) -> None:
    assert refusal(operator.list_permission_sets, **WHERE, MaxResults=101) == "ValidationException"
    assert refusal(operator.list_permission_sets, **WHERE, NextToken="never") == "ValidationException"
    assert refusal(operator.list_permission_sets, **WHERE, NextToken="bm90") == "ValidationException"


def test_what_no_service_here_has_is_refused(
    identity_center: IdentityCenterStandIn, operator: Any, client: ClientOf
) -> None:
    assert refusal(operator.list_applications, **WHERE) == "UnknownOperationException"
    assert refusal(client("rds", identity_center.operator).describe_events) == "UnknownOperationException"
    unsigned = httpx.post(
        identity_center.endpoint_url,
        headers={"x-amz-target": "SWBExternalService.ListInstances"},
        content="{",
    )
    assert unsigned.json()["__type"] == "MissingAuthenticationTokenException"
