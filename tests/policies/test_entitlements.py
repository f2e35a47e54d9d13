"""What a role means in each cloud: what may be asked for, what is never given, and how it is resolved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from policies.entitlements import (
    ADAPTERS,
    Clouds,
    Entitlement,
    Place,
    Target,
    changed_together,
    holding_key,
    never_granted,
    place_id,
    resolve,
)
from policies.entitlements.aws import AwsAccount
from policies.entitlements.azure import BUILT_IN, AzureAccess, AzureScope, assignment_at
from policies.entitlements.azure import assignment_key as azure_key
from policies.entitlements.gcp import GcpAccess, GcpBinding, GcpResource, binding_key, binding_on
from policies.entitlements.identity_center import IdentityCenterAccess, IdentityCenterAccount
from policies.people import (
    AwsUser,
    EntraUser,
    GoogleMember,
    IdentityCenterUser,
    Person,
    Principal,
)
from policies.values import PersonId, RequestId, RoleName

SUBSCRIPTION = "/subscriptions/10000000-0000-4000-8000-000000000001"
TENANT = "aaaabbbb-0000-4ccc-8111-dddd2222eeee"
ACCOUNT = AwsAccount(
    alias="shop",
    id="111122223333",
    region="eu-central-1",
    spoke_role="arn:aws:iam::111122223333:role/spoke",
    external_id="meridian",
    boundary="arn:aws:iam::111122223333:policy/edge",
)
THROUGH_CENTER = IdentityCenterAccount(
    alias="shop",
    id="111122223333",
    region="eu-central-1",
    instance="arn:aws:sso:::instance/ssoins-0123456789abcdef",
    access_role="arn:aws:iam::999988887777:role/assignments",
    external_id="meridian",
    permission_sets={
        "ReadDatabases": "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef"
    },
)
PROJECT = GcpResource(alias="shop", name="projects/shop-prod")
GROUP = AzureScope(alias="shop", tenant=TENANT, id=f"{SUBSCRIPTION}/resourceGroups/prod")
CLOUDS = Clouds(aws=(ACCOUNT,), identity_center=(THROUGH_CENTER,), gcp=(PROJECT,), azure=(GROUP,))
POLICY = "arn:aws:iam::111122223333:policy/read"
ENTITLEMENTS = (
    {"cloud": "aws", "account": "shop", "policies": [POLICY]},
    {"cloud": "identity-center", "account": "shop", "permission_set": "ReadDatabases"},
    {"cloud": "gcp", "resource": "shop", "roles": ["roles/cloudsql.viewer", "roles/logging.viewer"]},
    {"cloud": "azure", "scope": "shop", "role": "Reader"},
)
PRINCIPALS: tuple[Principal, ...] = (
    AwsUser(kind="user", arn="arn:aws:iam::777788889999:user/ana"),
    IdentityCenterUser(user_id="906799eabb-2b5a4f10-0000-4000-8000-00000000a11a"),
    GoogleMember(member="user:ana@meridian.example"),
    EntraUser(object_id="a0000000-0000-4000-8000-0000000000a1"),
)
ANY_ENTITLEMENT: TypeAdapter[Entitlement] = TypeAdapter(Entitlement)
ANY_TARGET: TypeAdapter[Target] = TypeAdapter(Target)
ROLE, REQUEST = RoleName("prod-db-readonly"), RequestId("pa-7k3m")


def target(number: int) -> Target:
    return resolve(ANY_ENTITLEMENT.validate_python(ENTITLEMENTS[number]), CLOUDS)


EVERY = pytest.mark.parametrize(
    "number", range(len(ENTITLEMENTS)), ids=[str(one["cloud"]) for one in ENTITLEMENTS]
)


@EVERY
def test_a_target_is_read_back_as_it_was_stored(number: int):
    stored = ANY_TARGET.dump_json(target(number))
    assert ANY_TARGET.validate_json(stored) == target(number)


@EVERY
def test_a_target_keeps_its_cloud_and_place_and_is_given_by_an_adapter(number: int):
    found = target(number)
    assert (found.cloud, found.alias) == (ENTITLEMENTS[number]["cloud"], "shop")
    assert found.cloud in ADAPTERS
    assert not never_granted(found)


@EVERY
def test_a_holding_is_the_same_for_every_request_but_a_leased_roles(number: int):
    keys = {holding_key(target(number), PRINCIPALS[number], ROLE, RequestId(f"pa-{n:04d}")) for n in range(3)}
    assert len(keys) == (3 if number == 0 else 1)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_nobody_holds_anything_as_somebody_of_another_cloud(number: int):
    with pytest.raises(TypeError, match="AwsUser holds nothing in"):
        holding_key(target(number), PRINCIPALS[0], ROLE, REQUEST)


def test_what_each_holding_is_called():
    keys = [holding_key(target(n), PRINCIPALS[n], ROLE, REQUEST) for n in range(4)]
    assert keys[0] == "arn:aws:iam::111122223333:role/prod-access/prod-db-readonly-7k3m"
    center = "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef/account/111122223333"
    assert keys[1] == f"{center}/user/906799eabb-2b5a4f10-0000-4000-8000-00000000a11a"
    assert keys[2].startswith("projects/shop-prod/bindings/")
    assert keys[3].startswith(f"{SUBSCRIPTION}/resourceGroups/prod/providers/Microsoft.Authorization/")


@given(st.permutations(["roles/a.one", "roles/b.two", "roles/c.three"]))
def test_the_order_of_roles_does_not_make_another_binding(roles: list[str]):
    member = "user:ana@meridian.example"
    first = binding_key(binding_on(PROJECT, ("roles/a.one", "roles/b.two", "roles/c.three")), member)
    assert binding_key(binding_on(PROJECT, tuple(roles)), member) == first


def test_another_person_another_role_another_place_is_another_holding():
    ana, ben = "user:ana@meridian.example", "user:ben@meridian.example"
    bindings = [binding_on(PROJECT, ("roles/a.one",)), binding_on(PROJECT, ("roles/a.two",))]
    folder = GcpBinding(cloud="gcp", alias="f", resource="folders/123456", roles=("roles/a.one",))
    keys = [binding_key(one, who) for one in (*bindings, folder) for who in (ana, ben)]
    assert len(set(keys)) == len(keys)


def test_azure_does_not_mind_how_a_scope_is_written():
    shouted = GROUP.model_copy(update={"id": GROUP.id.replace("prod", "PROD")})
    keys = [azure_key(assignment_at(one, "Reader"), "A0") for one in (GROUP, shouted)]
    assert keys[0].rsplit("/", 1)[1] == keys[1].rsplit("/", 1)[1]


def test_an_azure_role_by_name_is_the_one_of_its_id():
    by_id = assignment_at(GROUP, BUILT_IN["Reader"])
    assert assignment_at(GROUP, "Reader").role_id == by_id.role_id
    assert by_id.subscription == SUBSCRIPTION.rsplit("/", 1)[1]


def test_only_what_a_google_policy_holds_is_changed_together():
    assert [changed_together(target(n)) for n in range(4)] == [None, None, "projects/shop-prod", None]


@pytest.mark.parametrize(
    "role",
    [
        *("roles/owner", "roles/editor", "roles/viewer", "roles/iam.securityAdmin"),
        *("roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountUser"),
        *("roles/resourcemanager.projectIamAdmin", "roles/resourcemanager.organizationAdmin"),
        *("roles/logging.admin", "projects/shop-prod/roles/prodAccess", "roles/compute.admin"),
        *("roles/resourcemanager.folderAdmin", "roles/bigquery.serviceAgent", "roles/reader"),
    ],
)
def test_google_roles_that_could_widen_themselves_are_refused(role: str):
    with pytest.raises(ValidationError, match="is never granted"):
        GcpAccess(cloud="gcp", resource="shop", roles=(role,))


@pytest.mark.parametrize(
    "role", ["Owner", "Contributor", "User Access Administrator", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"]
)
def test_azure_roles_that_could_widen_themselves_are_refused(role: str):
    with pytest.raises(ValidationError, match="is never granted"):
        AzureAccess(cloud="azure", scope="shop", role=role)


@pytest.mark.parametrize("name", ["AdministratorAccess", "IAMFullAccess", "iam-admin", "all-*", "Admin"])
def test_permission_sets_that_could_widen_themselves_are_refused(name: str):
    with pytest.raises(ValidationError, match="is never granted"):
        IdentityCenterAccess(cloud="identity-center", account="shop", permission_set=name)


def test_what_is_no_role_at_all_is_refused_in_words():
    with pytest.raises(ValidationError, match="is not the name of a Google Cloud role"):
        GcpAccess(cloud="gcp", resource="shop", roles=("cloudsql viewer",))
    with pytest.raises(ValidationError, match="is neither a role id nor one of"):
        AzureAccess(cloud="azure", scope="shop", role="Raeder")
    with pytest.raises(ValidationError, match="is not the name of a permission set"):
        IdentityCenterAccess(cloud="identity-center", account="shop", permission_set="two words")


@EVERY
def test_what_was_given_before_it_was_forbidden_is_known_to_be(number: int):
    changes: tuple[dict[str, object], ...] = (
        {"policies": ("arn:aws:iam::aws:policy/IAMFullAccess",)},
        {"permission_set": "AdministratorAccess"},
        {"roles": ("roles/owner",)},
        {"role_id": f"{SUBSCRIPTION}/x/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"},
    )
    assert never_granted(target(number).model_copy(update=changes[number]))


def test_a_place_that_is_not_there_is_a_look_up_error():
    other = Clouds(gcp=(PROJECT.model_copy(update={"alias": "other"}),))
    for entitlement in ENTITLEMENTS:
        with pytest.raises(LookupError, match="has the alias"):
            resolve(ANY_ENTITLEMENT.validate_python(entitlement), other)
    strange = IdentityCenterAccess(cloud="identity-center", account="shop", permission_set="Other")
    with pytest.raises(LookupError, match="no permission set"):
        resolve(strange, CLOUDS)


def test_the_clouds_in_use_are_those_with_a_place():
    assert CLOUDS.used == ("aws", "identity-center", "gcp", "azure")
    assert Clouds(gcp=(PROJECT,)).used == ("gcp",)


def test_what_each_place_really_is():
    places: tuple[Place, ...] = (ACCOUNT, THROUGH_CENTER, PROJECT, GROUP)
    assert [place_id(one) for one in places] == [
        "111122223333",
        "111122223333",
        "projects/shop-prod",
        GROUP.id,
    ]


def test_who_a_person_is_in_each_cloud():
    ana = Person(
        id=PersonId("ana"),
        name="Ana Ruiz",
        title="engineer",
        aws=AwsUser(kind="user", arn="arn:aws:iam::777788889999:user/ana"),
        identity_center="906799eabb-2b5a4f10-0000-4000-8000-00000000a11a",
        google="user:ana@meridian.example",
        entra="a0000000-0000-4000-8000-0000000000a1",
    )
    assert tuple(ana.principal_in(cloud) for cloud in ADAPTERS) == PRINCIPALS
    nobody = Person(id=PersonId("femi"), name="Femi Adeyemi", title="new")
    assert [nobody.principal_in(cloud) for cloud in (*ADAPTERS, "elsewhere")] == [None] * 5


@pytest.mark.parametrize(
    "member", ["group:all@meridian.example", "domain:meridian.example", "allUsers", "user:*@x.example", "ana"]
)
def test_only_one_human_being_is_a_google_member(member: str):
    with pytest.raises(ValidationError):
        Person(id=PersonId("ana"), name="Ana", title="engineer", google=member)
