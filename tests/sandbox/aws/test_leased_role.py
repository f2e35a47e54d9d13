"""The life of a leased role, as the worker makes it and the person uses it: what `sandbox.aws` promises."""

# ruff: noqa: ANN401 - boto3 makes its clients up

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sandbox.aws import names
from sandbox.aws.keys import Keys
from sandbox.aws.standin import AwsStandIn
from sandbox.aws.use import Allowed, People, Refused

SessionOf = Callable[[str, str], Keys]
Refusal = Callable[..., str]
_A_MOMENT = timedelta(seconds=2)


def test_the_end_comes_by_itself(aws: AwsStandIn, people: People, role: Any, session_of: SessionOf) -> None:
    role.lease(names.person_arn("ana"))
    session = session_of("ana", role.arn)
    assert people.read(session) == Allowed((names.DATABASE,))

    aws.clock.move_to(role.ends_at - timedelta(seconds=30))
    assert people.read(session) == Allowed((names.DATABASE,))

    aws.clock.move_to(role.ends_at + _A_MOMENT)
    live = people.read(session)
    assert isinstance(live, Refused)
    assert (live.code, "with an explicit deny" in live.message) == ("AccessDenied", True)
    again = people.assume(aws.person("ana"), role.arn, "ana")
    assert isinstance(again, Refused)
    assert again.code == "AccessDenied"


def test_a_session_older_than_its_hour_has_expired(
    aws: AwsStandIn, people: People, role: Any, session_of: SessionOf
) -> None:
    role.lease(names.person_arn("ana"))
    session = session_of("ana", role.arn)
    aws.clock.move(timedelta(hours=1, seconds=2))
    for _ in range(2):  # and stays so, while new sessions come and go
        assert _code(people.read(session)) == "ExpiredToken"
        people.assume(aws.person("ana"), role.arn, "ana")


def test_an_early_end_refuses_the_live_session_at_once(
    people: People, role: Any, session_of: SessionOf
) -> None:
    role.lease(names.person_arn("ana"))
    session = session_of("ana", role.arn)
    assert people.read(session) == Allowed((names.DATABASE,))
    role.deny(condition={})
    assert _code(people.read(session)) == "AccessDenied"


def test_a_cut_by_issue_time_spares_newer_sessions_only(
    aws: AwsStandIn, people: People, role: Any, session_of: SessionOf
) -> None:
    """Why the trust has to be closed as well: a session assumed after the cut lives."""
    role.lease(names.person_arn("ana"))
    before = session_of("ana", role.arn)
    cut = aws.clock.move(_A_MOMENT)
    role.deny({"DateLessThan": {"aws:TokenIssueTime": cut.strftime("%Y-%m-%dT%H:%M:%SZ")}})
    aws.clock.move(_A_MOMENT)
    after = session_of("ana", role.arn)
    assert _code(people.read(before)) == "AccessDenied"
    assert people.read(after) == Allowed((names.DATABASE,))


def test_an_extension_moves_both_dates_under_a_live_session(
    aws: AwsStandIn, people: People, role: Any, session_of: SessionOf
) -> None:
    role.lease(names.person_arn("ana"))
    session = session_of("ana", role.arn)
    old_end = role.ends_at
    role.extend(timedelta(hours=1))
    aws.clock.move_to(old_end + _A_MOMENT)
    assert people.read(session) == Allowed((names.DATABASE,))
    later = session_of("ana", role.arn)
    aws.clock.move_to(role.ends_at + _A_MOMENT)
    assert _code(people.read(later)) == "AccessDenied"
    assert _code(people.assume(aws.person("ana"), role.arn, "ana")) == "AccessDenied"


def test_a_deleted_role_leaves_nothing(
    aws: AwsStandIn, people: People, role: Any, session_of: SessionOf, refusal: Refusal
) -> None:
    role.lease(names.person_arn("ana"))
    session = session_of("ana", role.arn)
    role.delete()
    listed = role.iam.list_roles(PathPrefix=names.LEASED_PATH)["Roles"]
    assert role.name not in {one["RoleName"] for one in listed}
    assert refusal(role.iam.get_role, RoleName=role.name) == "NoSuchEntity"
    assert _code(people.read(session)) == "InvalidClientTokenId"
    assert _code(people.assume(aws.person("ana"), role.arn, "ana")) == "AccessDenied"


def test_a_role_made_again_does_not_revive_old_sessions(
    people: People, role: Any, session_of: SessionOf
) -> None:
    role.lease(names.person_arn("ana"))
    old = session_of("ana", role.arn)
    role.delete()
    role.lease(names.person_arn("ana"))
    assert _code(people.read(old)) == "InvalidClientTokenId"
    assert people.read(session_of("ana", role.arn)) == Allowed((names.DATABASE,))


