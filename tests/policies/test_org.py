"""Meridian, the example organisation: it loads, and its people get what the documents say."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import policies.files
from policies.decision import Allow, AskSomeone, Refuse
from policies.entitlements import resolve
from policies.files import load
from policies.lint import lint
from policies.people import AwsUser
from policies.rules import Policy
from policies.shapes import schema_text
from policies.values import GroupName, PersonId, RoleName
from tests.policies.builders import answer, ask

RING = Path(policies.files.__file__).parent
NIGHT = datetime(2026, 1, 7, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def meridian() -> Policy:
    return load(RING / "org", others_may_write=True)


def test_the_schema_for_editors_is_the_models_own():
    assert (RING / "policy.schema.json").read_text() == schema_text()


def test_every_file_names_the_schema():
    first_lines = {path.read_text().split("\n", 1)[0] for path in (RING / "org").glob("*.yaml")}
    assert first_lines == {"# yaml-language-server: $schema=../policy.schema.json"}


def test_meridian_has_no_warnings(meridian: Policy):
    assert lint(meridian) == ()


def test_both_of_anas_accounts_are_ana_and_femi_is_nobody_yet(meridian: Policy):
    accounts = {
        user: meridian.people.by_slack("T0MERIDIAN", user) for user in ("U0ANA", "U0ANAADMIN", "U0FEMI")
    }
    assert [one.id if one else None for one in accounts.values()] == ["ana", "ana", None]


def test_everybody_is_in_a_group_and_has_their_own_aws_user(meridian: Policy):
    for person in meridian.people.people:
        assert meridian.people.groups_of(person.id)
        assert person.aws == AwsUser(kind="user", arn=f"arn:aws:iam::777788889999:user/{person.id}")


def test_every_entitlement_resolves(meridian: Policy):
    targets = [
        resolve(one, meridian.clouds) for role in meridian.catalogue.roles for one in role.entitlements
    ]
    assert {(target.cloud, target.alias) for target in targets} == {
        ("aws", "shop-prod"),
        ("gcp", "shop-prod"),
        ("azure", "prod"),
    }
    reaching = [len(role.entitlements) for role in meridian.catalogue.roles]
    assert reaching == [1, 3, 2, 3, 3]


def test_everybody_has_an_account_in_every_cloud(meridian: Policy):
    for person in meridian.people.people:
        assert all(person.principal_in(cloud) for cloud in meridian.clouds.used)


@pytest.mark.parametrize(
    ("who", "role", "minutes", "approvers"),
    [
        ("ana", "prod-logs", 240, None),
        ("ana", "prod-db-readonly", 60, ("ben",)),
        ("ben", "prod-db-readonly", 60, None),
        ("ana", "prod-operator", 60, ("chloe",)),
        ("chloe", "prod-operator", 60, ("dev",)),
        ("ana", "prod-db-write", 30, ("ben", "emi")),
        ("ana", "prod-admin", 30, ("chloe", "emi")),
    ],
)
def test_the_right_people_are_asked(
    meridian: Policy, who: str, role: str, minutes: int, approvers: tuple[str, ...] | None
):
    decision = answer(ask(who, role, minutes), meridian)
    if approvers is None:
        assert isinstance(decision, Allow)
    else:
        assert isinstance(decision, AskSomeone)
        assert decision.approvers == tuple((PersonId(one),) for one in approvers)


def test_reading_for_eight_hours_is_too_long(meridian: Policy):
    decision = answer(ask("ana", "prod-db-readonly", 480), meridian)
    assert isinstance(decision, Refuse)
    assert decision.reasons == ("8 h is too long. The longest you can have is 2 h.",)


def test_at_night_there_is_no_admin_but_an_operator(meridian: Policy):
    decision = answer(ask("ana", "prod-admin", 30), meridian, NIGHT)
    assert isinstance(decision, Refuse)
    assert decision.alternatives[0].role == "prod-operator"
    assert decision.alternatives[0].duration == timedelta(hours=1)


def test_cards_go_where_the_approvers_are(meridian: Policy):
    channels = {role.name: role.channel for role in meridian.catalogue.roles}
    assert channels == {
        "prod-logs": "C0PRODACCESS",
        "prod-operator": "C0PRODACCESS",
        "prod-db-readonly": "C0DB",
        "prod-db-write": "C0DB",
        "prod-admin": "C0SECURITY",
    }
    assert meridian.catalogue.get(RoleName("prod-logs")) is not None
    assert meridian.people.title_of(GroupName("db-oncall")) == "database on-call"
