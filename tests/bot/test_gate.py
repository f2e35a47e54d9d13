"""Whoever is not surely one of us is refused: told so, written down, and nothing else happens."""

import pytest
from slack_sdk import WebClient

from bot.slack.client import Home, SlackConversation
from bot.slack.gate import Gate, Knock, Stranger, knock_of
from policies.people import People, Person
from policies.rules import Policy
from sandbox.slack.person import Person as Client
from sandbox.slack.server import Running
from sandbox.slack.slack import Slack
from sandbox.slack.world import APP_ID, BOT_TOKEN, TEAM_ID
from tests.bot.slack_bench import ASK, Bench, direct, installed, meridian, sentence, whisper, with_

BEN = Knock(APP_ID, TEAM_ID, "U0BEN", TEAM_ID)
EXTERNAL = "You belong to another organisation, so your click does not count here."
GUEST = "Guests cannot ask for or approve access."
BOT = "Bots cannot ask for or approve access."
NOT_CHECKED = "Slack did not say who you are, so nothing was done. Try in a minute."
OTHER_WORKSPACE = "prod-access does not serve this workspace, so nothing was done."


@pytest.fixture
def ana(slack_address: Running) -> Client:
    """Ana in a fresh workspace, with a hand on the world."""
    installed(slack_address.renew(Slack.of(rate_scale=0)))
    return Client("U0ANA", slack_address.base_url)


@pytest.fixture
def policy() -> list[Policy | None]:
    """The policy in force, to be changed."""
    return [meridian()]


@pytest.fixture
def gate(ana: Client, slack_address: Running, policy: list[Policy | None]) -> Gate:  # noqa: ARG001 (the workspace)
    talk = SlackConversation(WebClient(BOT_TOKEN, base_url=slack_address.api_url))
    return Gate(talk.whoami(), talk, lambda: policy[0])


def test_a_linked_member_is_let_in(gate: Gate):
    found = gate.admit(BEN)
    assert isinstance(found, Person)
    assert found.name == "Ben Okafor"


def test_both_accounts_of_a_person_are_that_person(gate: Gate):
    found = {gate.admit(BEN._replace(user=user)) for user in ("U0ANA", "U0ANAADMIN")}
    assert [one.id for one in found if isinstance(one, Person)] == ["ana"]


@pytest.mark.parametrize(
    ("knock", "stranger"),
    [
        (BEN._replace(app="A0OTHER"), Stranger.ANOTHER_APP),
        (BEN._replace(app=None), Stranger.ANOTHER_APP),
        (BEN._replace(team="T0NORTHWIND"), Stranger.ANOTHER_WORKSPACE),
        (BEN._replace(team=""), Stranger.ANOTHER_WORKSPACE),
        (BEN._replace(user_team="T0NORTHWIND"), Stranger.EXTERNAL),
        (BEN._replace(user="U0HUGO"), Stranger.EXTERNAL),
        (BEN._replace(user="U0GWEN"), Stranger.GUEST),
        (BEN._replace(user="U0OTHERBOT"), Stranger.BOT),
        (BEN._replace(user="USLACKBOT"), Stranger.BOT),
        (BEN._replace(user="U0OLD"), Stranger.DELETED),
        (BEN._replace(user="U0FEMI"), Stranger.UNLINKED),
        (BEN._replace(user="U0NOBODY"), Stranger.NOT_CHECKED),
        (BEN._replace(user=""), Stranger.NOT_CHECKED),
    ],
)
def test_everybody_else_is_a_stranger(gate: Gate, knock: Knock, stranger: Stranger):
    assert gate.admit(knock) is stranger


@pytest.mark.usefixtures("ana")
def test_an_app_that_slack_does_not_name_is_not_compared(slack_address: Running):
    talk = SlackConversation(WebClient(BOT_TOKEN, base_url=slack_address.api_url))
    gate = Gate(Home(TEAM_ID, None), talk, meridian)
    assert isinstance(gate.admit(BEN._replace(app=None)), Person)


@pytest.mark.parametrize(
    ("flag", "value", "stranger"),
    [
        ("team_id", "T0NORTHWIND", Stranger.EXTERNAL),
        ("deleted", True, Stranger.DELETED),
        ("is_bot", True, Stranger.BOT),
        ("is_workflow_bot", True, Stranger.BOT),
        ("is_connector_bot", True, Stranger.BOT),
        ("is_restricted", True, Stranger.GUEST),
        ("is_ultra_restricted", True, Stranger.GUEST),
        ("is_invited_user", True, Stranger.GUEST),
        ("is_email_confirmed", False, Stranger.NOT_CHECKED),
    ],
)
def test_every_flag_of_a_user_is_read(ana: Client, gate: Gate, flag: str, value: object, stranger: Stranger):
    ana.page.post("people", id="U0BEN", **{flag: value})
    assert gate.admit(BEN) is stranger


