"""What `prod-access bootstrap` prints is set up, and each cloud refuses what the catalogue does not list.

An operator of the pretend cloud sets up the printed documents in the place of what it started with. Then the
workers' own credentials are used as a thief would use them.
"""

# ruff: noqa: ANN401 (SDKs make their clients up)

import itertools
import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.authorization import AuthorizationManagementClient
from google.api_core import exceptions
from google.iam.v1 import policy_pb2
from google.type import expr_pb2

from cli.bootstrap import CloudToSetUp, setup_for
from cli.bootstrap.commands import command_lines
from cli.negative.aws import prove_refused
from cli.negative.azure import prove_refused as prove_azure_refuses
from cli.negative.gcp import prove_refused as prove_google_refuses
from policies.entitlements import Clouds
from policies.entitlements.aws import AwsAccount, AwsLease
from policies.entitlements.azure import AzureScope, assignment_at
from policies.entitlements.gcp import GcpResource, binding_on
from policies.grant import Grant
from policies.holding import Absent, Present, RefusedForGood
from policies.people import AwsUser, People
from policies.rules import Policy
from sandbox.aws import names
from sandbox.aws.commandline import CommandLine
from sandbox.aws.standin import AwsStandIn
from sandbox.aws.use import Allowed, Refused
from sandbox.aws.use import People as PeopleOfAws
from sandbox.azure import names as azure_names
from sandbox.azure.following import tokens_follow
from sandbox.azure.standin import Application, AzureStandIn
from sandbox.gcp import names as gcp_names
from sandbox.gcp.signing import google_auth_follows
from sandbox.gcp.standin import GcpStandIn
from tests.aws import SHOP, WorkerClient, leased_roles, shop_grant
from tests.azure import azure_client as azure_worker_client
from tests.gcp import worker_client as google_worker_client
from tests.policies.builders import person, policy, role
from tests.sandbox.azure.asks import credential, reader, until
from tests.sandbox.gcp.clients import (
    PROJECT,
    binding,
    key_of,
    policy_of,
    resource_manager,
    set_policy,
    signed_in,
)
from workers.clouds.cloud import Holding
from workers.clouds.cloud import Refused as RefusedByCloud

NUMBERS = itertools.count(9000)
AWS_WORKER = f"arn:aws:iam::{names.TOOLING}:user/{names.WORKER}"
SPOKE = names.SPOKE_ROLE.rsplit("/", 1)[1]
READ, LOGS, WRITE = (names.CATALOGUE[name] for name in ("rds-readonly", "logs-readonly", "rds-write"))


class Open:
    """A fence that lets everything through."""

    def check(self) -> None:
        """Let it through."""


def organisation(clouds: Clouds, *entitlements: dict[str, object]) -> Policy:
    """A small organisation: ana, and a role for each of these entitlements."""
    roles = [role(f"role-of-{n}", entitlements=[one]) for n, one in enumerate(entitlements)]
    ana = person("ana", aws=AwsUser(kind="user", arn=names.person_arn("ana")))
    return policy(roles=roles).model_copy(update={"clouds": clouds, "people": People(people=(ana,))})


def printed(given: Policy, cloud: CloudToSetUp, worker: str, *, pim: bool = False) -> dict[str, Any]:
    """What `prod-access bootstrap --json` prints for this organisation."""
    document = setup_for(given, cloud, worker, pim=pim).document
    return dict(json.loads(json.dumps(document)))


# AWS --------------------------------------------------------------------------------------------------------


def shop(**changed: str) -> AwsAccount:
    """The pretend account, as `clouds.yaml` has it."""
    fields = SHOP.model_dump(exclude={"cloud", "policies", "account_id"}) | {"id": SHOP.account_id}
    return AwsAccount.model_validate(fields | changed)


def in_aws(*policies: str) -> dict[str, object]:
    return {"cloud": "aws", "account": SHOP.alias, "policies": list(policies)}


