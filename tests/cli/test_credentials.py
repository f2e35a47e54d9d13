"""Using what is live at a terminal: the ledger is asked each time, and each cloud gives to its own people."""

import json
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from bot.web.shapes import AwsRole, Usable, UseAccess
from cli.credentials.aws import Session, Sessions, name_of
from cli.credentials.gcp import token_of
from cli.keeping import Keeping
from cli.output import SaysNo
from cli.service import Service
from policies.entitlements.azure import AzureAssignment, assignment_key
from policies.entitlements.gcp import GcpBinding, binding_key
from policies.entitlements.identity_center import IdentityCenterAssignment
from policies.entitlements.identity_center import assignment_key as assignment_of
from policies.people import EntraUser, GoogleMember, IdentityCenterUser
from policies.values import CloudName, GrantId, HoldingKey, RequestId
from sandbox.aws import names
from sandbox.aws.commandline import CommandLine
from sandbox.aws.standin import AwsStandIn
from sandbox.aws.use import Allowed, NotAnsweredError
from sandbox.gcp import names as google_names
from sandbox.gcp.signing import google_auth_follows
from sandbox.gcp.standin import GcpStandIn
from sandbox.gcp.use import Allowed as AllowedByGoogle
from sandbox.gcp.use import People as GooglePeople
from sandbox.gcp.use import Refused as RefusedByGoogle
from tests.aws import leased_roles
from tests.builders import HOUR, NOW, grant
from tests.cli.conftest import ProdAccess
from tests.cli.terminal_bench import ANA, MemoryKeyring, Office, kept_in, opened
from workers.clouds.cloud import Cloud

ROOT = Path(__file__).resolve().parents[2]
TENANT = "11111111-1111-4111-8111-111111111111"
SCOPE = "/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/shop"


# AWS


@pytest.fixture
def office(aws: AwsStandIn, tmp_path: Path) -> Iterator[Office]:
    """An office on the clock of the pretend AWS."""
    with opened(tmp_path, now=aws.clock.now) as made:
        yield made


@pytest.fixture
def cloud(aws: AwsStandIn) -> Cloud:
    """The adapter that really makes roles there."""
    return leased_roles(aws)


@pytest.fixture
def anas(
    office: Office, prod_access: ProdAccess, aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch
) -> ProdAccess:
    """Ana's terminal, with her own AWS keys."""
    shell = {"PROD_ACCESS_URL": office.address, "PROD_ACCESS_TOKEN": office.token()}
    for name, value in {**aws.env(aws.person("ana")), **shell}.items():
        monkeypatch.setenv(name, value)
    return prod_access


def databases(aws: AwsStandIn, printed: dict[str, Any]) -> list[str]:
    """What somebody with these credentials sees."""
    rds = boto3.Session().client(
        "rds",
        region_name=names.REGION,
        endpoint_url=aws.endpoint_url,
        aws_access_key_id=printed["AccessKeyId"],
        aws_secret_access_key=printed["SecretAccessKey"],
        aws_session_token=printed["SessionToken"],
    )
    found = [one["DBInstanceIdentifier"] for one in rds.describe_db_instances()["DBInstances"]]
    rds.close()
    return found


