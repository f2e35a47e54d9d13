"""Where each cloud's adapter is put together; its SDK is imported then, and not before."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeAlias

from policies.entitlements import Clouds
from policies.entitlements.aws import AwsLease, lease_in
from policies.rules import Policy
from policies.values import CloudName, HoldingKey, PersonId
from workers.clouds.cloud import Cloud
from workers.clouds.labels import Labels
from workers.ledger.ledger import Ledger
from workers.settings import Settings

PolicySource: TypeAlias = Callable[[], Policy | None]
"""The policy in force now, or None when there is none to be had."""
Adapter: TypeAlias = Callable[[Settings, Ledger, PolicySource], Cloud]


class NotInstalled(Exception):
    """The packages of a cloud are not there; the message says how to get them."""


@contextmanager
def _packages(extra: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise NotInstalled(f"{extra} needs its own packages: pip install 'prod-access[{extra}]'") from error


def _labels(settings: Settings) -> Labels:
    return Labels(settings.instance, settings.keys)


def _clouds(policy: PolicySource) -> Clouds:
    in_force = policy()
    return in_force.clouds if in_force else Clouds()


def aws(settings: Settings, ledger: Ledger, policy: PolicySource) -> Cloud:
    """Leased roles, in the accounts of the policy in force."""
    from workers.clouds.aws.client import AwsClient  # noqa: PLC0415 (lazy: boto3 takes 0.3 s to import)
    from workers.clouds.aws.leased_role import LeasedRoles  # noqa: PLC0415 (lazy, as above)

    client = AwsClient(
        instance=settings.instance,
        now=ledger.now,
        endpoint=settings.aws_endpoint,
        connections=settings.threads,
    )

    def accounts() -> tuple[AwsLease, ...]:
        return tuple(lease_in(account) for account in _clouds(policy).aws)

    return LeasedRoles(client, _labels(settings), accounts)


def identity_center(settings: Settings, ledger: Ledger, policy: PolicySource) -> Cloud:
    """Account assignments, in the accounts of the policy in force."""
    from workers.clouds.identity_center.account_assignment import (  # noqa: PLC0415 (lazy: boto3, as above)
        AccountAssignments,
    )
    from workers.clouds.identity_center.budget import LedgerBudget  # noqa: PLC0415 (lazy, as above)
    from workers.clouds.identity_center.client import IdentityCenterClient  # noqa: PLC0415 (lazy, as above)

    client = IdentityCenterClient(
        instance=settings.instance,
        now=ledger.now,
        endpoint=settings.identity_center_endpoint,
        connections=settings.threads,
    )

    def known(keys: Iterable[HoldingKey]) -> frozenset[HoldingKey]:
        with ledger.reading() as reader:
            return frozenset(grant.holding for grant in reader.grants_on(keys))

    def person(user: str) -> PersonId | None:
        in_force = policy()
        people = in_force.people.people if in_force else ()
        return next((one.id for one in people if one.identity_center == user), None)

    return AccountAssignments(
        client,
        lambda: _clouds(policy).identity_center,
        known,
        LedgerBudget(ledger),
        now=ledger.now,
        person=person,
    )


def gcp(settings: Settings, ledger: Ledger, policy: PolicySource) -> Cloud:
    """Conditional bindings, on the resources of the policy in force."""
    with _packages("gcp"):
        from workers.clouds.gcp.client import GcpClient  # noqa: PLC0415 (lazy: Google's SDK takes a while)
        from workers.clouds.gcp.conditional_binding import ConditionalBindings  # noqa: PLC0415 (as above)

    client = GcpClient(instance=settings.instance, now=ledger.now, endpoint=settings.gcp_endpoint)
    return ConditionalBindings(client, _labels(settings), lambda: _clouds(policy).gcp)


def azure(settings: Settings, ledger: Ledger, policy: PolicySource) -> Cloud:
    """Role assignments, at the scopes of the policy in force."""
    with _packages("azure"):
        from workers.clouds.azure.client import AzureClient  # noqa: PLC0415 (lazy: Azure's SDK takes 0.3 s)
        from workers.clouds.azure.role_assignment import RoleAssignments  # noqa: PLC0415 (as above)

    client = AzureClient(
        instance=settings.instance,
        now=ledger.now,
        endpoint=settings.azure_endpoint,
        authority=settings.azure_authority,
        ca_bundle=settings.ca_bundle,
        connections=settings.threads,
    )
    return RoleAssignments(client, _labels(settings), lambda: _clouds(policy).azure)


ADAPTERS: Final[Mapping[CloudName, Adapter]] = {
    CloudName("aws"): aws,
    CloudName("identity-center"): identity_center,
    CloudName("gcp"): gcp,
    CloudName("azure"): azure,
}
"""How the adapter of each cloud is made."""
