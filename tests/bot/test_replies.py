"""What people read in answer to what they did: every answer of the desk, in UX's words."""

from datetime import timedelta
from typing import get_args

import pytest

from bot import answers
from bot.answers import AskAnswer, ClickAnswer, RoleLine
from bot.slack import actions as ids
from bot.slack import replies
from bot.slack.blocks import Message
from bot.slack.gate import Stranger
from bot.slack.words.small import Contacts
from bot.views import CardState, YesView
from policies.approval import ApprovalSlot
from policies.decision import Alternative, AskSomeone, Refusal, Refuse
from policies.values import CloudName, GroupName, RequestId, RoleName, RuleId
from tests.bot import views_builder as views

HOUR = timedelta(hours=1)
ADMIN = RoleName("prod-admin")
CONTACTS = Contacts(break_glass="https://wiki.example/glass", page="https://wiki.example/access")
WHY = "The person on call for the databases does not wait"


def someone() -> AskSomeone:
    return AskSomeone(
        rule=RuleId("engineers-read"),
        why="Any engineer may read",
        slots=(ApprovalSlot(groups=(GroupName("db-oncall"),), count=1),),
        approvers=((views.BEN.id,),),
        duration=HOUR,
        max_duration=HOUR,
        answer_within=timedelta(minutes=30),
        guardrails=(),
        policy_hash="p" * 64,
    )


def refusal(kind: Refusal, reason: str, *others: str, longest: timedelta | None = None) -> Refuse:
    found = tuple(Alternative(role=RoleName(other), duration=HOUR, needs=1) for other in others)
    reasons = (reason,) if reason else ()
    return Refuse(kind=kind, reasons=reasons, alternatives=found, longest=longest, policy_hash="p" * 64)


NOT_NOW = refusal(
    Refusal.NOT_ALLOWED, "Not allowed now: prod-admin needs a live sev1 incident.", "prod-operator"
)
TOO_LONG = refusal(
    Refusal.TOO_LONG, "8 h is too long. The longest you can have is 2 h.", longest=timedelta(hours=2)
)
NOBODY = refusal(Refusal.NOBODY_CAN_APPROVE, "Nobody can approve: db-oncall is empty now.")
TYPO = refusal(Refusal.UNKNOWN_ROLE, 'No role is called "<!channel> *prod*".')
MUTE = refusal(Refusal.DENIED, "")
FROZEN = "No new access since {14:02}: it was frozen. Live access still ends on time."
LEDGER = (
    "prod-access cannot write its log, so it gives no new access. Live access still ends on time."
    " Try in a minute; if production cannot wait: break-glass page."
)