def test_what_is_printed_is_what_the_sdks_read_and_works(
    anas: ProdAccess, office: Office, aws: AwsStandIn, cloud: Cloud
):
    office.live(cloud, timedelta(minutes=30))
    ran = anas("credentials", "aws")
    printed = json.loads(ran.out)
    assert (ran.code, ran.err) == (0, "")
    assert set(printed) == {"Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    assert printed["Version"] == 1
    assert databases(aws, printed) == [names.DATABASE]
    with office.ledger.reading() as reader:
        (held,) = reader.grants()
    until = datetime.fromisoformat(printed["Expiration"])
    assert held.ends_at - timedelta(seconds=10) < until <= held.ends_at
    assert office.kinds()[-1] == "access.used"


def test_an_early_end_stops_it_at_the_next_use(anas: ProdAccess, office: Office, cloud: Cloud):
    request = office.live(cloud)
    assert anas("credentials", "aws").code == 0
    assert anas("end", request.id).code == 0
    ran = anas("credentials", "aws")
    assert (ran.code, ran.out, ran.err) == (
        1,
        "",
        "prod-access: You hold nothing in AWS now. Ask: prod-access ask ROLE reason\n",
    )


def test_a_session_is_kept_in_the_keyring_and_dropped_when_it_ends(
    anas: ProdAccess, office: Office, aws: AwsStandIn, cloud: Cloud
):
    memory = MemoryKeyring()
    with kept_in(memory):
        request = office.live(cloud)
        calls = len(aws.log(everything=True))
        first, second = (anas("credentials", "aws").out for _ in range(2))
        assert first == second
        assumed = [one for one in aws.log(since=calls, everything=True) if one["action"] == "AssumeRole"]
        assert [one["code"] for one in assumed] == [
            "AccessDenied",
            None,
        ]  # without a source identity
        assert [kind for kind in office.kinds() if kind == "access.used"] == ["access.used"] * 2
        assert list(memory.kept) == [("prod-access", f"{office.address} aws")]
        office.desk.end(ANA, request.id)
        assert anas("credentials", "aws").code == 1
        assert memory.kept == {}


def test_without_a_keyring_no_session_is_kept_anywhere(
    anas: ProdAccess, office: Office, cloud: Cloud, tmp_path: Path
):
    office.live(cloud)
    printed = json.loads(anas("credentials", "aws").out)
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    for secret in (printed["SecretAccessKey"], printed["SessionToken"]):
        assert not any(secret.encode() in one for one in written)


def test_of_several_one_has_to_be_named(anas: ProdAccess, office: Office, cloud: Cloud):
    request = office.live(cloud)
    office.asked(role=type(request.role)("prod-logs"))
    office.work(cloud)
    ran = anas("credentials", "aws")
    assert ran.code == 1
    assert "You hold several there. Name one with --request." in ran.err
    assert anas("credentials", "aws", "--request", request.id.upper()).code == 0


def test_keys_of_somebody_else_are_refused_by_aws(
    anas: ProdAccess, office: Office, aws: AwsStandIn, cloud: Cloud
):
    office.live(cloud)
    ran = anas("credentials", "aws", **aws.person("ivy").env())
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "prod-access: AWS did not let your own credentials take the role on (AccessDenied). Are they the "
        "ones that prod-access knows you by? A role that is seconds old may need a moment.\n"
    )


def test_without_keys_of_ones_own_it_says_so(
    anas: ProdAccess, office: Office, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
):
    office.live(cloud)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    ran = anas("credentials", "aws")
    assert ran.code == 2
    assert ran.err.startswith("prod-access: your own AWS credentials could not be used: ")
    assert anas("credentials", "aws", "--profile", "nowhere").code == 2


def test_an_id_that_is_none_is_refused_before_anything_is_asked(anas: ProdAccess, office: Office):
    ran = anas("credentials", "aws", "--request", "pa-7k3m; rm -rf")
    assert (ran.code, ran.err) == (
        2,
        "prod-access: --request is an id like pa-7k3m, or pa-7k3m-2 for one of its accounts.\n",
    )
    assert "access.refused" not in office.kinds()


def test_the_lines_for_the_aws_configuration(prod_access: ProdAccess):
    heading, process = prod_access("credentials", "aws", "--setup").out.splitlines()
    assert heading == "[profile prod-access]"
    assert process.startswith("credential_process = ")
    assert process.endswith("prod-access credentials aws")
    one = prod_access("credentials", "aws", "--setup", "--request", "pa-7k3m", "--profile", "my own").out
    assert one.startswith("[profile pa-7k3m]\n")
    assert one.endswith("prod-access credentials aws --request pa-7k3m --profile 'my own'\n")


