"""Tokens: who gets one, for what, for how long; and what must be trusted on the way."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.mgmt.authorization import AuthorizationManagementClient

from sandbox.azure import names
from sandbox.azure.faults import Kind
from sandbox.azure.standin import AzureStandIn
from sandbox.azure.use import Allowed, People
from tests.sandbox.azure.asks import SCOPE, code_of, credential, reader

ARM = f"{names.ARM_AUDIENCE}/.default"
_LIST = """
import os
from azure.identity import EnvironmentCredential
from azure.mgmt.authorization import AuthorizationManagementClient
trust = {"connection_verify": os.environ["VERIFY"]} if "VERIFY" in os.environ else {}
signed_in = EnvironmentCredential(disable_instance_discovery=True, retry_total=0, **trust)
endpoint = os.environ["PROD_ACCESS_AZURE_ENDPOINT"]
client = AuthorizationManagementClient(signed_in, os.environ["SHOP"], base_url=endpoint, **trust)
print(len(list(client.role_assignments.list_for_subscription())))
"""


def _ran(azure: AzureStandIn, **changed: str | None) -> str:
    wanted = {"PATH": os.environ["PATH"], "SHOP": names.SHOP_PROD, **azure.env(azure.worker)}
    wanted |= azure.clock.env() | {name: value for name, value in changed.items() if value is not None}
    env = {name: value for name, value in wanted.items() if changed.get(name, value) is not None}
    done = subprocess.run([sys.executable, "-c", _LIST], env=env, capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr


@pytest.mark.slow
def test_the_environment_of_a_caller_is_all_it_needs(azure: AzureStandIn) -> None:
    assert _ran(azure) == "5"


@pytest.mark.slow
def test_a_ca_bundle_can_be_said_to_the_clients_instead(azure: AzureStandIn) -> None:
    assert _ran(azure, REQUESTS_CA_BUNDLE=None, VERIFY=str(azure.ca_bundle)) == "5"


@pytest.mark.slow
def test_ssl_cert_file_is_not_looked_at(azure: AzureStandIn) -> None:
    answer = _ran(azure, REQUESTS_CA_BUNDLE=None, SSL_CERT_FILE=str(azure.ca_bundle))
    assert "CERTIFICATE_VERIFY_FAILED" in answer


@pytest.mark.parametrize(
    ("changed", "scope", "expected"),
    [
        ({"client_secret": "guessed"}, ARM, "AADSTS7000215"),
        ({"client_id": "11111111-1111-4111-8111-111111111111"}, ARM, "AADSTS700016"),
        ({"tenant_id": "11111111-1111-4111-8111-111111111111"}, ARM, "Unable to get authority configuration"),
        ({}, "https://example.com/.default", "AADSTS500011"),
        ({}, names.ARM_AUDIENCE, "AADSTS1002012"),
    ],
)
def test_no_token_for_what_is_not_known(
    azure: AzureStandIn, changed: dict[str, str], scope: str, expected: str
) -> None:
    with pytest.raises(ClientAuthenticationError, match=expected):
        credential(azure, azure.worker, **changed).get_token(scope)


def test_a_failed_sign_in_is_remembered_by_the_credential(azure: AzureStandIn) -> None:
    azure.break_calls(Kind.UNAVAILABLE, ["token"], times=1)
    signed_in = credential(azure, azure.worker)
    with pytest.raises(ClientAuthenticationError, match="503"):
        signed_in.get_token(ARM)
    since = len(azure.log(everything=True))
    with pytest.raises(ClientAuthenticationError, match="503"):
        signed_in.get_token(ARM)
    assert azure.log(since=since, everything=True) == []
    assert credential(azure, azure.worker).get_token(ARM).token


def test_an_entra_that_is_away_looks_like_a_refusal(azure: AzureStandIn) -> None:
    azure.break_calls(Kind.RESET, ["discovery"])
    with pytest.raises(ClientAuthenticationError, match="Connection aborted"):
        credential(azure, azure.worker).get_token(ARM)


def test_a_token_is_for_an_hour_and_fetched_again_by_itself(
    azure: AzureStandIn, worker: AuthorizationManagementClient
) -> None:
    list(worker.role_assignments.list_for_scope(SCOPE))
    azure.clock.move(timedelta(minutes=61))
    since = len(azure.log(everything=True))
    list(worker.role_assignments.list_for_scope(SCOPE))
    actions = [call["action"] for call in azure.log(since=since, everything=True)]
    assert actions == ["token", "Microsoft.Authorization/roleAssignments/read"]


@pytest.mark.usefixtures("azure")
def test_a_persons_token_runs_out(azure: AzureStandIn, azure_people: People) -> None:
    chloe = azure_people.sign_in("chloe")
    assert azure_people.read(chloe) == Allowed((names.DATABASE,))
    azure.clock.move(timedelta(minutes=61))
    assert code_of(azure_people.read(chloe)) == "ExpiredAuthenticationToken"


def test_a_token_is_good_for_one_part_of_azure(azure: AzureStandIn, azure_people: People) -> None:
    chloe = azure_people.sign_in("chloe", names.STORAGE_AUDIENCE)
    assert code_of(azure_people.read(chloe)) == "InvalidAuthenticationTokenAudience"
    graph = credential(azure, azure.worker).get_token(f"{names.GRAPH_AUDIENCE}/.default")
    with (
        AuthorizationManagementClient(
            _Fixed(graph),
            names.SHOP_PROD,
            base_url=azure.endpoint_url,
            connection_verify=str(azure.ca_bundle),
            retry_total=0,
        ) as client,
        pytest.raises(ClientAuthenticationError) as refused,
    ):
        client.role_assignments.create(SCOPE, "11111111-1111-4111-8111-111111111111", reader())
    assert refused.value.status_code == 401


def test_a_made_up_token(azure_people: People) -> None:
    chloe = azure_people.sign_in("chloe")
    made_up = type(chloe)(chloe.person, chloe.expires_on, chloe.token[:-4] + "AAAA")
    assert code_of(azure_people.read(made_up)) == "InvalidAuthenticationToken"
    assert chloe.token not in repr(chloe)


class _Fixed:
    """A credential that always has the same token."""

    def __init__(self, token: object) -> None:
        self._token = token

    def get_token(self, *_scopes: str, **_more: object) -> object:
        """The token."""
        return self._token