ASKED: list[tuple[AskAnswer, list[str]]] = [
    (
        answers.Asked(views.waiting(), someone(), defaulted=False),
        [
            (
                "Asked: prod-db-readonly for 1 h (pa-7k3m). Ben Okafor, database on-call, was"
                " asked in <#C0DB> and has until {14:32}. You get a DM."
            ),
            "[Withdraw]",
        ],
    ),
    (
        answers.Asked(views.waiting(), someone(), defaulted=True),
        [
            (
                "Asked: prod-db-readonly for 1 h, the default (pa-7k3m). Ben Okafor, database on-call, was"
                " asked in <#C0DB> and has until {14:32}. You get a DM."
            ),
            "[Withdraw]",
        ],
    ),
    (
        answers.Asked(
            views.waiting(asked=(views.BEN, views.EMI), missing=2, needed=2), someone(), defaulted=False
        ),
        [
            (
                "Asked: prod-db-readonly for 1 h (pa-7k3m). Ben Okafor and Emi Sato were asked in <#C0DB>"
                " and have until {14:32}. You get a DM."
            ),
            "[Withdraw]",
        ],
    ),
    (
        answers.Asked(
            views.waiting(asked=(views.BEN, views.EMI, views.DEV, views.CHLOE)), someone(), defaulted=False
        ),
        [
            (
                "Asked: prod-db-readonly for 1 h (pa-7k3m). Database on-call was asked in <#C0DB>"
                " and has until {14:32}. You get a DM."
            ),
            "[Withdraw]",
        ],
    ),
    (
        answers.Asked(views.waiting(asked=(views.BEN._replace(title=""),)), someone(), defaulted=False),
        [
            (
                "Asked: prod-db-readonly for 1 h (pa-7k3m). Ben Okafor was asked in <#C0DB>"
                " and has until {14:32}. You get a DM."
            ),
            "[Withdraw]",
        ],
    ),
    (
        answers.Asked(views.on_behalf(), someone(), defaulted=False),
        [
            (
                "Asked for Ivy Chen: prod-operator for 30 min (pa-7k3m). Chloe Martin, platform on-call, was"
                " asked in <#C0DB> and has until {14:32}. Ivy Chen gets a DM."
            ),
            "[Withdraw]",
        ],
    ),
    (
        answers.Asked(views.nobody_can(), someone(), defaulted=False),
        [
            (
                "Asked: prod-db-readonly for 1 h (pa-7k3m). Nobody else in database on-call can approve now;"
                " it lapses {14:32}. You get a DM."
            ),
            "[Withdraw]",
        ],
    ),
    (
        answers.Starting(views.at_once(), WHY, defaulted=False),
        [
            (
                "Starting now, until {15:03}. Nobody needed to be asked:"
                " the person on call for the databases does not wait."
            ),
            "[End now]",
        ],
    ),
    (
        answers.Starting(views.at_once(), "", defaulted=True),
        ["Starting now, for 1 h, the default, until {15:03}. Nobody needed to be asked.", "[End now]"],
    ),
    (
        answers.Starting(views.at_once(requester=views.DEV), "AWS is only read.", defaulted=False),
        [
            (
                "Ana Ruiz's prod-db-readonly starts now, until {15:03}. Nobody needed to be asked:"
                " AWS is only read."
            ),
            "[End now]",
        ],
    ),
    (
        answers.AlreadyAsked(views.waiting(), HOUR),
        ["You already asked (pa-7k3m, waiting for Ben Okafor). Nothing new was sent."],
    ),
    (
        answers.AlreadyAsked(views.waiting(), timedelta(hours=2)),
        [
            "You already asked (pa-7k3m, waiting for Ben Okafor). Nothing new was sent.",
            "[Change to 2 h]",
        ],
    ),
    (
        answers.AlreadyAsked(views.nobody_can(), HOUR),
        ["You already asked (pa-7k3m, waiting). Nothing new was sent."],
    ),
    (
        answers.AlreadyAsked(views.on_behalf(), timedelta(minutes=30)),
        [("Dev Patel already asked for Ivy Chen (pa-7k3m, waiting for Chloe Martin). Nothing new was sent.")],
    ),
    (
        answers.AlreadyHeld(views.live()),
        ["You have it until {15:03} (pa-7k3m). Nothing new was sent.", "[End now]"],
    ),
    (
        answers.AlreadyHeld(views.live(requester=views.DEV)),
        ["Ana Ruiz has it until {15:03} (pa-7k3m). Nothing new was sent.", "[End now]"],
    ),
    (
        answers.AlreadyHeld(views.starting()),
        ["It is starting already, until {15:03} (pa-7k3m). Nothing new was sent.", "[End now]"],
    ),
    (answers.AlreadyHeld(views.ending()), ["It is ending now (pa-7k3m). Ask again when it is gone."]),
    (answers.AlreadyHeld(views.stuck()), ["It is ending now (pa-7k3m). Ask again when it is gone."]),
    (
        answers.NotAllowed(ADMIN, NOT_NOW),
        [
            "Not allowed now: prod-admin needs a live sev1 incident. You can have prod-operator for 1 h.",
            "[Ask for prod-operator]",
        ],
    ),
    (
        answers.NotAllowed(ADMIN, TOO_LONG),
        ["8 h is too long. The longest you can have is 2 h.", "[Ask for 2 h]"],
    ),
    (
        answers.NotAllowed(ADMIN, NOBODY),
        ["Nobody can approve: db-oncall is empty now. Tell #platform-help."],
    ),
    (answers.NotAllowed(ADMIN, TYPO), ['No role is called "<!channel> *prod*".']),
    (answers.NotAllowed(ADMIN, MUTE), ["Not allowed now."]),
    (
        answers.NoIdentity(views.ANA, CloudName("aws")),
        ["Nothing was given: Ana Ruiz has no AWS account here. Ask in #platform-help to have one linked."],
    ),
    (
        answers.NoRules(),
        [
            (
                "Nothing was asked: prod-access has no rules to decide by, so it gives no new access."
                " Live access still ends on time. Tell #platform-help."
            )
        ],
    ),
    (answers.Frozen(views.NOW), [FROZEN]),
    (answers.LedgerAway(), [f"Nothing was asked: {LEDGER}"]),
]