def test_a_stranger_flag_is_enough():
    """Slack sends it for people of other organisations only; whoever has it is not one of us."""

    class Told(SlackConversation):
        def user(self, user: str) -> dict[str, object]:
            return {"id": user, "team_id": TEAM_ID, "is_stranger": True}

    told = Told.__new__(Told)
    gate = Gate(Home(TEAM_ID, APP_ID), told, meridian)
    assert gate.admit(BEN) is Stranger.EXTERNAL


@pytest.mark.parametrize("fault", ["error", "reset", "ratelimited"])
def test_while_slack_does_not_answer_nobody_gets_in(ana: Client, gate: Gate, fault: str):
    ana.page.post("faults", kind=fault, methods=["users.info"])
    assert gate.admit(BEN) is Stranger.NOT_CHECKED
    ana.page.post("faults", clear=True)
    assert isinstance(gate.admit(BEN), Person)


def test_what_slack_said_is_believed_for_a_minute_but_not_for_a_decision(ana: Client, gate: Gate):
    assert isinstance(gate.admit(BEN), Person)
    ana.page.post("people", id="U0BEN", deleted=True)
    assert isinstance(gate.admit(BEN), Person)
    assert gate.admit(BEN, fresh=True) is Stranger.DELETED
    assert gate.admit(BEN) is Stranger.DELETED


def test_without_rules_nobody_is_known(gate: Gate, policy: list[Policy | None]):
    policy[0] = None
    assert gate.admit(BEN) is Stranger.UNLINKED


def test_somebody_who_left_is_not_let_in(gate: Gate, policy: list[Policy | None]):
    people = meridian().people
    left = tuple(
        one.model_copy(update={"active": False}) if one.id == "ben" else one for one in people.people
    )
    policy[0] = with_(meridian(), people=People(people=left, groups=people.groups))
    assert gate.admit(BEN) is Stranger.UNLINKED


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user": "U0BEN", "team": "T0MERIDIAN"},
        {"user": {"id": 7}, "team": {"id": []}},
        {"user": None, "team": None, "api_app_id": 3},
    ],
)
def test_a_payload_that_says_nothing_of_where_it_comes_from_is_refused(gate: Gate, body: dict[str, object]):
    assert isinstance(gate.admit(knock_of(body)), Stranger)


# What a stranger reads, and what is written down, through the whole app.


def refused(bench: Bench, user: str, why: str) -> None:
    """It is written down, and nothing was decided."""
    assert bench.body("stranger.refused") == {"slack": user, "why": why}
    assert {grant.state for grant in bench.grants()} <= {"live"}
    assert "request.approved" not in bench.kinds()


@pytest.mark.parametrize(
    ("name", "why", "words"),
    [
        ("gwen", "guest", GUEST),
        (
            "femi",
            "unlinked",
            "prod-access does not know you yet. Ask in #platform-help; they need this: U0FEMI.",
        ),
    ],
)
def test_a_members_command_is_answered_and_asks_nothing(bench: Bench, name: str, why: str, words: str):
    stranger = bench.person(name)
    assert stranger.types(ASK, "C0DB").acked
    assert sentence(whisper(stranger)) == words
    refused(bench, stranger.id, why)
    assert bench.requests() == ()


@pytest.mark.parametrize(
    ("name", "why", "words"),
    [
        ("hugo", "external", EXTERNAL),
        ("gwen", "guest", GUEST),
        (
            "femi",
            "unlinked",
            "prod-access does not know you yet. Ask in #platform-help; they need this: U0FEMI.",
        ),
    ],
)
def test_a_click_of_somebody_else_changes_nothing_and_is_answered(
    bench: Bench, name: str, why: str, words: str
):
    bench.page("members", channel="C0DB", user="U0HUGO", **{"in": True})
    request = bench.asked()
    stranger = bench.person(name)
    assert stranger.clicks("Approve", bench.card(stranger)).acked
    assert sentence(whisper(stranger)) == words
    refused(bench, stranger.id, why)
    assert bench.again(request) == request


def test_what_cannot_be_whispered_comes_by_direct_message(bench: Bench):
    request = bench.asked()
    bench.fault("error", "chat.postEphemeral")
    bench.person("femi").clicks("Approve", bench.card())
    answer = direct(bench.person("femi"), "does not know you yet")
    assert answer.channel == "D0FEMI"
    assert bench.again(request) == request


