"""What has to be set up in a cloud, printed: in three ways, the same."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws.standin import AwsStandIn
from tests.cli.conftest import ProdAccess

TERRAFORM = shutil.which("terraform")
HUB = "arn:aws:iam::444455556666:role/prod-access-worker"
WORKERS = {
    "aws": HUB,
    "identity-center": "arn:aws:iam::444455556666:user/prod-access-worker",
    "gcp": "prod-access-worker@tooling.iam.gserviceaccount.com",
    "azure": "70000000-0000-4000-8000-000000000071",
}
SUBSCRIPTION = "/subscriptions/10000000-0000-4000-8000-000000000001"
POLICY = "arn:aws:iam::111122223333:policy"
SET = "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef"
SHOP = {
    "id": "111122223333",
    "region": "eu-central-1",
    "spoke_role": "arn:aws:iam::111122223333:role/access/prod-access-spoke",
    "external_id": "meridian-prod-access",
    "boundary": f"{POLICY}/prod-access-boundary",
}
CLOUDS: dict[str, Any] = {
    "aws": {"shop-prod": SHOP},
    "identity_center": {
        "shop-prod": {
            "id": "111122223333",
            "region": "eu-central-1",
            "instance": "arn:aws:sso:::instance/ssoins-0123456789abcdef",
            "access_role": "arn:aws:iam::999988887777:role/assign-people",
            "external_id": "meridian",
            "permission_sets": {"Read": SET},
        }
    },
    "gcp": {
        "shop-prod": {"name": "projects/shop-prod"},
        "meridian": {"name": "organizations/123456789012"},
        "production": {"name": "folders/345678901234"},
    },
    "azure": {
        "shop-prod": {"tenant": "aaaabbbb-0000-4ccc-8111-dddd2222eeee", "id": SUBSCRIPTION},
    },
}
READS = [
    {"cloud": "aws", "account": "shop-prod", "policies": [f"{POLICY}/rds-readonly", f"{POLICY}/logs"]},
    {"cloud": "identity-center", "account": "shop-prod", "permission_set": "Read"},
    *(
        {"cloud": "gcp", "resource": where, "roles": ["roles/browser"]}
        for where in ("shop-prod", "meridian", "production")
    ),
    {"cloud": "azure", "scope": "shop-prod", "role": "Reader"},
]
CLOUD_NAMES = pytest.mark.parametrize("cloud", WORKERS)


Org = Callable[..., str]


@pytest.fixture
def org(tmp_path: Path) -> Org:
    """Writes an organisation's files, with these entitlements as its one role, each in its own if asked."""

    def write(*roles: list[dict[str, Any]], clouds: object = CLOUDS) -> str:
        files = {
            "people": {
                "people": {
                    "ana": {
                        "name": "Ana Ruiz",
                        "title": "engineer",
                        "aws": {"kind": "user", "arn": "arn:aws:iam::777788889999:user/ana"},
                    }
                },
                "groups": {},
            },
            "roles": {"roles": {f"role-of-{n}": _role(one) for n, one in enumerate(roles or (READS,))}},
            "rules": {"rules": []},
            "clouds": clouds,
        }
        folder = tmp_path / "org"
        folder.mkdir(mode=0o700)
        for name, content in files.items():
            path = folder / f"{name}.yaml"
            path.write_text(json.dumps(content), encoding="utf-8")
            path.chmod(0o600)
        return str(folder)

    return write


def _role(entitlements: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "title": "Read",
        "environment": "prod",
        "risk": "low",
        "default_duration": "30m",
        "max_duration": "1h",
        "channel": "C0DB",
        "entitlements": entitlements,
    }


def refusal(prod_access: ProdAccess, *words: str, **variables: str) -> str:
    """The one sentence it answers instead."""
    ran = prod_access("bootstrap", *words, **variables)
    assert (ran.code, ran.out) == (2, "")
    return ran.err.removeprefix("prod-access: ").rstrip("\n")


def here_documents(text: str) -> list[str]:
    """What stands between `<<'END'`, or `<<-JSON`, and its end."""
    found = re.findall(r"<<-?'?(END|JSON)'?\n(.*?)\n *\1$", text, re.DOTALL | re.MULTILINE)
    return [content for _, content in found]


def policies_in(document: object) -> list[object]:
    """Every IAM policy anywhere in a document."""
    if isinstance(document, dict):
        if "Statement" in document:
            return [document]
        return [one for inner in document.values() for one in policies_in(inner)]
    return [one for inner in document for one in policies_in(inner)] if isinstance(document, list) else []


def in_order(values: list[Any]) -> list[str]:
    return sorted(json.dumps(value, sort_keys=True) for value in values)


