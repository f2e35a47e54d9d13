"""Looking users up in Graph, as an adapter does it: with azure-core and no Graph SDK."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from azure.core import PipelineClient
from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.core.rest import HttpRequest

from sandbox.azure import names
from sandbox.azure.standin import Application, AzureStandIn
from tests.sandbox.azure.asks import credential

Graph = Callable[..., Any]


@pytest.fixture
def graph(azure: AzureStandIn) -> Iterator[Graph]:
    opened: list[PipelineClient[Any, Any]] = []

    def ask(path: str, application: Application | None = None, **params: str) -> Any:  # noqa: ANN401 - any JSON
        signed_in = credential(azure, application or azure.worker)
        policy = BearerTokenCredentialPolicy(signed_in, f"{names.GRAPH_AUDIENCE}/.default")
        client: PipelineClient[Any, Any] = PipelineClient(
            azure.endpoint_url,
            per_retry_policies=[policy],
            connection_verify=str(azure.ca_bundle),
            retry_total=0,
        )
        opened.append(client)
        request = HttpRequest("GET", f"{azure.endpoint_url}/v1.0/{path}", params=params)
        answer = client.send_request(request).json()
        return answer.get("error", {}).get("code") or answer.get("value", answer)

    yield ask
    for client in opened:
        client.close()


def _ids(users: list[dict[str, Any]]) -> list[str]:
    return [user["id"] for user in users]


def test_by_object_id_and_by_name(graph: Graph) -> None:
    assert graph(f"users/{names.PEOPLE['ana']}")["userPrincipalName"] == "ana@meridian.example"
    assert graph("users/ANA@meridian.example")["id"] == names.PEOPLE["ana"]
    guest = quote("ivy_partner.example#EXT#@meridian.example", safe="")
    assert graph(f"users/{guest}", **{"$select": "id,userType"}) == {"id": names.GUEST, "userType": "Guest"}


def test_by_mail_exactly(graph: Graph) -> None:
    ask = {"$filter": "mail eq 'ivy@meridian.example'"}
    assert _ids(graph("users", **ask)) == [names.PEOPLE["ivy"]]
    assert graph("users", **{"$filter": "mail eq 'iv@meridian.example'"}) == []
    quoted = {"$filter": "mail eq 'o''hara@meridian.example'"}
    assert graph("users", **quoted) == []


def test_more_than_one_may_have_an_address(azure: AzureStandIn, graph: Graph) -> None:
    other = {"$filter": "otherMails/any(m:m eq 'ivy@meridian.example')"}
    assert _ids(graph("users", **other)) == [names.GUEST]
    proxies = {"$filter": "proxyAddresses/any(p:p eq 'smtp:ivy@meridian.example')"}
    assert _ids(graph("users", **proxies)) == [names.PEOPLE["ivy"]]
    twin = "99990000-0000-4000-8000-0000000000ff"
    azure.add_principal(twin, mail="ivy@meridian.example")
    found = graph("users", **{"$filter": "mail eq 'ivy@meridian.example'"})
    assert sorted(_ids(found)) == sorted([names.PEOPLE["ivy"], twin])
    azure.remove_principal(twin)


def test_refusals(azure: AzureStandIn, graph: Graph) -> None:
    assert graph("users/nobody@meridian.example") == "Request_ResourceNotFound"
    assert graph("users", **{"$filter": "shoeSize eq '42'"}) == "Request_UnsupportedQuery"
    assert graph("groups") == "BadRequest"
    ana = f"users/{names.PEOPLE['ana']}"
    assert graph(ana, azure.direct_worker) == "Authorization_RequestDenied"


def test_everybody(graph: Graph) -> None:
    assert len(graph("users", **{"$top": "3"})) == 3
    assert set(_ids(graph("users"))) >= {*names.PEOPLE.values(), names.GUEST}
