"""Google Cloud is tried for what it must refuse: what is said of it, and that nothing stays behind."""

# ruff: noqa: ANN401 (Google's SDK makes its clients up)

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from google.api_core.exceptions import Forbidden

from cli.negative.gcp import proofs, prove_refused
from policies.entitlements import Clouds
from policies.entitlements.gcp import GcpResource, binding_on
from policies.people import People
from policies.rules import Policy
from sandbox.aws.faults import Kind
from sandbox.gcp import names
from sandbox.gcp.standin import GcpStandIn
from tests.gcp import LOGS, SHOP, VIEWER, Calls, Operator, worker_client
from tests.policies.builders import person, policy, role
from tests.sandbox.gcp.clients import PROJECT, binding, key_of, resource_manager
from workers.clouds.cloud import Checkup
from workers.settings import Settings

PLACE = binding_on(SHOP, (VIEWER, LOGS))
NAME = "gcp shop-prod: refuses roles outside the catalogue"
QUICK = (0.0, 0.01, 0.02)
WORKER = f"serviceAccount:{names.WORKER}"
STRANGER = f"serviceAccount:{names.STRANGER}"
NOT_REFUSED = "not refused: roles/browser; set it up as prod-access bootstrap gcp says"
ANSWERED = ("throttle", "unavailable")
UNANSWERED = ("lost", "late", "torn", "truncated")


def proved(gcp: GcpStandIn, **rest: Any) -> Checkup:
    """What is said of shop-prod, asked as the workers."""
    words: dict[str, Any] = {"roles": PLACE.roles, "member": names.member("ana"), "pauses": QUICK, **rest}
    return prove_refused(worker_client(gcp, seconds=(2.0, 0.5)), PLACE, **words)


def traces(gcp: GcpStandIn) -> list[dict[str, Any]]:
    """What of the proof is in the policy."""
    return [one for one in gcp.bindings() if "proof" in one["title"]]


@pytest.fixture
def too_much(gcp: GcpStandIn) -> GcpStandIn:
    """A Google Cloud where somebody gave the workers the whole administrator's role, without a condition."""
    Operator(gcp).bind(binding("roles/resourcemanager.projectIamAdmin", WORKER))
    return gcp


@pytest.fixture
def before(gcp: GcpStandIn) -> Iterator[None]:
    """Afterwards every binding is as it was before the test, in its place."""
    standing = gcp.bindings()
    yield
    gcp.mend()
    assert [_written(one) for one in gcp.bindings()] == [_written(one) for one in standing]


def _written(one: dict[str, Any]) -> list[object]:
    return [one[name] for name in ("role", "members", "title", "description", "expression")]


@pytest.mark.usefixtures("before")
def test_google_refuses_it_and_its_policy_is_never_written(gcp: GcpStandIn):
    calls = Calls(gcp)
    assert proved(gcp) == Checkup(NAME, ok=True, detail="refused, as it should be")
    written = [call for call in calls.all() if call["action"] == "SetIamPolicy"]
    assert [call["status"] for call in written] == [403]


@pytest.mark.usefixtures("before")
def test_a_role_that_is_listed_elsewhere_is_not_what_is_tried(gcp: GcpStandIn):
    assert proved(gcp, roles={*PLACE.roles, "roles/browser"}).ok


def test_where_the_catalogue_lists_everything_there_is_to_try_it_is_said(gcp: GcpStandIn):
    calls = Calls(gcp)
    harmless = {f"roles/{one}.viewer" for one in ("compute", "monitoring", "errorreporting")}
    checkup = proved(gcp, roles={"roles/browser", *harmless})
    assert checkup == Checkup(
        NAME, ok=False, detail="could not be tried: the catalogue lists every role there is to try"
    )
    assert calls.actions() == []


def test_what_is_let_through_is_named_and_taken_out(too_much: GcpStandIn):
    standing = too_much.bindings()
    assert proved(too_much) == Checkup(NAME, ok=False, detail=NOT_REFUSED)
    assert too_much.bindings() == standing


def test_what_is_let_through_gives_nobody_anything(too_much: GcpStandIn):
    """Who it is for tries it while it stands, as it cannot be taken out; and then with the role for real."""
    stranger = resource_manager(too_much, key_of(too_much, names.STRANGER))
    too_much.break_calls(Kind.UNAVAILABLE, ["SetIamPolicy"], after=1, who="prod-access")
    checkup = proved(too_much, member=STRANGER)
    (left,) = traces(too_much)
    assert checkup.detail == f"{NOT_REFUSED}; remove by hand: {left['title']} on projects/shop-prod"
    assert (left["role"], left["members"]) == ("roles/browser", [STRANGER])
    assert left["description"].startswith("made by prod-access doctor --prove")
    with pytest.raises(Forbidden):
        stranger.get_project(name=PROJECT)
    Operator(too_much).bind(binding("roles/browser", STRANGER))
    assert stranger.get_project(name=PROJECT).project_id == names.SHOP_PROD


@pytest.mark.parametrize("kind", UNANSWERED)
def test_what_was_let_through_without_an_answer_is_found_and_taken_out(too_much: GcpStandIn, kind: str):
    too_much.break_calls(Kind(kind), ["SetIamPolicy"], times=1)
    assert proved(too_much) == Checkup(NAME, ok=False, detail=NOT_REFUSED)
    assert traces(too_much) == []


@pytest.mark.parametrize("kind", UNANSWERED)
def test_it_is_taken_out_although_the_answer_to_that_is_lost(too_much: GcpStandIn, kind: str):
    too_much.break_calls(Kind(kind), ["SetIamPolicy"], after=1, times=1)
    assert proved(too_much) == Checkup(NAME, ok=False, detail=NOT_REFUSED)
    assert traces(too_much) == []