_BOTH = (ApprovalSlot(groups=(GroupName("security"), GroupName("legal")), count=2),)
_SECURITY = (ApprovalSlot(groups=(GroupName("security"),), count=1),)

PRESSED: list[tuple[ClickAnswer, str]] = [
    (answers.Approved(views.starting()), "Your yes is counted. It starts now, until {15:03}."),
    (
        answers.Counted(views.one_of_two()),
        "Your yes is counted. One more is needed, from security.",
    ),
    (answers.Denied(views.denied()), "Denied. Ana Ruiz gets your reason by DM."),
    (answers.Withdrawn(views.withdrawn()), "Withdrawn. Nothing was given."),
    (answers.Ending(views.ending()), "Ending now. The card says when it is gone."),
    (
        answers.OwnRequest(views.waiting()),
        "This is your own request, so your yes does not count. Ben Okafor was asked and has until {14:32}.",
    ),
    (
        answers.OwnRequest(views.waiting(asked=(views.BEN, views.EMI))),
        (
            "This is your own request, so your yes does not count."
            " Ben Okafor and Emi Sato were asked and have until {14:32}."
        ),
    ),
    (
        answers.OwnRequest(views.nobody_can()),
        (
            "This is your own request, so your yes does not count."
            " Nobody else in database on-call can approve now."
        ),
    ),
    (
        answers.NotAnApprover(views.waiting()),
        "Only database on-call decides this: Ben Okafor now. Nothing changed.",
    ),
    (
        answers.NotAnApprover(
            views.waiting(groups=(views.DATABASE, views.SECURITY), asked=(views.BEN, views.EMI))
        ),
        "Only database on-call and security decide this: Ben Okafor and Emi Sato now. Nothing changed.",
    ),
    (
        answers.NotAnApprover(views.nobody_can()),
        "Only database on-call decides this, and nobody there can now. Nothing changed.",
    ),
    (
        answers.AlreadyCounted(views.one_of_two(), _SECURITY),
        "Your yes is counted. One more is needed, from security.",
    ),
    (
        answers.AlreadyCounted(views.one_of_two(missing=2, needed=3), _BOTH),
        "Your yes is counted. Two more are needed, from security and legal.",
    ),
    (answers.AlreadyCounted(views.one_of_two(), ()), "Your yes is counted. One more is needed."),
    (
        answers.AlreadyCounted(views.one_of_two(missing=11, needed=12), ()),
        "Your yes is counted. 11 more are needed.",
    ),
    (answers.AlreadyDecided(views.live()), "Ben Okafor approved this at {14:03}. Nothing changed."),
    (answers.AlreadyDecided(views.denied()), "Ben Okafor denied this at {14:04}. Nothing changed."),
    (answers.AlreadyDecided(views.withdrawn()), "Ana Ruiz withdrew this at {14:05}. Nothing changed."),
    (
        answers.AlreadyDecided(views.lapsed()),
        "This lapsed at {14:32}: nobody answered. Nothing changed.",
    ),
    (
        answers.AlreadyDecided(views.lapsed(yeses=(YesView(views.BEN, views.NOW),))),
        "This lapsed at {14:32}: too few yeses. Nothing changed.",
    ),
    (
        answers.AlreadyDecided(views.at_once()),
        "This was allowed at {14:03} without a yes. Nothing changed.",
    ),
    (
        answers.StaleCard(views.waiting(), views.clock("14:01")),
        "This request changed at {14:01}. The card is redrawn; read it and decide again.",
    ),
    (
        answers.StaleCard(views.waiting(), None),
        "This request changed. The card is redrawn; read it and decide again.",
    ),
    (
        answers.RulesChanged(views.one_of_two()),
        "The rules changed: security must say yes. The card is redrawn.",
    ),
    (
        answers.RulesChanged(views.nobody_can()),
        "The rules changed. Nobody else in database on-call can approve now. The card is redrawn.",
    ),
    (
        answers.NotAllowed(ADMIN, NOT_NOW),
        "Not allowed now: prod-admin needs a live sev1 incident. You can have prod-operator for 1 h.",
    ),
    (
        answers.MayNotEnd(views.waiting()),
        "Only Ana Ruiz can withdraw this. If you decide it, deny it instead.",
    ),
    (
        answers.MayNotEnd(views.on_behalf()),
        "Only Dev Patel or Ivy Chen can withdraw this. If you decide it, deny it instead.",
    ),
    (
        answers.MayNotEnd(views.live()),
        "Ana Ruiz, the approvers, the commander and security can end this.",
    ),
    (answers.NothingToEnd(None), "You hold nothing now."),
    (answers.NothingToEnd(views.ended()), "It ended {15:03} already. Nothing changed."),
    (
        answers.NothingToEnd(views.ending()),
        "It is ending already. The card says when it is gone.",
    ),
    (
        answers.NothingToEnd(views.found_again()),
        "It is ending already. The card says when it is gone.",
    ),
    (answers.NothingToEnd(views.denied()), "Nothing to end: nothing was given (pa-7k3m)."),
    (answers.NothingToDecide(views.live()), "The longer time was decided already. Nothing changed."),
    (
        answers.NoIdentity(views.ANA, CloudName("aws")),
        "Nothing was given: Ana Ruiz has no AWS account here. Ask in #platform-help to have one linked.",
    ),
    (
        answers.UnknownCard(),
        "This button stands for nothing prod-access knows. Nothing changed. Ask with /prod-access.",
    ),
    (
        answers.NoRules(),
        (
            "Nothing changed: prod-access has no rules to decide by, so it gives no new access."
            " Live access still ends on time. Tell #platform-help."
        ),
    ),
    (answers.Frozen(views.NOW), FROZEN),
    (answers.LedgerAway(), f"Nothing changed: {LEDGER}"),
]
_OUTAGES = (answers.LedgerAway, answers.NoRules)