@pytest.fixture(scope="module")
def iam(stand_in: AwsStandIn) -> Iterator[Any]:
    """IAM of shop-prod as its operator reaches it."""
    keys = stand_in.operator
    client = boto3.session.Session().client(
        "iam",
        endpoint_url=stand_in.endpoint_url,
        region_name=names.REGION,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
    )
    yield client
    client.close()


@contextmanager
def spoke_may(iam: Any, document: dict[str, Any], trust: dict[str, Any] | None = None) -> Iterator[None]:
    """The spoke may do this, and nothing else, for a while."""
    before = iam.get_role_policy(RoleName=SPOKE, PolicyName="may")["PolicyDocument"]
    trusted = iam.get_role(RoleName=SPOKE)["Role"]["AssumeRolePolicyDocument"]
    iam.put_role_policy(RoleName=SPOKE, PolicyName="may", PolicyDocument=json.dumps(document))
    iam.update_assume_role_policy(RoleName=SPOKE, PolicyDocument=json.dumps(trust or trusted))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=SPOKE, PolicyName="may", PolicyDocument=json.dumps(before))
        iam.update_assume_role_policy(RoleName=SPOKE, PolicyDocument=json.dumps(trusted))


@pytest.fixture
def set_up(aws: AwsStandIn, iam: Any) -> Iterator[AwsStandIn]:
    """The pretend AWS with the printed spoke: a catalogue of two policies."""
    given = organisation(Clouds(aws=(shop(),)), in_aws(READ), in_aws(LOGS))
    spoke = printed(given, "aws", AWS_WORKER)["accounts"][0]["spoke"]
    with spoke_may(iam, spoke["policy"], spoke["trust"]):
        yield aws


@pytest.fixture
def worker(set_up: AwsStandIn) -> WorkerClient:
    """The workers' own credentials, in whoever's hands."""
    return WorkerClient(set_up)


def grant_of(aws: AwsStandIn, *policies: str) -> Grant:
    """Ana's grant of these policies, for half an hour."""
    made = shop_grant(next(NUMBERS), aws.clock.now())
    return made.model_copy(update={"entitlement": SHOP.model_copy(update={"policies": policies})})


def code(worker: WorkerClient, call: str, **words: object) -> str:
    """The code AWS refuses the spoke with."""
    with pytest.raises(RefusedByCloud) as refused:
        worker.change(SHOP, call, **words)
    return refused.value.problem


def trusting_ana() -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": names.person_arn("ana")},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def bounded_role(worker: WorkerClient, boundary: str = SHOP.boundary) -> str:
    """A role as the adapter would make it, but that nothing is attached to."""
    name = f"thief-{next(NUMBERS)}"
    worker.change(
        SHOP,
        "create_role",
        RoleName=name,
        Path=names.LEASED_PATH,
        PermissionsBoundary=boundary,
        AssumeRolePolicyDocument=trusting_ana(),
    )
    return name


@pytest.mark.parametrize("policies", [(READ,), (READ, LOGS)])
def test_aws_gives_what_the_catalogue_lists_and_takes_it_back(
    set_up: AwsStandIn, people: PeopleOfAws, policies: tuple[str, ...]
):
    cloud, grant = leased_roles(set_up), grant_of(set_up, *policies)
    holding = Holding.of([grant])
    assert cloud.ensure(holding, grant.ends_at, Open()) == Present(grant.ends_at)
    session = people.assume(set_up.person("ana"), grant.holding, "ana")
    assert not isinstance(session, Refused)
    assert people.read(session) == Allowed((names.DATABASE,))
    assert holding.key in {found.key for found in cloud.find_ours()}
    assert cloud.remove(holding, Open(), early=True) == Absent()


def test_aws_refuses_a_policy_that_the_catalogue_does_not_list(set_up: AwsStandIn):
    cloud, grant = leased_roles(set_up), grant_of(set_up, READ, WRITE)
    holding = Holding.of([grant])
    assert cloud.ensure(holding, grant.ends_at, Open()) == RefusedForGood("AccessDenied")
    assert cloud.remove(holding, Open(), early=True) == Absent()