@pytest.mark.slow
def test_the_aws_command_line_asks_for_it_by_itself(office: Office, aws: AwsStandIn, cloud: Cloud):
    request = office.live(cloud)
    shell = f"PROD_ACCESS_URL={office.address} PROD_ACCESS_TOKEN={office.token()} PYTHONPATH={ROOT}"
    asks = f"{sys.executable} -m cli.main credentials aws"
    read = "aws rds describe-db-instances --query 'DBInstances[].DBInstanceIdentifier' --output text"
    with CommandLine(aws, aws.person("ana")) as terminal:
        first = terminal.run(
            f"aws configure set profile.prod.credential_process '{asks}'",
            f"aws configure set profile.round.credential_process '{asks} --profile round'",
            f"{shell} AWS_PROFILE=prod {read}",
        )
        assert first.outcome == Allowed((names.DATABASE,))
        circle = terminal.run(f"{shell} AWS_PROFILE=round {read}")
        assert "asks prod-access itself" in circle.errors
        office.desk.end(ANA, request.id)
        after = terminal.run(f"{shell} {read} --profile prod")
    assert after.status != 0
    assert "You hold nothing in AWS now." in after.errors
    with pytest.raises(NotAnsweredError):
        assert after.outcome  # AWS was not even asked


# A session, by itself

ROLE = AwsRole(
    role_arn="arn:aws:iam::111122223333:role/prod-access/x", account="111122223333", region="eu-central-1"
)


def usable(left: timedelta = HOUR) -> Usable:
    return Usable(
        person="ana",
        request="pa-0001",
        grant="pa-0001-1",
        role="prod-db-readonly",
        place="shop-prod",
        ends_at=NOW + left,
        seconds_left=int(left.total_seconds()),
        target=ROLE,
    )


def session(lasts: timedelta, role: str = ROLE.role_arn) -> Session:
    return Session(
        role_arn=role,
        access_key_id="ASIAEXAMPLE",
        secret_access_key="s3cret",
        session_token="t0ken",
        ends_at=NOW + lasts,
    )


@pytest.mark.parametrize(
    ("lasts", "left", "fine"),
    [
        (timedelta(minutes=30), HOUR, True),
        (timedelta(minutes=9), HOUR, False),  # the SDKs would ask again at once
        (timedelta(minutes=9), timedelta(minutes=5), True),  # nothing lasts longer than the grant
        (timedelta(0), timedelta(0), False),
    ],
)
def test_a_session_is_used_again_while_it_is_good_for_a_while(lasts: timedelta, left: timedelta, fine: bool):  # noqa: FBT001 (a column of the table)
    assert session(lasts).lasts(usable(left), ROLE, NOW) is fine


def test_a_name_is_long_enough_for_aws():
    assert [name_of(person) for person in ("a", "ana")] == ["a-", "ana"]


def test_a_session_of_another_role_is_not_used():
    assert not session(HOUR, "arn:aws:iam::111122223333:role/other").lasts(usable(), ROLE, NOW)


def test_what_is_printed_ends_with_the_grant_or_before():
    assert (
        session(timedelta(minutes=15)).printed(NOW + timedelta(minutes=5))["Expiration"]
        == "2026-11-24T14:07:11Z"
    )
    assert session(timedelta(minutes=15)).printed(NOW + HOUR)["Expiration"] == "2026-11-24T14:17:11Z"


def test_a_session_shows_its_secrets_to_nobody():
    for shown in (repr(session(HOUR)), str(session(HOUR))):
        assert "s3cret" not in shown
        assert "t0ken" not in shown


def test_what_is_kept_and_cannot_be_read_is_as_good_as_nothing():
    memory = MemoryKeyring()
    sessions = Sessions(Keeping(memory), "aws")
    assert sessions.get() is None
    memory.set_password("prod-access", "aws", "not a session")
    assert sessions.get() is None
    sessions.put(session(HOUR))
    assert sessions.get() == session(HOUR)
    sessions.drop()
    assert memory.kept == {}


# Google Cloud


