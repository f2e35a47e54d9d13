"""A small app with the looks of the real one: cards, forms and whispers to test the page with."""

import html
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from sandbox.slack.person import PageApi
from sandbox.slack.server import Running
from sandbox.slack.world import APP_TOKEN, BOT_TOKEN
from tests.sandbox.demo.fake_world import FakeWorld

Json = dict[str, Any]
DB = "C0DB"
ROLES = {
    "prod-db-readonly": "Read production databases",
    "prod-db-write": "Change production databases",
    "prod-logs": "Read production logs",
    "prod-operator": "Restart and scale services",
}


def marked(text: str) -> Json:
    """A mrkdwn object."""
    return {"type": "mrkdwn", "text": text}


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text, "emoji": True}


def quote(text: str) -> Json:
    """Somebody's words, dead."""
    words = {"type": "rich_text_quote", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [words]}


def at(seconds: float) -> str:
    """A moment in the reader's time zone."""
    return f"<!date^{int(seconds)}^{{time}}|later>"


def button(label: str, action: str, request: str, style: str | None = None) -> Json:
    """A button of a card."""
    made = {"type": "button", "text": plain(label), "action_id": action, "value": request}
    made["accessibility_label"] = f"{label} Ana Ruiz, prod-db-readonly, 15 minutes"
    return made | ({"style": style} if style else {})


def card(title: str, reason: str, rest: list[Json]) -> list[Json]:
    """Title, reason, and what follows."""
    return [{"type": "section", "text": marked(title)}, quote(reason), *rest]


def waiting(request: str, role: str, reason: str, until: float) -> list[Json]:
    """The card of a request that waits."""
    more = [("shorter", "Approve for less time"), ("looking", "I am looking"), ("question", "Ask a question")]
    actions = [
        button("Approve", "approve", request, "primary"),
        button("Deny", "deny", request, "danger"),
        {
            "type": "overflow",
            "action_id": "more",
            "options": [{"text": plain(words), "value": value} for value, words in more],
        },
    ]
    facts = ["Risk: low, reads only", "INC-42 · sev2 · live", "Last held: 12 Nov, 40 min, reads only"]
    ending = f"Needs 1 yes: <@U0BEN> (database on-call) · lapses {at(until)} if nobody answers"
    return card(
        f"⏳ *Waiting* · Ana Ruiz asks for *{role}* · 15 min",
        reason,
        [
            {
                "type": "section",
                "text": marked(f"{ROLES[role]}\nAWS shop-prod, Google Cloud shop-prod, Azure prod"),
            },
            {"type": "section", "fields": [marked(fact) for fact in facts]},
            {"type": "actions", "block_id": "decide", "elements": actions},
            {"type": "context", "elements": [marked(f"{ending} · rule engineers-read · {request}")]},
        ],
    )


def live(request: str, role: str, reason: str, ends: float) -> list[Json]:
    """The card of access that is live."""
    end = button("End now", "end", request)
    end["confirm"] = {
        "title": plain("End it now?"),
        "text": plain(f"End Ana Ruiz's {role} now?"),
        "confirm": plain("End now"),
        "deny": plain("Keep"),
    }
    title = f"🔓 *Live until {at(ends)}* · Ana Ruiz · {role}"
    blocks = card(
        title, reason, [{"type": "section", "text": marked("AWS live, Google Cloud live, Azure live")}]
    )
    blocks[0]["accessory"] = end
    note = f"Approved by Ben Okafor {at(time.time())} · live everywhere · {request}"
    return [*blocks, {"type": "context", "elements": [marked(note)]}]


def handed(request: str, role: str, ends: float) -> list[Json]:
    """The direct message with the commands, a block for each cloud."""
    arn = f"arn:aws:iam::111122223333:role/prod-access/{role}-{request.removeprefix('pa-')}"
    lines = {
        "AWS": (
            f"aws configure set profile.{request}.role_arn {arn}",
            f"aws configure set profile.{request}.source_profile default",
            f"aws --profile {request} rds describe-db-instances",
        ),
        "Google Cloud": ("gcloud sql instances list --project shop-prod",),
        "Azure": ("az postgres flexible-server list --resource-group prod",),
    }
    return [
        {
            "type": "section",
            "text": marked(f"🔓 *You have {role} until {at(ends)}.* Ben Okafor approved it."),
        },
        *(block for cloud, commands in lines.items() for block in usable(cloud, commands)),
        {"type": "actions", "elements": [button("End now", "end", request)]},
        {"type": "context", "elements": [marked("It ends by itself. Nothing secret is ever sent here.")]},
    ]


