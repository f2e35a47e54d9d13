"""One pretend AWS for all tests, and boto3 clients that call it over HTTP."""

# ruff: noqa: ANN401 - boto3 makes its clients up

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.aws import names
from sandbox.aws.keys import Keys
from sandbox.aws.standin import AwsStandIn
from sandbox.aws.use import People, Refused

ClientOf = Callable[..., Any]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def boto3_session() -> boto3.Session:
    """One session for all clients: its models are loaded once."""
    return boto3.Session()


@pytest.fixture(name="client")
def _client(aws: AwsStandIn, boto3_session: boto3.Session) -> Iterator[ClientOf]:
    with ExitStack() as opened:

        def client(service: str, keys: Keys, read_timeout: float = 10) -> Any:
            made = boto3_session.client(
                service,
                endpoint_url=aws.endpoint_url,
                region_name=names.REGION,
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


@pytest.fixture(name="spoke_keys")
def _spoke_keys(aws: AwsStandIn, client: ClientOf) -> Keys:
    """The worker's session of the spoke role."""
    answer = client("sts", aws.worker).assume_role(
        RoleArn=names.SPOKE_ROLE,
        RoleSessionName="worker",
        ExternalId=names.EXTERNAL_ID,
        SourceIdentity="prod-access",
        Tags=[{"Key": "grant", "Value": "g-1"}],
    )
    return _keys(answer["Credentials"])


@pytest.fixture(name="spoke")
def _spoke(spoke_keys: Keys, client: ClientOf) -> Any:
    """IAM of shop-prod, as the worker reaches it: through the spoke role."""
    return client("iam", spoke_keys)


@dataclass
class Leased:
    """A leased role in the making: the worker's calls, in the order that is safe."""

    iam: Any
    name: str
    ends_at: datetime
    principal: str = ""

    @property
    def arn(self) -> str:
        """The role's ARN."""
        return f"arn:aws:iam::{names.SHOP_PROD}:role{names.LEASED_PATH}{self.name}"

    def trust(self, condition: dict[str, Any] | None = None) -> str:
        """The trust policy: one principal, until the end."""
        dates = {"DateLessThan": {"aws:CurrentTime": _iso(self.ends_at)}}
        statement = {"Principal": {"AWS": self.principal}, "Action": "sts:AssumeRole", "Effect": "Allow"}
        return _document(statement | {"Condition": dates | (condition or {})})

    def create(self, principal: str, condition: dict[str, Any] | None = None, **changed: Any) -> None:
        """Creates the role, its date lock and its boundary in one call."""
        self.principal = principal
        asked = {
            "RoleName": self.name,
            "Path": names.LEASED_PATH,
            "AssumeRolePolicyDocument": self.trust(condition),
            "MaxSessionDuration": 3600,
            "PermissionsBoundary": names.BOUNDARY,
            "Tags": [{"Key": "prod-access:grant-id", "Value": self.name}],
            "Description": "Lease & end",
        }
        self.iam.create_role(**(asked | changed))

    def deny(self, condition: dict[str, Any] | None = None) -> None:
        """Writes the inline Deny: after the end, or as given."""
        after_the_end = {"DateGreaterThan": {"aws:CurrentTime": _iso(self.ends_at)}}
        statement = {"Effect": "Deny", "Action": "*", "Resource": "*"}
        chosen = after_the_end if condition is None else condition
        document = _document(statement | ({"Condition": chosen} if chosen else {}))
        self.iam.put_role_policy(RoleName=self.name, PolicyName="ends", PolicyDocument=document)

    def attach(self, policy: str = "rds-readonly") -> None:
        """Attaches a policy of the catalogue."""
        self.iam.attach_role_policy(RoleName=self.name, PolicyArn=names.CATALOGUE[policy])

    def lease(self, principal: str, policy: str = "rds-readonly") -> None:
        """The whole role, the Deny before the Allow."""
        self.create(principal)
        self.deny()
        self.attach(policy)

    def extend(self, by: timedelta) -> None:
        """Moves the end: the Deny first, then the trust."""
        self.ends_at += by
        self.deny()
        self.iam.update_assume_role_policy(RoleName=self.name, PolicyDocument=self.trust())

    def delete(self) -> None:
        """Takes the role apart and deletes it."""
        for policy in self.iam.list_attached_role_policies(RoleName=self.name)["AttachedPolicies"]:
            self.iam.detach_role_policy(RoleName=self.name, PolicyArn=policy["PolicyArn"])
        for policy in self.iam.list_role_policies(RoleName=self.name)["PolicyNames"]:
            self.iam.delete_role_policy(RoleName=self.name, PolicyName=policy)
        self.iam.delete_role(RoleName=self.name)


@pytest.fixture(name="role")
def _role(aws: AwsStandIn, spoke: Any) -> Leased:
    """A role nobody has made yet, to end in half an hour."""
    return Leased(spoke, f"pa-rds-readonly-{next(_numbers)}", aws.clock.now() + timedelta(minutes=30))


@pytest.fixture(name="refusal")
def _refusal() -> Callable[..., str]:
    """Calls, and answers the code AWS refuses with."""

    def refusal(call: Callable[..., Any], **params: Any) -> str:
        with pytest.raises(ClientError) as refused:
            call(**params)
        return str(refused.value.response["Error"]["Code"])

    return refusal


@pytest.fixture(name="session_of")
def _session_of(aws: AwsStandIn, people: People) -> Callable[[str, str], Keys]:
    """A person's session of a role they may assume."""

    def session_of(person: str, role_arn: str) -> Keys:
        session = people.assume(aws.person(person), role_arn, person)
        assert not isinstance(session, Refused), session
        return session

    return session_of


def _keys(credentials: dict[str, str]) -> Keys:
    return Keys(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
