"""The conditional-binding adapter as tests wire it: Google's client over the stand-in, on its clock."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from google.iam.v1 import policy_pb2  # type: ignore[import-untyped] # protobuf's own

from policies.entitlements.gcp import CONDITIONAL_BINDING, GcpResource, binding_key, binding_on
from policies.grant import Grant
from policies.people import GoogleMember
from policies.values import CloudName, GrantId, PersonId, RequestId, RoleName
from sandbox.gcp import names
from sandbox.gcp.signing import google_auth_follows
from sandbox.gcp.standin import GcpStandIn
from tests.sandbox.gcp.clients import key_of, policy_of, resource_manager, set_policy, signed_in
from workers.clouds.cloud import ClaimLost
from workers.clouds.gcp.client import GcpClient
from workers.clouds.gcp.conditional_binding import ConditionalBindings
from workers.clouds.labels import Labels

KEY = b"a test key, long enough to sign"
INSTANCE = "prod-access-tests"
SHOP = GcpResource(alias="shop-prod", name=f"projects/{names.SHOP_PROD}")
VIEWER, EDITOR, LOGS = "roles/cloudsql.viewer", "roles/cloudsql.editor", "roles/logging.viewer"


def worker_client(stand_in: GcpStandIn, **rest: Any) -> GcpClient:  # noqa: ANN401 (the client's own)
    """The client with the worker's key given, where a worker has it in its environment."""
    words: dict[str, Any] = {"credentials": key_of(stand_in), **rest}
    return GcpClient(instance=INSTANCE, now=stand_in.clock.now, endpoint=stand_in.endpoint_url, **words)


def conditional_bindings(stand_in: GcpStandIn, *keys: bytes, **rest: Any) -> ConditionalBindings:  # noqa: ANN401
    """The adapter over the stand-in."""
    return ConditionalBindings(
        worker_client(stand_in, **rest), Labels(INSTANCE, keys or (KEY,)), lambda: (SHOP,)
    )


def access_grant(
    number: int,
    now: datetime,
    *,
    person: str = "ana",
    member: str | None = None,
    roles: Sequence[str] = (VIEWER,),
    last: timedelta = timedelta(minutes=30),
) -> Grant:
    """Somebody's grant in the stand-in's shop-prod, for half an hour from now."""
    request, start = RequestId(f"pa-{number:04d}"), now.replace(microsecond=0)
    principal = GoogleMember(member=member or names.member(person))
    target = binding_on(SHOP, tuple(roles))
    return Grant(
        id=GrantId(f"{request}-1"),
        request=request,
        role=RoleName("prod-db-readonly"),
        person=PersonId(person),
        cloud=CloudName("gcp"),
        adapter=CONDITIONAL_BINDING,
        principal=principal,
        entitlement=target,
        holding=binding_key(target, principal.member),
        starts_at=start,
        ends_at=start + last,
        due_at=start,
    )


class Operator:
    """Somebody who may do anything, and changes shop-prod's policy behind our back."""

    def __init__(self, stand_in: GcpStandIn) -> None:
        self._projects = resource_manager(stand_in, signed_in(stand_in, stand_in.operator))

    def policy(self) -> Any:  # noqa: ANN401 (protobuf's own)
        """The policy as it is."""
        return policy_of(self._projects)

    def change(self, change: Callable[[Any], object]) -> None:
        """Read, change, write."""
        policy = self.policy()
        change(policy.bindings)
        policy.version = 3
        set_policy(self._projects, policy)

    def bind(self, *bindings: Any) -> None:  # noqa: ANN401 (protobuf's own)
        """Add bindings."""
        self.change(lambda standing: standing.extend(bindings))

    def put_back(self, policy: Any) -> None:  # noqa: ANN401 (protobuf's own)
        """Replace all bindings by those of a policy read before."""
        set_policy(self._projects, policy_pb2.Policy(version=3, bindings=policy.bindings))


@contextmanager
def as_it_was(stand_in: GcpStandIn) -> Iterator[GcpStandIn]:
    """A stand-in whose time this process has too; mended afterwards, its policy as it was."""
    with google_auth_follows(stand_in.clock):
        operator = Operator(stand_in)
        before = operator.policy()
        yield stand_in
        stand_in.mend()
        operator.put_back(before)


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


class Calls:
    """The worker's calls from a moment on, by the stand-in's own log."""

    def __init__(self, stand_in: GcpStandIn) -> None:
        self._stand_in = stand_in
        self._since = len(stand_in.log(everything=True))

    def all(self) -> list[dict[str, Any]]:
        """Each of them."""
        calls = self._stand_in.log(since=self._since, everything=True)
        return [call for call in calls if call["who"] == names.WORKER]

    def actions(self) -> list[str]:
        """What they were, in order."""
        return [call["action"] for call in self.all()]
