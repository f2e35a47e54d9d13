"""boto3 clients that call the pretend Identity Center over HTTP."""

# ruff: noqa: ANN401 - boto3 makes its clients up

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox.aws.keys import Keys
from sandbox.identity_center import names
from sandbox.identity_center.standin import IdentityCenterStandIn
from sandbox.identity_center.use import People

ClientOf = Callable[..., Any]


@pytest.fixture(scope="session")
def boto3_session() -> boto3.Session:
    """One session for all clients: its models are loaded once."""
    return boto3.Session()


@pytest.fixture(name="client")
def _client(identity_center: IdentityCenterStandIn, boto3_session: boto3.Session) -> Iterator[ClientOf]:
    """A client of any service with anybody's keys, that tries nothing twice."""
    with ExitStack() as opened:

        def client(service: str, keys: Keys, read_timeout: float = 10) -> Any:
            made = boto3_session.client(  # type: ignore[call-overload]
                service,
                region_name=names.REGION,
                endpoint_url=identity_center.endpoint_url,
                aws_access_key_id=keys.access_key_id,
                aws_secret_access_key=keys.secret_access_key,
                aws_session_token=keys.session_token,
                config=Config(
                    retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=read_timeout
                ),
            )
            opened.callback(made.close)
            return made

        yield client


@pytest.fixture
def access_keys(identity_center: IdentityCenterStandIn, client: ClientOf) -> Keys:
    """The worker's session of the access role."""
    answer = client("sts", identity_center.worker).assume_role(
        RoleArn=names.ACCESS_ROLE, RoleSessionName="worker", ExternalId=names.EXTERNAL_ID
    )
    found = answer["Credentials"]
    return Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


@pytest.fixture
def access(client: ClientOf, access_keys: Keys) -> Any:
    """sso-admin as the worker reaches it."""
    return client("sso-admin", access_keys)


@pytest.fixture
def operator(identity_center: IdentityCenterStandIn, client: ClientOf) -> Any:
    """sso-admin as somebody reaches it who may do anything."""
    return client("sso-admin", identity_center.operator)


@pytest.fixture
def store(identity_center: IdentityCenterStandIn, client: ClientOf) -> Any:
    """The identity store as that somebody reaches it."""
    return client("identitystore", identity_center.operator)


@pytest.fixture(scope="session")
def holders(identity_center_stand_in: IdentityCenterStandIn) -> Iterator[People]:
    """The people who use what they are assigned."""
    with People(identity_center_stand_in.endpoint_url, identity_center_stand_in.clock) as calling:
        yield calling
