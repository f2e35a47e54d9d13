"""One pretend Google Cloud for all tests, and Google's own clients that call it over HTTP."""

# ruff: noqa: ANN401 - protobuf makes its messages up

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from google.iam.v1 import policy_pb2

from sandbox.gcp.signing import google_auth_follows
from sandbox.gcp.standin import GcpStandIn
from sandbox.gcp.use import People
from tests.sandbox.gcp.clients import (
    Lease,
    Leases,
    Operator,
    credentials_client,
    key_of,
    policy_of,
    resource_manager,
    set_policy,
    signed_in,
)

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def running() -> Iterator[GcpStandIn]:
    """The pretend Google Cloud, and this process's google-auth on its clock."""
    with GcpStandIn() as started, google_auth_follows(started.clock):
        yield started


@pytest.fixture
def gcp(running: GcpStandIn) -> Iterator[GcpStandIn]:
    """The same, with shop-prod's policy as it was, and everything mended afterwards."""
    operator = resource_manager(running, signed_in(running, running.operator))
    before = policy_of(operator)
    yield running
    running.mend()
    set_policy(operator, policy_pb2.Policy(version=3, bindings=before.bindings))


@pytest.fixture(scope="session")
def people(running: GcpStandIn) -> Iterator[People]:
    """The people who call it with tokens of their own."""
    with People(running.endpoint_url) as calling:
        yield calling


@pytest.fixture
def worker(gcp: GcpStandIn) -> Any:
    """Resource Manager as the worker reaches it."""
    return resource_manager(gcp, key_of(gcp))


@pytest.fixture
def operator(gcp: GcpStandIn) -> Operator:
    """Somebody who may do anything."""
    account = signed_in(gcp, gcp.operator)
    return Operator(
        *(resource_manager(gcp, account, kind) for kind in ("Projects", "Folders", "Organizations"))
    )


@pytest.fixture
def tokens_client(gcp: GcpStandIn) -> Any:
    """IAM Credentials as the worker reaches it."""
    return credentials_client(gcp, key_of(gcp))


@pytest.fixture
def leases(worker: Any) -> Leases:
    """The worker's read-modify-write."""
    return Leases(worker)


@pytest.fixture
def token(gcp: GcpStandIn, people: People) -> Callable[[str], str]:
    """A person's access token."""
    return lambda name: people.sign_in(gcp.person(name))


@pytest.fixture
def ana(token: Callable[[str], str]) -> str:
    """Ana's access token."""
    return token("ana")


@pytest.fixture
def lease(title: str, until: datetime) -> Lease:
    """Half an hour of ana's."""
    return Lease(title, until)


@pytest.fixture
def until(gcp: GcpStandIn) -> datetime:
    """Half an hour from now."""
    return gcp.clock.now() + timedelta(minutes=30)


@pytest.fixture
def title() -> str:
    """A label no other test has."""
    return f"prodaccess g-{next(_numbers)}"
