"""One pretend Azure for all tests, and the real SDKs that call it over TLS."""

# ruff: noqa: ANN401 - the SDK takes and makes anything

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.authorization import AuthorizationManagementClient

from sandbox.azure import names
from sandbox.azure.following import tokens_follow
from sandbox.azure.standin import Application, AzureStandIn
from sandbox.azure.use import People
from tests.sandbox.azure.asks import credential

ClientOf = Callable[..., AuthorizationManagementClient]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def running_azure() -> Iterator[AzureStandIn]:
    """The pretend Azure."""
    with AzureStandIn() as running, tokens_follow(running.clock):
        yield running


@pytest.fixture
def azure(running_azure: AzureStandIn) -> Iterator[AzureStandIn]:
    """The pretend Azure with standing assignments only, mended afterwards."""
    running_azure.forget_assignments()
    yield running_azure
    running_azure.mend()


@pytest.fixture(scope="session", name="client")
def _client(running_azure: AzureStandIn) -> Iterator[ClientOf]:
    """A client of an application's own; by default nothing is tried twice."""
    made: dict[tuple[str, int, float], AuthorizationManagementClient] = {}

    def client(
        application: Application, retries: int = 0, read_timeout: float = 10
    ) -> AuthorizationManagementClient:
        key = (application.name, retries, read_timeout)
        if key not in made:
            made[key] = AuthorizationManagementClient(
                credential(running_azure, application),
                names.SHOP_PROD,
                base_url=running_azure.endpoint_url,
                connection_verify=str(running_azure.ca_bundle),
                retry_total=retries,
                retry_backoff_factor=0,
                read_timeout=read_timeout,
            )
        return made[key]

    yield client
    for one in made.values():
        one.close()


@pytest.fixture
def worker(azure: AzureStandIn, client: ClientOf) -> AuthorizationManagementClient:
    """The worker's client."""
    return client(azure.worker)


@pytest.fixture
def operator(azure: AzureStandIn, client: ClientOf) -> AuthorizationManagementClient:
    """The client of whoever may do anything."""
    return client(azure.operator)


@pytest.fixture(scope="session")
def azure_people(running_azure: AzureStandIn) -> Iterator[People]:
    """The people who call the pretend Azure with their own tokens."""
    with People(running_azure.endpoint_url, running_azure.ca_bundle) as calling:
        yield calling


@pytest.fixture(name="refusal")
def _refusal() -> Callable[..., tuple[int, str]]:
    """Calls, and answers the status and code Azure refuses with."""

    def refusal(call: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[int, str]:
        with pytest.raises(HttpResponseError) as refused:
            call(*args, **kwargs)
        assert refused.value.error is not None
        return int(refused.value.status_code or 0), str(refused.value.error.code)

    return refusal


@pytest.fixture
def name() -> str:
    """A name nobody has used yet, for an assignment or a request."""
    return f"00000000-0000-4000-8000-{next(_numbers):012d}"


@pytest.fixture
def other_name() -> str:
    """Another one."""
    return f"00000000-0000-4000-9000-{next(_numbers):012d}"


@pytest.fixture
def newcomer(azure: AzureStandIn) -> str:
    """Somebody who was added to the directory just now."""
    principal = f"99990000-0000-4000-8000-{next(_numbers):012d}"
    azure.add_principal(principal)
    return principal
