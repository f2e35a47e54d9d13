"""Everything setIamPolicy and getIamPolicy refuse, as Google's own client meets it."""

# ruff: noqa: ANN401 - protobuf makes its messages up

from datetime import datetime, timedelta
from typing import Any

import pytest
from google.api_core import exceptions
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.protobuf import field_mask_pb2

from sandbox.gcp import names
from sandbox.gcp.standin import GcpStandIn
from sandbox.gcp.use import Allowed, People
from tests.sandbox.gcp.clients import (
    PROJECT,
    Leases,
    binding,
    key_of,
    policy_of,
    resource_manager,
    set_policy,
)

VIEWER = "roles/cloudsql.viewer"
ANA = names.member("ana")
ALWAYS = 'request.time < timestamp("2090-01-01T00:00:00Z")'


def test_a_reader_who_asks_below_version_3_sees_roles_that_do_not_exist(operator: Any) -> None:
    seen = policy_of(operator, version=1)
    assert seen.version == 1
    hidden = [one for one in seen.bindings if "_withcond_" in one.role]
    assert {one.role.partition("_withcond_")[0] for one in hidden} >= {"roles/cloudsql.editor"}
    assert not any(one.condition.expression for one in seen.bindings)
    assert policy_of(operator, version=0).version == 1
    with pytest.raises(exceptions.BadRequest):
        policy_of(operator, version=2)


def test_a_policy_without_conditions_is_version_1_whatever_was_asked(operator: Any) -> None:
    tooling = policy_of(operator, "projects/tooling")
    assert tooling.version == 1
    tooling.bindings.append(binding(VIEWER, ANA))
    assert set_policy(operator, tooling, "projects/tooling").version == 1


def test_version_3_is_needed_to_touch_a_policy_with_conditions(operator: Any) -> None:
    policy = policy_of(operator)
    policy.version = 1
    with pytest.raises(exceptions.BadRequest, match=r"Specified policy version \(1\) cannot be less than"):
        set_policy(operator, policy)
    policy.version = 2
    with pytest.raises(exceptions.BadRequest):
        set_policy(operator, policy)


def test_a_binding_a_low_reader_saw_cannot_be_written_back(operator: Any) -> None:
    policy = policy_of(operator, version=1)
    policy.version = 3
    with pytest.raises(exceptions.BadRequest, match="_withcond_"):
        set_policy(operator, policy)


def test_without_an_etag_a_low_version_makes_everything_permanent(
    gcp: GcpStandIn, people: People, leases: Leases, operator: Any, until: datetime
) -> None:
    """The reason an adapter never writes without one."""
    leases.add(binding(VIEWER, ANA, until=until))
    policy = policy_of(operator)
    del policy.bindings[4:6]  # leaves the conditional grant of the standing ones out
    written = set_policy(operator, policy_pb2.Policy(version=1, bindings=policy.bindings))
    assert written.version == 1
    gcp.clock.move_to(until + timedelta(minutes=1))
    assert people.read(people.sign_in(gcp.person("ana"))) == Allowed(names.DATABASES)


def test_without_an_etag_a_write_wins_over_whatever_happened(leases: Leases, until: datetime) -> None:
    policy = policy_of(leases.client)
    leases.add(binding(VIEWER, ANA, until=until, title="lost"))
    policy.ClearField("etag")
    policy.version = 3
    written = set_policy(leases.client, policy)
    assert "lost" not in [one.condition.title for one in written.bindings]


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("user:nobody@meridian.example", "User nobody@meridian.example does not exist."),
        ("group:nobody@meridian.example", "Group nobody@meridian.example does not exist."),
        ("serviceAccount:none@x.iam.gserviceaccount.com", "Service account none@x.iam"),
        ("domain:elsewhere.example", "Domain elsewhere.example does not exist."),
        ("ana@meridian.example", "Policy members must be of the form"),
        ("person:ana@meridian.example", "Policy members must be of the form"),
        ("principal://iam.googleapis.com/elsewhere", "Policy members must be of the form"),
        ("allUsers", "invalid argument"),
        ("allAuthenticatedUsers", "invalid argument"),
    ],
)
def test_a_member_nobody_is(leases: Leases, until: datetime, member: str, words: str) -> None:
    with pytest.raises(exceptions.BadRequest, match=words):
        leases.add(binding(VIEWER, member, until=until))


