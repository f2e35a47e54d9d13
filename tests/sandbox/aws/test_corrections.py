"""The pretend AWS refuses what AWS refuses, where ministack alone would not."""

# ruff: noqa: ANN401 - boto3 makes its clients up

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws import names
from sandbox.aws.keys import Keys
from sandbox.aws.signing import botocore_follows
from sandbox.aws.standin import AwsStandIn
from sandbox.aws.use import Allowed, People, Refused
from sandbox.clock import MovableClock

Refusal = Callable[..., str]
_TRUSTING_NOBODY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}],
    }
)


def _trust(**changed: Any) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": names.person_arn("ana")}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | changed]})


@pytest.fixture(name="operator")
def _operator(aws: AwsStandIn, client: Any) -> Any:
    return client("iam", aws.operator)


def test_a_role_is_made_under_the_boundary_and_the_path_only(role: Any, refusal: Refusal) -> None:
    ana = names.person_arn("ana")
    for wrong in (
        {"PermissionsBoundary": names.CATALOGUE["admin-in-boundary"]},
        {"Path": "/"},
        {"Path": "/prod-access-not/"},
    ):
        assert refusal(role.create, principal=ana, **wrong) == "AccessDenied"
    role.create(ana)


def test_the_spoke_cannot_touch_itself(spoke: Any, refusal: Refusal) -> None:
    touched = {"RoleName": "prod-access-spoke", "PolicyArn": names.CATALOGUE["admin-in-boundary"]}
    assert refusal(spoke.attach_role_policy, **touched) == "AccessDenied"
    assert refusal(spoke.create_user, UserName="stays") == "AccessDenied"


def test_a_role_without_the_boundary_gets_no_policy_from_the_spoke(
    operator: Any, role: Any, refusal: Refusal
) -> None:
    """`iam:PermissionsBoundary` is the boundary the role *has* when a policy is attached."""
    operator.create_role(RoleName=role.name, Path=names.LEASED_PATH, AssumeRolePolicyDocument=_trust())
    assert refusal(role.attach) == "AccessDenied"


def test_there_are_no_root_keys(client: Any, refusal: Refusal) -> None:
    for key in ("test", names.SHOP_PROD):
        assert refusal(client("iam", Keys(key, "test")).list_roles) == "InvalidClientTokenId"


def test_a_wrong_secret_signs_nothing(aws: AwsStandIn, client: Any, refusal: Refusal) -> None:
    forged = Keys(aws.operator.access_key_id, "0" * 40)
    assert refusal(client("iam", forged).list_roles) == "SignatureDoesNotMatch"


def test_accounts_are_separate(aws: AwsStandIn, client: Any, role: Any, refusal: Refusal) -> None:
    role.create(names.person_arn("ana"))
    assert refusal(client("iam", aws.worker).get_role, RoleName=role.name) == "AccessDenied"
    assert refusal(client("iam", aws.person("ana")).list_roles) == "AccessDenied"


@pytest.mark.parametrize(
    ("trust", "why"),
    [
        (_trust(Principal={"AWS": names.person_arn("nobody")}), "Invalid principal"),
        (_trust(Principal={"AWS": names.person_arn("an*")}), "Invalid principal"),
        (_trust(Principal={"AWS": names.BASE_ROLE.replace("engineer", "Engineer")}), "Invalid principal"),
        (_trust(Principal={"AWS": "arn:aws:iam::999999999999:root"}), "Invalid principal"),
        (_trust(Action="iam:CreateRole"), "may only specify STS"),
        (_trust(Resource="*"), "prohibited field Resource"),
        (json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}), "Principal"),
        ("{", "invalid Json"),
    ],
)
def test_a_trust_policy_that_means_nothing_is_not_stored(role: Any, trust: str, why: str) -> None:
    with pytest.raises(role.iam.exceptions.MalformedPolicyDocumentException, match=why):
        role.create("*", AssumeRolePolicyDocument=trust)


@pytest.mark.parametrize(
    "principal",
    [
        names.person_arn("ana"),
        names.BASE_ROLE,
        f"{names.PEOPLE_ACCOUNT}",
        f"arn:aws:iam::{names.TOOLING}:root",
    ],
)
def test_a_principal_that_exists_is_stored(role: Any, principal: str) -> None:
    role.create(principal)


