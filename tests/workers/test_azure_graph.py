"""Looking somebody up in the directory: exactly one active member, or a reason why not."""

from collections.abc import Iterator

import pytest

from sandbox.azure import names
from sandbox.azure.faults import Kind
from sandbox.azure.standin import AzureStandIn
from tests.azure import azure_client
from tests.builders import NOW
from workers.clouds.azure.client import AzureClient
from workers.clouds.azure.graph import GraphDirectory
from workers.clouds.azure.records import User
from workers.clouds.cloud import Again, Refused


@pytest.fixture
def directory(azure: AzureStandIn) -> Iterator[GraphDirectory]:
    with azure_client(azure) as client:
        yield GraphDirectory(client)


class Knows(AzureClient):
    """A client whose directory has one person in it, whoever is looked for."""

    def __init__(self, user: User) -> None:
        super().__init__(instance="prod-access-tests", now=lambda: NOW)
        self._user = user

    def users(self, wanted: str) -> list[User]:  # noqa: ARG002 (it knows nobody else)
        """The one there is."""
        return [self._user]


@pytest.mark.parametrize("email", ["ana@meridian.example", "ANA@Meridian.example"])
def test_one_active_member_is_found(directory: GraphDirectory, email: str):
    assert directory.object_id_of(email) == names.PEOPLE["ana"]


@pytest.mark.parametrize("email", ["nobody@meridian.example", "o'hara@meridian.example", "' or id ne '"])
def test_nobody_is_a_refusal(directory: GraphDirectory, email: str):
    with pytest.raises(Refused, match="azure_no_such_user"):
        directory.object_id_of(email)


def test_two_with_one_address_are_a_refusal(azure: AzureStandIn, directory: GraphDirectory):
    twin = "99990000-0000-4000-8000-00000000c001"
    azure.add_principal(twin, mail="ivy@meridian.example")
    try:
        with pytest.raises(Refused, match="azure_more_than_one_user"):
            directory.object_id_of("ivy@meridian.example")
    finally:
        azure.remove_principal(twin)


def test_somebody_with_two_addresses_is_found_by_either(azure: AzureStandIn, directory: GraphDirectory):
    both = "99990000-0000-4000-8000-00000000c002"
    azure.add_principal(both, name="mo@meridian.example", mail="mo.chan@meridian.example")
    try:
        assert directory.object_id_of("mo@meridian.example") == both
        assert directory.object_id_of("mo.chan@meridian.example") == both
    finally:
        azure.remove_principal(both)


def test_a_guest_is_a_refusal(directory: GraphDirectory):
    with pytest.raises(Refused, match="azure_not_a_member"):
        directory.object_id_of("ivy@partner.example")


@pytest.mark.parametrize(
    ("user", "why"),
    [
        (User(id="1", userType="Member", accountEnabled=False), "azure_user_disabled"),
        (User(id="1", userType="Member", accountEnabled=None), "azure_user_disabled"),
        (User(id="1", userType=None, accountEnabled=True), "azure_not_a_member"),
    ],
)
def test_whoever_is_not_known_to_be_active_and_a_member_is_a_refusal(user: User, why: str):
    with pytest.raises(Refused, match=why):
        GraphDirectory(Knows(user)).object_id_of("ana@meridian.example")


def test_without_permission_to_read_people_it_is_a_refusal(azure: AzureStandIn):
    with (
        azure_client(azure, azure.direct_worker) as client,
        pytest.raises(Refused, match="Authorization_RequestDenied"),
    ):
        GraphDirectory(client).object_id_of("ana@meridian.example")


def test_a_token_that_graph_does_not_take_is_not_kept(azure: AzureStandIn, directory: GraphDirectory):
    azure.break_calls(Kind.ERROR, ["users/read"], status=401, code="InvalidAuthenticationToken", times=1)
    with pytest.raises(Again, match="InvalidAuthenticationToken"):
        directory.object_id_of("ana@meridian.example")
    assert directory.object_id_of("ana@meridian.example") == names.PEOPLE["ana"]


@pytest.mark.parametrize("kind", [Kind.RESET, Kind.THROTTLE, Kind.TRUNCATED, Kind.UNAVAILABLE])
def test_a_graph_that_does_not_answer_says_nothing(
    azure: AzureStandIn, directory: GraphDirectory, kind: Kind
):
    azure.break_calls(kind, ["users/read"], times=1)
    with pytest.raises(Again):
        directory.object_id_of("ana@meridian.example")
    assert directory.object_id_of("ana@meridian.example") == names.PEOPLE["ana"]
