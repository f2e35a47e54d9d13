"""Who calls: google-auth's own chain, tokens that run out, scopes, and tokens made for somebody else."""

# ruff: noqa: ANN401 - Google's clients are untyped

import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

import google.auth.transport.requests
import httpx
import pytest
from google.api_core import exceptions
from google.auth import exceptions as auth_exceptions
from google.protobuf import duration_pb2

from sandbox.gcp import names
from sandbox.gcp.keys import Account
from sandbox.gcp.standin import GcpStandIn
from sandbox.gcp.use import Allowed, NotAnsweredError, People, Refused
from tests.sandbox.gcp.clients import credentials_client, key_of, policy_of, resource_manager, signed_in

BROKERED = f"projects/-/serviceAccounts/{names.BROKERED}"
SCOPE = [names.CLOUD_PLATFORM]
READ_ONLY = "https://www.googleapis.com/auth/cloud-platform.read-only"
SEEN = Allowed(names.DATABASES)
_ASK = """
import os
from google.cloud import resourcemanager_v3
options = {"api_endpoint": os.environ["PROD_ACCESS_GCP_ENDPOINT"]}
client = resourcemanager_v3.ProjectsClient(transport="rest", client_options=options)
print(client.get_project(name="projects/shop-prod").project_id)
"""


def test_the_environment_of_a_worker_is_all_it_needs(gcp: GcpStandIn) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        env={"PATH": os.environ["PATH"]} | gcp.env() | gcp.clock.env(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == names.SHOP_PROD


def test_a_key_exchanges_an_assertion_for_a_token_of_an_hour(gcp: GcpStandIn, people: People) -> None:
    credentials = key_of(gcp, scopes=SCOPE)
    credentials.refresh(google.auth.transport.requests.Request())
    assert credentials.token.startswith("ya29.")
    path = "/v3/projects/shop-prod"
    assert isinstance(people.call(credentials.token, "GET", path), dict)
    gcp.clock.move(timedelta(hours=1))
    refused = people.call(credentials.token, "GET", path)
    assert isinstance(refused, Refused)
    assert refused.code == "UNAUTHENTICATED"
    assert credentials.expired


def test_a_client_signs_its_own_tokens_and_anew_when_they_run_out(gcp: GcpStandIn, worker: Any) -> None:
    asked = len(gcp.log(everything=True))
    policy_of(worker)
    gcp.clock.move(timedelta(hours=2))
    policy_of(worker)
    assert [call["action"] for call in gcp.log(since=asked, everything=True)] == ["GetIamPolicy"] * 2


@pytest.mark.parametrize(
    ("scopes", "status"), [((), "invalid_scope"), (("https://elsewhere",), "invalid_scope")]
)
def test_an_assertion_names_scopes_there_are(gcp: GcpStandIn, scopes: tuple[str, ...], status: str) -> None:
    with pytest.raises(auth_exceptions.RefreshError, match=status):
        key_of(gcp, scopes=scopes).refresh(google.auth.transport.requests.Request())


def test_an_assertion_of_another_time_is_refused(gcp: GcpStandIn) -> None:
    credentials = key_of(gcp, scopes=SCOPE)
    assertion = credentials._make_authorization_grant_assertion().decode()
    gcp.clock.move(timedelta(hours=2))
    refused = exchanged(gcp, grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion=assertion)
    assert refused["error"] == "invalid_grant"
    assert "reasonable timeframe" in refused["error_description"]


def test_what_nobody_signed_is_refused(gcp: GcpStandIn) -> None:
    jwt = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert exchanged(gcp, grant_type=jwt, assertion="a.b.c")["error_description"] == "Invalid JWT Signature."
    assert exchanged(gcp, grant_type="refresh_token", refresh_token="stolen")["error"] == "invalid_grant"
    assert exchanged(gcp, grant_type="password")["error"] == "unsupported_grant_type"
    with pytest.raises(auth_exceptions.RefreshError):
        signed_in(gcp, Account("ana@meridian.example", "stolen")).refresh(
            google.auth.transport.requests.Request()
        )


def exchanged(gcp: GcpStandIn, **form: Any) -> dict[str, Any]:
    answer = httpx.post(f"{gcp.endpoint_url}/token", data=form)
    assert answer.status_code == 400
    return dict(answer.json())


def test_a_call_without_a_good_token_is_unauthenticated(gcp: GcpStandIn, people: People) -> None:
    for token in ("ya29.made-up", "a.b.c"):
        refused = people.read(token)
        assert isinstance(refused, Refused)
        assert refused.code == "UNAUTHENTICATED"
    bare = httpx.get(f"{gcp.endpoint_url}/v3/projects/shop-prod")
    assert bare.status_code == 401
    assert bare.json()["error"]["details"][0]["reason"] == "CREDENTIALS_MISSING"


def test_a_read_only_token_does_not_write(gcp: GcpStandIn, people: People) -> None:
    credentials = key_of(gcp, scopes=[READ_ONLY])
    client = resource_manager(gcp, credentials)
    policy = policy_of(client)
    with pytest.raises(exceptions.Forbidden, match="insufficient authentication scopes") as refused:
        client.set_iam_policy(request={"resource": "projects/shop-prod", "policy": policy})
    assert refused.value.reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    assert people.read(people.sign_in(gcp.person("ivy"))) == SEEN


def test_a_short_lived_token_of_a_service_account(
    gcp: GcpStandIn, people: People, tokens_client: Any
) -> None:
    made = tokens_client.generate_access_token(
        name=BROKERED, scope=SCOPE, lifetime=duration_pb2.Duration(seconds=600)
    )
    assert abs(made.expire_time - gcp.clock.now() - timedelta(minutes=10)) < timedelta(seconds=5)
    assert people.read(made.access_token) == SEEN
    gcp.clock.move(timedelta(minutes=10))
    assert isinstance(people.read(made.access_token), Refused)


def test_a_lifetime_is_an_hour_at_most_or_twelve_where_allowed(gcp: GcpStandIn, tokens_client: Any) -> None:
    long = duration_pb2.Duration(seconds=3_601)
    with pytest.raises(exceptions.BadRequest):
        tokens_client.generate_access_token(name=BROKERED, scope=SCOPE, lifetime=long)
    gcp.settle(long_lifetimes=[names.BROKERED])
    made = tokens_client.generate_access_token(name=BROKERED, scope=SCOPE, lifetime=long)
    assert made.expire_time > gcp.clock.now() + timedelta(hours=1)


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        (f"projects/{names.SHOP_PROD}/serviceAccounts/{names.BROKERED}", SCOPE),
        (BROKERED, []),
        (BROKERED, ["https://elsewhere"]),
    ],
)
def test_a_token_that_is_asked_for_wrongly(tokens_client: Any, name: str, scope: list[str]) -> None:
    with pytest.raises(exceptions.BadRequest):
        tokens_client.generate_access_token(name=name, scope=scope)


