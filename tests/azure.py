"""The role-assignment adapter as tests wire it: the real Azure SDKs over the stand-in, on its clock."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from azure.core.credentials import AccessToken
from azure.identity import ClientSecretCredential

from policies.entitlements.azure import ROLE_ASSIGNMENT, AzureScope, assignment_at, assignment_key
from policies.grant import Grant
from policies.holding import Outcome, Unreachable
from policies.people import EntraUser
from policies.values import CloudName, GrantId, PersonId, RequestId, RoleName
from sandbox.azure import names
from sandbox.azure.standin import Application, AzureStandIn
from workers.clouds.azure.client import AzureClient
from workers.clouds.azure.role_assignment import RoleAssignments
from workers.clouds.cloud import ClaimLost, Cloud, Holding
from workers.clouds.labels import Labels

KEY = b"a test key, long enough to sign"
INSTANCE = "prod-access-tests"
SHOP = AzureScope(alias="shop-prod", tenant=names.TENANT, id=names.GROUP_SCOPE)
WHOLE_SHOP = AzureScope(alias="shop-whole", tenant=names.TENANT, id=names.SUBSCRIPTION_SCOPE)
_FRESH = timedelta(minutes=55)


class Open:
    """A fence that lets everything through."""

    def check(self) -> None:
        """Let it through."""


class ShutAfter:
    """A fence that lets so many calls through."""

    def __init__(self, calls: int) -> None:
        self._left = calls

    def check(self) -> None:
        """Let it through or not."""
        self._left -= 1
        if self._left < 0:
            raise ClaimLost("claim_lost")


class OnItsClock:
    """A credential of an application whose tokens run out by the stand-in's clock.

    To the SDK they look used up at once, so it asks before each call whether they still are good.
    """

    def __init__(self, stand_in: AzureStandIn, application: Application, **words: Any) -> None:  # noqa: ANN401
        self._stand_in = stand_in
        self._application = application
        self._words = words
        self._tokens: dict[str, tuple[str, datetime]] = {}

    def get_token(self, *scopes: str, **_more: Any) -> AccessToken:  # noqa: ANN401
        """A token that the stand-in takes now."""
        now = self._stand_in.clock.now()
        token, until = self._tokens.get(scopes[0], ("", now))
        if until <= now:
            token, until = self._signed_in(scopes[0]), now + _FRESH
            self._tokens[scopes[0]] = (token, until)
        return AccessToken(token, 0)

    def _signed_in(self, scope: str) -> str:
        with secret_credential(self._application, **self._words) as credential:
            return credential.get_token(scope).token


def secret_credential(application: Application, **words: Any) -> ClientSecretCredential:  # noqa: ANN401
    """An application's credential as azure-identity makes it."""
    mine = (application.tenant_id, application.client_id, application.client_secret)
    return ClientSecretCredential(*mine, **words)


@contextmanager
def azure_client(
    stand_in: AzureStandIn,
    application: Application | None = None,
    kind: type[AzureClient] = AzureClient,
    **words: Any,  # noqa: ANN401
) -> Iterator[AzureClient]:
    """The workers' client, or another application's; closed afterwards."""
    who = application or stand_in.worker
    wired: dict[str, Any] = {
        "instance": INSTANCE,
        "now": stand_in.clock.now,
        "endpoint": stand_in.endpoint_url,
        "authority": stand_in.endpoint_url,
        "ca_bundle": str(stand_in.ca_bundle),
        "graph": stand_in.endpoint_url,
        "credential": lambda **more: OnItsClock(stand_in, who, **more),
    }
    client = kind(**(wired | words))
    try:
        yield client
    finally:
        client.close()


@contextmanager
def role_assignments(
    stand_in: AzureStandIn,
    *keys: bytes,
    application: Application | None = None,
    scopes: Sequence[AzureScope] = (SHOP, WHOLE_SHOP),
    **words: Any,  # noqa: ANN401
) -> Iterator[RoleAssignments]:
    """The adapter over the stand-in; PIM is open to the worker's application, not to the direct worker's."""
    with azure_client(stand_in, application, **words) as client:
        yield RoleAssignments(client, Labels(client.instance, keys or (KEY,)), lambda: scopes)


def azure_grant(
    number: int,
    now: datetime,
    *,
    person: str = "ana",
    role: str = "Reader",
    scope: AzureScope = SHOP,
    last: timedelta = timedelta(minutes=30),
) -> Grant:
    """Somebody's grant in the stand-in's shop-prod, for half an hour from now."""
    request, start = RequestId(f"pa-{number:04d}"), now.replace(microsecond=0)
    target, principal = assignment_at(scope, role), names.PEOPLE.get(person, person)
    return Grant(
        id=GrantId(f"{request}-1"),
        request=request,
        role=RoleName("prod-db-readonly"),
        person=PersonId(person if person in names.PEOPLE else "somebody-new"),
        cloud=CloudName("azure"),
        adapter=ROLE_ASSIGNMENT,
        principal=EntraUser(object_id=principal),
        entitlement=target,
        holding=assignment_key(target, principal),
        starts_at=start,
        ends_at=start + last,
        due_at=start,
    )


def ensured(adapter: Cloud, grant: Grant, tries: int = 4) -> Outcome:
    """What ensuring comes to, tried as a job tries it: again after Unreachable, and never after more."""
    for _ in range(tries):
        outcome = adapter.ensure(Holding.of([grant]), grant.ends_at, Open())
        if not isinstance(outcome, Unreachable):
            return outcome
    return outcome


def removed(adapter: Cloud, grant: Grant, tries: int = 1) -> Outcome:
    """What removing comes to, tried so often."""
    for _ in range(tries):
        outcome = adapter.remove(Holding.of([grant]), Open(), early=True)
    return outcome


def made(stand_in: AzureStandIn) -> list[dict[str, Any]]:
    """The assignments that were not there before us, by the stand-in's own books."""
    return [one for one in stand_in.assignments() if not one["standing"]]


def standing(stand_in: AzureStandIn) -> list[dict[str, Any]]:
    """Those that were."""
    return [one for one in stand_in.assignments() if one["standing"]]


def asked(stand_in: AzureStandIn, action: str, since: int = 0) -> list[dict[str, Any]]:
    """The calls of one kind since a number in the stand-in's log: `roleAssignments/write`."""
    calls = stand_in.log(since=since, everything=True)
    return [call for call in calls if call["action"] in {action, f"Microsoft.Authorization/{action}"}]


def now_at(stand_in: AzureStandIn) -> int:
    """The number the next call has in the stand-in's log."""
    return len(stand_in.log(everything=True))