def test_what_has_left_the_catalogue_is_still_taken_back_from_aws(aws: AwsStandIn, iam: Any):
    clouds = Clouds(aws=(shop(),))
    wide, narrow = (
        printed(organisation(clouds, in_aws(*listed)), "aws", AWS_WORKER)["accounts"][0]["spoke"]["policy"]
        for listed in ((READ, WRITE), (READ,))
    )
    cloud, grant = leased_roles(aws), grant_of(aws, WRITE)
    holding = Holding.of([grant])
    with spoke_may(iam, wide):
        assert cloud.ensure(holding, grant.ends_at, Open()) == Present(grant.ends_at)
    with spoke_may(iam, narrow):
        assert cloud.remove(holding, Open(), early=True) == Absent()


@pytest.mark.parametrize(
    "changed",
    [
        {"PermissionsBoundary": names.CATALOGUE["admin-in-boundary"]},
        {"Path": "/"},
        {"Path": "/prod-access-too/"},
    ],
)
def test_aws_refuses_another_boundary_and_another_path(worker: WorkerClient, changed: dict[str, str]):
    words = {"Path": names.LEASED_PATH, "PermissionsBoundary": SHOP.boundary} | changed
    made = {"RoleName": f"thief-{next(NUMBERS)}", "AssumeRolePolicyDocument": trusting_ana(), **words}
    assert code(worker, "create_role", **made) == "AccessDenied"


def test_aws_refuses_a_role_without_a_boundary(worker: WorkerClient):
    made = {"RoleName": f"thief-{next(NUMBERS)}", "AssumeRolePolicyDocument": trusting_ana()}
    assert code(worker, "create_role", Path=names.LEASED_PATH, **made) == "AccessDenied"


@pytest.mark.parametrize(
    "arn", [WRITE, names.CATALOGUE["admin-in-boundary"], "arn:aws:iam::aws:policy/AdministratorAccess"]
)
def test_aws_refuses_other_policies_on_a_role_of_ours(worker: WorkerClient, arn: str):
    name = bounded_role(worker)
    assert code(worker, "attach_role_policy", RoleName=name, PolicyArn=arn) == "AccessDenied"
    worker.change(SHOP, "delete_role", RoleName=name)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("attach_role_policy", {"RoleName": SPOKE, "PolicyArn": READ}),
        ("put_role_policy", {"RoleName": SPOKE, "PolicyName": "more", "PolicyDocument": trusting_ana()}),
        ("update_assume_role_policy", {"RoleName": SPOKE, "PolicyDocument": trusting_ana()}),
        ("delete_role_permissions_boundary", {"RoleName": "whichever"}),
        ("create_user", {"UserName": "stays"}),
        ("create_policy", {"PolicyName": "more", "PolicyDocument": trusting_ana()}),
        ("create_policy_version", {"PolicyArn": READ, "PolicyDocument": trusting_ana()}),
        ("create_policy_version", {"PolicyArn": SHOP.boundary, "PolicyDocument": trusting_ana()}),
    ],
)
def test_aws_refuses_the_spoke_everything_else(worker: WorkerClient, call: str, words: dict[str, str]):
    assert code(worker, call, **words) == "AccessDenied"


def test_nobody_gets_through_the_printed_trust_without_the_external_id(worker: WorkerClient):
    assert worker.assume(SHOP, external_id=SHOP.external_id).key
    with pytest.raises(RefusedByCloud):
        worker.assume(SHOP, external_id=None)


