"""Roles, and what they mean in AWS."""

import pytest
from pydantic import ValidationError

from policies.catalogue import Catalogue, Risk, role_hash
from policies.entitlements import Clouds, resolve
from policies.entitlements.aws import AwsAccess, AwsAccount, never_granted
from policies.values import RoleName
from tests.policies.builders import ENTITLEMENT, role

ACCOUNT = {
    "alias": "shop-prod",
    "id": "111122223333",
    "region": "eu-central-1",
    "spoke_role": "arn:aws:iam::111122223333:role/prod-access-spoke",
    "external_id": "meridian-prod-access",
    "boundary": "arn:aws:iam::111122223333:policy/prod-access-boundary",
}
ACCESS = AwsAccess.model_validate(ENTITLEMENT)


def test_risks_are_ordered_from_low_to_critical():
    assert sorted(Risk, reverse=True) == [Risk.CRITICAL, Risk.HIGH, Risk.MEDIUM, Risk.LOW]
    assert Risk.LOW <= Risk.LOW < Risk.MEDIUM


def test_a_risk_is_not_compared_with_anything_else():
    with pytest.raises(TypeError):
        assert Risk.LOW < 3


def test_the_catalogue_knows_its_roles_by_name():
    catalogue = Catalogue(roles=(role("prod-logs"), role("prod-admin")))
    assert catalogue.names == ("prod-admin", "prod-logs")
    assert catalogue.get(RoleName("prod-logs")) == role("prod-logs")
    assert catalogue.get(RoleName("prod-nothing")) is None


def test_the_hash_of_a_role_changes_with_anything_about_it():
    assert role_hash(role()) == role_hash(role())
    assert role_hash(role()) != role_hash(role(max_duration="3h"))


@pytest.mark.parametrize(
    "name",
    [
        "mine",
        "emergency",
        "for",
        "hours",
        "d",
        "inc-42",
        "chg-118",
        "pa-7k3m",
        "1h",
        "Prod",
        "prod_db",
        "a" * 41,
    ],
)
def test_a_role_cannot_be_named_like_something_else_on_the_line(name: str):
    with pytest.raises(ValidationError):
        role(name)


def test_a_role_is_not_longer_by_default_than_at_most():
    with pytest.raises(ValidationError, match="default_duration is longer"):
        role(default_duration="5h")


def test_a_role_reaches_an_account_once():
    with pytest.raises(ValidationError, match="shop-prod in aws is here twice"):
        role(entitlements=[ENTITLEMENT, ENTITLEMENT])


@pytest.mark.parametrize(
    "policy",
    [
        "arn:aws:iam::aws:policy/AdministratorAccess",
        "arn:aws:iam::aws:policy/IAMFullAccess",
        "arn:aws:iam::aws:policy/job-function/SystemAdministrator",
        "arn:aws:iam::111122223333:policy/iam-write",
        "arn:aws:iam::111122223333:policy/prod-access-boundary",
        "arn:aws:iam::111122223333:policy/prod-access/anything",
        "arn:aws:iam::111122223333:policy/*",
        "*:*",
    ],
)
def test_what_could_change_who_has_access_is_never_granted(policy: str):
    assert never_granted(policy)
    with pytest.raises(ValidationError, match="is never granted"):
        AwsAccess.model_validate(ENTITLEMENT | {"policies": [policy]})


def test_an_entitlement_holds_arns_of_policies():
    with pytest.raises(ValidationError, match="is not the ARN of an IAM policy"):
        AwsAccess.model_validate(ENTITLEMENT | {"policies": ["rds-readonly"]})


def test_an_entitlement_resolves_to_everything_the_hands_need():
    lease = resolve(ACCESS, Clouds(aws=(AwsAccount.model_validate(ACCOUNT),)))
    assert lease.model_dump() == {
        "cloud": "aws",
        "alias": "shop-prod",
        "account_id": "111122223333",
        "region": "eu-central-1",
        "spoke_role": ACCOUNT["spoke_role"],
        "external_id": "meridian-prod-access",
        "boundary": ACCOUNT["boundary"],
        "policies": ("arn:aws:iam::111122223333:policy/rds-readonly",),
    }


def test_an_entitlement_in_an_account_nobody_knows_does_not_resolve():
    with pytest.raises(LookupError, match="shop-prod"):
        resolve(ACCESS, Clouds())


@pytest.mark.parametrize("word", ["spoke_role", "boundary"])
def test_the_spoke_and_the_boundary_are_in_the_account(word: str):
    with pytest.raises(ValidationError, match="is not in account 444455556666"):
        AwsAccount.model_validate(ACCOUNT | {"id": "444455556666"} | {word: ACCOUNT[word]})