@pytest.mark.parametrize("email", [names.WORKER, "nobody@shop-prod.iam.gserviceaccount.com"])
def test_a_token_of_an_account_one_may_not_be(tokens_client: Any, email: str) -> None:
    with pytest.raises(exceptions.Forbidden, match="denied on resource \\(or it may not exist\\)") as refused:
        tokens_client.generate_access_token(name=f"projects/-/serviceAccounts/{email}", scope=SCOPE)
    assert refused.value.reason == "IAM_PERMISSION_DENIED"


def test_every_delegate_of_a_chain_may_make_the_next(gcp: GcpStandIn) -> None:
    stranger = credentials_client(gcp, key_of(gcp, names.STRANGER))
    delegates = [f"projects/-/serviceAccounts/{names.WORKER}"]
    with pytest.raises(exceptions.Forbidden):
        stranger.generate_access_token(name=BROKERED, scope=SCOPE, delegates=delegates)


def test_disabling_an_account_stops_its_tokens_and_enabling_brings_them_back(
    gcp: GcpStandIn, people: People, tokens_client: Any
) -> None:
    made = tokens_client.generate_access_token(name=BROKERED, scope=SCOPE).access_token
    operator = people.sign_in(gcp.operator)
    account = f"/v1/projects/shop-prod/serviceAccounts/{names.BROKERED}"
    assert people.call(operator, "POST", f"{account}:disable") == {}
    assert isinstance(people.read(made), Refused)
    assert people.call(operator, "POST", f"{account}:enable") == {}
    assert people.read(made) == SEEN
    found = people.call(operator, "GET", account)
    assert isinstance(found, dict)
    assert found["email"] == names.BROKERED
    assert isinstance(people.call(people.sign_in(gcp.person("ana")), "POST", f"{account}:disable"), Refused)


def test_removing_the_token_creator_stops_new_tokens_only(
    gcp: GcpStandIn, people: People, tokens_client: Any
) -> None:
    made = tokens_client.generate_access_token(name=BROKERED, scope=SCOPE).access_token
    operator, account = people.sign_in(gcp.operator), f"/v1/{BROKERED}"
    before = people.call(operator, "POST", f"{account}:getIamPolicy")
    assert isinstance(before, dict)
    people.call(operator, "POST", f"{account}:setIamPolicy", policy={"etag": before["etag"]})
    with pytest.raises(exceptions.Forbidden):
        tokens_client.generate_access_token(name=BROKERED, scope=SCOPE)
    assert people.read(made) == SEEN
    people.call(operator, "POST", f"{account}:setIamPolicy", policy={"bindings": before["bindings"]})
    tokens_client.generate_access_token(name=BROKERED, scope=SCOPE)


def test_a_person_without_an_answer_is_not_refused(gcp: GcpStandIn) -> None:
    with People("http://127.0.0.1:9") as nowhere, pytest.raises(NotAnsweredError):
        nowhere.sign_in(gcp.person("ana"))
