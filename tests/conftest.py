"""What many tests stand on: a moving clock, a real PostgreSQL, a ledger on each database."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from sandbox.aws.signing import botocore_follows
from sandbox.aws.standin import AwsStandIn, NotInstalledError, find_environment
from sandbox.aws.use import People
from sandbox.azure.standin import AzureStandIn
from sandbox.azure.use import People as AzurePeople
from sandbox.clock import MovableClock
from sandbox.gcp.standin import GcpStandIn
from sandbox.gcp.use import People as GooglePeople
from sandbox.identity_center.standin import IdentityCenterStandIn
from sandbox.postgres import running_postgres
from tests.builders import StoppedClock
from workers.ledger.engine import open_engine
from workers.ledger.ledger import Ledger
from workers.ledger.migrate import migrate

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of our own."""
    with running_postgres() as server:
        yield server.url


@pytest.fixture
def postgres_url(postgres: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database."""
    name = f"t{abs(hash(request.node.nodeid)):x}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield postgres.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def clock() -> StoppedClock:
    """A clock that stands still until a test moves it."""
    return StoppedClock()


@pytest.fixture
def bells() -> list[str]:
    """The bells that were rung."""
    return []


@pytest.fixture
def ledger(database_url: str, clock: StoppedClock, bells: list[str]) -> Iterator[Ledger]:
    """An empty ledger on each database."""
    engine = open_engine(database_url)
    migrate(engine)
    opened = Ledger(engine, ring=lambda names: bells.extend(sorted(names)), now=clock)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def aws_clock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MovableClock]:
    """The clock of everything pretended of AWS, and the one this process's botocore signs by."""
    moving = MovableClock(tmp_path_factory.mktemp("clock") / "offset")
    with botocore_follows(moving):
        yield moving


@pytest.fixture(scope="session")
def stand_in(aws_clock: MovableClock) -> Iterator[AwsStandIn]:
    """The pretend AWS; required under CI, elsewhere a skip says what is missing."""
    try:
        find_environment()
    except NotInstalledError as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))
    with AwsStandIn(aws_clock) as running:
        yield running


@pytest.fixture
def aws(stand_in: AwsStandIn) -> Iterator[AwsStandIn]:
    """The running stand-in, mended afterwards."""
    yield stand_in
    stand_in.mend()


@pytest.fixture(scope="session")
def people(stand_in: AwsStandIn) -> Iterator[People]:
    """The people who call the pretend AWS with their own keys."""
    with People(stand_in.endpoint_url, stand_in.clock) as calling:
        yield calling


@pytest.fixture(scope="session")
def identity_center_stand_in(aws_clock: MovableClock) -> Iterator[IdentityCenterStandIn]:
    """The pretend Identity Center."""
    with IdentityCenterStandIn(aws_clock) as running:
        yield running


@pytest.fixture
def identity_center(identity_center_stand_in: IdentityCenterStandIn) -> Iterator[IdentityCenterStandIn]:
    """The running stand-in as at its start, but quick, and patient with many calls."""
    identity_center_stand_in.renew()
    identity_center_stand_in.settle(operation_seconds=0, calls_a_second=10_000)
    yield identity_center_stand_in
    identity_center_stand_in.renew()


@pytest.fixture(scope="session")
def gcp_stand_in() -> Iterator[GcpStandIn]:
    """The pretend Google Cloud."""
    with GcpStandIn() as running:
        yield running


@pytest.fixture
def gcp(gcp_stand_in: GcpStandIn) -> Iterator[GcpStandIn]:
    """The running stand-in, with its policy as it was, mended afterwards."""
    from tests.gcp import as_it_was  # noqa: PLC0415 (lazy: Google's SDK takes half a second to import)

    with as_it_was(gcp_stand_in) as running:
        yield running


@pytest.fixture(scope="session")
def google_people(gcp_stand_in: GcpStandIn) -> Iterator[GooglePeople]:
    """The people who call the pretend Google Cloud with tokens of their own."""
    with GooglePeople(gcp_stand_in.endpoint_url) as calling:
        yield calling


@pytest.fixture(scope="session")
def running_azure() -> Iterator[AzureStandIn]:
    """The pretend Azure."""
    with AzureStandIn() as running:
        yield running


@pytest.fixture
def azure(running_azure: AzureStandIn) -> Iterator[AzureStandIn]:
    """The pretend Azure with standing assignments only, mended afterwards."""
    running_azure.forget_assignments()
    yield running_azure
    running_azure.mend()


@pytest.fixture(scope="session")
def azure_people(running_azure: AzureStandIn) -> Iterator[AzurePeople]:
    """The people who call the pretend Azure with their own tokens."""
    with AzurePeople(running_azure.endpoint_url, running_azure.ca_bundle) as calling:
        yield calling