@pytest.mark.parametrize(
    "changed",
    [
        {"RoleName": "pa-" + "x" * 62},
        {"RoleName": "pa rds"},
        {"MaxSessionDuration": 43_201},
        {"Tags": [{"Key": "why", "Value": "read & weep"}]},
        {"Tags": [{"Key": f"key-{number}", "Value": ""} for number in range(51)]},
    ],
)
def test_parameters_keep_their_limits(operator: Any, refusal: Refusal, changed: dict[str, Any]) -> None:
    asked = {"RoleName": "pa-limits", "AssumeRolePolicyDocument": _TRUSTING_NOBODY}
    assert refusal(operator.create_role, **(asked | changed)) == "ValidationError"


def test_tags_may_be_in_any_language(role: Any) -> None:
    role.create(names.person_arn("ana"), Tags=[{"Key": "wer", "Value": "Jürgen Größe"}])
    assert role.iam.list_role_tags(RoleName=role.name)["Tags"] == [{"Key": "wer", "Value": "Jürgen Größe"}]


def test_documents_keep_their_sizes(operator: Any, role: Any, refusal: Refusal) -> None:
    """A trust of 2,048 characters, 10,240 inline, 6,144 managed; white space is free."""
    role.create(names.person_arn("ana"))
    long = {"StringNotEquals": {"aws:userid": ["x" * 90] * 100}}
    named = {"RoleName": role.name}
    trust = _trust(Condition={"StringNotEquals": {"aws:userid": ["x" * 90] * 20}})
    assert refusal(role.iam.update_assume_role_policy, PolicyDocument=trust, **named) == "LimitExceeded"
    role.deny(long)
    more = _document(_condition=long)
    put = {"PolicyName": "more", "PolicyDocument": more, **named}
    assert refusal(role.iam.put_role_policy, **put) == "LimitExceeded"
    assert refusal(operator.create_policy, PolicyName="long", PolicyDocument=more) == "LimitExceeded"
    spaced = _document(_condition={}).replace(" ", " " * 9_000)
    role.iam.put_role_policy(**(put | {"PolicyDocument": spaced}))


def _document(_condition: dict[str, Any]) -> str:
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": _condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_role_takes_ten_policies_that_exist(operator: Any, role: Any, refusal: Refusal) -> None:
    role.create(names.person_arn("ana"))
    missing = f"arn:aws:iam::{names.SHOP_PROD}:policy/missing"
    assert refusal(role.iam.attach_role_policy, RoleName=role.name, PolicyArn=missing) == "NoSuchEntity"
    for number in range(10):
        made = operator.create_policy(PolicyName=f"{role.name}-{number}", PolicyDocument=_document({}))
        role.iam.attach_role_policy(RoleName=role.name, PolicyArn=made["Policy"]["Arn"])
    assert refusal(role.attach) == "LimitExceeded"


def test_a_listing_pages_and_says_little(operator: Any) -> None:
    made = {f"page-{number}" for number in range(3)}
    for name in made:
        operator.create_role(
            RoleName=name,
            Path="/pages/",
            AssumeRolePolicyDocument=_trust(),
            PermissionsBoundary=names.BOUNDARY,
            Tags=[{"Key": "page", "Value": name}],
        )
    pages = operator.get_paginator("list_roles").paginate(
        PathPrefix="/pages/", PaginationConfig={"PageSize": 2}
    )
    listed = [page["Roles"] for page in pages]
    assert [len(page) for page in listed] == [2, 1]
    roles = [role for page in listed for role in page]
    assert {role["RoleName"] for role in roles} == made
    assert not any({"Tags", "PermissionsBoundary"} & set(role) for role in roles)


def test_a_role_is_assumed_by_its_whole_arn(aws: AwsStandIn, people: People, role: Any) -> None:
    role.lease(names.person_arn("ana"))
    elsewhere = role.arn.replace(names.LEASED_PATH, "/prod-access/elsewhere/")
    assert _code(people.assume(aws.person("ana"), elsewhere, "ana")) == "AccessDenied"


