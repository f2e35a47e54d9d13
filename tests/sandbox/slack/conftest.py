"""The Slack stand-in in a thread, with the real SDK, the real Bolt and people in front of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from sandbox.slack.person import Person
from sandbox.slack.server import Running, running
from sandbox.slack.slack import Slack
from sandbox.slack.world import APP_TOKEN, BOT_TOKEN

People = Callable[[str], Person]
Connect = Callable[[App], SocketModeHandler]


@pytest.fixture(scope="module")
def quiet() -> Iterator[Running]:
    """A stand-in without rate limits, shared by the tests of a module that only get refused."""
    with running(Slack.of(rate_scale=0)) as here:
        yield here


@pytest.fixture(scope="session")
def address() -> Iterator[Running]:
    """Where the workspaces of the tests live, one after the other."""
    with running() as standing:
        yield standing


@pytest.fixture
def here(address: Running) -> Running:
    """A fresh workspace with Slack's real limits."""
    address.renew()
    return address


@pytest.fixture
def client(here: Running) -> WebClient:
    """The app's own Web API client."""
    return WebClient(BOT_TOKEN, base_url=here.api_url)


@pytest.fixture
def person(here: Running) -> People:
    """Somebody at their client."""
    return lambda user: Person(user, here.base_url)


@pytest.fixture
def ana(person: People) -> Person:
    """Ana Ruiz."""
    return person("U0ANA")


@pytest.fixture
def ben(person: People) -> Person:
    """Ben Okafor."""
    return person("U0BEN")


@pytest.fixture
def app(client: WebClient) -> App:
    """A Bolt app with nothing in it yet."""
    return App(client=client, process_before_response=True, raise_error_for_unhandled_request=False)


@pytest.fixture
def connect(here: Running) -> Iterator[Connect]:
    """Connects Bolt apps by Socket Mode, and parts from them quickly at the end."""
    with ExitStack() as stack:

        def connected(app: App) -> SocketModeHandler:
            handler = SocketModeHandler(app, APP_TOKEN)
            handler.connect()
            stack.callback(_part, here, handler)
            return handler

        yield connected


def _part(here: Running, handler: SocketModeHandler) -> None:
    handler.client.auto_reconnect_enabled = False
    handler.client.default_auto_reconnect_enabled = False
    Person("U0ANA", here.base_url).page.post("sockets", do="cut")
    handler.client.closed = True
    handler.client.enqueue_message("{}")  # wakes the SDK's queue, which else looks up once a second
    handler.close()
