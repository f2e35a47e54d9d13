"""Events: who hears of what, and again when nobody acknowledges."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from sandbox.slack.person import CannotDo, Person
from sandbox.slack.server import Running

Connect = Callable[[App], SocketModeHandler]
KINDS = (
    "app_home_opened",
    "user_change",
    "member_joined_channel",
    "member_left_channel",
    "subteam_members_changed",
    "channel_shared",
    "tokens_revoked",
)


class Ear:
    """Everything the app hears of, in order."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self._bell = threading.Condition()

    def listens(self, body: dict[str, Any]) -> None:
        """Keep what was heard."""
        with self._bell:
            self.bodies.append(body)
            self._bell.notify_all()

    def hears(self, count: int = 1) -> dict[str, Any]:
        """The latest of at least `count` events."""
        with self._bell:
            assert self._bell.wait_for(lambda: len(self.bodies) >= count, 5)
            return self.bodies[-1]


@pytest.fixture
def ear(app: App, connect: Connect) -> Ear:
    heard = Ear()
    for kind in KINDS:
        app.event(kind)(heard.listens)
    connect(app)
    return heard


def test_opening_home(ear: Ear, client: WebClient, ana: Person):
    ana.opens_home()
    body = ear.hears()
    assert body["type"] == "event_callback"
    assert (body["team_id"], body["api_app_id"]) == ("T0MERIDIAN", "A0PRODACCESS")
    assert body["authorizations"][0]["is_bot"] is True
    event = body["event"]
    assert (event["type"], event["user"], event["channel"], event["tab"]) == (
        "app_home_opened",
        "U0ANA",
        "D0ANA",
        "home",
    )
    assert "view" not in event
    client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": []})
    ana.opens_home()
    assert ear.hears(2)["event"]["view"]["type"] == "home"


def test_a_person_leaves_or_becomes_a_guest(ear: Ear, client: WebClient, ana: Person):
    ana.page.post("people", id="U0BEN", deleted=True)
    user = ear.hears()["event"]["user"]
    assert (user["id"], user["deleted"]) == ("U0BEN", True)
    ana.page.post("people", id="U0IVY", is_restricted=True)
    assert ear.hears(2)["event"]["user"]["is_restricted"] is True
    assert client.users_info(user="U0BEN")["user"]["deleted"] is True


def test_somebody_new_and_an_unconfirmed_email(ear: Ear, client: WebClient, ana: Person):
    ana.page.post("people", id="U0NEW", name="nora", email="nora@meridian.example", is_email_confirmed=False)
    assert ear.hears()["event"]["user"]["id"] == "U0NEW"
    assert client.users_info(user="U0NEW")["user"]["is_email_confirmed"] is False


def test_people_come_and_go(ear: Ear, ana: Person):
    ana.page.post("members", channel="C0DB", user="U0HUGO", **{"in": True})
    assert ear.hears()["event"]["type"] == "member_joined_channel"
    ana.page.post("members", channel="C0DB", user="U0HUGO", **{"in": False})
    assert ear.hears(2)["event"]["type"] == "member_left_channel"
    ana.page.post("members", channel="C0GENERAL", user="U0GWEN", **{"in": False})
    ana.page.post("members", channel="C0GENERAL", user="U0PRODACCESS", **{"in": True})
    event = ear.hears(3)["event"]
    assert (event["channel"], event["user"]) == ("C0GENERAL", "U0PRODACCESS")


def test_groups_and_shared_channels(ear: Ear, ana: Person):
    ana.page.post("usergroups", id="S0DBONCALL", users=["U0CHLOE"])
    event = ear.hears()["event"]
    assert (event["added_users"], event["removed_users"]) == (["U0CHLOE"], ["U0BEN"])
    ana.page.post("channels", id="C0DB", is_ext_shared=True)
    assert ear.hears(2)["event"]["type"] == "channel_shared"


def test_external_people_have_no_home_of_ours(here: Running):
    with pytest.raises(CannotDo, match="another workspace"):
        Person("U0HUGO", here.base_url).opens_home()


def test_what_was_not_subscribed_is_not_sent(ear: Ear, ana: Person):
    ana.types("hello", "C0DB")
    ana.opens_home()
    assert ear.hears()["event"]["type"] == "app_home_opened"
    assert len(ana.page.get("envelopes")["envelopes"]) == 1


def test_an_event_is_sent_again_until_it_is_acknowledged(
    here: Running, app: App, connect: Connect, ana: Person
):
    here.slack.switchboard.ack_seconds = 0.2
    here.slack.switchboard.retries = (0.0, 0.01, 0.02)
    ear, tries = Ear(), iter((False, False, True))

    @app.middleware
    def sometimes(next_: Callable[[], None], body: dict[str, Any], request: BoltRequest) -> None:
        ear.listens({**body, "retry": request.headers.get("x-slack-retry-num")})
        if next(tries):
            next_()

    app.event("app_home_opened")(lambda: None)
    connect(app)
    ana.opens_home()
    ear.hears(3)
    assert len({body["event_id"] for body in ear.bodies}) == 1
    assert [body["retry"] for body in ear.bodies] == [["0"], ["1"], ["2"]]
    ana.waits_for(lambda: ana.page.get("envelopes")["envelopes"][-1]["outcome"] == "acked")


def test_an_event_is_given_up_after_three_more_tries(here: Running, ana: Person):
    here.slack.switchboard.retries = (0.0, 0.0, 0.0)
    ana.opens_home()
    ana.waits_for(lambda: len(ana.page.get("envelopes")["envelopes"]) == 4)
    outcomes = [one["outcome"] for one in ana.page.get("envelopes")["envelopes"]]
    assert outcomes == ["no_connection"] * 4