def usable(cloud: str, commands: tuple[str, ...]) -> list[Json]:
    """One cloud's lines."""
    text = {"type": "text", "text": "\n".join(commands)}
    code = {"type": "rich_text_preformatted", "elements": [text]}
    head = {"type": "section", "text": marked(f"*{cloud}* · live, works now")}
    return [head, {"type": "rich_text", "elements": [code]}]


def option(value: str, words: str) -> Json:
    """An option of a select."""
    return {"text": plain(words), "value": value}


def form(line: str = "👤 Will be asked: Ben Okafor (database on-call) in #prod-access-db.") -> Json:
    """The form to ask with."""
    lengths = [option("15m", "15 min"), option("1h", "1 h · default"), option("2h", "2 h · your longest")]
    return {
        "type": "modal",
        "callback_id": "ask",
        "title": plain("Ask for access"),
        "submit": plain("Send"),
        "close": plain("Cancel"),
        "blocks": [
            {
                "type": "input",
                "block_id": "role",
                "label": plain("Role"),
                "dispatch_action": True,
                "element": {"type": "external_select", "action_id": "role", "min_query_length": 0},
            },
            {
                "type": "input",
                "block_id": "length",
                "label": plain("How long"),
                "element": {
                    "type": "static_select",
                    "action_id": "length",
                    "options": lengths,
                    "initial_option": lengths[1],
                },
            },
            {
                "type": "input",
                "block_id": "reason",
                "label": plain("Reason"),
                "hint": plain("For example: find the query behind the replication lag"),
                "element": {
                    "type": "plain_text_input",
                    "action_id": "reason",
                    "multiline": True,
                    "placeholder": plain("What will you do there?"),
                },
            },
            {"type": "section", "block_id": "asked", "text": marked(line)},
            {"type": "context", "elements": [marked("AWS, Google Cloud, Azure. Ends by itself.")]},
        ],
    }


DENY = {
    "type": "modal",
    "callback_id": "deny",
    "title": plain("Deny"),
    "submit": plain("Deny"),
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": plain("Reason"),
            "hint": plain("Ana reads it"),
            "element": {"type": "plain_text_input", "action_id": "why"},
        }
    ],
}