@pytest.mark.parametrize(
    "member",
    [
        "user:Ana@Meridian.example",
        "domain:meridian.example",
        "principal://iam.googleapis.com/locations/global/workforcePools/meridian/subject/ana",
        "principalSet://iam.googleapis.com/locations/global/workforcePools/meridian/group/sre",
        "deleted:user:gone@meridian.example?uid=12345",
    ],
)
def test_a_member_somebody_may_be(leases: Leases, until: datetime, member: str) -> None:
    written = leases.add(binding(VIEWER, member, until=until))
    assert [member] in [list(one.members) for one in written.bindings]


def test_a_binding_has_members_each_once(leases: Leases) -> None:
    for members in ((), (ANA, ANA)):
        with pytest.raises(exceptions.BadRequest):
            leases.add(binding(VIEWER, *members))


@pytest.mark.parametrize(
    "role",
    [
        "roles/none",
        "cloudsql.viewer",
        "roles/resourcemanager.organizationAdmin",
        "projects/tooling/roles/own",
    ],
)
def test_a_role_that_cannot_be_granted_here(operator: Any, role: str) -> None:
    with pytest.raises(exceptions.BadRequest, match=f"Role {role} is not supported for this resource"):
        Leases(operator).add(binding(role, ANA))


@pytest.mark.parametrize("role", ["roles/owner", "roles/editor", "roles/viewer"])
def test_a_basic_role_takes_no_condition(operator: Any, role: str, until: datetime) -> None:
    with pytest.raises(exceptions.BadRequest, match="invalid argument"):
        Leases(operator).add(binding(role, ANA, until=until))


def test_an_owner_is_invited(operator: Any) -> None:
    with pytest.raises(exceptions.BadRequest) as refused:
        Leases(operator).add(binding("roles/owner", ANA))
    assert refused.value.details[0]["type"] == "SOLO_MUST_INVITE_OWNERS"


@pytest.mark.parametrize(
    "condition",
    [
        {"title": "x"},
        {"expression": ALWAYS},
        {"title": "x" * 101, "expression": ALWAYS},
        {"title": "x", "description": "x" * 257, "expression": ALWAYS},
        {"title": "x", "expression": "request.time"},
        {"title": "x", "expression": "request.tme < timestamp('2090-01-01T00:00:00Z')"},
        {"title": "x", "expression": "request.time < '2090-01-01T00:00:00Z'"},
        {"title": "x", "expression": "request.time < timestamp('2090-01-01T00:00:00Z'"},
        {"title": "x", "expression": " && ".join([ALWAYS] * 14)},
    ],
)
def test_a_condition_that_is_none(leases: Leases, condition: dict[str, str]) -> None:
    with pytest.raises(exceptions.BadRequest, match="invalid argument"):
        leases.add(binding(VIEWER, ANA, **condition))


def test_a_timestamp_that_is_none_is_taken_and_never_grants(
    gcp: GcpStandIn, people: People, leases: Leases
) -> None:
    leases.add(binding(VIEWER, ANA, title="x", expression='request.time < timestamp("tomorrow")'))
    assert people.read(people.sign_in(gcp.person("ana"))) != Allowed(names.DATABASES)


def test_the_worker_changes_the_catalogues_roles_and_no_other(worker: Any, operator: Any) -> None:
    policy = policy_of(worker)
    policy.version = 3
    policy.bindings.append(binding("roles/cloudsql.admin", ANA))
    with pytest.raises(exceptions.Forbidden, match="The caller does not have permission"):
        set_policy(worker, policy)
    del policy.bindings[-1]
    index = next(at for at, one in enumerate(policy.bindings) if one.role == "roles/editor")
    del policy.bindings[index]
    with pytest.raises(exceptions.Forbidden):
        set_policy(worker, policy)
    assert len(policy_of(operator).bindings) == len(policy.bindings) + 1


def test_a_stale_change_of_somebody_elses_is_a_conflict_or_denied(
    gcp: GcpStandIn, worker: Any, operator: Any
) -> None:
    stale = policy_of(worker)
    stale.version = 3
    Leases(operator).add(binding("roles/compute.viewer", ANA))
    with pytest.raises(exceptions.Conflict):
        set_policy(worker, stale)
    gcp.settle(permission_before_etag=True)
    with pytest.raises(exceptions.Forbidden):
        set_policy(worker, stale)


def test_without_permission_nothing_and_what_is_not_there_looks_the_same(gcp: GcpStandIn) -> None:
    stranger = resource_manager(gcp, key_of(gcp, names.STRANGER))
    for resource in (PROJECT, "projects/not-there"):
        with pytest.raises(exceptions.Forbidden, match="The caller does not have permission"):
            policy_of(stranger, resource)
        with pytest.raises(exceptions.Forbidden):
            set_policy(stranger, policy_pb2.Policy(), resource)
        with pytest.raises(exceptions.Forbidden):
            stranger.get_project(name=resource)