def test_a_role_comes_apart_only_in_order(role: Any, refusal: Refusal) -> None:
    role.lease(names.person_arn("ana"))
    named = {"RoleName": role.name}
    attached = named | {"PolicyArn": names.CATALOGUE["rds-readonly"]}
    assert refusal(role.iam.delete_role, **named) == "DeleteConflict"
    role.iam.detach_role_policy(**attached)
    assert refusal(role.iam.detach_role_policy, **attached) == "NoSuchEntity"
    assert refusal(role.iam.delete_role, **named) == "DeleteConflict"
    role.iam.delete_role_policy(PolicyName="ends", **named)
    assert refusal(role.iam.delete_role_policy, PolicyName="ends", **named) == "NoSuchEntity"
    assert role.iam.list_instance_profiles_for_role(**named)["InstanceProfiles"] == []
    role.iam.delete_role(**named)


def test_what_is_asked_about_a_role_that_is_gone(role: Any, refusal: Refusal) -> None:
    """Reads say so; changes are refused, because a role that is gone has no path to be allowed by."""
    named = {"RoleName": role.name}
    for read in ("get_role", "list_role_tags", "list_role_policies", "list_attached_role_policies"):
        assert refusal(getattr(role.iam, read), **named) == "NoSuchEntity"
    assert refusal(role.iam.delete_role, **named) == "AccessDenied"
    assert refusal(role.deny) == "AccessDenied"
    assert refusal(role.attach) == "AccessDenied"


def test_making_it_again_says_it_is_there(role: Any, refusal: Refusal) -> None:
    role.lease(names.person_arn("ana"))
    role.deny()
    role.attach()
    assert refusal(role.create, principal=names.person_arn("ana")) == "EntityAlreadyExists"
    found = role.iam.get_role(RoleName=role.name)["Role"]
    assert found["Tags"] == [{"Key": "prod-access:grant-id", "Value": role.name}]
    assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == names.BOUNDARY
    assert found["Description"] == "Lease & end"


def test_it_gives_what_its_policy_gives_and_no_more(people: People, role: Any, session_of: SessionOf) -> None:
    role.lease(names.person_arn("ana"))
    session = session_of("ana", role.arn)
    reboot = people.call(session, "rds", "reboot_db_instance", DBInstanceIdentifier=names.DATABASE)
    assert _code(reboot) == "AccessDenied"
    assert _code(people.call(session, "logs", "describe_log_groups")) == "AccessDeniedException"


def test_not_even_admin_leaves_the_boundary(people: People, role: Any, session_of: SessionOf) -> None:
    role.lease(names.person_arn("ana"), policy="admin-in-boundary")
    session = session_of("ana", role.arn)
    assert people.call(session, "logs", "describe_log_groups") == Allowed()
    assert _code(people.call(session, "iam", "create_user", UserName="stays")) == "AccessDenied"


def test_nobody_else_takes_it(aws: AwsStandIn, people: People, role: Any) -> None:
    role.lease(names.person_arn("ana"))
    assert _code(people.assume(aws.person("ben"), role.arn, "ana")) == "AccessDenied"
    assert _code(people.assume(aws.person("ana"), names.SPOKE_ROLE, "ana")) == "AccessDenied"


def test_a_base_role_and_a_person_in_it_can_be_named(
    aws: AwsStandIn, people: People, client: Any, role: Any
) -> None:
    """`aws:userid` is the base role's unique id and the name the portal signed the person in under."""
    portal = aws.keys(names.PEOPLE_ACCOUNT, names.PORTAL)
    ana, ben = people.sign_in(portal, "ana"), people.sign_in(portal, "ben")
    assert isinstance(ana, Keys)
    assert isinstance(ben, Keys)
    user_id = client("sts", ana).get_caller_identity()["UserId"]
    role.create(names.BASE_ROLE, {"StringEquals": {"aws:userid": user_id}})
    role.deny()
    role.attach()
    session = people.assume(ana, role.arn, "ana")
    assert isinstance(session, Keys)
    assert people.read(session) == Allowed((names.DATABASE,))
    assert _code(people.assume(ben, role.arn, "ana")) == "AccessDenied"


def test_the_spoke_session_runs_out_and_is_assumed_again(
    aws: AwsStandIn, client: Any, spoke: Any, refusal: Refusal
) -> None:
    aws.clock.move(timedelta(days=2))
    assert refusal(spoke.list_roles) == "ExpiredToken"
    again = client("sts", aws.worker).assume_role(
        RoleArn=names.SPOKE_ROLE, RoleSessionName="worker", ExternalId=names.EXTERNAL_ID
    )
    assert again["Credentials"]["Expiration"] > aws.clock.now()


def _code(outcome: object) -> str:
    assert isinstance(outcome, Refused), outcome
    return outcome.code
