"""What each cloud has to be told: all that the catalogue lists, and nothing that it does not."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.catalogue import Catalogue
from policies.entitlements import Clouds, aws, azure, gcp
from policies.entitlements.aws import AwsAccount, AwsLease
from policies.entitlements.azure import BUILT_IN, AzureScope
from policies.entitlements.gcp import GcpResource
from policies.entitlements.identity_center import IdentityCenterAccount
from policies.least_privilege.aws import aws_setup
from policies.least_privilege.azure import DIRECT, THROUGH_PIM, azure_setup
from policies.least_privilege.gcp import MOST_ROLES, gcp_setup, grouped
from policies.least_privilege.iam import Arn, PolicyDocument, Statement
from policies.least_privilege.identity_center import identity_center_setup
from policies.least_privilege.listed import listed
from policies.people import AwsRoleSession, AwsUser, People
from policies.rules import Policy
from tests.policies.builders import person, policy, role

CLOUD_ADAPTERS = Path(aws.__file__).parents[2] / "workers/clouds"
HUB = "arn:aws:iam::444455556666:role/prod-access-worker"
ROBOT = "prod-access-worker@tooling.iam.gserviceaccount.com"
OBJECT = "70000000-0000-4000-8000-000000000071"
SUBSCRIPTION = "/subscriptions/10000000-0000-4000-8000-000000000001"
READER, LOGS = BUILT_IN["Reader"], BUILT_IN["Log Analytics Reader"]


def account(alias: str, number: str, **more: str) -> AwsAccount:
    made = {
        "alias": alias,
        "id": number,
        "region": "eu-central-1",
        "spoke_role": f"arn:aws:iam::{number}:role/prod-access-spoke",
        "external_id": f"meridian-{alias}",
        "boundary": f"arn:aws:iam::{number}:policy/edge",
    }
    return AwsAccount.model_validate(made | more)


def center(alias: str, number: str, *sets: str, **more: str) -> IdentityCenterAccount:
    made = {
        "alias": alias,
        "id": number,
        "region": "eu-central-1",
        "instance": "arn:aws:sso:::instance/ssoins-0123456789abcdef",
        "access_role": "arn:aws:iam::999988887777:role/assignments",
        "external_id": "meridian",
        "permission_sets": {name: set_arn(name) for name in sets},
    }
    return IdentityCenterAccount.model_validate(made | more)


def set_arn(name: str) -> str:
    return f"arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-{name.encode().hex():0>16.16}"


SHOP, BANK = account("shop", "111122223333"), account("bank", "222233334444")
CLOUDS = Clouds(
    aws=(SHOP, BANK),
    identity_center=(center("shop", "111122223333", "Read", "Write"), center("bank", "222233334444", "Read")),
    gcp=(
        GcpResource(alias="shop", name="projects/shop-prod"),
        GcpResource(alias="production", name="folders/345678901234"),
        GcpResource(alias="meridian", name="organizations/123456789012"),
    ),
    azure=(
        AzureScope(alias="shop", tenant=OBJECT, id=SUBSCRIPTION),
        AzureScope(alias="prod", tenant=OBJECT, id=f"{SUBSCRIPTION}/resourceGroups/prod"),
    ),
)


def organisation(*entitlements: dict[str, object], clouds: Clouds = CLOUDS) -> Policy:
    """An organisation with a role for each of these entitlements."""
    roles = [role(f"role-of-{n}", entitlements=[one]) for n, one in enumerate(entitlements)]
    made = policy(roles=roles)
    catalogue = made.catalogue if entitlements else Catalogue()
    return made.model_copy(update={"clouds": clouds, "catalogue": catalogue})


def in_aws(where: str, *names: str) -> dict[str, object]:
    number = {"shop": "111122223333", "bank": "222233334444"}[where]
    return {
        "cloud": "aws",
        "account": where,
        "policies": [f"arn:aws:iam::{number}:policy/{name}" for name in names],
    }


def in_center(where: str, name: str) -> dict[str, object]:
    return {"cloud": "identity-center", "account": where, "permission_set": name}


def in_google(where: str, *roles: str) -> dict[str, object]:
    return {"cloud": "gcp", "resource": where, "roles": list(roles)}


def in_azure(where: str, name: str) -> dict[str, object]:
    return {"cloud": "azure", "scope": where, "role": name}


def statement(document: PolicyDocument, sid: str) -> Statement:
    (found,) = (one for one in document.statements if one.sid == sid)
    return found


def values(one: Statement, key: str) -> tuple[str, ...]:
    (found,) = (condition.values for condition in one.conditions if condition.key == key)
    return found


def sids(document: PolicyDocument) -> list[str]:
    return [one.sid for one in document.statements]


def actions(document: PolicyDocument) -> set[str]:
    return {action for one in document.statements for action in one.actions}


def named(adapter: str, service: str) -> set[str]:
    """The actions that an adapter says it needs."""
    docstring = (CLOUD_ADAPTERS / adapter).read_text(encoding="utf-8").split('"""')[1]
    return set(re.findall(rf"`({service}:\w+)`", docstring))