def test_permissions_are_asked_for_oneself(worker: Any) -> None:
    asked = ["resourcemanager.projects.setIamPolicy", "cloudsql.instances.list"]
    held = worker.test_iam_permissions(resource=PROJECT, permissions=asked)
    assert list(held.permissions) == asked[:1]
    assert not worker.test_iam_permissions(resource="projects/not-there", permissions=asked).permissions
    with pytest.raises(exceptions.BadRequest):
        worker.test_iam_permissions(resource=PROJECT, permissions=["cloudsql.*"])


def test_fifteen_hundred_members_are_the_most(gcp: GcpStandIn, leases: Leases) -> None:
    many = [f"deleted:user:p{number}@meridian.example?uid={number}" for number in range(1_500)]
    with pytest.raises(exceptions.BadRequest, match=r"in the policy \(1,50\d\) is larger than the maximum"):
        leases.add(binding(VIEWER, *many))
    gcp.settle(groups=2)
    with pytest.raises(exceptions.BadRequest):
        leases.add(binding(VIEWER, f"group:{names.SRE}", f"group:{names.ENGINEERS}"))


def test_a_policy_has_a_size(leases: Leases) -> None:
    bindings = [
        binding(
            VIEWER, names.member(name), title="x" * 100, expression=f"{ALWAYS} && 'y' != '{'x' * 700}{one}'"
        )
        for name in names.PEOPLE
        for one in range(15)
    ]
    with pytest.raises(exceptions.BadRequest, match="invalid argument"):
        leases.add(*bindings)


def test_one_member_has_a_role_under_twenty_expressions_at_most(leases: Leases, until: datetime) -> None:
    bindings = [binding(VIEWER, ANA, until=until + timedelta(minutes=one)) for one in range(21)]
    leases.add(*bindings[:20])
    with pytest.raises(exceptions.BadRequest):
        leases.add(bindings[20])


def test_too_many_writes_a_minute(gcp: GcpStandIn, leases: Leases, until: datetime) -> None:
    gcp.clock.move(timedelta(minutes=2))
    gcp.settle(writes_per_minute=1)
    leases.add(binding(VIEWER, ANA, until=until))
    with pytest.raises(exceptions.TooManyRequests, match="limit 'Write requests per minute'") as refused:
        leases.add(binding(VIEWER, ANA, until=until, title="again"))
    assert not isinstance(refused.value, exceptions.ResourceExhausted)
    assert refused.value.reason == "RATE_LIMIT_EXCEEDED"
    (retry,) = [one for one in refused.value.details if one["@type"].endswith("RetryInfo")]
    wait = float(retry["retryDelay"].rstrip("s"))
    assert 0 < wait <= 60
    gcp.clock.move(timedelta(seconds=wait))
    leases.add(binding(VIEWER, ANA, until=until, title="again"))


def test_too_many_reads_a_minute(gcp: GcpStandIn, worker: Any) -> None:
    gcp.clock.move(timedelta(minutes=2))
    gcp.settle(reads_per_minute=1)
    policy_of(worker)
    with pytest.raises(exceptions.TooManyRequests, match="Read requests"):
        policy_of(worker)


def test_an_update_mask_chooses_what_is_written(operator: Any) -> None:
    policy = policy_of(operator)
    policy.version = 3
    del policy.audit_configs[:]
    assert set_policy(operator, policy).audit_configs
    policy = policy_of(operator)
    policy.version = 3
    emptied = policy_pb2.Policy(version=3, etag=policy.etag)
    assert not masked(operator, emptied, "audit_configs").audit_configs
    assert policy_of(operator).bindings == policy.bindings
    policy.ClearField("etag")
    assert masked(operator, policy, "bindings", "audit_configs").audit_configs == policy.audit_configs


def masked(client: Any, policy: Any, *fields: str) -> Any:
    mask = field_mask_pb2.FieldMask(paths=[*fields, "etag"])
    request = iam_policy_pb2.SetIamPolicyRequest(resource=PROJECT, policy=policy, update_mask=mask)
    return client.set_iam_policy(request=request)


def test_resources_by_id_and_by_number(worker: Any, operator: Any) -> None:
    project = worker.get_project(name=f"projects/{names.SHOP_PROD_NUMBER}")
    assert (project.project_id, project.parent) == (names.SHOP_PROD, names.FOLDER)
    assert operator.folders.get_folder(name=names.FOLDER).parent == names.ORGANIZATION
    assert operator.organizations.get_organization(name=names.ORGANIZATION).display_name == names.DOMAIN
    with pytest.raises(exceptions.Forbidden):
        policy_of(worker, "projects/tooling")
