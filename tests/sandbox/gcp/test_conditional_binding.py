"""A conditional binding's whole life, with Google's own client: what an adapter can count on."""

# ruff: noqa: ANN401 - protobuf makes its messages up

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from google.api_core import exceptions

from sandbox.gcp import names
from sandbox.gcp.standin import GcpStandIn
from sandbox.gcp.use import Allowed, People, Refused
from tests.sandbox.gcp.clients import Lease, Leases, binding, policy_of, set_policy

VIEWER = "roles/cloudsql.viewer"
EDITOR = "roles/cloudsql.editor"
ANA = names.member("ana")
SEEN = Allowed(names.DATABASES)
Token = Callable[[str], str]


def test_a_binding_lets_its_person_in_until_its_date(
    gcp: GcpStandIn, people: People, leases: Leases, lease: Lease, ana: str
) -> None:
    refused = Refused("notAuthorized", "The client is not authorized to make this request.")
    assert people.read(ana) == refused
    written = leases.add(lease.binding())
    assert lease.title in [one.condition.title for one in written.bindings]
    assert people.read(ana) == SEEN
    gcp.clock.move_to(lease.until - timedelta(seconds=5))
    assert people.read(ana) == SEEN
    gcp.clock.move_to(lease.until)
    assert people.read(ana) == refused
    (left,) = [one for one in gcp.bindings() if one["title"] == lease.title]
    assert left["over"]
    assert datetime.fromisoformat(left["ends_at"]) == lease.until.replace(microsecond=0)


def test_removing_the_binding_ends_it_early(people: People, leases: Leases, lease: Lease, ana: str) -> None:
    leases.add(lease.binding())
    assert people.restart(ana) == Refused(
        "notAuthorized", "The client is not authorized to make this request."
    )
    assert people.read(ana) == SEEN
    leases.remove(lease.title)
    assert isinstance(people.read(ana), Refused)


def test_with_a_lag_a_grant_comes_late_and_a_removal_goes_late_and_the_date_is_exact(
    gcp: GcpStandIn, people: People, leases: Leases, lease: Lease, ana: str
) -> None:
    gcp.lag(timedelta(minutes=2), timedelta(minutes=7))
    start = gcp.clock.now()
    leases.add(lease.binding())
    leases.add(lease.binding(EDITOR, more=" too"))
    assert isinstance(people.read(ana), Refused)
    gcp.clock.move_to(start + timedelta(minutes=3))
    assert people.read(ana) == SEEN
    leases.remove(lease.title)
    leases.remove(f"{lease.title} too")
    assert lease.title not in [one.condition.title for one in policy_of(leases.client).bindings]
    assert people.restart(ana) == Allowed(("orders",))
    assert {one["role"] for one in gcp.lingering()} == {VIEWER, EDITOR}
    gcp.clock.move(timedelta(minutes=8))
    assert isinstance(people.read(ana), Refused)
    assert gcp.lingering() == []


def test_a_date_needs_no_propagation(
    gcp: GcpStandIn, people: People, leases: Leases, lease: Lease, ana: str
) -> None:
    leases.add(lease.binding())
    gcp.lag()
    assert people.read(ana) == SEEN
    gcp.clock.move_to(lease.until)
    assert isinstance(people.read(ana), Refused)


def test_with_dates_stopped_only_removing_ends_it(
    gcp: GcpStandIn, people: People, leases: Leases, lease: Lease, ana: str
) -> None:
    leases.add(lease.binding())
    gcp.stop_dates()
    gcp.clock.move_to(lease.until + timedelta(minutes=20))
    assert people.read(ana) == SEEN
    leases.remove(lease.title)
    assert isinstance(people.read(ana), Refused)


def test_a_standing_binding_makes_ours_no_matter(
    people: People, leases: Leases, lease: Lease, token: Token
) -> None:
    ivy = token("ivy")
    assert people.read(ivy) == SEEN
    leases.add(lease.binding(person="ivy"))
    leases.remove(lease.title)
    assert people.read(ivy) == SEEN


