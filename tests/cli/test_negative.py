"""`prod-access doctor --prove` asks every cloud that a role reaches, as the workers."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.negative import proofs
from policies.catalogue import Catalogue
from policies.values import CloudName
from sandbox.azure.standin import AzureStandIn
from sandbox.gcp.standin import GcpStandIn
from tests.cli.conftest import ProdAccess
from tests.gcp import Operator
from tests.policies.builders import policy
from tests.sandbox.gcp.clients import binding
from workers.settings import Settings
from workers.wiring import CLOUDS

GOOGLE = "gcp shop-prod: refuses roles outside the catalogue"
AZURE = "azure prod: refuses roles outside the catalogue, groups and applications"


def proved(prod_access: ProdAccess, **variables: str) -> dict[str, tuple[bool, str]]:
    """What was proved, by what was looked at."""
    ran = prod_access("doctor", "--prove", "--json", **variables)
    found = {one["what"]: (one["ok"], one["detail"]) for one in json.loads(ran.out)}
    return {what: said for what, said in found.items() if ": refuses " in what}


def test_the_doctor_proves_it_in_every_cloud_a_role_reaches(
    prod_access: ProdAccess, gcp: GcpStandIn, azure: AzureStandIn
):
    found = proved(prod_access, **gcp.env(), **azure.env(azure.direct_worker))
    assert list(found) == ["aws shop-prod: refuses what the catalogue does not list", GOOGLE, AZURE]
    assert found[GOOGLE] == (True, "refused, as it should be")
    assert found[AZURE] == (True, "refused, as it should be")


def test_the_doctor_says_what_is_not_refused_and_what_to_do(prod_access: ProdAccess, gcp: GcpStandIn):
    worker = "serviceAccount:prod-access-worker@tooling.iam.gserviceaccount.com"
    Operator(gcp).bind(binding("roles/resourcemanager.projectIamAdmin", worker))
    before = gcp.bindings()
    ok, detail = proved(prod_access, **gcp.env())[GOOGLE]
    assert not ok
    assert detail == "not refused: roles/browser; set it up as prod-access bootstrap gcp says"
    assert gcp.bindings() == before


def test_clouds_that_cannot_be_reached_prove_nothing(prod_access: ProdAccess):
    found = proved(prod_access)
    assert len(found) == 3
    assert {ok for ok, _ in found.values()} == {False}
    assert all(detail.startswith("could not be tried: ") for _, detail in found.values())


@pytest.mark.parametrize("words", [(), ("--prove", "--local")])
def test_nothing_is_proved_unless_asked(prod_access: ProdAccess, gcp: GcpStandIn, words: tuple[str, ...]):
    since = len(gcp.log(everything=True))
    found: list[dict[str, Any]] = json.loads(prod_access("doctor", "--json", *words, **gcp.env()).out)
    assert not [one for one in found if ": refuses " in one["what"]]
    assert not [call for call in gcp.log(since=since) if call["action"] == "SetIamPolicy"]


def test_where_no_policy_is_in_force_there_is_nothing_to_prove(prod_access: ProdAccess, tmp_path: Path):
    assert proved(prod_access, PROD_ACCESS_ORG=str(tmp_path)) == {}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_cloud_that_no_role_reaches_is_not_tried(cloud: CloudName):
    empty = policy().model_copy(update={"catalogue": Catalogue(roles=())})
    assert list(proofs(cloud, empty, Settings(), lambda: datetime.now(UTC))) == []


def test_there_is_a_proof_for_no_other_cloud():
    with pytest.raises(LookupError, match="no cloud called elsewhere"):
        list(proofs(CloudName("elsewhere"), policy(), Settings(), lambda: datetime.now(UTC)))