def test_what_an_inline_policy_says_only_the_boundary_limits(aws: AwsStandIn, people: PeopleOfAws, iam: Any):
    """The one thing AWS cannot be told; what the printed boundary denies is denied all the same."""
    edge = f"arn:aws:iam::{names.SHOP_PROD}:policy/printed-boundary"
    given = organisation(Clouds(aws=(shop(boundary=edge),)), in_aws(READ))
    wanted = printed(given, "aws", AWS_WORKER)["accounts"][0]
    boundary = json.dumps(wanted["boundary"]["policy"])
    iam.create_policy(PolicyName="printed-boundary", PolicyDocument=boundary)
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    inline = {"PolicyName": "all", "PolicyDocument": json.dumps(everything)}
    with spoke_may(iam, wanted["spoke"]["policy"]):
        thief = WorkerClient(aws)
        name = bounded_role(thief, edge)
        thief.change(SHOP, "put_role_policy", RoleName=name, **inline)
        session = people.assume(aws.person("ana"), f"{names.LEASED_ROLES[:-1]}{name}", "ana")
        assert not isinstance(session, Refused)
        assert isinstance(people.read(session), Allowed)
        assert isinstance(people.call(session, "iam", "create_user", UserName="stays"), Refused)
        thief.change(SHOP, "delete_role_policy", RoleName=name, PolicyName="all")
        thief.change(SHOP, "delete_role", RoleName=name)
    iam.delete_policy(PolicyArn=edge)


def test_the_printed_lines_make_what_the_printed_documents_say(aws: AwsStandIn, iam: Any):
    """Run in the real AWS command line, as printed, for an account that has nothing yet.

    Only the account's own part: the pretend AWS has no administrator of the workers' and people's accounts.
    """
    fresh = shop(
        spoke_role=f"arn:aws:iam::{names.SHOP_PROD}:role/fresh/fresh-spoke",
        boundary=f"arn:aws:iam::{names.SHOP_PROD}:policy/fresh-boundary",
    )
    given = organisation(Clouds(aws=(fresh,)), in_aws(READ))
    wanted = printed(given, "aws", AWS_WORKER)["accounts"][0]
    lines = command_lines(setup_for(given, "aws", AWS_WORKER)).partition("\n# 2. ")[0]
    with CommandLine(aws, aws.operator) as terminal:
        assert isinstance(terminal.run(lines).outcome, Allowed)
    role_made = iam.get_role(RoleName="fresh-spoke")["Role"]
    assert role_made["Arn"] == wanted["spoke"]["arn"]
    assert role_made["AssumeRolePolicyDocument"] == wanted["spoke"]["trust"]
    may = iam.get_role_policy(RoleName="fresh-spoke", PolicyName="prod-access")
    assert may["PolicyDocument"] == wanted["spoke"]["policy"]
    boundary = iam.get_policy_version(PolicyArn=fresh.boundary, VersionId="v1")["PolicyVersion"]
    assert boundary["Document"] == wanted["boundary"]["policy"]
    iam.delete_role_policy(RoleName="fresh-spoke", PolicyName="prod-access")
    iam.delete_role(RoleName="fresh-spoke")
    iam.delete_policy(PolicyArn=fresh.boundary)
    assert shlex.split(lines, comments=True)  # every quote is closed


# The negative proof -----------------------------------------------------------------------------------------


def leftovers(aws: AwsStandIn) -> list[str]:
    return [found["name"] for found in aws.roles("/") if "prod-access-proof" in found["name"]]


def test_the_proof_holds_where_the_printed_spoke_is_set_up(set_up: AwsStandIn):
    checkup = prove_refused(WorkerClient(set_up), SHOP)
    assert checkup.ok, checkup
    assert checkup.name == "aws shop-prod: refuses what the catalogue does not list"
    assert checkup.detail == "refused, as it should be"
    assert leftovers(set_up) == []


def test_the_proof_names_everything_that_is_let_through_and_leaves_nothing(aws: AwsStandIn, iam: Any):
    anything = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}],
    }
    with spoke_may(iam, anything):
        checkup = prove_refused(WorkerClient(aws), SHOP)
    assert not checkup.ok
    assert checkup.detail == (
        "not refused: a role without the boundary, a role outside /prod-access/, more for the spoke itself, "
        "a policy outside the catalogue; set it up as prod-access bootstrap aws says"
    )
    assert leftovers(aws) == []