@CLOUD_NAMES
def test_it_has_to_be_told_who_the_workers_are(prod_access: ProdAccess, org: Org, cloud: str):
    said = refusal(prod_access, cloud, PROD_ACCESS_ORG=org())
    assert said.startswith("say who the workers are, for example --worker ")
    example = said.partition("--worker ")[2].split(" ")[0]
    assert prod_access("bootstrap", cloud, "--worker", example).code == 0


@CLOUD_NAMES
def test_the_workers_are_never_everybody(prod_access: ProdAccess, org: Org, cloud: str):
    said = refusal(prod_access, cloud, "--worker", "*", PROD_ACCESS_ORG=org())
    assert said.startswith(f'"*" cannot be the workers of {cloud}; one could be ')


@pytest.mark.parametrize("cloud", ["identity-center", "gcp", "azure"])
def test_where_there_is_no_such_cloud_nothing_is_printed(prod_access: ProdAccess, org: Org, cloud: str):
    folder = org([READS[0]], clouds={"aws": CLOUDS["aws"]})
    said = refusal(prod_access, cloud, "--worker", WORKERS[cloud], PROD_ACCESS_ORG=folder)
    assert said == f"clouds.yaml has nothing in {cloud}"


@pytest.mark.parametrize("cloud", ["gcp", "azure"])
def test_where_no_role_reaches_nothing_is_printed(prod_access: ProdAccess, org: Org, cloud: str):
    folder = org([READS[0]])
    said = refusal(prod_access, cloud, "--worker", WORKERS[cloud], PROD_ACCESS_ORG=folder)
    assert said == "no role of the catalogue reaches anything there"


def test_one_way_of_printing_is_chosen(prod_access: ProdAccess):
    said = refusal(prod_access, "aws", "--json", "--terraform")
    assert said == "--cli, --terraform and --json are three ways to print the same; choose one"
    assert refusal(prod_access, "gcp", "--pim") == "--pim is for azure alone"


def test_a_policy_that_is_refused_is_not_guessed_at(prod_access: ProdAccess, tmp_path: Path):
    said = refusal(prod_access, "aws", "--worker", HUB, PROD_ACCESS_ORG=str(tmp_path))
    assert said == f"the policy in {tmp_path} is refused; prod-access policy check says why"


def test_more_roles_than_google_can_be_told_of_are_refused(prod_access: ProdAccess, org: Org):
    def bundle(number: int) -> list[dict[str, Any]]:
        roles = [f"roles/service.v{number}n{n}" for n in range(10)]
        return [{"cloud": "gcp", "resource": "shop-prod", "roles": roles}]

    folder = org(*(bundle(number) for number in range(21)))
    said = refusal(prod_access, "gcp", "--worker", WORKERS["gcp"], PROD_ACCESS_ORG=folder)
    assert said == ("projects/shop-prod has more roles than 20 bindings can name; give fewer of them there")


def test_more_roles_than_azure_can_be_told_of_are_refused(prod_access: ProdAccess, org: Org):
    ids = (f"00000000-0000-4000-8000-{n:012d}" for n in range(120))
    folder = org([{"cloud": "azure", "scope": "shop-prod", "role": one} for one in ids])
    said = refusal(prod_access, "azure", "--worker", WORKERS["azure"], PROD_ACCESS_ORG=folder)
    assert said == (
        f"{SUBSCRIPTION} has more roles than a condition of 8 KB can name; give fewer of them there"
    )


@pytest.mark.parametrize("form", ["--cli", "--terraform"])
@pytest.mark.parametrize("cloud", ["aws", "identity-center"])
def test_every_way_of_printing_has_the_same_policies(
    prod_access: ProdAccess, org: Org, cloud: str, form: str
):
    words = ("bootstrap", cloud, "--worker", WORKERS[cloud])
    ran = prod_access(*words, "--json", PROD_ACCESS_ORG=org())
    assert ran.code == 0
    printed = [json.loads(one) for one in here_documents(prod_access(*words, form).out)]
    assert in_order(printed) == in_order(policies_in(json.loads(ran.out)))


@pytest.mark.parametrize("form", ["--cli", "--terraform"])
def test_every_way_of_printing_has_the_same_bindings(prod_access: ProdAccess, org: Org, form: str):
    words = ("bootstrap", "gcp", "--worker", WORKERS["gcp"])
    ran = prod_access(*words, "--json", PROD_ACCESS_ORG=org())
    printed = prod_access(*words, form).out
    bindings = json.loads(ran.out)["bindings"]
    assert len(bindings) == 3
    for one in bindings:
        assert json.dumps(one["condition"]["expression"]) in printed
        assert one["members"][0] in printed
    for permission in json.loads(ran.out)["customRoles"][0]["includedPermissions"]:
        assert permission in printed


