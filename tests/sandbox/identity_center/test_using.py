"""What a person can do with an assignment, and for how long after it is gone."""

# ruff: noqa: ANN401 - boto3 makes its clients up

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.keys import Keys
from sandbox.identity_center import names
from sandbox.identity_center.standin import IdentityCenterStandIn
from sandbox.identity_center.use import Allowed, People, Refused
from tests.sandbox.identity_center.asks import READ, WHERE, WRITE, create, delete
from tests.sandbox.identity_center.conftest import ClientOf


def opened(people: People, stand_in: IdentityCenterStandIn, name: str = "ana", what: str = READ) -> Keys:
    session = people.open(stand_in.person(name), what)
    assert isinstance(session, Keys), session
    return session


def test_an_assignment_lets_its_person_in_and_nobody_else(
    identity_center: IdentityCenterStandIn, holders: People, access: Any
) -> None:
    assert not holders.can_use(identity_center.person("ana"), READ)
    create(access)
    assert holders.read(opened(holders, identity_center)) == Allowed(names.DATABASES)
    assert holders.open(identity_center.person("ben"), READ) == Refused("ForbiddenException", "No access")
    assert not holders.can_use(identity_center.person("ana"), READ, names.PAY_PROD)
    assert not holders.can_use(identity_center.person("ana"), WRITE)
    assert not holders.can_use(identity_center.person("ana"), "no such permission set")


def test_what_is_still_on_its_way_lets_nobody_in(
    identity_center: IdentityCenterStandIn, holders: People, access: Any
) -> None:
    identity_center.settle(operation_seconds=60)
    create(access)
    assert not holders.can_use(identity_center.person("ana"), READ)
    identity_center.clock.move(timedelta(minutes=1))
    assert holders.can_use(identity_center.person("ana"), READ)


def test_a_session_allows_what_its_permission_set_does(
    identity_center: IdentityCenterStandIn, holders: People, access: Any
) -> None:
    for arn in names.CATALOGUE.values():
        create(access, arn=arn)
    restart = {"DBInstanceIdentifier": "orders"}
    reading, writing = (opened(holders, identity_center, what=what) for what in (READ, WRITE))
    refused = holders.call(reading, "rds", "reboot_db_instance", **restart)
    assert isinstance(refused, Refused)
    assert refused.code == "AccessDenied"
    assert holders.call(writing, "rds", "reboot_db_instance", **restart) == Allowed()
    nothing = holders.call(writing, "rds", "reboot_db_instance", DBInstanceIdentifier="none")
    assert isinstance(nothing, Refused)


def test_a_started_session_outlives_the_assignment_for_up_to_an_hour(
    identity_center: IdentityCenterStandIn, holders: People, access: Any
) -> None:
    create(access)
    session = opened(holders, identity_center)
    delete(access)
    assert not holders.can_use(identity_center.person("ana"), READ)
    assert isinstance(holders.read(session), Allowed)
    identity_center.clock.move(timedelta(minutes=59))
    assert isinstance(holders.read(session), Allowed)
    identity_center.clock.move(timedelta(minutes=1))
    ended = holders.read(session)
    assert isinstance(ended, Refused)
    assert ended.code == "ExpiredToken"


def test_what_a_group_has_its_people_have(
    identity_center: IdentityCenterStandIn, holders: People, operator: Any
) -> None:
    assert holders.can_use(identity_center.person("chloe"), names.EVERYDAY)
    create(operator, kind="GROUP", principal=names.group_id(names.SRE))
    assert holders.can_use(identity_center.person("emi"), READ)
    assert not holders.can_use(identity_center.person("chloe"), READ)


def test_the_portal_lists_what_can_be_used(
    identity_center: IdentityCenterStandIn, client: ClientOf, access: Any
) -> None:
    create(access)
    portal = client("sso", Keys("unsigned", "unsigned"))
    token = {"accessToken": identity_center.person("ana")}
    accounts = portal.list_accounts(**token)["accountList"]
    assert [one["accountId"] for one in accounts] == [names.SHOP_PROD, names.PAY_PROD]
    roles = portal.list_account_roles(**token, accountId=names.SHOP_PROD)["roleList"]
    assert [one["roleName"] for one in roles] == [READ, names.EVERYDAY]
    with pytest.raises(ClientError) as refused:
        portal.list_accounts(accessToken="guessed")
    assert refused.value.response["Error"]["Code"] == "UnauthorizedException"


def test_who_left_the_directory_gets_in_no_more(
    identity_center: IdentityCenterStandIn, holders: People, access: Any, store: Any
) -> None:
    create(access)
    store.delete_user(IdentityStoreId=names.IDENTITY_STORE, UserId=names.user_id("ana"))
    refused = holders.open(identity_center.person("ana"), READ)
    assert isinstance(refused, Refused)
    assert refused.code == "UnauthorizedException"


def test_a_session_of_a_person_is_not_one_of_the_administration(
    identity_center: IdentityCenterStandIn, holders: People, access: Any, client: ClientOf
) -> None:
    create(access)
    session = opened(holders, identity_center)
    with pytest.raises(ClientError) as refused:
        client("sso-admin", session).list_permission_sets(**WHERE)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
