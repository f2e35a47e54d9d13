"""The page API itself: who may use it, what it streams, its logs, its clock, and the process."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from slack_sdk import WebClient

from sandbox.slack.person import CannotDo, Person
from sandbox.slack.server import Running
from sandbox.slack.world import BOT_TOKEN

ROOT = Path(__file__).parents[3]


def test_the_world(ana: Person):
    world = ana.page.get("world")
    assert world["team"] == {"id": "T0MERIDIAN", "name": "Meridian"}
    flags = {
        one["id"]: (one["external"], one["guest"], one["deleted"], one["bot"]) for one in world["people"]
    }
    assert flags["U0ANA"] == (False, False, False, False)
    assert flags["U0HUGO"] == (True, False, False, False)
    assert flags["U0GWEN"] == (False, True, False, False)
    assert flags["U0OLD"] == (False, False, True, False)
    assert flags["U0PRODACCESS"] == (False, False, False, True)
    inside = {one["name"]: one["app_in"] for one in world["channels"]}
    assert [name for name, app_in in inside.items() if not app_in] == ["general", "partner-northwind"]
    assert world["app"]["command"] == "/prod-access"


def test_each_person_sees_their_own_channels(here: Running):
    def channels(user: str) -> set[str]:
        told = Person(user, here.base_url).page.get("state", user=user)["channels"]
        return {one["name"] for one in told}

    assert channels("U0HUGO") == {"partner-northwind"}
    assert {"prod-access-db", "security-access", "inc-42-checkout", "access-audit"} <= channels("U0ANA")


def test_changes_arrive_at_once_and_only_where_they_can_be_seen(client: WebClient, ana: Person):
    seq = ana.page.get("state", user="U0ANA")["seq"]
    client.chat_postEphemeral(channel="C0DB", user="U0BEN", text="not for ana")
    client.chat_postMessage(channel="C0DB", text="for all")
    mine = ana.page.get("wait", user="U0ANA", after=seq)["changes"]
    assert [(one["kind"], one["channel"]) for one in mine] == [("message", "C0DB")]
    everybody = ana.page.get("wait", after=seq)["changes"]
    assert [one["kind"] for one in everybody] == ["whisper", "message"]
    assert ana.page.get("wait", user="U0ANA", after=everybody[-1]["seq"], timeout=0.01)["changes"] == []


def test_the_stream(here: Running, client: WebClient):
    url = f"{here.base_url}/page/events?user=U0ANA"
    with httpx.stream("GET", url, timeout=5) as stream:
        lines = stream.iter_lines()
        assert next(lines) == ": listening"
        ts = client.chat_postMessage(channel="C0DB", text="hello")["ts"]
        data = next(line for line in lines if line.startswith("data: "))
        assert json.loads(data.removeprefix("data: "))["ts"] == ts
    again = httpx.stream("GET", url, headers={"Last-Event-ID": "0"}, timeout=5)
    with again as stream:
        assert next(line for line in stream.iter_lines() if line.startswith("id: ")) == "id: 1"


@pytest.mark.parametrize("path", ["/page/world", "/page/events"])
def test_only_this_machine_by_its_own_name(here: Running, path: str):
    assert httpx.get(f"{here.base_url}{path}", headers={"Host": "slack.evil.example"}).status_code == 403


def test_local_pages_may_call_and_others_may_not(here: Running):
    def allowed(origin: str) -> str | None:
        return httpx.get(f"{here.base_url}/page/world", headers={"Origin": origin}).headers.get(
            "access-control-allow-origin"
        )

    assert allowed("http://127.0.0.1:9999") == "http://127.0.0.1:9999"
    assert allowed("https://evil.example") is None


def _delay(client: WebClient, ana: Person) -> float:
    """Seconds from a message's being posted to its being heard of."""
    seq = ana.page.get("state", user="U0ANA")["seq"]
    heard: list[float] = []

    def listen() -> None:
        assert ana.page.get("wait", user="U0ANA", after=seq, timeout=5)["changes"]
        heard.append(time.monotonic())

    listener = threading.Thread(target=listen)
    listener.start()
    client.chat_postMessage(channel="C0DB", text="now")
    posted = time.monotonic()
    listener.join(10)
    return heard[0] - posted


def test_a_change_is_heard_of_within_a_tenth_of_a_second(client: WebClient, ana: Person):
    assert min(_delay(client, ana) for _ in range(4)) < 0.1


def test_what_is_not_understood(ana: Person):
    with pytest.raises(CannotDo, match="no such deed"):
        ana.page.post("dance")
    with pytest.raises(CannotDo, match="no such view"):
        ana.page.get("dance")
    with pytest.raises(CannotDo, match="not understood"):
        ana.page.post("type", user="U0ANA")
    with pytest.raises(CannotDo, match="user_not_found"):
        ana.page.get("state", user="U0NOBODY")
    with pytest.raises(CannotDo, match="no such field"):
        ana.page.post("people", id="U0BEN", colour="red")


def test_every_call_is_logged(client: WebClient, ana: Person):
    client.chat_postMessage(channel="C0DB", text="hello", unfurl_links=False)
    calls = ana.page.get("calls")["calls"]
    assert [(one["method"], one["answer"]["ok"]) for one in calls] == [("chat.postMessage", True)]
    assert calls[0]["args"]["unfurl_links"] is False
    assert BOT_TOKEN not in json.dumps(calls)
    assert ana.page.get("calls", after=calls[-1]["seq"])["calls"] == []


def test_the_clock_moves_message_times_only_forward(client: WebClient, ana: Person):
    before = float(client.chat_postMessage(channel="C0DB", text="a")["ts"])
    assert ana.page.post("clock", advance=600)["offset"] == 600
    after = float(client.chat_postMessage(channel="C0DB", text="b")["ts"])
    assert 600 <= after - before < 610
    with pytest.raises(CannotDo, match="only moves forward"):
        ana.page.post("clock", advance=-1)


def test_waiting_in_vain_says_so(ana: Person):
    with pytest.raises(CannotDo, match="waited"):
        ana.waits_for(ana.form, timeout=0.05)


def test_as_a_process_with_other_people(tmp_path: Path):
    people = tmp_path / "people.json"
    people.write_text(
        json.dumps(
            {
                "people": [{"id": "U0ZOE", "name": "zoe", "real_name": "Zoe Park", "is_restricted": True}],
                "channels": [{"id": "C0DB", "name": "databases", "members": ["U0ZOE"]}],
                "usergroups": [
                    {"id": "S0DBONCALL", "handle": "dbs", "name": "Databases", "users": ["U0ZOE"]}
                ],
            }
        )
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "sandbox.slack", "--port", str(port), "--people", str(people)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        try:
            assert process.stdout is not None
            assert f"http://127.0.0.1:{port}" in process.stdout.readline()
            zoe = Person("U0ZOE", f"http://127.0.0.1:{port}")
            assert zoe.types("hello", "C0DB").kind == "posted"
            assert zoe.page.get("state", user="U0ZOE")["user"]["guest"] is True
        finally:
            process.terminate()