def checked(message: Message) -> Message:
    assert views.problems(message) == []
    return message


def to_ask(answer: AskAnswer) -> Message:
    return checked(replies.say_ask(answer, now=views.NOW, token=views.TOKEN))


def to_press(answer: ClickAnswer) -> Message:
    return checked(replies.say_click(answer, now=views.NOW, token=views.TOKEN))


@pytest.mark.parametrize(("answer", "lines"), ASKED)
def test_an_ask_is_answered_in_ux_words(answer: AskAnswer, lines: list[str]):
    assert views.read(to_ask(answer)) == lines


@pytest.mark.parametrize(("answer", "line"), PRESSED)
def test_a_press_is_answered_in_ux_words(answer: ClickAnswer, line: str):
    assert views.read(to_press(answer))[0] == line


def test_every_answer_has_its_words():
    assert {type(answer) for answer, _ in ASKED} == set(get_args(AskAnswer))
    assert {type(answer) for answer, _ in PRESSED} == set(get_args(ClickAnswer))


@pytest.mark.parametrize("answer", [answer for answer, _ in ASKED])
def test_a_reply_has_35_words(answer: AskAnswer):
    most = 55 if isinstance(answer, _OUTAGES) else 35
    assert views.word_count(views.read(to_ask(answer))[0]) <= most


@pytest.mark.parametrize("answer", [answer for answer, _ in PRESSED])
def test_a_refused_press_has_35_words(answer: ClickAnswer):
    most = 55 if isinstance(answer, _OUTAGES) else 35
    assert views.word_count(views.read(to_press(answer))[0]) <= most


def test_the_text_says_the_same_aloud():
    assert to_ask(answers.AlreadyHeld(views.live())).text == (
        "You have it until 15:03 UTC (pa-7k3m). Nothing new was sent."
    )


def test_an_echoed_typo_is_not_parsed():
    message = to_ask(answers.NotAllowed(ADMIN, TYPO))
    assert views.texts(message.blocks) == []
    assert message.text == 'No role is called "&lt;!channel&gt; *prod*".'


def test_own_request_can_be_withdrawn_while_it_waits():
    assert views.read(to_press(answers.OwnRequest(views.waiting())))[1:] == ["[Withdraw]"]
    assert views.read(to_press(answers.OwnRequest(views.lapsed())))[1:] == []


def test_another_role_is_asked_for_with_its_duration():
    button = views.pressable(to_ask(answers.NotAllowed(ADMIN, NOT_NOW)).blocks)[0]
    assert (button["action_id"], button["value"]) == (ids.ASK_FOR_ROLE, "prod-operator 1h")
    shorter = views.pressable(to_ask(answers.NotAllowed(ADMIN, TOO_LONG)).blocks)[0]
    assert shorter["value"] == "prod-admin 2h"


def test_another_duration_travels_with_its_token():
    message = to_ask(answers.AlreadyAsked(views.waiting(), timedelta(hours=2)))
    assert views.pressable(message.blocks)[0]["value"] == "tok-1 2h"