class ToyApp:
    """Asks, approves, denies, ends."""

    def __init__(self, here: Running, world: FakeWorld) -> None:
        self.world = world
        self.client = WebClient(BOT_TOKEN, base_url=here.api_url)
        self.reasons: dict[str, tuple[str, str, str]] = {}
        self._numbers = itertools.count(2)
        self.bolt = App(client=self.client, raise_error_for_unhandled_request=False)
        self._listen()

    def _listen(self) -> None:
        self.bolt.command("/prod-access")(self._command)
        self.bolt.options("role")(self._roles)
        self.bolt.action("role")(self._role_chosen)
        self.bolt.view("ask")(self._asked)
        self.bolt.view("deny")(self._denied)
        self.bolt.action("approve")(self._approve)
        self.bolt.action("deny")(self._deny)
        self.bolt.action("end")(self._end)
        self.bolt.action("more")(lambda ack: ack())
        self.bolt.shortcut("ask_from_message")(self._from_message)
        self.bolt.event("app_home_opened")(self._home)

    def _command(self, ack: Callable[..., None], body: Json, respond: Callable[..., Any]) -> None:
        ack()
        role, _, rest = body["text"].partition(" ")
        if role not in ROLES or not rest:
            self.client.views_open(trigger_id=body["trigger_id"], view=form())
            return
        reason = html.unescape(rest.removeprefix("15m ").removeprefix("INC-42 "))
        request = self.post(body["user_id"], role, reason)
        until = at(time.time() + 1800)
        words = f"Asked: {role} for 15 min ({request}). Ben Okafor, database on-call, was asked in <#{DB}>"
        respond(
            f"{words} and has until {until}. You get a DM.",
            blocks=[
                {"type": "section", "text": marked(f"{words} and has until {until}. You get a DM.")},
                {"type": "actions", "elements": [button("Withdraw", "withdraw", request)]},
            ],
        )

    def post(self, person: str, role: str, reason: str) -> str:
        """Post the card of a request."""
        request = f"pa-{next(self._numbers):02d}km"
        self.world.ask(request, person, role)
        text = f"Waiting: Ana Ruiz asks for {role}, 15 min, low risk. Needs 1 yes from <@U0BEN>. {request}"
        until = self.world.now().timestamp() + 1800
        sent = self.client.chat_postMessage(
            channel=DB, text=text, blocks=waiting(request, role, reason, until)
        )
        self.reasons[request] = (role, reason, sent["ts"])
        line = f"Asked by Ana Ruiz: {role}, 15 min, INC-42."
        self.client.chat_postMessage(channel=DB, thread_ts=sent["ts"], text=line)
        return request

    def _roles(self, ack: Callable[..., None], payload: Json) -> None:
        query = payload["value"].lower()
        found = [option(name, f"{name} · {words}"[:75]) for name, words in ROLES.items() if query in name]
        ack(option_groups=[{"label": plain("All"), "options": found}])

    def _role_chosen(self, ack: Callable[..., None], body: Json) -> None:
        ack()
        chosen = body["actions"][0]["selected_option"]["value"]
        self.client.views_update(
            view_id=body["view"]["id"],
            hash=body["view"]["hash"],
            view=form(f"👤 Will be asked for {chosen}: Ben Okafor (database on-call). 1 yes is enough."),
        )

    def _asked(self, ack: Callable[..., None], body: Json) -> None:
        values = body["view"]["state"]["values"]
        reason = values["reason"]["reason"]["value"]
        if len(reason.split()) < 2:
            ack(response_action="errors", errors={"reason": "Say a little more: two words at least."})
            return
        ack()
        self.post(body["user"]["id"], values["role"]["role"]["selected_option"]["value"], reason)

    def _approve(self, ack: Callable[..., None], body: Json) -> None:
        ack()
        request, person = body["actions"][0]["value"], body["user"]["id"]
        if person == "U0ANA":
            words = "This is your own request, so your yes does not count. Ben Okafor was asked."
            self.client.chat_postEphemeral(channel=DB, user=person, text=words)
            return
        role, reason, ts = self.reasons[request]
        ends = self.world.give(request).timestamp()
        self.client.chat_update(
            channel=DB, ts=ts, text=f"Live: Ana Ruiz, {role}", blocks=live(request, role, reason, ends)
        )
        self.client.chat_postMessage(channel=DB, thread_ts=ts, text="Approved by Ben Okafor.")
        self.client.chat_postMessage(
            channel="U0ANA", text=f"You have {role}", blocks=handed(request, role, ends)
        )

    def _deny(self, ack: Callable[..., None], body: Json) -> None:
        ack()
        view = {**DENY, "private_metadata": body["actions"][0]["value"]}
        self.client.views_open(trigger_id=body["trigger_id"], view=view)

    def _denied(self, ack: Callable[..., None], body: Json) -> None:
        ack()
        request = body["view"]["private_metadata"]
        self.world.deny(request)
        role, _reason, ts = self.reasons[request]
        why = body["view"]["state"]["values"]["why"]["why"]["value"]
        title = f"⛔ *Denied* · Ana Ruiz asked for {role} · by Ben Okafor {at(time.time())}"
        self.client.chat_update(channel=DB, ts=ts, text=f"Denied: {role}", blocks=card(title, why, []))

    def _end(self, ack: Callable[..., None], body: Json) -> None:
        ack()
        self.world.move_clock_to("end")
        del body

    def _from_message(self, ack: Callable[..., None], body: Json) -> None:
        ack()
        self.client.views_open(trigger_id=body["trigger_id"], view=form("👤 From a message."))

    def _home(self, event: Json) -> None:
        if event["tab"] != "home":
            return
        blocks = [
            {"type": "actions", "elements": [button("Ask for access", "ask", "-", "primary")]},
            {"type": "header", "text": plain("My access")},
            {"type": "section", "text": marked("You hold nothing.")},
        ]
        self.client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})


@contextmanager
def connected(here: Running, world: FakeWorld) -> Iterator[ToyApp]:
    """The toy app by Socket Mode, for as long as the block lasts."""
    toy = ToyApp(here, world)
    handler = SocketModeHandler(toy.bolt, APP_TOKEN)
    handler.connect()
    try:
        yield toy
    finally:
        handler.client.auto_reconnect_enabled = False
        handler.client.default_auto_reconnect_enabled = False
        PageApi(here.base_url).post("sockets", do="cut")
        handler.close()