# AWS


def test_a_spoke_may_do_what_the_adapter_does_and_nothing_else():
    (spoke,) = aws_setup(organisation(in_aws("shop", "read"), clouds=Clouds(aws=(SHOP,))), HUB).accounts
    assert actions(spoke.permissions) == named("aws/leased_role.py", "iam")


def test_a_spoke_attaches_the_policies_of_its_account_and_only_under_the_boundary():
    given_ = organisation(
        in_aws("shop", "read", "logs"), in_aws("shop", "write", "read"), in_aws("bank", "audit")
    )
    bank, shop = aws_setup(given_, HUB).accounts
    attach = statement(shop.permissions, "AttachTheCatalogue")
    prefix = "arn:aws:iam::111122223333:policy"
    assert values(attach, "iam:PolicyARN") == (f"{prefix}/logs", f"{prefix}/read", f"{prefix}/write")
    assert values(attach, "iam:PermissionsBoundary") == (SHOP.boundary,)
    other = statement(bank.permissions, "AttachTheCatalogue")
    assert values(other, "iam:PolicyARN") == ("arn:aws:iam::222233334444:policy/audit",)
    made = statement(shop.permissions, "MakeUnderTheBoundary")
    assert values(made, "iam:PermissionsBoundary") == (SHOP.boundary,)


def test_every_change_stays_under_the_path():
    (spoke,) = aws_setup(organisation(in_aws("shop", "read"), clouds=Clouds(aws=(SHOP,))), HUB).accounts
    for one in spoke.permissions.statements:
        changes = [action for action in one.actions if not re.match(r"iam:(Get|List)", action)]
        assert not changes or one.resources == ("arn:aws:iam::111122223333:role/prod-access/*",)


def test_from_an_account_that_no_role_reaches_access_is_only_taken_back():
    bank, shop = aws_setup(organisation(in_aws("shop", "read")), HUB).accounts
    assert sids(bank.permissions) == ["KeepAndTakeBack", "Look", "FindOurs"]
    assert sids(shop.permissions)[:2] == ["MakeUnderTheBoundary", "AttachTheCatalogue"]


def test_taking_back_asks_for_no_policy_of_the_catalogue():
    (spoke,) = aws_setup(organisation(in_aws("shop", "read"), clouds=Clouds(aws=(SHOP,))), HUB).accounts
    assert statement(spoke.permissions, "KeepAndTakeBack").conditions == ()


def test_the_workers_may_act_through_the_spokes_and_nothing_else():
    hub = aws_setup(organisation(in_aws("shop", "read")), HUB).hub
    (one,) = hub.statements
    assert one.actions == ("sts:AssumeRole", "sts:SetSourceIdentity")
    assert one.resources == (BANK.spoke_role, SHOP.spoke_role)


def test_a_spoke_lets_the_workers_in_with_its_external_id_only():
    _, shop = aws_setup(organisation(in_aws("shop", "read")), HUB).accounts
    document = shop.trust.document["Statement"]
    assert {one["Principal"]["AWS"] for one in document} == {HUB}
    assert document[0]["Condition"] == {"StringEquals": {"sts:ExternalId": "meridian-shop"}}
    assert document[1]["Action"] == "sts:SetSourceIdentity"


def test_the_boundary_denies_what_would_last():
    _, shop = aws_setup(organisation(in_aws("shop", "read")), HUB).accounts
    denied = statement(shop.boundary, "NothingThatLasts")
    assert denied.effect == "Deny"
    assert {"iam:*", "sts:AssumeRole", "organizations:*", "cloudtrail:StopLogging"} <= set(denied.actions)