def test_what_the_proof_makes_nobody_could_take_on(set_up: AwsStandIn, people: PeopleOfAws):
    """Its role is still there when AWS will not delete it: ana tries, and so would the workers."""
    set_up.break_calls("throttle", ["DeleteRole"])
    checkup = prove_refused(WorkerClient(set_up), SHOP)
    (name,) = leftovers(set_up)
    assert not checkup.ok
    assert checkup.detail == f"refused, as it should be; remove by hand: {name}"
    (left,) = [found for found in set_up.roles("/") if found["name"] == name]
    assert left["boundary"] == SHOP.boundary
    assert left["policies"] == []
    for keys in (set_up.person("ana"), set_up.worker):
        assert isinstance(people.assume(keys, left["arn"], "somebody"), Refused)
    set_up.mend()
    WorkerClient(set_up).change(SHOP, "delete_role", RoleName=name)


@pytest.mark.parametrize("kind", ["throttle", "unavailable", "lost", "late"])
def test_a_proof_that_could_not_be_tried_says_so_and_leaves_nothing(set_up: AwsStandIn, kind: Any):
    set_up.break_calls(kind, ["CreateRole"])
    checkup = prove_refused(WorkerClient(set_up), SHOP)
    assert not checkup.ok
    assert checkup.detail.startswith("could not be tried: ")
    assert leftovers(set_up) == []


def test_a_spoke_that_may_not_do_what_it_should_proves_nothing(aws: AwsStandIn, iam: Any):
    """Everything is refused, but not for the right reason."""
    given = organisation(Clouds(aws=(shop(),)), in_aws(READ))
    reads = printed(given, "aws", AWS_WORKER)["accounts"][0]["spoke"]["policy"]
    reads["Statement"] = [one for one in reads["Statement"] if one["Sid"] in {"Look", "FindOurs"}]
    with spoke_may(iam, reads):
        checkup = prove_refused(WorkerClient(aws), SHOP)
    assert (checkup.ok, checkup.detail) == (False, "could not be tried: AccessDenied")


def test_the_proof_reports_an_account_it_cannot_get_into(aws: AwsStandIn):
    strange: AwsLease = SHOP.model_copy(update={"external_id": "another"})
    checkup = prove_refused(WorkerClient(aws), strange)
    assert (checkup.ok, checkup.detail) == (False, "could not be tried: AccessDenied")


# Google Cloud -----------------------------------------------------------------------------------------------

SHOP_PROJECT = GcpResource(alias="shop-prod", name=PROJECT)
LISTED = ("roles/cloudsql.viewer", "roles/logging.viewer")


def in_google(*roles: str) -> dict[str, object]:
    return {"cloud": "gcp", "resource": "shop-prod", "roles": list(roles)}


@pytest.fixture(scope="module")
def gcp() -> Iterator[GcpStandIn]:
    """The pretend Google Cloud, and this process's google-auth on its clock."""
    with GcpStandIn() as started, google_auth_follows(started.clock):
        yield started


@pytest.fixture(scope="module")
def google_operator(gcp: GcpStandIn) -> Any:
    return resource_manager(gcp, signed_in(gcp, gcp.operator))


@pytest.fixture
def google_limited(gcp: GcpStandIn, google_operator: Any) -> Iterator[Callable[..., Any]]:
    """Sets up what is printed for a catalogue; answers Resource Manager as the worker reaches it."""
    before = policy_of(google_operator)

    def set_up(*entitlements: dict[str, object]) -> Any:
        given = organisation(Clouds(gcp=(SHOP_PROJECT,)), *entitlements)
        wanted = printed(given, "gcp", gcp_names.WORKER)["bindings"]
        assert {one["resource"] for one in wanted} == {PROJECT}
        changed = policy_of(google_operator)
        others = [one for one in changed.bindings if f"serviceAccount:{gcp_names.WORKER}" not in one.members]
        del changed.bindings[:]
        changed.bindings.extend([*others, *map(as_binding, wanted)])
        changed.version = 3
        set_policy(google_operator, changed)
        return resource_manager(gcp, key_of(gcp))

    yield set_up
    set_policy(google_operator, policy_pb2.Policy(version=3, bindings=before.bindings))


def as_binding(printed_one: dict[str, Any]) -> Any:
    condition = expr_pb2.Expr(**printed_one["condition"])
    return policy_pb2.Binding(role=printed_one["role"], members=printed_one["members"], condition=condition)


