"""Modals: typing, searching, submitting, errors, updates, the stack, closing."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt import Ack, App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack.person import CannotDo, Person
from sandbox.slack.server import Running

Connect = Callable[[App], SocketModeHandler]
Json = dict[str, Any]
TROUBLE = "We had some trouble connecting. Try again?"


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(text: str, value: str) -> Json:
    return {"text": plain(text), "value": value}


def field(label: str, block_id: str, element: Json, **more: object) -> Json:
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, **more}


ROLE = field(
    "Role",
    "role",
    {"type": "external_select", "action_id": "role", "min_query_length": 2},
    dispatch_action=True,
)
TIME = field(
    "How long",
    "time",
    {
        "type": "static_select",
        "action_id": "time",
        "options": [option("15 min", "15"), option("1 h", "60")],
        "initial_option": option("1 h", "60"),
    },
)
REASON = field(
    "Reason", "why", {"type": "plain_text_input", "action_id": "why", "min_length": 5, "max_length": 20}
)
TICKET = field("Ticket", "ticket", {"type": "plain_text_input", "action_id": "ticket"}, optional=True)


def modal(*blocks: Json, **more: object) -> Json:
    shown = {"type": "modal", "callback_id": "ask", "title": plain("Ask"), "submit": plain("Send")}
    return {**shown, "blocks": list(blocks), **more}


FORM = modal(ROLE, TIME, REASON, TICKET, private_metadata="from C0DB", notify_on_close=True)


class Bot:
    """An app whose form can be told what to answer."""

    def __init__(self, app: App, client: WebClient) -> None:
        self.client = client
        self.heard: list[Json] = []
        self.answer: Json | None = {}
        self.options: Json = {"options": [option("prod-db-readonly", "ro"), option("prod-db-write", "rw")]}
        self.view = FORM
        app.command("/prod-access")(self._opens)
        app.view("ask")(self._submitted)
        app.view_closed("ask")(self._listens)
        app.action("role")(self._listens)
        app.action("go")(self._listens)
        app.options("role")(self._suggests)

    def _opens(self, ack: Ack, body: Json) -> None:
        ack()
        self.client.views_open(trigger_id=body["trigger_id"], view=self.view)

    def _submitted(self, ack: Ack, body: Json) -> None:
        self.heard.append(body)
        if self.answer is not None:
            ack(self.answer) if self.answer else ack()

    def _listens(self, ack: Ack, body: Json) -> None:
        self.heard.append(body)
        ack()

    def _suggests(self, ack: Ack, body: Json) -> None:
        self.heard.append(body)
        ack(self.options)


@pytest.fixture
def bot(app: App, client: WebClient, connect: Connect) -> Bot:
    made = Bot(app, client)
    connect(app)
    return made


@pytest.fixture
def opened(bot: Bot, ana: Person) -> Person:
    """Ana, with the form open."""
    assert bot.heard == []
    ana.types("/prod-access", "C0DB")
    ana.waits_for(ana.form)
    return ana


def filled(ana: Person) -> None:
    ana.fills("Role", "prod-db-readonly")
    ana.fills("Reason", "replication lag")


def refused(deed: Callable[[], Any]) -> str:
    with pytest.raises(SlackApiError) as error:
        deed()
    return str(error.value.response["error"])


def test_a_form_is_filled_and_sent(bot: Bot, opened: Person):
    filled(opened)
    opened.fills("How long", "15 min")
    bot.heard.clear()
    assert opened.submits().acked
    body = bot.heard[0]
    assert (body["type"], body["user"]["id"], body["response_urls"]) == ("view_submission", "U0ANA", [])
    view = body["view"]
    assert (view["callback_id"], view["private_metadata"]) == ("ask", "from C0DB")
    assert view["root_view_id"] == view["id"]
    assert view["state"]["values"] == {
        "role": {
            "role": {
                "type": "external_select",
                "selected_option": option("prod-db-readonly", "ro"),
            }
        },
        "time": {
            "time": {
                "type": "static_select",
                "selected_option": {"text": {**plain("15 min"), "emoji": True}, "value": "15"},
            }
        },
        "why": {"why": {"type": "plain_text_input", "value": "replication lag"}},
        "ticket": {"ticket": {"type": "plain_text_input", "value": None}},
    }
    assert opened.form() is None


def test_searching_asks_the_app_from_the_second_letter_on(bot: Bot, opened: Person):
    assert opened.suggestions("Role", "p") == ()
    assert bot.heard == []
    assert opened.suggestions("Role", "prod") == ("prod-db-readonly", "prod-db-write")
    body = bot.heard[0]
    assert (body["type"], body["value"]) == ("block_suggestion", "prod")
    assert (body["block_id"], body["action_id"], body["container"]["type"]) == ("role", "role", "view")


def test_groups_of_suggestions(bot: Bot, opened: Person):
    bot.options = {"option_groups": [{"label": plain("All"), "options": [option("prod-logs", "logs")]}]}
    assert opened.suggestions("Role", "prod") == ("prod-logs",)


@pytest.mark.parametrize(
    "options",
    [
        {"options": [option("x" * 76, "v")]},
        {"options": [option("x", "v" * 151)]},
        {"options": [option("x", "v")] * 101},
    ],
)
def test_suggestions_slack_does_not_take_are_no_results(bot: Bot, opened: Person, options: Json):
    bot.options = options
    answer = opened.page.post("suggest", user="U0ANA", label="Role", query="prod")
    assert answer["options"] == []
    assert answer["problems"]


def test_only_what_was_offered_can_be_chosen(opened: Person):
    with pytest.raises(CannotDo, match="does not offer"):
        opened.fills("Role", "prod-root")


def test_a_dispatching_field_tells_the_app_at_once(bot: Bot, opened: Person):
    opened.fills("Role", "prod-db-write")
    body = bot.heard[-1]
    assert (body["type"], body["actions"][0]["selected_option"]["value"]) == ("block_actions", "rw")
    assert body["view"]["state"]["values"]["role"]["role"]["selected_option"]["value"] == "rw"
    assert opened.fills("Reason", "anything").kind == "filled"
    assert bot.heard[-1] is body


def test_the_client_itself_complains_of_what_is_missing(bot: Bot, opened: Person):
    outcome = opened.submits()
    assert (outcome.kind, set(outcome.errors)) == ("invalid", {"role", "why"})
    filled(opened)
    bot.heard.clear()
    opened.fills("Reason", "lag")
    assert opened.submits().errors == {"why": "Please enter between 5 and 20 characters."}
    assert bot.heard == []


def test_errors_of_the_app_stay_beside_their_fields(bot: Bot, opened: Person):
    filled(opened)
    bot.answer = {"response_action": "errors", "errors": {"why": "Say more."}}
    assert opened.submits().errors == {"why": "Say more."}
    form = opened.form()
    assert form is not None
    assert form.errors == {"why": "Say more."}
    assert form.values["why"]["why"]["value"] == "replication lag"
    opened.fills("Reason", "replication lag 2")
    bot.answer = {}
    assert opened.submits().acked
    assert opened.form() is None


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"nowhere": "x"}},
        {"response_action": "errors", "errors": {}},
        {"response_action": "update", "view": {"type": "modal", "blocks": []}},
        {"response_action": "push", "view": {"type": "home", "blocks": []}},
        {"response_action": "explode"},
        {"text": "closing needs an empty answer"},
    ],
)
def test_answers_slack_cannot_follow(bot: Bot, opened: Person, answer: Json):
    filled(opened)
    bot.answer = answer
    assert opened.submits().seen == TROUBLE
    form = opened.form()
    assert form is not None
    assert form.notice == TROUBLE


def test_a_submission_nobody_acknowledges(bot: Bot, here: Running, opened: Person):
    filled(opened)
    bot.answer = None
    here.slack.switchboard.ack_seconds = 0.05
    outcome = opened.submits()
    assert (outcome.kind, outcome.seen) == ("timeout", TROUBLE)
    assert opened.form() is not None


def test_the_answer_may_update_push_or_clear(bot: Bot, opened: Person):
    filled(opened)
    bot.answer = {"response_action": "update", "view": modal(TICKET, title=plain("Second"))}
    opened.submits()
    assert [view.title for view in opened.views()] == ["Second"]
    bot.answer = {"response_action": "push", "view": modal(TICKET, title=plain("Third"))}
    opened.submits()
    assert [view.title for view in opened.views()] == ["Second", "Third"]
    bot.answer = {}
    opened.submits()
    assert [view.title for view in opened.views()] == ["Second"]
    bot.answer = {"response_action": "push", "view": modal(TICKET, title=plain("Third"))}
    opened.submits()
    bot.answer = {"response_action": "clear"}
    opened.submits()
    assert opened.views() == ()


def test_an_update_keeps_what_was_typed_under_the_same_ids(client: WebClient, opened: Person):
    filled(opened)
    form = opened.form()
    assert form is not None
    other_reason = {**REASON, "block_id": "why2"}
    client.views_update(view_id=form.id, view=modal(ROLE, TIME, REASON, TICKET))
    kept = opened.form()
    assert kept is not None
    assert kept.values["why"]["why"]["value"] == "replication lag"
    client.views_update(view_id=form.id, view=modal(other_reason))
    reset = opened.form()
    assert reset is not None
    assert reset.values == {"why2": {"why": {"type": "plain_text_input", "value": None}}}


def test_a_hash_protects_against_overwriting(client: WebClient, opened: Person):
    form = opened.page.get("state", user="U0ANA")["views"][0]
    fresh = client.views_update(view_id=form["id"], hash=form["hash"], view=FORM)["view"]
    assert fresh["hash"] != form["hash"]
    stale = {"view_id": form["id"], "hash": form["hash"], "view": FORM}
    assert refused(lambda: client.views_update(**stale)) == "hash_conflict"


def test_views_that_are_not_there(client: WebClient, opened: Person):
    assert refused(lambda: client.views_update(view_id="V0NONE", view=FORM)) == "not_found"
    assert refused(lambda: client.api_call("views.update", json={"view": FORM})) == "invalid_arguments"
    opened.closes()
    assert opened.form() is None


def test_external_ids_name_a_view_and_are_unique(client: WebClient, opened: Person):
    form = opened.form()
    assert form is not None
    client.views_update(view_id=form.id, view={**FORM, "external_id": "mine"})
    client.views_update(external_id="mine", view={**FORM, "external_id": "mine", "title": plain("Again")})
    again = opened.form()
    assert again is not None
    assert again.title == "Again"
    home = {"type": "home", "blocks": [], "external_id": "mine"}
    assert refused(lambda: client.views_publish(user_id="U0BEN", view=home)) == "duplicate_external_id"


def test_at_most_three_views_on_top_of_each_other(bot: Bot, client: WebClient, ana: Person):
    go = {"type": "actions", "elements": [{"type": "button", "text": plain("Go"), "action_id": "go"}]}
    bot.view = modal(go)
    ana.types("/prod-access", "C0DB")
    for title in ("Two", "Three"):
        ana.clicks("Go")
        client.views_push(trigger_id=bot.heard[-1]["trigger_id"], view=modal(go, title=plain(title)))
    assert [view.title for view in ana.views()] == ["Ask", "Two", "Three"]
    top = ana.page.get("state", user="U0ANA")["views"]
    assert [view["root_view_id"] for view in top] == [top[0]["id"]] * 3
    assert top[2]["previous_view_id"] == top[1]["id"]
    ana.clicks("Go")
    trigger = bot.heard[-1]["trigger_id"]
    assert refused(lambda: client.views_push(trigger_id=trigger, view=modal(go))) == "push_limit_reached"


def test_pushing_needs_a_modal_below(bot: Bot, app: App, client: WebClient, ana: Person):
    app.shortcut("ask")(bot._listens)
    ana.uses_shortcut("ask")
    trigger = bot.heard[-1]["trigger_id"]
    assert refused(lambda: client.views_push(trigger_id=trigger, view=FORM)) == "not_found"


def test_closing_tells_the_app_that_asked_for_it(bot: Bot, opened: Person):
    assert opened.closes().acked
    body = bot.heard[-1]
    assert (body["type"], body["is_cleared"]) == ("view_closed", False)
    assert opened.views() == ()


def test_the_cross_closes_everything(bot: Bot, opened: Person):
    opened.closes(everything=True)
    assert bot.heard[-1]["is_cleared"] is True


def test_every_view_that_asked_hears_of_the_cross(bot: Bot, opened: Person):
    filled(opened)
    bot.answer = {"response_action": "push", "view": {**FORM, "title": plain("Second")}}
    opened.submits()
    bot.heard.clear()
    opened.closes(everything=True)
    titles = [body["view"]["title"]["text"] for body in bot.heard]
    assert titles == ["Second", "Ask"]


def test_there_is_nothing_to_submit(ana: Person):
    with pytest.raises(CannotDo, match="no such view open"):
        ana.submits()