def test_people_may_take_on_what_is_leased_from_where_they_sign_in():
    session = AwsRoleSession(
        kind="role_session", role_arn="arn:aws:iam::555566667777:role/sso/engineer", user_id="AROA12345:ben"
    )
    everybody = People(
        people=(
            person("ana", aws=AwsUser(kind="user", arn="arn:aws:iam::777788889999:user/ana")),
            person("ben", aws=session),
            person("emi"),
            person("gus", active=False, aws=AwsUser(kind="user", arn="arn:aws:iam::101010101010:user/gus")),
        )
    )
    given_ = organisation(in_aws("shop", "read")).model_copy(update={"people": everybody})
    setup = aws_setup(given_, HUB)
    assert setup.people_accounts == ("555566667777", "777788889999")
    (one,) = setup.people.statements
    assert one.actions == ("sts:AssumeRole",)
    assert all(arn.endswith(":role/prod-access/*") for arn in one.resources)


def test_another_partition_is_kept():
    china = account(
        "shop",
        "111122223333",
        spoke_role="arn:aws-cn:iam::111122223333:role/x/spoke",
        boundary="arn:aws-cn:iam::111122223333:policy/edge",
    )
    (spoke,) = aws_setup(organisation(in_aws("shop", "read"), clouds=Clouds(aws=(china,))), HUB).accounts
    assert statement(spoke.permissions, "Look").resources == ("arn:aws-cn:iam::111122223333:role/*",)
    assert Arn.of(china.spoke_role) == ("aws-cn", "111122223333", "role", "/x/", "spoke")


# Identity Center


def test_only_listed_permission_sets_are_assigned_and_only_in_listed_accounts():
    setup = identity_center_setup(organisation(in_center("shop", "Read")), HUB)
    (assigner,) = setup.assigners
    assert statement(assigner.permissions, "AssignTheCatalogue").resources == (
        "arn:aws:sso:::instance/ssoins-0123456789abcdef",
        "arn:aws:sso:::account/111122223333",
        set_arn("Read"),
    )
    assert setup.hub.statements[0].resources == ("arn:aws:iam::999988887777:role/assignments",)


def test_an_assigning_role_may_do_what_the_adapter_does_and_nothing_else():
    (assigner,) = identity_center_setup(organisation(in_center("shop", "Read")), HUB).assigners
    assert actions(assigner.permissions) == named("identity_center/account_assignment.py", "sso")


def test_whatever_is_ours_can_be_taken_back_listed_or_not():
    (assigner,) = identity_center_setup(organisation(in_center("shop", "Read")), HUB).assigners
    kept = set(statement(assigner.permissions, "LookAndTakeBack").resources)
    assert {set_arn("Read"), set_arn("Write"), "arn:aws:sso:::account/222233334444"} <= kept