def add(client: Any, *bindings: Any) -> Any:
    """Reads, adds, writes, as an adapter does it."""
    changed = policy_of(client)
    changed.version = 3
    changed.bindings.extend(bindings)
    return set_policy(client, changed)


def drop(client: Any, *roles: str) -> Any:
    """Takes everything of these roles out."""
    changed = policy_of(client)
    kept = [one for one in changed.bindings if one.role not in roles]
    del changed.bindings[:]
    changed.bindings.extend(kept)
    changed.version = 3
    return set_policy(client, changed)


def for_ana(gcp: GcpStandIn, name: str) -> Any:
    return binding(name, gcp_names.member("ana"), until=gcp.clock.now())


@pytest.mark.parametrize("name", LISTED)
def test_google_gives_and_takes_back_what_the_catalogue_lists(
    gcp: GcpStandIn, google_limited: Callable[..., Any], name: str
):
    worker = google_limited(*map(in_google, LISTED))
    written = add(worker, for_ana(gcp, name))
    assert name in [one.role for one in written.bindings]
    assert name not in [one.role for one in drop(worker, name).bindings]


@pytest.mark.parametrize(
    "name",
    [
        "roles/cloudsql.editor",
        "roles/cloudsql.admin",
        "roles/owner",
        "roles/editor",
        "roles/resourcemanager.projectIamAdmin",
        f"projects/{gcp_names.SHOP_PROD}/roles/incidentResponder",
    ],
)
def test_google_refuses_what_the_catalogue_does_not_list(
    gcp: GcpStandIn, google_limited: Callable[..., Any], name: str
):
    """Owner and editor carry no condition, so they are asked for without one."""
    worker = google_limited(*map(in_google, LISTED))
    basic = name in {"roles/owner", "roles/editor"}
    asked = binding(name, f"serviceAccount:{gcp_names.WORKER}") if basic else for_ana(gcp, name)
    with pytest.raises(exceptions.Forbidden):
        add(worker, asked)


def test_google_refuses_a_listed_role_together_with_another(
    gcp: GcpStandIn, google_limited: Callable[..., Any]
):
    worker = google_limited(*map(in_google, LISTED))
    with pytest.raises(exceptions.Forbidden):
        add(worker, for_ana(gcp, LISTED[0]), for_ana(gcp, "roles/cloudsql.editor"))


def test_google_refuses_to_take_back_what_is_not_listed(google_limited: Callable[..., Any]):
    """Other people's grants are safe, and so is, alas, what left the catalogue while somebody held it."""
    worker = google_limited(*map(in_google, LISTED))
    with pytest.raises(exceptions.Forbidden):
        drop(worker, "roles/run.developer")
    with pytest.raises(exceptions.Forbidden):
        drop(worker, "roles/resourcemanager.projectIamAdmin")


def test_google_refuses_another_project(google_limited: Callable[..., Any]):
    worker = google_limited(*map(in_google, LISTED))
    with pytest.raises(exceptions.Forbidden):
        policy_of(worker, "projects/tooling")


def test_eleven_roles_are_given_through_two_bindings_but_not_across_them(
    gcp: GcpStandIn, google_limited: Callable[..., Any]
):
    """The condition is asked of each binding apart: what one change touches must be in one of them."""
    fillers = [f"roles/service.viewer{n}" for n in range(9)]
    worker = google_limited(in_google(*fillers, LISTED[0]), in_google(LISTED[1]))
    for name in LISTED:
        add(worker, for_ana(gcp, name))
    with pytest.raises(exceptions.Forbidden):
        drop(worker, *LISTED)
    for name in LISTED:
        drop(worker, name)


def test_google_cannot_be_told_whom_a_role_is_given_to(google_limited: Callable[..., Any]):
    """A group, and for ever: our own code never asks for that, but the condition does not refuse it.

    Google has organisation policies on who may be a member at all; the pretend one has none.
    """
    worker = google_limited(*map(in_google, LISTED))
    written = add(worker, binding(LISTED[0], f"group:{gcp_names.ENGINEERS}"))
    assert [f"group:{gcp_names.ENGINEERS}"] in [list(one.members) for one in written.bindings]