@pytest.mark.parametrize("form", ["--cli", "--terraform"])
@pytest.mark.parametrize("pim", [(), ("--pim",)])
def test_every_way_of_printing_has_the_same_condition(
    prod_access: ProdAccess, org: Org, form: str, pim: tuple[str, ...]
):
    words = ("bootstrap", "azure", "--worker", WORKERS["azure"], *pim)
    ran = prod_access(*words, "--json", PROD_ACCESS_ORG=org())
    (one,) = json.loads(ran.out)["roleAssignments"]
    printed = prod_access(*words, form).out
    (condition,) = here_documents(printed)
    assert condition.split() == one["properties"]["condition"].split()
    role = "User Access Administrator" if pim else "Role Based Access Control Administrator"
    assert role in printed


@CLOUD_NAMES
def test_lines_for_a_shell_are_what_is_printed_unless_asked_otherwise(
    prod_access: ProdAccess, org: Org, cloud: str
):
    words = ("bootstrap", cloud, "--worker", WORKERS[cloud])
    lines = prod_access(*words, PROD_ACCESS_ORG=org()).out
    assert lines == prod_access(*words, "--cli").out
    read = subprocess.run(["/bin/sh", "-n"], input=lines, capture_output=True, text=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")


def test_what_is_run_where_and_in_which_order_is_said(prod_access: ProdAccess, org: Org):
    lines = prod_access("bootstrap", "aws", "--worker", HUB, PROD_ACCESS_ORG=org()).out.splitlines()
    headings = [line for line in lines if re.match(r"# \d", line)]
    assert headings == [
        "# 1. Account 111122223333, shop-prod",
        "# 2. Account 444455556666, where the workers are",
        "# 3. Account 777788889999, where people sign in",
    ]
    commands = [line.removesuffix(" \\") for line in lines if line.startswith("aws ")]
    assert commands == [
        "aws iam create-policy --policy-name prod-access-boundary",
        "aws iam create-role --role-name prod-access-spoke --path /access/",
        "aws iam put-role-policy --role-name prod-access-spoke --policy-name prod-access",
        "aws iam put-role-policy --role-name prod-access-worker --policy-name prod-access",
        "aws iam create-policy --policy-name prod-access-people",
    ]


def test_the_old_binding_comes_off_before_new_ones_go_on(prod_access: ProdAccess, org: Org):
    folder = org(
        *([{"cloud": "gcp", "resource": "shop-prod", "roles": [f"roles/a.v{n}"]}] for n in range(11))
    )
    ran = prod_access("bootstrap", "gcp", "--worker", WORKERS["gcp"], PROD_ACCESS_ORG=folder)
    verbs = re.findall(r"(add|remove)-iam-policy-binding", ran.out)
    assert verbs == ["remove", "add", "add"]


@pytest.mark.skipif(TERRAFORM is None, reason="there is no terraform here to read it")
@CLOUD_NAMES
def test_terraform_can_read_it_and_would_write_it_so(prod_access: ProdAccess, org: Org, cloud: str):
    ran = prod_access("bootstrap", cloud, "--terraform", "--worker", WORKERS[cloud], PROD_ACCESS_ORG=org())
    command = [str(TERRAFORM), "fmt", "-check", "-"]
    read = subprocess.run(command, input=ran.out, capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr


# The doctor asks the cloud itself ---------------------------------------------------------------------------


def proofs(prod_access: ProdAccess, aws: AwsStandIn) -> list[dict[str, Any]]:
    variables = {**aws.worker.env(), "AWS_ENDPOINT_URL": aws.endpoint_url}
    ran = prod_access("doctor", "--prove", "--json", **variables)
    return [one for one in json.loads(ran.out) if one["what"].endswith("the catalogue does not list")]


def test_the_doctor_sees_that_a_policy_outside_the_catalogue_is_not_refused(
    prod_access: ProdAccess, aws: AwsStandIn
):
    """The pretend AWS starts with a spoke that is limited by path and boundary, not by the catalogue."""
    (one,) = proofs(prod_access, aws)
    assert one["what"] == "aws shop-prod: refuses what the catalogue does not list"
    assert one["ok"] is False
    assert one["detail"] == (
        "not refused: a policy outside the catalogue; set it up as prod-access bootstrap aws says"
    )
    assert not [role for role in aws.roles("/") if "proof" in role["name"]]


def test_the_doctor_proves_nothing_unless_asked(prod_access: ProdAccess, aws: AwsStandIn):
    before = [call["action"] for call in aws.log()]
    variables = {**aws.worker.env(), "AWS_ENDPOINT_URL": aws.endpoint_url}
    found = json.loads(prod_access("doctor", "--json", **variables).out)
    assert not [one for one in found if "does not list" in one["what"]]
    since = [call["action"] for call in aws.log()][len(before) :]
    assert set(since) == {"AssumeRole"}
