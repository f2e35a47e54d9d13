"""The audit log keeps what happens, in the form Cloud Logging answers it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from google.api_core import exceptions

from sandbox.gcp import names
from sandbox.gcp.standin import GcpStandIn
from sandbox.gcp.use import People
from tests.sandbox.gcp.clients import PROJECT, Leases, binding, policy_of, set_policy

VIEWER = "roles/cloudsql.viewer"
ANA = names.member("ana")


def test_a_change_of_a_policy_with_its_delta_and_reason(
    gcp: GcpStandIn, leases: Leases, title: str, until: datetime
) -> None:
    since = len(gcp.activity())
    leases.add(
        binding(VIEWER, ANA, until=until, title=title), metadata=[("x-goog-request-reason", "pa-1 ana ben")]
    )
    leases.remove(title)
    added, removed = gcp.activity(since=since)
    assert added["logName"] == f"{PROJECT}/logs/cloudaudit.googleapis.com%2Factivity"
    payload = added["protoPayload"]
    assert payload["methodName"] == "SetIamPolicy"
    assert payload["authenticationInfo"]["principalEmail"] == names.WORKER
    assert payload["requestMetadata"]["requestAttributes"]["reason"] == "pa-1 ana ben"
    assert [(one["action"], one["member"]) for one in deltas(added)] == [("ADD", ANA)]
    assert [(one["action"], one["role"]) for one in deltas(removed)] == [("REMOVE", VIEWER)]
    assert added["insertId"] != removed["insertId"]


def deltas(entry: dict[str, Any]) -> list[dict[str, Any]]:
    return list(entry["protoPayload"]["serviceData"]["policyDelta"]["bindingDeltas"])


def test_what_a_person_did_and_what_they_were_refused(
    gcp: GcpStandIn, people: People, leases: Leases, until: datetime, token: Callable[[str], str]
) -> None:
    ana, since = token("ana"), len(gcp.activity())
    people.restart(ana)
    leases.add(binding("roles/cloudsql.editor", ANA, until=until))
    people.restart(ana)
    people.read(ana)
    refused, _, restarted, listed = gcp.activity(since=since)
    assert refused["protoPayload"]["status"]["code"] == 7
    assert not refused["protoPayload"]["authorizationInfo"][0]["granted"]
    assert restarted["protoPayload"]["resourceName"] == f"{PROJECT}/instances/orders"
    assert restarted["protoPayload"]["authenticationInfo"]["principalEmail"] == names.email("ana")
    assert listed["logName"].endswith("%2Fdata_access")
    assert listed["protoPayload"]["methodName"] == "cloudsql.instances.list"


def test_data_access_is_written_only_where_it_is_asked_for(
    gcp: GcpStandIn, people: People, token: Callable[[str], str]
) -> None:
    operator, since = people.sign_in(gcp.operator), len(gcp.activity())
    people.read(operator, names.TOOLING)
    assert gcp.activity(since=since) == []
    people.read(operator)
    assert len(gcp.activity(since=since)) == 1
    assert token("ana")


def test_a_token_made_of_an_account_names_who_made_it(
    gcp: GcpStandIn,
    people: People,
    tokens_client: Any,  # noqa: ANN401
) -> None:
    made = tokens_client.generate_access_token(
        name=f"projects/-/serviceAccounts/{names.BROKERED}", scope=[names.CLOUD_PLATFORM]
    )
    people.read(made.access_token)
    making, reading = gcp.activity()[-2:]
    assert making["protoPayload"]["methodName"] == "GenerateAccessToken"
    who = reading["protoPayload"]["authenticationInfo"]
    assert who["principalEmail"] == names.BROKERED
    (first,) = who["serviceAccountDelegationInfo"]
    assert first["firstPartyPrincipal"]["principalEmail"] == names.WORKER


def test_a_refused_change_has_no_delta(gcp: GcpStandIn, worker: Any) -> None:  # noqa: ANN401
    policy = policy_of(worker)
    policy.version = 3
    policy.bindings.append(binding("roles/cloudsql.admin", ANA))
    with pytest.raises(exceptions.Forbidden):
        set_policy(worker, policy)
    refused = gcp.activity()[-1]["protoPayload"]
    assert refused["status"]["code"] == 7
    assert "serviceData" not in refused