def test_the_proof_holds_where_the_printed_bindings_are_set_up(
    gcp: GcpStandIn, google_limited: Callable[..., Any]
):
    """Eleven roles, so two bindings; another project is not reached, so nothing can be tried there."""
    listed = (*(f"roles/service.viewer{n}" for n in range(9)), *LISTED)
    google_limited(in_google(*listed[:10]), in_google(listed[10]))
    client, ana = google_worker_client(gcp), gcp_names.member("ana")
    checkup = prove_google_refuses(client, binding_on(SHOP_PROJECT, listed), listed, ana)
    assert (checkup.ok, checkup.detail) == (True, "refused, as it should be")
    tooling = binding_on(GcpResource(alias="tooling", name="projects/tooling"), listed)
    checkup = prove_google_refuses(client, tooling, listed, ana)
    assert checkup.detail == "could not be tried: gcp_permission_denied"


# Azure ------------------------------------------------------------------------------------------------------

AZURE_NAMES = itertools.count(1)
SHOP_SCOPE = AzureScope(alias="shop-prod", tenant=azure_names.TENANT, id=azure_names.SUBSCRIPTION_SCOPE)


@pytest.fixture(scope="module")
def running_azure() -> Iterator[AzureStandIn]:
    """The pretend Azure."""
    with AzureStandIn() as running, tokens_follow(running.clock):
        yield running


@contextmanager
def azure_client(azure: AzureStandIn, application: Application) -> Iterator[AuthorizationManagementClient]:
    with AuthorizationManagementClient(
        credential(azure, application),
        azure_names.SHOP_PROD,
        base_url=azure.endpoint_url,
        connection_verify=str(azure.ca_bundle),
        retry_total=0,
    ) as client:
        yield client


@pytest.fixture(params=["direct", "pim"])
def azure_worker(
    running_azure: AzureStandIn, request: pytest.FixtureRequest
) -> Iterator[AuthorizationManagementClient]:
    """The worker, who may assign Reader to users: set up as printed, without PIM and with it."""
    running_azure.forget_assignments()
    pim = request.param == "pim"
    application = running_azure.worker if pim else running_azure.direct_worker
    given = organisation(
        Clouds(azure=(SHOP_SCOPE,)), {"cloud": "azure", "scope": "shop-prod", "role": "Reader"}
    )
    (wanted,) = printed(given, "azure", application.object_id, pim=pim)["roleAssignments"]
    with azure_client(running_azure, running_azure.operator) as operator:
        replace_standing(operator, application.object_id, wanted)
    with azure_client(running_azure, application) as client:
        yield client
    running_azure.forget_assignments()


def replace_standing(operator: Any, principal: str, wanted: dict[str, Any]) -> None:
    """Takes off what the application started with, and sets up the printed assignment."""
    held = list(operator.role_assignments.list_for_scope(wanted["scope"], filter="atScope()"))
    for one in held:
        if one.principal_id == principal:
            operator.role_assignments.delete_by_id(one.id)
    body = {
        {
            "roleDefinitionId": "role_definition_id",
            "principalId": "principal_id",
            "principalType": "principal_type",
            "condition": "condition",
            "conditionVersion": "condition_version",
        }[name]: value
        for name, value in wanted["properties"].items()
    }
    operator.role_assignments.create(wanted["scope"], azure_name(), body)


def azure_name() -> str:
    return f"00000000-0000-4000-8000-{next(AZURE_NAMES):012d}"


def azure_refusal(call: Callable[..., Any], *args: Any) -> str:
    """The code Azure refuses with, once the condition was looked at."""
    with pytest.raises(HttpResponseError) as refused:
        call(*args)
    assert refused.value.error is not None
    return f"{refused.value.status_code} {refused.value.error.code}"


def test_azure_gives_and_takes_back_what_the_catalogue_lists(azure_worker: AuthorizationManagementClient):
    made = azure_worker.role_assignments.create(azure_names.GROUP_SCOPE, azure_name(), reader())
    assert azure_worker.role_assignments.delete_by_id(made.id)


