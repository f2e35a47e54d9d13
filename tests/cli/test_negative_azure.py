"""Azure is tried for what it must refuse: what is said of it, and that nothing stays behind."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from cli.negative.azure import proofs, prove_refused
from policies.entitlements import Clouds
from policies.entitlements.azure import BUILT_IN, AzureScope, assignment_at
from policies.rules import Policy
from sandbox.azure import names
from sandbox.azure.faults import Kind
from sandbox.azure.standin import AzureStandIn
from tests.azure import SHOP, asked, azure_client, made, now_at
from tests.policies.builders import policy, role
from workers.clouds.azure.client import AzureClient
from workers.clouds.cloud import Checkup
from workers.settings import Settings

READER, LOG_READER = assignment_at(SHOP, "Reader"), assignment_at(SHOP, "Log Analytics Reader")
SEEDED = [assignment_at(SHOP, role).role_id for role in names.CATALOGUE]
"""What the pretend Azure lets its workers assign at the start."""
NAME = "azure shop-prod: refuses roles outside the catalogue, groups and applications"
EVERYTHING = (
    "not refused: Log Analytics Reader, Reader for a group, Reader for an application; "
    "set it up as prod-access bootstrap azure says"
)
ANSWERED = ("throttle", "unavailable")
UNANSWERED = ("lost", "late", "torn", "truncated")
TRIES = 3


def proved(client: AzureClient, roles: list[str] | None = None) -> Checkup:
    """What is said of shop-prod, where Reader is listed, and nothing else unless more is said."""
    return prove_refused(client, READER, [READER.role_id] if roles is None else roles)


@pytest.fixture(params=[names.WORKER, names.DIRECT_WORKER], ids=["with-pim", "without-pim"])
def worker(request: pytest.FixtureRequest, azure: AzureStandIn) -> Iterator[AzureClient]:
    """The workers, who may assign what the pretend Azure lists."""
    with azure_client(azure, azure.application(request.param), read_seconds=0.5) as client:
        yield client


@pytest.fixture
def too_much(azure: AzureStandIn) -> Iterator[AzureClient]:
    """The workers, after somebody has made them administrator of access without any condition."""
    with unlimited(azure), azure_client(azure, azure.direct_worker) as client:
        yield client


@pytest.fixture
def unchecked(azure: AzureStandIn) -> Iterator[AzureClient]:
    """The same, in an Azure that looks nobody up whose kind is said: assignments to nobody are made."""

    class Unchecked(AzureClient):
        def assign(self, assignment: str, words: Mapping[str, object]) -> None:
            azure.add_principal(str(words["principal_id"]), str(words["principal_type"]))
            try:
                super().assign(assignment, words)
            finally:
                azure.remove_principal(str(words["principal_id"]))

    with (
        unlimited(azure),
        azure_client(azure, azure.direct_worker, kind=Unchecked, read_seconds=0.5) as client,
    ):
        yield client


@contextmanager
def unlimited(azure: AzureStandIn) -> Iterator[None]:
    """The workers may assign anything to anybody in shop-prod, for a while."""
    name = f"{SHOP.id}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    words = {
        "role_definition_id": names.role_id(names.RBAC_ADMINISTRATOR),
        "principal_id": azure.direct_worker.object_id,
        "principal_type": "ServicePrincipal",
    }
    with azure_client(azure, azure.operator) as operator:
        operator.assign(name, words)
        yield
        azure.mend()
        operator.unassign(name)


def traces(azure: AzureStandIn) -> list[dict[str, Any]]:
    """What the proof has assigned and not deleted."""
    return [one for one in made(azure) if "--prove" in (one["description"] or "")]


def test_azure_refuses_all_of_it(azure: AzureStandIn, worker: AzureClient):
    since = now_at(azure)
    assert proved(worker, SEEDED) == Checkup(NAME, ok=True, detail="refused, as it should be")
    written = asked(azure, "roleAssignments/write", since)
    assert [(one["status"], one["code"]) for one in written] == [(403, "AuthorizationFailed")] * TRIES
    assert made(azure) == []


def test_a_role_that_the_workers_may_assign_and_should_not_is_named(worker: AzureClient):
    """The pretend Azure starts with four roles for its workers; the catalogue lists one."""
    assert proved(worker) == Checkup(
        NAME,
        ok=False,
        detail="not refused: Log Analytics Reader; set it up as prod-access bootstrap azure says",
    )


def test_everything_that_is_let_through_is_named(azure: AzureStandIn, too_much: AzureClient):
    since = now_at(azure)
    assert proved(too_much) == Checkup(NAME, ok=False, detail=EVERYTHING)
    written = asked(azure, "roleAssignments/write", since)
    assert [(one["status"], one["code"]) for one in written] == [(400, "PrincipalNotFound")] * TRIES
    assert traces(azure) == []


def test_a_role_that_is_listed_in_another_subscription_is_not_what_is_tried(worker: AzureClient):
    """Its id is written with that subscription before it, in whatever case."""
    there = AzureScope(alias="shop-dev", tenant=names.TENANT, id=f"/subscriptions/{names.SHOP_DEV}")
    elsewhere = [assignment_at(there, name).role_id.upper() for name in ("Reader", "Log Analytics Reader")]
    assert proved(worker, elsewhere).ok


# Azure looks somebody up whose kind is said, or it does not -------------------------------------------------


def test_what_is_assigned_to_nobody_is_deleted_at_once(azure: AzureStandIn, unchecked: AzureClient):
    since = now_at(azure)
    assert proved(unchecked) == Checkup(NAME, ok=False, detail=EVERYTHING)
    changes = [(one["action"].rpartition("/")[2], one["status"]) for one in azure.log(since=since)]
    assert changes == [("write", 201), ("delete", 200)] * TRIES
    assert traces(azure) == []


def test_what_is_let_through_is_nobodys(azure: AzureStandIn, unchecked: AzureClient):
    azure.break_calls(Kind.UNAVAILABLE, ["roleAssignments/delete"])
    detail = proved(unchecked).detail
    left = traces(azure)
    ids = sorted(
        f"{one['scope']}/providers/Microsoft.Authorization/roleAssignments/{one['name']}" for one in left
    )
    assert detail == f"{EVERYTHING}; remove by hand: {', '.join(ids)}"
    assert [one["who"] for one in left] == [""] * TRIES
    assert {one["principal"] for one in left}.isdisjoint(names.PEOPLE.values())


@pytest.mark.parametrize("kind", UNANSWERED)
def test_what_was_let_through_without_an_answer_is_found_and_deleted(
    azure: AzureStandIn, unchecked: AzureClient, kind: str
):
    azure.break_calls(Kind(kind), ["roleAssignments/write"])
    assert proved(unchecked) == Checkup(NAME, ok=False, detail=EVERYTHING)
    assert traces(azure) == []


@pytest.mark.parametrize("kind", UNANSWERED)
def test_it_is_deleted_although_the_answer_to_that_is_lost(
    azure: AzureStandIn, unchecked: AzureClient, kind: str
):
    azure.break_calls(Kind(kind), ["roleAssignments/delete"])
    assert proved(unchecked) == Checkup(NAME, ok=False, detail=EVERYTHING)
    assert traces(azure) == []


def test_what_no_read_shows_yet_is_deleted_all_the_same(azure: AzureStandIn, unchecked: AzureClient):
    azure.configure(listing_lag=600)
    azure.break_calls(Kind.LOST, ["roleAssignments/write"])
    assert proved(unchecked).detail == "could not be tried: ServiceResponseError"
    assert traces(azure) == []


def test_what_may_be_there_is_named_when_it_cannot_be_looked_for(azure: AzureStandIn, unchecked: AzureClient):
    azure.break_calls(Kind.LOST, ["roleAssignments/write"])
    azure.break_calls(Kind.UNAVAILABLE, ["roleAssignments/read"], after=1)
    azure.break_calls(Kind.UNAVAILABLE, ["roleAssignments/delete"])
    detail = proved(unchecked).detail
    (left,) = traces(azure)
    assert detail.startswith("could not be tried: ServiceResponseError; remove by hand: /subscriptions/")
    assert detail.endswith(left["name"])


def test_what_was_found_is_said_although_the_rest_could_not_be_tried(
    azure: AzureStandIn, too_much: AzureClient
):
    azure.break_calls(Kind.THROTTLE, ["roleAssignments/write"], after=1)
    assert proved(too_much).detail == (
        "not refused: Log Analytics Reader; set it up as prod-access bootstrap azure says; "
        "could not be tried: TooManyRequests"
    )


# What proves nothing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*ANSWERED, *UNANSWERED])
def test_a_try_without_an_answer_says_so_and_leaves_nothing(
    azure: AzureStandIn, worker: AzureClient, kind: str
):
    azure.break_calls(Kind(kind), ["roleAssignments/write"])
    checkup = proved(worker, SEEDED)
    assert not checkup.ok
    assert checkup.detail.startswith("could not be tried: ")
    assert "remove" not in checkup.detail
    assert made(azure) == []


def test_another_refusal_than_for_want_of_permission_proves_nothing(azure: AzureStandIn, worker: AzureClient):
    azure.break_calls(Kind.ERROR, ["roleAssignments/write"], status=403, code="RequestDisallowedByPolicy")
    assert proved(worker, SEEDED).detail == "could not be tried: RequestDisallowedByPolicy"


def test_where_the_workers_may_not_even_look_a_refusal_proves_nothing(worker: AzureClient):
    there = AzureScope(alias="shop-dev", tenant=names.TENANT, id=f"/subscriptions/{names.SHOP_DEV}")
    checkup = prove_refused(worker, assignment_at(there, "Reader"), SEEDED)
    assert checkup.detail == "could not be tried: AuthorizationFailed"


def test_where_the_catalogue_lists_everything_there_is_to_try_it_is_said(
    azure: AzureStandIn, worker: AzureClient
):
    since = now_at(azure)
    every = [assignment_at(SHOP, name).role_id for name in BUILT_IN]
    assert proved(worker, every) == Checkup(
        NAME, ok=False, detail="could not be tried: the catalogue lists every role there is to try"
    )
    assert now_at(azure) == since


# Which scopes -----------------------------------------------------------------------------------------------

SCOPES = (
    SHOP,
    AzureScope(alias="pay-prod", tenant=names.TENANT, id=f"/subscriptions/{names.SHOP_DEV}"),
    AzureScope(alias="unreached", tenant=names.TENANT, id=names.SUBSCRIPTION_SCOPE),
)


def organisation() -> Policy:
    """Roles in two of three scopes, one of them in two ways."""
    wanted = (("shop-prod", "Reader"), ("pay-prod", "Reader"), ("shop-prod", "Log Analytics Reader"))
    roles = [
        role(f"role-of-{n}", entitlements=[{"cloud": "azure", "scope": where, "role": one}])
        for n, (where, one) in enumerate(wanted)
    ]
    return policy(roles=roles).model_copy(update={"clouds": Clouds(azure=SCOPES)})


def test_every_scope_that_a_role_reaches_is_tried_once(azure: AzureStandIn, monkeypatch: pytest.MonkeyPatch):
    for name, value in azure.env(azure.direct_worker).items():
        monkeypatch.setenv(name, value)
    shop, pay = proofs(organisation(), Settings(), azure.clock.now)
    assert shop == Checkup(NAME, ok=True, detail="refused, as it should be")
    assert pay.name == NAME.replace("shop-prod", "pay-prod")
    assert pay.detail == "could not be tried: AuthorizationFailed"
