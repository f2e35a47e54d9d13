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
    with running_postgres() as url:
        yield url


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
def stand_in() -> Iterator[AwsStandIn]:
    """The pretend AWS; required under CI, elsewhere a skip says what is missing."""
    try:
        find_environment()
    except NotInstalledError as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))
    with AwsStandIn() as running, botocore_follows(running.clock):
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