@pytest.mark.parametrize(
    "changed",
    [
        {"role_definition_id": azure_names.role_id(azure_names.OWNER)},
        {"role_definition_id": azure_names.role_id(azure_names.CONTRIBUTOR)},
        {"role_definition_id": azure_names.role_id(azure_names.ACCESS_ADMINISTRATOR)},
        {"role_definition_id": azure_names.role_id(azure_names.RBAC_ADMINISTRATOR)},
        {"role_definition_id": azure_names.role_id(azure_names.LOG_READER)},
        {"principal_id": azure_names.DATABASE_TEAM, "principal_type": "Group"},
        {
            "principal_id": azure_names.APPLICATIONS[azure_names.DIRECT_WORKER][1],
            "principal_type": "ServicePrincipal",
        },
    ],
    ids=["owner", "contributor", "its-own-with-pim", "its-own", "not-listed", "a-group", "an-application"],
)
def test_azure_refuses_what_the_catalogue_does_not_list(
    azure_worker: AuthorizationManagementClient, changed: dict[str, Any]
):
    make = azure_worker.role_assignments.create
    said = azure_refusal(make, azure_names.GROUP_SCOPE, azure_name(), reader(**changed))
    assert said == "403 AuthorizationFailed"


def test_azure_refuses_another_subscription(azure_worker: AuthorizationManagementClient):
    there = f"/subscriptions/{azure_names.SHOP_DEV}"
    said = azure_refusal(azure_worker.role_assignments.create, there, azure_name(), reader())
    assert said == "403 AuthorizationFailed"


def test_azure_refuses_to_take_what_others_gave(azure_worker: AuthorizationManagementClient):
    """The database team's standing access: a group, and another role."""
    (theirs,) = (
        one
        for one in azure_worker.role_assignments.list_for_scope(azure_names.GROUP_SCOPE)
        if one.principal_id == azure_names.DATABASE_TEAM
    )
    said = azure_refusal(azure_worker.role_assignments.delete_by_id, theirs.id)
    assert said == "403 AuthorizationFailed"


@pytest.mark.parametrize("azure_worker", ["pim"], indirect=True)
@pytest.mark.parametrize("role_id", [azure_names.OWNER, azure_names.LOG_READER])
def test_azure_refuses_it_through_pim_too(
    running_azure: AzureStandIn, azure_worker: AuthorizationManagementClient, role_id: str
):
    """Whether the real PIM asks the condition is not written down; the pretend one does."""
    requests = azure_worker.role_assignment_schedule_requests
    end = running_azure.clock.now().replace(microsecond=0)
    asked = until(end, role_definition_id=azure_names.role_id(role_id))
    said = azure_refusal(requests.create, azure_names.GROUP_SCOPE, azure_name(), asked)
    assert said == "403 AuthorizationFailed"


@pytest.mark.parametrize("azure_worker", ["direct"], indirect=True)
def test_without_pim_in_it_the_printed_role_opens_no_pim(
    running_azure: AzureStandIn, azure_worker: AuthorizationManagementClient
):
    requests = azure_worker.role_assignment_schedule_requests
    end = running_azure.clock.now().replace(microsecond=0)
    said = azure_refusal(requests.create, azure_names.GROUP_SCOPE, azure_name(), until(end))
    assert said == "403 AuthorizationFailed"


@pytest.mark.usefixtures("azure_worker")
@pytest.mark.parametrize(
    ("azure_worker", "name"),
    [("direct", azure_names.DIRECT_WORKER), ("pim", azure_names.WORKER)],
    indirect=["azure_worker"],
)
def test_the_proof_holds_where_the_printed_assignment_is_set_up(running_azure: AzureStandIn, name: str):
    """The printed condition has Reader and users: another role, a group and an application are tried."""
    place = assignment_at(SHOP_SCOPE, "Reader")
    with azure_worker_client(running_azure, running_azure.application(name)) as client:
        checkup = prove_azure_refuses(client, place, [place.role_id])
    assert (checkup.ok, checkup.detail) == (True, "refused, as it should be")