def test_a_condition_on_a_resource_name_is_about_that_resource(
    people: People, leases: Leases, lease: Lease, ana: str
) -> None:
    only = 'resource.name.startsWith("projects/shop-prod/instances/orders") && resource.type == '
    leases.add(
        binding(EDITOR, ANA, title=lease.title, expression=only + '"sqladmin.googleapis.com/Instance"')
    )
    assert people.restart(ana, "orders") == Allowed(("orders",))
    assert isinstance(people.restart(ana, "payments"), Refused)
    assert isinstance(people.read(ana), Refused)


def test_what_is_granted_above_is_inherited(
    people: People, operator: Any, token: Token, until: datetime
) -> None:
    folder = policy_of_folder(operator)
    before = list(folder.bindings)
    folder.version = 3
    folder.bindings.append(binding(VIEWER, f"group:{names.ENGINEERS}", until=until))
    folder = set_policy(operator.folders, folder, names.FOLDER)
    assert people.read(token("ana")) == SEEN
    del folder.bindings[:]
    folder.bindings.extend(before)
    folder.version = 3
    set_policy(operator.folders, folder, names.FOLDER)
    assert isinstance(people.read(token("ana")), Refused)


def policy_of_folder(operator: Any) -> Any:
    return policy_of(operator.folders, names.FOLDER)


def test_a_concurrent_change_is_a_conflict_and_loses_nothing(
    leases: Leases, operator: Any, lease: Lease
) -> None:
    stale = policy_of(leases.client)
    Leases(operator).add(lease.binding(person="ben", more=" ben"))
    stale.version = 3
    stale.bindings.append(lease.binding())
    with pytest.raises(exceptions.Conflict, match="There were concurrent policy changes") as conflict:
        set_policy(leases.client, stale)
    assert not isinstance(conflict.value, exceptions.Aborted)
    assert conflict.value.grpc_status_code is None
    assert conflict.value.response.json()["error"]["status"] == "ABORTED"
    assert r"The request's ETag '\007\006\000" in str(conflict.value)
    written = leases.add(lease.binding())
    assert {lease.title, f"{lease.title} ben"} <= {one.condition.title for one in written.bindings}


def test_what_is_nobodys_of_ours_survives_a_write(gcp: GcpStandIn, leases: Leases, lease: Lease) -> None:
    before = gcp.bindings()
    audited = policy_of(leases.client).audit_configs
    leases.add(lease.binding())
    leases.remove(lease.title)
    assert gcp.bindings() == before
    assert policy_of(leases.client).audit_configs == audited
    assert any(member.startswith("deleted:") for one in before for member in one["members"])
    assert "Created by: PAM" in [one["title"] for one in before]


def test_a_reader_may_be_behind(gcp: GcpStandIn, leases: Leases, lease: Lease) -> None:
    gcp.clock.move(timedelta(seconds=60))
    gcp.settle(read_lag_seconds=30)
    written = leases.add(lease.binding())
    seen = policy_of(leases.client)
    assert seen.etag != written.etag
    seen.version = 3
    with pytest.raises(exceptions.Conflict):
        set_policy(leases.client, seen)
    gcp.clock.move(timedelta(seconds=31))
    assert policy_of(leases.client).etag == written.etag


def test_every_change_is_in_the_log_with_what_it_changed(
    gcp: GcpStandIn, leases: Leases, lease: Lease
) -> None:
    since = len(gcp.log(everything=True))
    reason = [("x-goog-request-reason", "pa-1 for ana, approved by ben")]
    leases.add(lease.binding(), metadata=reason)
    leases.remove(lease.title)
    added, removed = gcp.log(since=since)
    assert (added["action"], added["resource"], added["who"]) == (
        "SetIamPolicy",
        "projects/shop-prod",
        names.WORKER,
    )
    assert added["reason"] == "pa-1 for ana, approved by ben"
    assert [(one["role"], one["member"], one["condition"]["title"]) for one in added["added"]] == [
        (VIEWER, ANA, lease.title)
    ]
    assert (added["removed"], removed["removed"], removed["added"]) == ([], added["added"], [])
    assert abs(datetime.fromisoformat(added["at"]) - gcp.clock.now()) < timedelta(seconds=5)
