"""Google's own clients as the tests make them, and what they are asked."""

# ruff: noqa: ANN401 - protobuf makes its messages up

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.auth.credentials import Credentials
from google.cloud import iam_credentials_v1, resourcemanager_v3
from google.iam.v1 import iam_policy_pb2, options_pb2, policy_pb2
from google.oauth2 import credentials as user_credentials
from google.oauth2 import service_account
from google.type import expr_pb2

from sandbox.gcp import names
from sandbox.gcp.keys import Account
from sandbox.gcp.standin import GcpStandIn

PROJECT = f"projects/{names.SHOP_PROD}"


def policy_of(client: Any, resource: str = PROJECT, version: int = 3) -> Any:
    """Reads a policy."""
    options = options_pb2.GetPolicyOptions(requested_policy_version=version)
    request = iam_policy_pb2.GetIamPolicyRequest(resource=resource, options=options)
    return client.get_iam_policy(request=request)


def set_policy(client: Any, policy: Any, resource: str = PROJECT, **rest: Any) -> Any:
    """Writes a policy."""
    request = iam_policy_pb2.SetIamPolicyRequest(resource=resource, policy=policy)
    return client.set_iam_policy(request=request, **rest)


def binding(role: str, *members: str, until: datetime | None = None, **condition: str) -> Any:
    """A binding, with a condition when it has an end or anything else of one."""
    if until is not None:
        condition.setdefault("title", "until")
        condition["expression"] = f'request.time < timestamp("{until:%Y-%m-%dT%H:%M:%SZ}")'
    expr = expr_pb2.Expr(**condition) if condition else None
    return policy_pb2.Binding(role=role, members=members, condition=expr)


@dataclass(frozen=True)
class Lease:
    """A binding of ana's in the making: its label and its end."""

    title: str
    until: datetime

    def binding(self, role: str = "roles/cloudsql.viewer", person: str = "ana", more: str = "") -> Any:
        """The binding, for a role; `more` is added to its label."""
        return binding(role, names.member(person), until=self.until, title=self.title + more)


@dataclass
class Leases:
    """The worker's side: read, modify, write, as an adapter does it."""

    client: Any

    def add(self, *bindings: Any, **rest: Any) -> Any:
        """Adds bindings; answers what Google answers."""
        policy = policy_of(self.client)
        policy.version = 3
        policy.bindings.extend(bindings)
        return set_policy(self.client, policy, **rest)

    def remove(self, title: str) -> Any:
        """Removes the bindings of a title."""
        policy = policy_of(self.client)
        kept = [one for one in policy.bindings if one.condition.title != title]
        del policy.bindings[:]
        policy.bindings.extend(kept)
        policy.version = 3
        return set_policy(self.client, policy)


@dataclass
class Operator:
    """Resource Manager as somebody who may do anything reaches it: all three of its clients."""

    projects: Any
    folders: Any
    organizations: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.projects, name)


def key_of(gcp: GcpStandIn, email: str = names.WORKER, **rest: Any) -> Any:
    """A service account's credentials, from its key file."""
    return service_account.Credentials.from_service_account_file(str(gcp.key_file(email)), **rest)  # type: ignore[no-untyped-call]


def signed_in(gcp: GcpStandIn, account: Account) -> Any:
    """A person's credentials, refreshed at the stand-in's own token endpoint."""
    return user_credentials.Credentials(  # type: ignore[no-untyped-call]
        None,
        refresh_token=account.refresh_token,
        token_uri=f"{gcp.endpoint_url}/token",
        client_id="gcloud",
        client_secret="not secret",
    )


def resource_manager(gcp: GcpStandIn, credentials: Credentials, kind: str = "Projects") -> Any:
    """A client of Resource Manager: its REST transport, at the stand-in."""
    made = getattr(resourcemanager_v3, f"{kind}Client")
    return made(credentials=credentials, transport="rest", client_options={"api_endpoint": gcp.endpoint_url})


def credentials_client(gcp: GcpStandIn, credentials: Credentials) -> Any:
    """A client of IAM Credentials."""
    return iam_credentials_v1.IAMCredentialsClient(
        credentials=credentials, transport="rest", client_options={"api_endpoint": gcp.endpoint_url}
    )