@pytest.fixture(scope="module")
def google() -> Iterator[GcpStandIn]:
    """A pretend Google Cloud."""
    with GcpStandIn() as running, google_auth_follows(running.clock):
        yield running


@pytest.fixture
def elsewhere(tmp_path: Path, prod_access: ProdAccess, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office on the machine's own clock, and Ana's terminal before it."""
    assert prod_access
    with opened(tmp_path) as made:
        monkeypatch.setenv("PROD_ACCESS_URL", made.address)
        monkeypatch.setenv("PROD_ACCESS_TOKEN", made.token())
        yield made


def holds_in_google(office: Office) -> None:
    """Ana's grant in Google Cloud, live for an hour."""
    binding = GcpBinding(
        cloud="gcp", alias="shop-prod", resource="projects/shop-prod", roles=("roles/cloudsql.viewer",)
    )
    member = "user:ana@meridian.example"
    office.holds(_grant(office, "gcp", binding, GoogleMember(member=member), binding_key(binding, member)))


def holds_in_azure(office: Office) -> None:
    """Ana's grant in Azure, live for an hour."""
    scope = AzureAssignment(
        cloud="azure", alias="shop", tenant=TENANT, scope=SCOPE, role_id=f"{SCOPE}/roles/1", role="Reader"
    )
    who = "33333333-3333-4333-8333-333333333333"
    office.holds(_grant(office, "azure", scope, EntraUser(object_id=who), assignment_key(scope, who)))


def _grant(office: Office, cloud: str, target: object, principal: object, holding: HoldingKey) -> Any:  # noqa: ANN401
    now = office.ledger.now()
    return grant(
        id=GrantId("pa-0001-1"),
        request=RequestId("pa-0001"),
        cloud=CloudName(cloud),
        adapter=cloud,
        entitlement=target,
        principal=principal,
        holding=holding,
        starts_at=now,
        ends_at=now + HOUR,
        due_at=now,
    )


def test_a_google_role_is_on_ones_own_account_and_that_is_said(elsewhere: Office, prod_access: ProdAccess):
    holds_in_google(elsewhere)
    first, second, third = prod_access("credentials", "gcp").out.splitlines()
    assert first.startswith(
        "prod-db-readonly is on your own Google account (ana@meridian.example) in projects/shop-prod, until "
    )
    assert (
        second
        == "gcloud and your programs use it as they are signed in. Google may need 7 min before it works."
    )
    assert third == "A token for a program: prod-access credentials gcp --token"


def test_a_token_of_ones_own_google_account(elsewhere: Office, prod_access: ProdAccess, google: GcpStandIn):
    holds_in_google(elsewhere)
    ran = prod_access("credentials", "gcp", "--token", **google.env())
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("ya29.")
    assert ran.out.count("\n") == 1


def test_no_token_without_something_that_is_live(
    elsewhere: Office, prod_access: ProdAccess, google: GcpStandIn
):
    ran = prod_access("credentials", "gcp", "--token", **google.env())
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "prod-access: You hold nothing in Google Cloud now. Ask: prod-access ask ROLE reason\n"
    assert elsewhere.kinds()[-1] == "access.refused"


def test_a_service_accounts_token_lasts_no_longer_than_what_is_left(
    google: GcpStandIn, monkeypatch: pytest.MonkeyPatch
):
    for name, value in google.env().items():
        monkeypatch.setenv(name, value)
    token = token_of(google_names.BROKERED, timedelta(minutes=5), google.endpoint_url)
    with GooglePeople(google.endpoint_url) as people:
        assert isinstance(people.read(token), AllowedByGoogle)
        google.clock.move(timedelta(minutes=5))
        assert isinstance(people.read(token), RefusedByGoogle)


def test_a_service_accounts_token_through_the_command(
    elsewhere: Office, prod_access: ProdAccess, google: GcpStandIn
):
    holds_in_google(elsewhere)
    ran = prod_access("credentials", "gcp", "--impersonate", google_names.BROKERED, **google.env())
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("ya29.")
    refused = prod_access("credentials", "gcp", "--impersonate", google_names.WORKER, **google.env())
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == f"prod-access: Google did not let you be {google_names.WORKER} (Forbidden).\n"


def test_without_a_google_account_of_ones_own_it_says_how(
    elsewhere: Office, prod_access: ProdAccess, tmp_path: Path
):
    holds_in_google(elsewhere)
    ran = prod_access(
        "credentials",
        "gcp",
        "--token",
        GOOGLE_APPLICATION_CREDENTIALS=str(tmp_path / "none"),
        NO_GCE_CHECK="true",
    )
    assert (ran.code, ran.err) == (
        2,
        (
            "prod-access: your own Google account could not be used (DefaultCredentialsError). "
            "Run: gcloud auth application-default login\n"
        ),
    )


# Identity Center


def test_what_identity_center_gives_is_used_through_its_own_portal(elsewhere: Office):
    assigned = IdentityCenterAssignment(
        cloud="identity-center",
        alias="shop-prod",
        account_id="111122223333",
        region="eu-central-1",
        instance="arn:aws:sso:::instance/ssoins-0123456789abcdef",
        access_role="arn:aws:iam::444455556666:role/access",
        external_id="meridian",
        permission_set="ReadDatabases",
        permission_set_arn="arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef",
    )
    who = IdentityCenterUser(user_id="aaaaaaaa-1111-4111-8111-111111111111")
    holding = assignment_of(assigned, who.user_id)
    elsewhere.holds(_grant(elsewhere, "identity-center", assigned, who, holding))
    with pytest.raises(SaysNo, match="pa-0001 is used through your AWS access portal: aws sso login"):
        Service(elsewhere.address, elsewhere.token()).use(UseAccess(cloud="identity-center"))


# Azure


def az(folder: Path, says: str, code: int = 0) -> str:
    """An `az` that answers so, and the PATH it is found on."""
    script = folder / "bin" / "az"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n", encoding="utf-8")
    script.chmod(stat.S_IRWXU)
    return f"{script.parent}:/usr/bin:/bin"


def test_an_azure_role_is_on_ones_own_account_and_that_is_said(elsewhere: Office, prod_access: ProdAccess):
    holds_in_azure(elsewhere)
    first, *rest = prod_access("credentials", "azure").out.splitlines()
    assert first.startswith(f"prod-db-readonly is on your own Azure account in {SCOPE}, until ")
    assert rest == [
        "Azure may need 10 min before it works. If az still refuses then, sign in again:",
        f"  az login --tenant {TENANT}",
        "  az account set --subscription 22222222-2222-4222-8222-222222222222",
        "A token for a program: prod-access credentials azure --token",
    ]


def test_a_token_of_ones_own_azure_account(elsewhere: Office, prod_access: ProdAccess, tmp_path: Path):
    holds_in_azure(elsewhere)
    until = int((datetime.now(UTC) + HOUR).timestamp())
    says = json.dumps({"accessToken": "eyJ.from.az", "expiresOn": "2026-11-24 15:02:11", "expires_on": until})
    ran = prod_access("credentials", "azure", "--token", PATH=az(tmp_path, says))
    assert (ran.code, ran.out, ran.err) == (0, "eyJ.from.az\n", "")


def test_without_an_azure_account_of_ones_own_it_says_how(
    elsewhere: Office, prod_access: ProdAccess, tmp_path: Path
):
    holds_in_azure(elsewhere)
    ran = prod_access("credentials", "azure", "--token", PATH=az(tmp_path, "Please run az login", 1))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith(
        f"prod-access: your own Azure account could not be used. Run: az login --tenant {TENANT}\n"
    )


def test_no_azure_token_without_something_that_is_live(elsewhere: Office, prod_access: ProdAccess):
    ran = prod_access("credentials", "azure", "--token")
    assert (ran.code, ran.out) == (1, "")
    assert elsewhere.kinds()[-1] == "access.refused"
