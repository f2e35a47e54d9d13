"""Socket Mode on the wire: tickets, hello, envelopes, acks, goodbyes, several connections."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as open_socket

from sandbox.slack.person import Outcome, Person
from sandbox.slack.server import Running
from sandbox.slack.world import APP_TOKEN

Open = Callable[[], ClientConnection]
Connect = Callable[[App], SocketModeHandler]


@pytest.fixture
def url(here: Running) -> Callable[[], str]:
    client = WebClient(APP_TOKEN, base_url=here.api_url)
    return lambda: str(client.apps_connections_open(app_token=APP_TOKEN)["url"])


@pytest.fixture
def link(url: Callable[[], str]) -> Iterator[Open]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(open_socket(url(), close_timeout=1))


def frame(socket: ClientConnection) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(socket.recv(timeout=5))
    return told


def in_background(deed: Callable[[], Outcome]) -> Callable[[], Outcome]:
    """Do something meanwhile; call the result to have its answer."""
    answers: list[Outcome] = []
    thread = threading.Thread(target=lambda: answers.append(deed()))
    thread.start()

    def answer() -> Outcome:
        thread.join(10)
        return answers[0]

    return answer


def test_hello_comes_first(link: Open):
    hello = frame(link())
    assert (hello["type"], hello["num_connections"]) == ("hello", 1)
    assert hello["connection_info"] == {"app_id": "A0PRODACCESS"}


def test_a_ticket_opens_one_connection_once(url: Callable[[], str]):
    address = url()
    with open_socket(address, close_timeout=1) as socket:
        frame(socket)
        with pytest.raises(InvalidStatus), open_socket(address):
            pass


def test_an_unknown_ticket_opens_nothing(url: Callable[[], str]):
    with pytest.raises(InvalidStatus), open_socket(url().replace("ticket=", "ticket=x")):
        pass


def test_the_eleventh_connection_is_turned_away(link: Open, here: Running):
    here.slack.rates.set_scale(0)
    for _ in range(10):
        frame(link())
    assert frame(link()) == {
        "type": "disconnect",
        "reason": "too_many_websockets",
        "debug_info": {"host": "sandbox"},
    }


def test_a_command_is_an_envelope_and_the_ack_may_answer(link: Open, ana: Person):
    socket = link()
    frame(socket)
    typed = in_background(lambda: ana.types("/prod-access mine", "C0DB"))
    envelope = frame(socket)
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
    payload = envelope["payload"]
    assert (payload["command"], payload["text"]) == ("/prod-access", "mine")
    assert (payload["user_id"], payload["team_id"]) == ("U0ANA", "T0MERIDIAN")
    assert (payload["channel_id"], payload["channel_name"]) == ("C0DB", "prod-access-db")
    assert (payload["api_app_id"], payload["is_enterprise_install"]) == ("A0PRODACCESS", "false")
    socket.send(
        json.dumps({"envelope_id": envelope["envelope_id"], "payload": {"text": "You hold nothing."}})
    )
    assert typed().acked
    answer = ana.message("C0DB", "You hold nothing.")
    assert answer is not None
    assert answer.only_you


def test_three_real_seconds_without_ack_and_the_person_sees_it(link: Open, ana: Person):
    frame(link())
    started = time.monotonic()
    outcome = ana.types("/prod-access mine", "C0DB")
    assert 2.9 < time.monotonic() - started < 4.5
    assert outcome.kind == "timeout"
    assert outcome.seen == '/prod-access failed with the error "operation_timeout"'
    assert ana.message("C0DB", "operation_timeout") is not None


def test_a_late_ack_changes_nothing(link: Open, here: Running, ana: Person):
    here.slack.switchboard.ack_seconds = 0.05
    socket = link()
    frame(socket)
    assert ana.types("/prod-access mine", "C0DB").kind == "timeout"
    envelope_id = frame(socket)["envelope_id"]
    socket.send(json.dumps({"envelope_id": envelope_id, "payload": {"text": "too late"}}))
    assert ana.types("/prod-access mine", "C0DB").kind == "timeout"
    assert ana.message("C0DB", "too late") is None


def test_without_a_connection_the_app_never_hears_of_it(link: Open, ana: Person):
    outcome = ana.types("/prod-access mine", "C0DB")
    assert (outcome.kind, outcome.seen) == (
        "no_connection",
        '/prod-access failed with the error "dispatch_failed"',
    )
    socket = link()
    frame(socket)
    with pytest.raises(TimeoutError):
        socket.recv(timeout=0.2)


def test_nonsense_on_the_socket_is_ignored(link: Open, ana: Person):
    socket = link()
    frame(socket)
    typed = in_background(lambda: ana.types("/prod-access mine", "C0DB"))
    envelope_id = frame(socket)["envelope_id"]
    for nonsense in ("{", "[]", "{}", json.dumps({"envelope_id": "other"})):
        socket.send(nonsense)
    socket.send(json.dumps({"envelope_id": envelope_id}))
    assert typed().acked


def test_each_payload_goes_to_one_of_several_connections(link: Open, here: Running, ana: Person):
    here.slack.switchboard.ack_seconds = 0.02
    for _ in range(3):
        frame(link())
    for _ in range(6):
        ana.types("/prod-access mine", "C0DB")
    envelopes = ana.page.get("envelopes")["envelopes"]
    assert len(envelopes) == 6
    assert {one["link"] for one in envelopes} == {1, 2, 3}


def test_a_warning_leaves_the_connection_open(link: Open, here: Running, ana: Person):
    here.slack.switchboard.ack_seconds = 0.02
    socket = link()
    frame(socket)
    assert ana.page.post("sockets", do="warning") == {"closed": 1}
    goodbye = frame(socket)
    assert (goodbye["type"], goodbye["reason"]) == ("disconnect", "warning")
    ana.types("/prod-access mine", "C0DB")
    assert frame(socket)["type"] == "slash_commands"


@pytest.mark.parametrize("how", ["refresh_requested", "link_disabled"])
def test_a_goodbye_closes_the_connection(link: Open, ana: Person, how: str):
    socket = link()
    frame(socket)
    ana.page.post("sockets", do=how)
    assert frame(socket)["reason"] == how
    with pytest.raises(ConnectionClosed):
        socket.recv(timeout=5)
    assert ana.page.get("sockets") == {"connections": []}


def test_a_cut_says_nothing(link: Open, ana: Person):
    socket = link()
    frame(socket)
    ana.page.post("sockets", do="cut")
    with pytest.raises(ConnectionClosed):
        socket.recv(timeout=5)


def test_bolt_comes_back_after_a_refresh(app: App, connect: Connect, here: Running, ana: Person):
    heard = threading.Event()
    app.command("/prod-access")(lambda ack: (ack(), heard.set()))
    connect(app)
    ana.page.post("sockets", do="refresh_requested")
    ana.waits_for(lambda: ana.page.get("sockets")["connections"] == [2])
    assert ana.types("/prod-access mine", "C0DB").acked
    assert heard.is_set()
    assert len(here.slack.switchboard.links) == 1


def test_redelivery_sends_the_same_envelope_again(app: App, connect: Connect, ana: Person):
    seen: list[Any] = []
    app.command("/prod-access")(lambda ack, body: (seen.append(body["trigger_id"]), ack()))
    connect(app)
    outcome = ana.types("/prod-access mine", "C0DB")
    again = ana.page.post("redeliver", envelope_id=outcome.envelope_id)
    assert again["outcome"] == "acked"
    assert len(seen) == 2
    assert len(set(seen)) == 1


def test_a_payload_made_by_hand_is_delivered(app: App, connect: Connect, ana: Person):
    seen: list[Any] = []
    app.command("/prod-access")(lambda ack, body: (seen.append(body["api_app_id"]), ack("no")))
    connect(app)
    forged = {
        "command": "/prod-access",
        "text": "",
        "api_app_id": "A0EVIL",
        "team_id": "T0EVIL",
        "user_id": "U1",
    }
    answer = ana.page.post("redeliver", type="slash_commands", payload=forged)
    assert seen == ["A0EVIL"]
    assert answer["response"] == {"text": "no"}