def behind(gcp: GcpStandIn, seconds: float) -> None:
    """From now on reads are so far behind; what was written before this is known everywhere."""
    gcp.clock.move(timedelta(seconds=2 * seconds))
    gcp.settle(read_lag_seconds=seconds)


def test_it_is_taken_out_although_reads_are_behind(too_much: GcpStandIn):
    behind(too_much, 0.3)
    assert proved(too_much, pauses=(0.0, 0.4, 0.4)) == Checkup(NAME, ok=False, detail=NOT_REFUSED)
    assert traces(too_much) == []


def test_what_reads_do_not_show_in_time_is_named(too_much: GcpStandIn):
    behind(too_much, 600)
    detail = proved(too_much).detail
    (left,) = traces(too_much)
    assert detail == f"{NOT_REFUSED}; remove by hand: {left['title']} on projects/shop-prod"


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("kind", [*ANSWERED, *UNANSWERED])
def test_a_try_without_an_answer_says_so_where_it_was_refused(gcp: GcpStandIn, kind: str):
    gcp.break_calls(Kind(kind), ["SetIamPolicy"])
    checkup = proved(gcp)
    assert not checkup.ok
    assert checkup.detail.startswith("could not be tried: gcp_")
    assert "remove" not in checkup.detail


def test_what_may_be_there_is_named_when_it_cannot_be_looked_for(too_much: GcpStandIn):
    too_much.break_calls(Kind.LOST, ["SetIamPolicy"])
    too_much.break_calls(Kind.UNAVAILABLE, ["GetIamPolicy"], after=1)
    detail = proved(too_much).detail
    (left,) = traces(too_much)
    assert detail == (
        f"could not be tried: gcp_connection_error; remove by hand: {left['title']} on projects/shop-prod"
    )


class OthersAreFaster:
    """The workers' client, but that somebody else changes the policy between its first read and its write."""

    def __init__(self, gcp: GcpStandIn, change: Any) -> None:
        self._client = worker_client(gcp)
        self._operator = Operator(gcp)
        self._changes = [change]

    def read(self, resource: str) -> Any:
        """Read, and then the other change."""
        read = self._client.read(resource)
        if self._changes:
            self._operator.bind(self._changes.pop())
        return read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@pytest.mark.parametrize(("forbidden", "problem"), [(False, "aborted"), (True, "changed_meanwhile")])
def test_a_policy_somebody_else_has_changed_is_not_written_and_proves_nothing(
    gcp: GcpStandIn, *, forbidden: bool, problem: str
):
    """Google may call a stale write forbidden, because it would undo what the workers may not touch."""
    gcp.settle(permission_before_etag=forbidden)
    theirs = binding("roles/compute.viewer", names.member("ben"))
    client: Any = OthersAreFaster(gcp, theirs)
    checkup = prove_refused(client, PLACE, PLACE.roles, names.member("ana"), pauses=QUICK)
    assert checkup == Checkup(NAME, ok=False, detail=f"could not be tried: gcp_{problem}")
    assert "roles/compute.viewer" in [one["role"] for one in gcp.bindings()]
    assert traces(gcp) == []


def test_another_refusal_than_for_want_of_permission_proves_nothing(gcp: GcpStandIn):
    gcp.break_calls(Kind.ERROR, ["SetIamPolicy"], status=403, code="SERVICE_DISABLED")
    assert proved(gcp).detail == "could not be tried: gcp_service_disabled"


def test_somebody_google_does_not_know_proves_nothing(too_much: GcpStandIn):
    checkup = proved(too_much, member="user:gone@meridian.example")
    assert checkup.detail == "could not be tried: gcp_invalid_argument"


def test_who_cannot_read_the_policy_proves_nothing(gcp: GcpStandIn):
    client = worker_client(gcp, credentials=key_of(gcp, names.STRANGER))
    checkup = prove_refused(client, PLACE, PLACE.roles, names.member("ana"), pauses=QUICK)
    assert checkup == Checkup(NAME, ok=False, detail="could not be tried: gcp_permission_denied")


# Which resources, for whom ----------------------------------------------------------------------------------

NOWHERE = Settings(gcp_endpoint="http://127.0.0.1:9")
RESOURCES = (
    GcpResource(alias="shop-prod", name="projects/shop-prod"),
    GcpResource(alias="pay-prod", name="projects/pay-prod"),
    GcpResource(alias="unreached", name="folders/345678901234"),
)


def organisation(google: str | None, *, active: bool = True) -> Policy:
    """One person, and roles in two of three resources, one of them in two ways."""
    places = ("shop-prod", "pay-prod", "shop-prod")
    roles = [
        role(f"role-of-{n}", entitlements=[{"cloud": "gcp", "resource": where, "roles": [LOGS]}])
        for n, where in enumerate(places)
    ]
    ana = person("ana", google=google, active=active)
    return policy(roles=roles).model_copy(
        update={"clouds": Clouds(gcp=RESOURCES), "people": People(people=(ana,))}
    )


def test_every_resource_that_a_role_reaches_is_tried_once(gcp: GcpStandIn):
    found = list(proofs(organisation("user:ana@meridian.example"), NOWHERE, gcp.clock.now))
    assert [one.name.partition(":")[0] for one in found] == ["gcp shop-prod", "gcp pay-prod"]
    assert all(one.detail.startswith("could not be tried: gcp_") for one in found)


@pytest.mark.parametrize(("google", "active"), [(None, True), ("user:ana@meridian.example", False)])
def test_without_anybody_to_try_it_for_it_is_said(gcp: GcpStandIn, google: str | None, *, active: bool):
    found = list(proofs(organisation(google, active=active), NOWHERE, gcp.clock.now))
    assert {one.detail for one in found} == {"could not be tried: nobody in people.yaml has a Google account"}