def test_a_long_role_name_is_not_squeezed_into_a_button():
    long = refusal(Refusal.DENIED, "Not allowed.", "prod-warehouse-night-operator")
    assert views.read(to_ask(answers.NotAllowed(ADMIN, long)))[-1] == "[Ask for that role]"


def test_the_break_glass_page_is_linked_where_there_is_one():
    message = replies.say_ask(answers.LedgerAway(), now=views.NOW, token="", contacts=CONTACTS)
    assert "<https://wiki.example/glass|break-glass page>." in views.read(checked(message))[0]
    assert message.text.endswith("if production cannot wait: break-glass page.")


# Lists ------------------------------------------------------------------------------------------------

MINE = {
    "waiting": "⏳ *prod-db-readonly* · waiting for Ben Okafor [Withdraw]",
    "nobody can": "⏳ *prod-db-readonly* · waiting, nobody can approve now [Withdraw]",
    "on behalf": "⏳ *prod-operator* for Ivy Chen · waiting for Chloe Martin [Withdraw]",
    "starting": "⚙️ *prod-db-readonly* · starting, until {15:03} [End now]",
    "live": "🔓 *prod-db-readonly* · until {15:03} [End now]",
    "ending": "🔒 *prod-db-readonly* · ending",
    "stuck": "⚠️ *prod-db-readonly* · stuck, AWS has not ended",
    "ended": "🔒 *prod-db-readonly* · ended {15:03}, held 1 h",
    "denied": "⛔ *prod-db-readonly* · denied",
    "withdrawn": "➖ *prod-db-readonly* · withdrawn",
    "lapsed": "💤 *prod-db-readonly* · lapsed",
    "rolled back": "↩️ *prod-db-readonly* · not given",
}


@pytest.mark.parametrize("name", MINE)
def test_mine_has_a_line_for_each(name: str):
    view = views.ALL[name]()
    message = replies.say_mine([view], now=views.NOW, tokens={view.request.id: views.TOKEN})
    assert views.read(checked(message)) == ["Your access:", MINE[name]]


def test_mine_covers_every_state():
    assert {views.ALL[name]().state for name in MINE} == set(CardState)


def test_mine_without_tokens_has_no_buttons():
    message = checked(replies.say_mine([views.live(), views.waiting()], now=views.NOW))
    assert views.pressable(message.blocks) == []


def test_mine_may_be_nothing():
    assert views.read(replies.say_mine([], now=views.NOW)) == ["You hold nothing now. Ask with /prod-access."]


def test_waiting_lists_the_oldest_with_a_way_to_its_card():
    card = {RequestId("pa-7k3m"): "https://meridian.slack.com/archives/C0DB/p1"}
    later = views.NOW + timedelta(minutes=2, seconds=20)
    message = checked(replies.say_waiting([views.waiting(), views.one_of_two()], card, now=later))
    assert views.read(message) == [
        "Waiting for you (2):",
        "Ana Ruiz · prod-db-readonly · 1 h · asked 2 min ago [Open card]",
        "Ana Ruiz · prod-db-write · 30 min · asked 2 min ago",
    ]
    behalf = replies.say_waiting([views.on_behalf()], now=views.NOW)
    assert views.read(behalf)[1] == "Dev Patel · prod-operator for Ivy Chen · 30 min · asked 0 s ago"
    assert views.read(replies.say_waiting([], now=views.NOW)) == ["Nothing waits for you."]


READS = RoleLine(
    RoleName("prod-db-readonly"),
    "Read production databases",
    "low",
    timedelta(hours=2),
    ("database on-call",),
    None,
)
LOGS = RoleLine(RoleName("prod-logs"), "Read production logs", "low", None, (), None)
NOT_NOW_LINE = RoleLine(
    ADMIN, "Administer production", "critical", None, (), "Not allowed now: prod-admin needs a sev1."
)


def test_roles_say_how_each_may_be_had():
    assert views.read(checked(replies.say_roles([READS, LOGS, NOT_NOW_LINE]))) == [
        "*prod-db-readonly* · Read production databases · low · up to 2 h · asks database on-call [Ask]",
        "*prod-logs* · Read production logs · low · asks nobody [Ask]",
        "⛔ Not now: *prod-admin* (needs a sev1)",
    ]
    assert views.pressable(replies.say_roles([READS]).blocks)[0]["value"] == "prod-db-readonly"
    assert views.read(replies.say_roles([])) == ["No role fits that. All of them: /prod-access roles"]


def test_a_long_list_says_how_much_more_there_is():
    message = checked(replies.say_roles([READS] * 60))
    assert len(message.blocks) == 41
    assert views.read(message)[-1] == "· And 20 more."