def test_each_assigning_role_has_its_own_accounts():
    other = center(
        "bank",
        "222233334444",
        "Read",
        access_role="arn:aws:iam::888877776666:role/a",
        external_id="another",
    )
    clouds = Clouds(identity_center=(center("shop", "111122223333", "Read"), other))
    first, second = identity_center_setup(
        organisation(in_center("shop", "Read"), clouds=clouds), HUB
    ).assigners
    assert first.role == "arn:aws:iam::888877776666:role/a"
    assert sids(first.permissions) == ["LookAndTakeBack", "SeeHowItWent", "SeeWhatIsOurs"]
    assert first.trust.document["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] == "another"
    assert "arn:aws:sso:::account/222233334444" not in str(second.permissions.document)


# Google Cloud


def test_the_workers_change_grants_of_the_catalogues_roles_only():
    given_ = organisation(
        in_google("shop", "roles/cloudsql.viewer"),
        in_google("shop", "roles/logging.viewer", "roles/cloudsql.viewer"),
    )
    (limit,) = gcp_setup(given_, ROBOT).limits
    assert (limit.resource, limit.role) == ("projects/shop-prod", "roles/resourcemanager.projectIamAdmin")
    assert limit.expression == (
        "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', [])"
        ".hasOnly(['roles/cloudsql.viewer', 'roles/logging.viewer'])"
    )
    assert limit.title == "prod-access: the roles of the catalogue only"


def test_a_folder_has_googles_role_and_an_organisation_one_of_its_own():
    given_ = organisation(in_google("production", "roles/browser"), in_google("meridian", "roles/browser"))
    setup = gcp_setup(given_, ROBOT)
    assert [one.role for one in setup.limits] == [
        "organizations/123456789012/roles/prodAccess",
        "roles/resourcemanager.folderIamAdmin",
    ]
    (own,) = setup.own_roles
    assert own.permissions == (
        "resourcemanager.organizations.getIamPolicy",
        "resourcemanager.organizations.setIamPolicy",
    )
    assert all(gcp.never_granted(one.role) for one in setup.limits)


def test_eleven_roles_need_two_bindings():
    names = [f"roles/service.viewer{n}" for n in range(11)]
    setup = gcp_setup(organisation(*(in_google("shop", name) for name in names)), ROBOT)
    first, second = setup.limits
    assert (len(first.roles), len(second.roles)) == (MOST_ROLES, 1)
    assert first.title.endswith("only, 1 of 2")
    assert {*first.roles, *second.roles} == set(names)


BUNDLES = st.lists(st.sets(st.sampled_from([f"roles/s.v{n}" for n in range(40)]), min_size=1, max_size=10))


@given(BUNDLES)
def test_every_bundle_of_roles_is_whole_in_some_group_of_ten(bundles: list[set[str]]):
    groups = grouped(tuple(sorted(bundle)) for bundle in bundles)
    assert all(any(bundle <= set(group) for group in groups) for bundle in bundles)
    assert all(0 < len(group) <= MOST_ROLES for group in groups)
    assert {name for group in groups for name in group} == {name for bundle in bundles for name in bundle}


@given(BUNDLES, st.randoms(use_true_random=False))
def test_the_order_of_the_catalogue_makes_no_other_groups(bundles: list[set[str]], chance: Any):  # noqa: ANN401 (hypothesis makes it)
    ordered = [tuple(sorted(bundle)) for bundle in bundles]
    mixed = ordered[:]
    chance.shuffle(mixed)
    assert grouped(mixed) == grouped(ordered)


# Azure


def test_the_workers_assign_and_remove_the_catalogues_roles_to_users_only():
    given_ = organisation(in_azure("prod", "Reader"), in_azure("prod", LOGS), in_azure("prod", "Reader"))
    setup = azure_setup(given_, OBJECT, pim=False)
    (one,) = setup.delegations
    assert one.scope == f"{SUBSCRIPTION}/resourceGroups/prod"
    assert one.roles == tuple(sorted({READER, LOGS}))
    for verb, source in (("write", "@Request"), ("delete", "@Resource")):
        assert f"ActionMatches{{'Microsoft.Authorization/roleAssignments/{verb}'}}" in one.condition
        listed_roles = f"GuidEquals {{{', '.join(one.roles)}}}"
        assert (
            f"{source}[Microsoft.Authorization/roleAssignments:RoleDefinitionId] "
            f"ForAnyOfAnyValues:{listed_roles}" in one.condition
        )
    assert one.condition.count("ForAnyOfAnyValues:StringEqualsIgnoreCase {'User'}") == 2


def test_pim_needs_the_larger_role_and_both_are_never_granted():
    given_ = organisation(in_azure("shop", "Reader"))
    assert azure_setup(given_, OBJECT, pim=False).administrator == DIRECT
    assert azure_setup(given_, OBJECT, pim=True).administrator == THROUGH_PIM
    assert azure.never_granted(DIRECT.id)
    assert azure.never_granted(THROUGH_PIM.id)


def test_a_role_assignment_is_printed_whole():
    document = azure_setup(organisation(in_azure("shop", "Reader")), OBJECT, pim=False).document
    (one,) = document["roleAssignments"]
    assert one["scope"] == SUBSCRIPTION
    assert one["properties"]["roleDefinitionId"].endswith(f"/roleDefinitions/{DIRECT.id}")
    assert one["properties"]["principalType"] == "ServicePrincipal"
    assert one["properties"]["conditionVersion"] == "2.0"


# All of them


def test_every_document_is_printed_whole():
    given_ = organisation(
        in_aws("shop", "read"), in_center("shop", "Read"), in_google("meridian", "roles/browser")
    )
    spoke = aws_setup(given_, HUB).document["accounts"][1]["spoke"]
    assert spoke["arn"] == SHOP.spoke_role
    assert set(spoke["policy"]) == {"Version", "Statement"}
    assigner = identity_center_setup(given_, HUB).document["assigners"][0]
    assert assigner["arn"] == "arn:aws:iam::999988887777:role/assignments"
    google = gcp_setup(given_, ROBOT).document
    assert google["customRoles"][0]["name"] == google["bindings"][0]["role"]
    assert google["bindings"][0]["members"] == [f"serviceAccount:{ROBOT}"]


def test_where_no_role_reaches_google_and_azure_need_nothing():
    empty = organisation()
    assert gcp_setup(empty, ROBOT).document == {"customRoles": [], "bindings": []}
    assert azure_setup(empty, OBJECT, pim=False).document == {"roleAssignments": []}
    assert listed(empty, AwsLease) == ()


@pytest.mark.parametrize(
    "worker", ["arn:aws:iam::444455556666:root", "arn:aws:iam::444455556666:role/*", "*", "444455556666", ""]
)
def test_the_workers_are_one_role_or_user_of_aws(worker: str):
    with pytest.raises(ValidationError):
        aws_setup(organisation(in_aws("shop", "read")), worker)
    with pytest.raises(ValidationError):
        identity_center_setup(organisation(in_center("shop", "Read")), worker)


@pytest.mark.parametrize("worker", ["allUsers", "ana@meridian.example", f"serviceAccount:{ROBOT}", ""])
def test_the_workers_are_one_service_account_of_googles(worker: str):
    with pytest.raises(ValidationError):
        gcp_setup(organisation(in_google("shop", "roles/browser")), worker)


@pytest.mark.parametrize("worker", ["prod-access", OBJECT.upper().replace("7", "A"), ""])
def test_the_workers_are_one_object_of_entra(worker: str):
    with pytest.raises(ValidationError):
        azure_setup(organisation(in_azure("shop", "Reader")), worker, pim=False)


POLICY_NAMES = st.from_regex(r"[a-z]{3,12}-read", fullmatch=True)


@given(st.lists(st.lists(POLICY_NAMES, min_size=1, max_size=4, unique=True), min_size=1, max_size=4))
def test_what_may_be_attached_is_what_is_listed(catalogue: list[list[str]]):
    given_ = organisation(*(in_aws("shop", *names) for names in catalogue))
    _, shop = aws_setup(given_, HUB).accounts
    attachable = values(statement(shop.permissions, "AttachTheCatalogue"), "iam:PolicyARN")
    assert set(attachable) == {arn for lease in listed(given_, AwsLease) for arn in lease.policies}


# What no catalogue may list


def any_case(names: Iterable[str]) -> st.SearchStrategy[str]:
    """One of these names, in some mixture of capitals."""
    return st.sampled_from(sorted(names)).flatmap(
        lambda name: st.lists(st.booleans(), min_size=len(name), max_size=len(name)).map(
            lambda big: "".join(
                sign.upper() if up else sign.lower() for sign, up in zip(name, big, strict=True)
            )
        )
    )


WORDS = st.from_regex(r"[A-Za-z]{0,8}", fullmatch=True)


@given(
    WORDS,
    any_case(["AdministratorAccess", "IAMFullAccess", "iam-write", "iam-admin", "FullAdmin"]),
    WORDS,
    st.sampled_from(["aws", "111122223333"]),
)
def test_no_policy_that_administers_iam_is_listed_however_it_is_written(
    before: str, name: str, after: str, owner: str
):
    assert aws.never_granted(f"arn:aws:iam::{owner}:policy/{before}{name}{after}")
    assert aws.too_powerful(f"{before}{name}{after}")


@given(any_case(["prod-access", "prodaccess"]), WORDS)
def test_nothing_of_our_own_is_listed_in_aws(name: str, more: str):
    assert aws.never_granted(f"arn:aws:iam::111122223333:policy/{more}{name}{more}")


@given(st.from_regex(r"roles/iam\.[A-Za-z.]{1,20}", fullmatch=True))
def test_no_google_role_of_iam_itself_is_listed(name: str):
    assert gcp.never_granted(name)


@given(
    st.from_regex(r"[a-z]{3,12}", fullmatch=True),
    st.sampled_from(["IamAdmin", "securityAdmin", "organizationAdmin", "projectMover", "projectCreator"]),
)
def test_no_google_role_that_sets_access_is_listed(service: str, ending: str):
    kind = "project" if ending == "IamAdmin" else ""
    assert gcp.never_granted(f"roles/{service}.{kind}{ending}")


@pytest.mark.parametrize("name", ["owner", "editor", "viewer", "admin", "writer"])
def test_no_basic_role_of_googles_is_listed(name: str):
    assert gcp.never_granted(f"roles/{name}")


@given(
    st.sampled_from(
        [
            "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",  # Owner
            "b24988ac-6180-42a0-ab88-20f7382dd24c",  # Contributor
            DIRECT.id,
            THROUGH_PIM.id,
        ]
    ),
    st.sampled_from(["", "/providers/Microsoft.Authorization/roleDefinitions/", f"{SUBSCRIPTION}/x/"]),
    st.sampled_from([str.lower, str.upper]),
)
def test_no_azure_role_that_sets_access_is_listed_however_it_is_written(
    role_id: str, before: str, written: Callable[[str], str]
):
    assert azure.never_granted(f"{before}{written(role_id)}")