def test_sessions_keep_to_the_hour(aws: AwsStandIn, people: People, role: Any) -> None:
    """The role's own limit for a user; the chaining limit for a session, whatever the role allows."""
    role.create(names.person_arn("ana"), MaxSessionDuration=7_200)
    assert _code(people.assume(aws.person("ana"), role.arn, "ana", seconds=7_201)) == "ValidationError"
    assert isinstance(people.assume(aws.person("ana"), role.arn, "ana", seconds=7_200), Keys)

    ana = people.sign_in(aws.keys(names.PEOPLE_ACCOUNT, names.PORTAL), "ana")
    assert isinstance(ana, Keys)
    role.iam.update_assume_role_policy(
        RoleName=role.name, PolicyDocument=_trust(Principal={"AWS": names.BASE_ROLE})
    )
    chained = people.assume(ana, role.arn, "ana", seconds=3_601)
    assert isinstance(chained, Refused)
    assert "role chaining" in chained.message
    assert isinstance(people.assume(ana, role.arn, "ana", seconds=3_600), Keys)


@pytest.mark.parametrize("session_name", ["a", "ana banana", "x" * 65])
def test_a_session_name_keeps_its_pattern(
    aws: AwsStandIn, client: Any, refusal: Refusal, session_name: str
) -> None:
    assume = client("sts", aws.worker).assume_role
    if len(session_name) == 1:  # botocore itself knows the shortest
        session_name = "ä" * 2
    asked = {"RoleArn": names.SPOKE_ROLE, "ExternalId": names.EXTERNAL_ID}
    assert refusal(assume, RoleSessionName=session_name, **asked) == "ValidationError"


def test_the_spoke_wants_its_external_id(aws: AwsStandIn, client: Any, refusal: Refusal) -> None:
    assume = client("sts", aws.worker).assume_role
    asked = {"RoleArn": names.SPOKE_ROLE, "RoleSessionName": "worker"}
    assert refusal(assume, **asked) == "AccessDenied"
    assert refusal(assume, ExternalId="guessed", **asked) == "AccessDenied"


def test_an_identity_needs_leave_on_both_sides_and_stays(
    aws: AwsStandIn, client: Any, role: Any, refusal: Refusal
) -> None:
    worker = {"RoleArn": names.SPOKE_ROLE, "RoleSessionName": "worker", "ExternalId": names.EXTERNAL_ID}
    answer = client("sts", aws.worker).assume_role(SourceIdentity="prod-access", **worker)
    assert answer["SourceIdentity"] == "prod-access"

    role.create(names.person_arn("ana"))
    asked = {"RoleArn": role.arn, "RoleSessionName": "ana", "SourceIdentity": "ana"}
    assert refusal(client("sts", aws.person("ana")).assume_role, **asked) == "AccessDenied"

    role.iam.update_assume_role_policy(
        RoleName=role.name, PolicyDocument=_trust(Principal={"AWS": f"{names.SHOP_PROD}"})
    )
    operator = client(
        "sts", aws.operator
    ).assume_role  # may ask for anything, but the trust does not allow it
    assert refusal(operator, **asked) == "AccessDenied"
    both = _trust(Principal={"AWS": f"{names.SHOP_PROD}"}, Action=["sts:AssumeRole", "sts:SetSourceIdentity"])
    role.iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=both)
    assert operator(**asked)["SourceIdentity"] == "ana"


def test_the_source_identity_is_a_key_of_every_request(
    aws: AwsStandIn, client: Any, people: People, role: Any
) -> None:
    role.create(names.person_arn("ana"))
    both = _trust(Principal={"AWS": f"{names.SHOP_PROD}"}, Action=["sts:AssumeRole", "sts:SetSourceIdentity"])
    role.iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=both)
    role.attach()
    role.deny({"StringEquals": {"aws:SourceIdentity": "mallory"}})
    outcomes = {}
    for identity in ("ana", "mallory"):
        given = client("sts", aws.operator).assume_role(
            RoleArn=role.arn, RoleSessionName="any", SourceIdentity=identity
        )["Credentials"]
        keys = Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        outcomes[identity] = people.read(keys)
    assert outcomes["ana"] == Allowed((names.DATABASE,))
    assert _code(outcomes["mallory"]) == "AccessDenied"


def test_a_signature_from_another_time_is_refused(
    aws: AwsStandIn, client: Any, refusal: Refusal, tmp_path: Path
) -> None:
    aws.clock.move(timedelta(minutes=16))
    machine = MovableClock(tmp_path / "a clock nobody moved")
    with botocore_follows(machine):
        assert refusal(client("iam", aws.auditor).list_roles) == "SignatureDoesNotMatch"
    assert client("iam", aws.auditor).list_roles(MaxItems=1)["Roles"]


def _code(outcome: object) -> str:
    assert isinstance(outcome, Refused), outcome
    return outcome.code
