"""The demo's server: what it answers, to whom, and that it never waits for a slow world."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.demo.server import running
from tests.sandbox.demo.fake_world import FakeWorld

ANA = "U0ANA"


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld("http://127.0.0.1:8911")


@pytest.fixture
def page(world: FakeWorld) -> Iterator[httpx.Client]:
    with running(world) as url, httpx.Client(base_url=url, timeout=10) as client:
        yield client


def state(page: httpx.Client) -> Any:  # noqa: ANN401 - any JSON
    return page.get("/world/state").json()


def test_the_page_and_all_it_loads_are_served(page: httpx.Client):
    index = page.get("/")
    assert "<title>Prod Access, the demo</title>" in index.text
    for path in ("/page/js/main.js", "/page/css/base.css", "/page/icon.svg"):
        assert path in index.text
        assert page.get(path).status_code == 200


def test_nothing_pasted_could_run(page: httpx.Client):
    policy = page.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy


def test_config_says_where_slack_is(page: httpx.Client):
    told = page.get("/world/config").json()
    assert told["slack_url"] == "http://127.0.0.1:8911"
    assert told["org"] == "Meridian"
    assert told["strip"].startswith("A pretend Slack")
    assert told["shortcuts"] == [{"callback_id": "ask_from_message", "name": "Ask for access"}]


def test_state_tells_clouds_ledger_faults_and_processes(page: httpx.Client, world: FakeWorld):
    world.ask("pa-7k3m", ANA, "prod-db-readonly")
    ends = world.give("pa-7k3m")
    told = state(page)
    assert told["now"] == pytest.approx(time.time(), abs=2)
    assert told["offset_seconds"] == 0
    assert told["ledger"] == [
        {
            "request": "pa-7k3m",
            "state": "live",
            "person": ANA,
            "role": "prod-db-readonly",
            "ends_at": ends.timestamp(),
            "clouds": ["aws", "gcp", "azure"],
        }
    ]
    places = [(cloud["title"], cloud["place"]) for cloud in told["clouds"]]
    assert places == [("AWS", "shop-prod"), ("Google Cloud", "shop-prod"), ("Azure", "prod")]
    assert [cloud["objects"][0]["request"] for cloud in told["clouds"]] == ["pa-7k3m"] * 3
    assert [cloud["objects"][0]["ends_at"] for cloud in told["clouds"]] == [ends.timestamp()] * 2 + [None]
    assert told["agrees"] is True
    assert {fault["name"] for fault in told["faults"]} >= {"gcp_away", "aws_slow", "slack_drops"}
    assert all(process["alive"] for process in told["processes"])


def test_the_clock_moves_forward_only(page: httpx.Client):
    assert page.post("/world/clock", json={"move_seconds": 60}).json()["offset_seconds"] == 60
    for wrong in (-1, 0, "60", True, None, 10**9):
        assert page.post("/world/clock", json={"move_seconds": wrong}).status_code == 400
    assert page.post("/world/clock", json={"to": "yesterday"}).status_code == 400
    assert page.post("/world/clock", json={}).status_code == 400


def test_what_is_not_possible_now_is_a_sentence(page: httpx.Client):
    answer = page.post("/world/clock", json={"to": "end"})
    assert (answer.status_code, answer.json()) == (
        409,
        {"error": "Nothing is live now, so there is no end to go to."},
    )


def test_to_the_end_goes_to_the_end(page: httpx.Client, world: FakeWorld):
    world.ask("pa-7k3m", ANA, "prod-db-readonly")
    world.give("pa-7k3m", timedelta(minutes=15))
    assert page.post("/world/clock", json={"to": "end"}).json()["ledger"][0]["state"] == "ended"


def test_a_try_is_answered_and_remembered(page: httpx.Client, world: FakeWorld):
    world.ask("pa-7k3m", ANA, "prod-db-readonly")
    told = {"person": ANA, "cloud": "aws", "request": "pa-7k3m"}
    assert page.post("/world/try", json=told).json()["code"] == "AccessDenied"
    world.give("pa-7k3m")
    assert page.post("/world/try", json=told).json() == {
        "allowed": True,
        "code": "",
        "message": "orders",
        "call": "rds:DescribeDBInstances",
    }
    proofs = state(page)["proofs"]
    assert [(one["request"], one["allowed"]) for one in proofs] == [("pa-7k3m", False), ("pa-7k3m", True)]
    assert proofs[0]["seq"] < proofs[1]["seq"]


def test_everyday_rights_are_tried_without_a_request(page: httpx.Client):
    told = {"person": ANA, "cloud": "aws", "request": None}
    assert page.post("/world/try", json=told).json()["allowed"] is False
    assert state(page)["proofs"][0]["request"] is None


def test_each_cloud_is_tried_by_itself(page: httpx.Client):
    calls = {
        cloud: page.post("/world/try", json={"person": ANA, "cloud": cloud, "request": None}).json()
        for cloud in ("aws", "gcp", "azure")
    }
    assert [one["code"] for one in calls.values()] == ["AccessDenied", "notAuthorized", "AuthorizationFailed"]
    assert [proof["cloud"] for proof in state(page)["proofs"]] == ["aws", "gcp", "azure"]


def test_a_hand_that_is_not_ours_takes_away_and_gives(page: httpx.Client, world: FakeWorld):
    world.ask("pa-7k3m", ANA, "prod-db-readonly")
    world.give("pa-7k3m")
    one = state(page)["clouds"][1]["objects"][0]["id"]
    told = page.post("/world/remove", json={"cloud": "gcp", "object": one}).json()
    assert [len(cloud["objects"]) for cloud in told["clouds"]] == [1, 0, 1]
    page.post("/world/add", json={"cloud": "azure", "person": ANA})
    assert world.by_hand == [("remove", "gcp", one), ("add", "azure", ANA)]
    page.post("/world/compare", json={})
    assert world.compared == 1


def test_printed_lines_are_run_as_they_are(page: httpx.Client, world: FakeWorld):
    world.ask("pa-7k3m", ANA, "prod-db-readonly")
    lines = ["aws configure set profile.pa-7k3m.source_profile default", "aws --profile pa-7k3m rds x"]
    told = page.post("/world/use", json={"person": ANA, "lines": lines}).json()
    assert told["ok"] is True
    assert world.used == [(ANA, lines)]
    proof = state(page)["proofs"][0]
    assert (proof["request"], proof["cloud"], proof["allowed"]) == ("pa-7k3m", "aws", True)
    page.post("/world/use", json={"person": ANA, "lines": ["gcloud sql instances list"]})
    assert [one["cloud"] for one in state(page)["proofs"]] == ["aws", "gcp"]


def test_faults_go_on_and_off(page: httpx.Client, world: FakeWorld):
    def lit(told: dict[str, Any]) -> list[str]:
        return [fault["name"] for fault in told["faults"] if fault["on"]]

    assert lit(page.post("/world/faults", json={"name": "gcp_away", "on": True}).json()) == ["gcp_away"]
    assert lit(page.post("/world/faults", json={"name": "kill_worker", "on": True}).json()) == ["gcp_away"]
    assert world.happened == ["kill_worker"]
    assert lit(page.post("/world/faults", json={"name": "gcp_away", "on": False}).json()) == []
    assert page.post("/world/faults", json={"name": "rain", "on": True}).status_code == 409


def test_the_audit_is_told_newest_first(page: httpx.Client, world: FakeWorld):
    world.ask("pa-7k3m", ANA, "prod-db-readonly")
    world.ask("pa-9d2x", ANA, "prod-logs")
    told = page.get("/world/audit").json()
    assert [entry["seq"] for entry in told["entries"]] == [2, 1]
    assert (told["verified"], told["problem"], told["total"]) == (True, "", 2)
    assert set(told["entries"][0]) == {"seq", "at", "kind", "body", "hash"}


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"host": "evil.example"}, "only from this machine"),
        ({"host": "127.0.0.1.evil.example:80"}, "only from this machine"),
        ({"origin": "http://evil.example"}, "only from this page"),
        ({"origin": "http://127.0.0.1:1"}, "only from this page"),
        ({"origin": "null"}, "only from this page"),
        ({"content-type": "text/plain"}, "only JSON"),
        ({"content-type": "application/x-www-form-urlencoded"}, "only JSON"),
    ],
)
def test_other_sites_run_nothing(page: httpx.Client, world: FakeWorld, headers: dict[str, str], why: str):
    body = b'{"person": "U0ANA", "lines": ["aws x"]}'
    answer = page.post("/world/use", content=body, headers={"content-type": "application/json", **headers})
    assert (answer.status_code, answer.json()) == (403, {"error": why})
    assert world.used == []


def test_its_own_page_may(page: httpx.Client, world: FakeWorld):
    own = str(page.base_url).rstrip("/")
    answer = page.post("/world/use", json={"person": ANA, "lines": ["aws x"]}, headers={"origin": own})
    assert answer.status_code == 200
    assert len(world.used) == 1


def test_what_is_not_json_is_not_understood(page: httpx.Client):
    answer = page.post("/world/try", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 400


def test_a_slow_world_is_not_waited_for(page: httpx.Client, world: FakeWorld):
    first = state(page)
    world.ask("pa-7k3m", ANA, "prod-db-readonly")
    world.open.clear()
    began = time.monotonic()
    while world.reads < 2:
        assert state(page)["now"] == first["now"]
    assert time.monotonic() - began < 3
    world.open.set()


def test_many_pages_are_one_reader(page: httpx.Client, world: FakeWorld):
    world.open.clear()
    threads = [threading.Thread(target=state, args=(page,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    while world.reads == 0:
        time.sleep(0.01)
    world.open.set()
    for thread in threads:
        thread.join()
    assert world.reads == 1