def test_what_cannot_be_said_at_all_is_left_unsaid(bench: Bench):
    request = bench.asked()
    bench.fault("error", "chat.postEphemeral", "chat.postMessage")
    assert bench.person("femi").clicks("Approve", bench.card()).acked
    bench.person("femi").waits_for(lambda: bench.calls("chat.postMessage")[-1]["fault"])
    refused(bench, "U0FEMI", "unlinked")
    assert bench.again(request) == request


@pytest.mark.parametrize(
    ("changes", "user", "why"),
    [
        (
            {"user": {"id": "U0OLD", "team_id": TEAM_ID}, "team": {"id": TEAM_ID}},
            "U0OLD",
            "deleted",
        ),
        ({"user": {"id": "U0OTHERBOT", "team_id": TEAM_ID}}, "U0OTHERBOT", "bot"),
        ({"user": {"id": "USLACKBOT", "team_id": TEAM_ID}}, "USLACKBOT", "bot"),
        ({"user": {"id": "U0BEN", "team_id": "T0NORTHWIND"}}, "U0BEN", "external"),
        ({"team": {"id": "T0NORTHWIND"}}, "U0BEN", "another_workspace"),
        ({"team": None}, "U0BEN", "another_workspace"),
        ({"api_app_id": "A0OTHER"}, "U0BEN", "another_app"),
        ({"user": {"id": "U0NOBODY", "team_id": TEAM_ID}}, "U0NOBODY", "not_checked"),
    ],
)
def test_a_payload_made_by_hand_changes_nothing(
    bench: Bench, changes: dict[str, object], user: str, why: str
):
    request = bench.asked()
    container = {"type": "message", "message_ts": bench.card().ts, "channel_id": "C0DB"}
    outcome = bench.press("approve", bench.token(request), container=container, **changes)
    assert outcome.acked
    refused(bench, user, why)
    assert bench.again(request) == request


def test_a_command_of_another_workspace_is_answered(bench: Bench):
    payload = {
        "command": "/prod-access",
        "text": "mine",
        "team_id": "T0NORTHWIND",
        "user_id": "U0HUGO",
        "channel_id": "C0DB",
        "api_app_id": APP_ID,
        "trigger_id": "1.1",
    }
    answer = bench.deliver("slash_commands", payload)
    assert answer.details["response"]["text"] == OTHER_WORKSPACE


def test_a_stranger_is_suggested_nothing(bench: Bench):
    payload = {
        "type": "block_suggestion",
        "team": {"id": TEAM_ID},
        "user": {"id": "U0GWEN", "team_id": TEAM_ID},
        "api_app_id": APP_ID,
        "action_id": "role_chosen",
        "block_id": "role",
        "value": "prod",
    }
    assert bench.deliver("interactive", payload).details["response"] == {"options": []}
    assert bench.entries() == []


def test_slack_not_answering_is_said_and_nothing_is_decided(bench: Bench):
    request = bench.asked()
    bench.fault("error", "users.info")
    bench.ben.clicks("Approve", bench.card())
    assert sentence(whisper(bench.ben)) == NOT_CHECKED
    refused(bench, "U0BEN", "not_checked")
    bench.mend()
    bench.ben.clicks("Approve", bench.card())
    assert bench.again(request).state == "approved"


@pytest.mark.parametrize("change", [{"deleted": True}, {"is_restricted": True}, {"is_bot": True}])
def test_whoever_stopped_being_a_member_a_moment_ago_decides_nothing(bench: Bench, change: dict[str, object]):
    request = bench.asked()
    bench.ben.types("/prod-access waiting", "C0DB")  # Slack was asked of Ben just now
    bench.page("people", id="U0BEN", **change)
    container = {"type": "message", "message_ts": bench.card(bench.ana).ts, "channel_id": "C0DB"}
    assert bench.press("approve", bench.token(request), container=container).acked
    assert bench.again(request) == request


def test_a_stranger_while_the_ledger_is_away_is_turned_away_all_the_same(bench: Bench):
    with bench.ledger_away():
        bench.person("femi").types(ASK, "C0DB")
    assert sentence(whisper(bench.person("femi"))).startswith("prod-access does not know you yet.")


def test_an_event_is_taken_note_of_and_nothing_happens(bench: Bench):
    bench.page("members", channel="C0GENERAL", user="U0PRODACCESS", **{"in": True})
    bench.ana.waits_for(lambda: bench.ana.page.get("envelopes")["envelopes"][-1]["outcome"] == "acked")
    assert bench.entries() == []


def test_a_press_dressed_as_an_event_gets_nowhere(bench: Bench):
    request = bench.asked()
    container = {"type": "message", "message_ts": bench.card().ts, "channel_id": "C0DB"}
    changes = {"user": {"id": "U0HUGO", "team_id": "T0NORTHWIND"}, "event": {"type": "message"}}
    bench.press("approve", bench.token(request), container=container, **changes)
    assert bench.again(request) == request