def test_a_list_survives_an_odd_name():
    odd = READS._replace(title="<!channel> & co")
    message = checked(replies.say_roles([odd]))
    assert "&lt;!channel&gt; &amp; co" in views.read(message)[0]
    assert "<" not in message.text


# Everything else --------------------------------------------------------------------------------------


def test_help_is_five_lines():
    lines = views.read(checked(replies.say_help()))
    assert lines == [
        (
            "*Ask*  `/prod-access prod-db-readonly 1h INC-42 replication lag`"
            "  or just `/prod-access` for the form"
        ),
        (
            "*See*  `mine` · `waiting` · `roles`      *Change*  `extend 30m` · `end`"
            "      *Incident*  `incident INC-42 end`"
        ),
        "*Hurry*  `emergency prod-operator INC-42 why it cannot wait`",
        "*In a thread:* ⋯ on a message → Ask for access",
        "*Need a person:* #platform-help",
    ]
    assert views.read(replies.say_help(CONTACTS))[-1].endswith(" · <https://wiki.example/access|Full page>")


def test_a_word_nearby_is_one_press_away():
    message = checked(replies.say_did_you_mean("mine"))
    assert views.read(message) == ["Did you mean mine?", "[Show mine]"]
    assert views.pressable(message.blocks)[0]["value"] == "mine"


LATER = {
    "why": "`why` comes in a later version, so nothing was done."
    " For now /prod-access roles says what you can have.",
    "other": "`other` comes in a later version, so nothing was done. For now: /prod-access help",
}


@pytest.mark.parametrize("word", LATER)
def test_a_word_of_a_later_version_says_so(word: str):
    assert views.read(checked(replies.say_later(word))) == [LATER[word]]


STRANGERS = {
    Stranger.ANOTHER_APP: "prod-access does not serve this workspace, so nothing was done.",
    Stranger.ANOTHER_WORKSPACE: "prod-access does not serve this workspace, so nothing was done.",
    Stranger.EXTERNAL: "You belong to another organisation, so your click does not count here.",
    Stranger.GUEST: "Guests cannot ask for or approve access.",
    Stranger.BOT: "Bots cannot ask for or approve access.",
    Stranger.DELETED: "This account is switched off, so it cannot ask for or approve access.",
    Stranger.UNLINKED: "prod-access does not know you yet. Ask in #platform-help; they need this: U07AB12.",
    Stranger.NOT_CHECKED: "Slack did not say who you are, so nothing was done. Try in a minute.",
}


@pytest.mark.parametrize("stranger", Stranger)
def test_whoever_is_not_let_in_reads_why(stranger: Stranger):
    assert views.read(checked(replies.say_stranger(stranger, "U07AB12"))) == [STRANGERS[stranger]]


def test_what_goes_wrong_says_what_holds():
    assert views.read(checked(replies.say_unexpected("e-51c2"))) == [
        "That did not work and nothing changed. Reference e-51c2, sent to platform on-call."
    ]
    assert views.read(checked(replies.say_form_not_opened())) == [
        "The form did not open, so nothing was done. Try again."
    ]
    assert views.read(checked(replies.say_card_not_posted(views.waiting()))) == [
        (
            "Asked (pa-7k3m), but prod-access is not in <#C0DB>, so nobody saw it."
            " Tell #platform-help to invite it there."
        )
    ]


def test_every_button_says_to_a_screen_reader_what_it_is_about():
    messages = [to_ask(answer) for answer, _ in ASKED]
    messages += [
        replies.say_waiting([views.waiting()], {RequestId("pa-7k3m"): "https://x.example"}, now=views.NOW)
    ]
    messages += [replies.say_roles([READS]), replies.say_mine([views.live()], now=views.NOW)]
    labels = {
        button["text"]["text"]: button.get("accessibility_label")
        for one in messages
        for button in views.pressable(one.blocks)
    }
    assert labels == {
        "Withdraw": "Withdraw Ana Ruiz, prod-db-readonly, 1 hour",
        "End now": "End Ana Ruiz's prod-db-readonly now",
        "Change to 2 h": "Change prod-db-readonly to 2 hours",
        "Ask for prod-operator": "Ask for prod-operator",
        "Ask for 2 h": "Ask for prod-admin, 2 hours",
        "Open card": "Open card of Ana Ruiz, prod-db-readonly, 1 hour",
        "Ask": "Ask for prod-db-readonly",
    }
