"""More time, as it is read: in the thread, in the holder's messages, in answers; and the warning."""

from datetime import datetime, timedelta
from typing import get_args

import pytest

from bot import answers
from bot.answers import ClickAnswer, ExtendAnswer
from bot.slack import actions as ids
from bot.slack import replies, thread
from bot.slack.blocks import Message
from bot.slack.modals import deny_longer_form
from bot.slack.news import news, warning
from bot.slack.thread import Beside
from bot.slack.words.small import in_question
from bot.views import CardState, MoreView, RequestView, Room
from policies import extension
from policies.approval import Approval, ApprovalSlot
from policies.audit import GENESIS, Event, link
from policies.catalogue import Risk
from policies.decision import Refusal, Refuse
from policies.grant import GrantState
from policies.request import AccessRequest, RequestState
from policies.values import GroupName
from tests.bot import many_clouds as many
from tests.bot import views_builder as views
from tests.bot.many_clouds import HALF

NOW = views.clock("14:45")
HOUR = timedelta(hours=1)
ACTIVE = views.approved(RequestState.ACTIVE)
BEN = Beside("Ben Okafor", "replica is being rebuilt")


def asked() -> AccessRequest:
    return extension.asked_more(ACTIVE, views.ANA.id, HALF, ACTIVE.terms, NOW).value


def yes(at: str = "14:46") -> Approval:
    groups = (GroupName("db-oncall"),)
    return Approval(person=views.BEN.id, at=views.clock(at), groups=groups, digest="d" * 64)


def told(event: Event, view: RequestView, beside: Beside = Beside()) -> Message:  # noqa: B008 (frozen)
    message = thread.line(link(event, seq=1, prev=GENESIS), view, beside, token=views.TOKEN)
    assert message is not None
    assert views.problems(message) == []
    return message


# The thread -------------------------------------------------------------------------------------------

ASKED = extension.asked_more(ACTIVE, views.ANA.id, HALF, ACTIVE.terms, NOW).events[0]
ALLOWED = extension.allowed_more(asked(), yes(), views.clock("14:46")).events[0]


def settled(view: RequestView) -> Event:
    """What is written once every cloud has moved, or has not."""
    allowed = extension.allowed_more(asked(), yes(), views.clock("14:46")).value
    grants = [one.grant for one in view.clouds if one.grant]
    moved = extension.settled_more(allowed, grants, views.clock("14:46:02"))
    assert moved is not None
    return moved.events[0]


LINES = {
    "counted": (
        extension.counted_more(asked(), yes()).events[0],
        many.asks_for_more(),
        "{14:46:00} Yes to more time from Ben Okafor, still needs 1 yes.",
    ),
    "counted, told late": (
        extension.counted_more(asked(), yes()).events[0],
        many.extended(),
        "{14:46:00} Yes to more time from Ben Okafor.",
    ),
    "allowed": (
        ALLOWED,
        many.extending(),
        "{14:46:00} More time approved by Ben Okafor. Ends {15:33:20} once every cloud has moved.",
    ),
    "extended": (
        settled(many.extended()),
        many.extended(),
        "{14:46:02} Extended 30 min by Ana Ruiz. Ends {15:33:20}. Rule engineers-read.",
    ),
    "extended, but for one cloud": (
        settled(many.azure_kept()),
        many.azure_kept(),
        (
            "{14:46:02} Extended 30 min by Ana Ruiz. Ends {15:33:20}. Rule engineers-read."
            " Azure still ends {15:03:20}."
        ),
    ),
    "no cloud could": (
        settled(many.live()),
        many.live(),
        "{14:46:02} Not extended: AWS, Google Cloud and Azure still end {15:03:20}.",
    ),
    "denied": (
        extension.denied_more(asked(), views.BEN.id, "ref", views.clock("14:46")).events[0],
        many.live(),
        "{14:46:00} More time denied by Ben Okafor. Ends {15:03:20} as before.",
    ),
    "lapsed": (
        extension.lapsed_more(asked(), views.clock("14:58")).events[0],
        many.live(),
        "{14:58:00} More time lapsed: nobody answered in time. Ends {15:03:20} as before.",
    ),
    "asked, and decided since": (
        ASKED,
        many.extended(),
        "{14:45:00} Ana Ruiz asked for more time, until {15:33:20}. Rule engineers-read.",
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_a_line_about_more_time_reads_as_ux_writes_it(name: str):
    event, view, words = LINES[name]
    who = Beside("Ana Ruiz" if event is ASKED else "Ben Okafor")
    message = told(event, view, who)
    assert views.read(message)[0] == words
    assert views.word_count(words) <= 20
    assert views.pressable(message.blocks) == []


def test_more_time_that_waits_is_asked_for_in_a_line_with_buttons_of_its_own():
    message = told(ASKED, many.asks_for_more(), Beside("Ana Ruiz"))
    assert views.read(message) == [
        (
            "{14:45:00} Ana Ruiz asks for *30 min more* of prod-db-readonly, until {15:33:20}."
            " Rule engineers-read."
        ),
        "[Approve] [Deny]",
        "· Needs 1 yes: <@U0BEN> (database on-call) · lapses {15:03} if nobody answers · pa-7k3m",
    ]
    assert message.text == (
        "Ana Ruiz asks for 30 min more of prod-db-readonly, until 15:33 UTC: 1 h 30 min in all, low risk."
        " Needs 1 yes from Ben Okafor by 15:03 UTC. Approve or Deny on this line. pa-7k3m"
    )
    pressed = views.pressable(message.blocks)
    assert [(one["action_id"], one["value"]) for one in pressed] == [
        (ids.APPROVE_LONGER, views.TOKEN),
        (ids.DENY_LONGER, views.TOKEN),
    ]
    assert [one["accessibility_label"] for one in pressed] == [
        "Approve 30 minutes more for Ana Ruiz, prod-db-readonly",
        "Deny 30 minutes more for Ana Ruiz, prod-db-readonly",
    ]
    assert "confirm" not in pressed[0]


def test_a_critical_role_asks_twice_before_it_lasts_longer():
    (approve, _) = views.pressable(told(ASKED, many.asks_for_more(risk=Risk.CRITICAL)).blocks)
    assert approve["confirm"]["text"]["text"] == "Approve 30 min more of prod-db-readonly for Ana Ruiz?"


def test_where_nobody_else_can_say_yes_the_line_says_so():
    nobody = many.more()._replace(asked=())
    message = told(ASKED, many.asks_for_more(more=nobody))
    assert views.read(message)[-1] == "· ⛔ Nobody else in database on-call can approve now · lapses {15:03}"
    assert "Needs" not in message.text


def test_only_the_last_ask_has_buttons():
    earlier = extension.asked_more(ACTIVE, views.ANA.id, HALF, ACTIVE.terms, views.clock("14:20")).events[0]
    assert views.pressable(told(earlier, many.asks_for_more()).blocks) == []


def test_a_denial_of_more_time_quotes_its_reason():
    event = extension.denied_more(asked(), views.BEN.id, "ref", views.clock("14:46")).events[0]
    message = told(event, many.live(), BEN)
    assert views.read(message)[1:] == ["> replica is being rebuilt"]
    assert message.text.endswith("Reason: replica is being rebuilt.")


def test_what_nobody_had_to_approve_is_told_once_it_is_so():
    event = extension.given_more(ACTIVE, views.ANA.id, HALF, ACTIVE.terms, NOW).events[0]
    assert thread.line(link(event, seq=1, prev=GENESIS), many.extending()) is None


def test_the_end_of_an_extended_access_says_what_an_open_session_may_still_do():
    event = Event("request.ended", views.clock("15:03:50"), {"request": "pa-7k3m"})
    (told_in_time, small) = views.read(told(event, many.ended_in_four()))
    assert told_in_time.startswith(
        "{15:03:50} Ended. AWS gone {15:03:23}, Google gone {15:03:22}, Azure gone {15:03:44},"
        " may answer until {15:13}, AWS Identity Center gone {15:03:50}. Receipt "
    )
    assert small == "· an open Identity Center session may live until {16:03}"
    early = views.read(told(event, many.ended_early()))
    assert early[0].startswith(
        "{15:03:50} Ended early by Dev Patel. AWS gone {14:40:08}, Google gone {14:40:07},"
        " Azure gone {14:40:30}. Receipt "
    )
    assert early[1:] == [
        (
            "· AWS refuses within a few minutes, Google within 7 min of removal (their figures)"
            " · Azure may still answer until {14:50} (Azure's figure)"
        )
    ]
    assert len(views.read(told(event, many.ended()))) == 1


# The warning, and what else rings -------------------------------------------------------------------------

WARNED = views.approved(RequestState.ACTIVE, warned_at=views.clock("14:53:20"))


def rings(kind: str, view: RequestView, now: datetime = NOW) -> list[str] | None:
    message = news(kind, view, BEN, now=now, token=views.TOKEN)
    assert message is None or views.problems(message) == []
    return views.read(message) if message else None


def test_the_warning_says_when_it_ends_and_lets_it_last_longer():
    assert rings("request.warned", many.live(request=WARNED)) == [
        "prod-db-readonly ends at {15:03}. Save your work before then.",
        "[Ask for 30 min more] [End now]",
        "· pa-7k3m",
    ]
    at_once = Room(HALF, 2 * HOUR, needs_a_yes=False)
    assert rings("request.warned", many.live(request=WARNED, room=at_once))[1:2] == [  # type: ignore[index]
        "[Extend 30 min] [End now]"
    ]


@pytest.mark.parametrize(
    ("room", "why"),
    [
        (Room(None, HOUR, needs_a_yes=False), "It cannot be longer than 1 h. Ask again after it ends."),
        (Room(None, None, needs_a_yes=False), "It cannot be longer now. Ask again after it ends."),
        (Room(None, 2 * HOUR, needs_a_yes=False), "It cannot be longer now. Ask again after it ends."),
    ],
)
def test_a_warning_without_a_button_says_why(room: Room, why: str):
    assert rings("request.warned", many.live(request=WARNED, room=room)) == [
        f"prod-db-readonly ends at {{15:03}}. Save your work before then. {why}",
        "[End now]",
        "· pa-7k3m",
    ]


def test_a_warning_says_that_more_time_is_on_its_way():
    waits = rings("request.warned", many.asks_for_more(request=WARNED))
    assert waits is not None
    assert waits[0].endswith(
        "before then. 30 min more is asked for."
        " Ben Okafor, database on-call, was asked and has until {15:03}."
    )
    assert waits[1] == "[End now]"
    nobody = many.asks_for_more(request=WARNED, more=many.more()._replace(asked=()))
    assert rings("request.warned", nobody)[0].endswith(  # type: ignore[index]
        "30 min more is asked for. Nobody else in database on-call can approve now."
    )


def test_a_warning_that_comes_too_late_does_not_ring():
    assert rings("request.warned", many.live(request=WARNED), now=views.clock("15:03:20")) is None
    assert rings("request.warned", many.live()) is None  # it was extended since
    assert rings("request.warned", many.ended()) is None


def test_the_last_warning_is_drawn_again_as_things_change():
    def now_says(view: RequestView) -> list[str]:
        message = warning(view, now=NOW, token=views.TOKEN)
        assert message is not None
        return views.read(message)

    assert now_says(many.extended()) == [
        "prod-db-readonly ends at {15:33}. You are warned again before then.",
        "· pa-7k3m",
    ]
    assert now_says(many.ended()) == ["🔒 *Ended {15:03}* · prod-db-readonly · held 1 h", "· pa-7k3m"]


def test_a_no_to_more_time_rings_with_its_reason():
    assert rings("request.extension_denied", many.live()) == [
        "Not extended: denied by Ben Okafor. prod-db-readonly still ends at {15:03}.",
        "> replica is being rebuilt",
        "· pa-7k3m",
    ]
    message = news("request.extension_denied", many.live(), BEN, now=NOW, token="")
    assert message is not None
    assert message.text.endswith("still ends at 15:03 UTC. Reason: replica is being rebuilt.")
    silent = news("request.extension_denied", many.live(), Beside("Ben Okafor"), now=NOW, token="")
    assert silent is not None
    assert len(silent.blocks) == 2


def test_no_answer_rings_while_there_is_something_to_lose():
    assert rings("request.extension_lapsed", many.live()) == [
        "Not extended: nobody answered in time. prod-db-readonly still ends at {15:03}.",
        "· pa-7k3m",
    ]
    assert rings("request.extension_lapsed", many.ending()) is None
    assert rings("request.extended", many.live()) is None


# Answers ----------------------------------------------------------------------------------------------


def refusal(kind: Refusal, reason: str, longest: timedelta | None = None) -> Refuse:
    return Refuse(kind=kind, reasons=(reason,) if reason else (), longest=longest, policy_hash="p" * 64)


TOO_LONG = refusal(Refusal.TOO_LONG, "3 h is too long. The longest you can have is 2 h.", 2 * HOUR)
FULL = many.live(room=Room(None, HOUR, needs_a_yes=False))
UNASKED = many.asks_for_more(more=many.more()._replace(asked=()))

ANSWERS: list[tuple[ExtendAnswer, list[str]]] = [
    (
        answers.Extended(many.extending(), HALF),
        ["Extending by 30 min, to {15:33}. The card says when every cloud has moved."],
    ),
    (
        answers.AskedLonger(many.asks_for_more(), HALF),
        [("Asked for 30 min more (pa-7k3m). Ben Okafor, database on-call, was asked and has until {15:03}.")],
    ),
    (
        answers.AskedLonger(UNASKED, HALF),
        ["Asked for 30 min more (pa-7k3m). Nobody else in database on-call can approve now."],
    ),
    (
        answers.AlreadyExtending(many.asks_for_more()),
        [
            (
                "30 min more is asked for. Ben Okafor, database on-call, was asked and has until {15:03}."
                " Nothing new was sent."
            )
        ],
    ),
    (answers.AlreadyExtending(many.extending()), ["Extending to {15:33}. Nothing new was sent."]),
    (answers.AlreadyExtending(many.live()), ["Nothing new was sent."]),
    (answers.NoLonger(FULL), ["It cannot be longer than 1 h. Ask again after it ends."]),
    (
        answers.NotLonger(many.live(), TOO_LONG),
        ["It cannot be longer than 2 h in all. Nothing changed.", "[Ask for 30 min more]"],
    ),
    (
        answers.NotLonger(FULL, refusal(Refusal.NOBODY_CAN_APPROVE, "Nobody can approve: nobody is there.")),
        ["Nobody can approve: nobody is there. It ends as before."],
    ),
    (answers.NotLonger(FULL, refusal(Refusal.DENIED, "")), ["Not allowed now. It ends as before."]),
    (answers.MayNotExtend(many.live()), ["Only Ana Ruiz can ask for more time. Nothing changed."]),
    (
        answers.MayNotExtend(many.live(requester=views.DEV)),
        ["Only Dev Patel or Ana Ruiz can ask for more time. Nothing changed."],
    ),
    (answers.NothingToExtend(None), ["You hold nothing now. Ask with /prod-access."]),
    (answers.NothingToExtend(views.waiting()), ["It is not approved yet. Nothing changed."]),
    (answers.NothingToExtend(many.starting()), ["It is not live everywhere yet. Nothing changed."]),
    (answers.NothingToExtend(many.live()), ["It ends too soon to be extended. Nothing changed."]),
    (answers.NothingToExtend(many.ending()), ["It is ending already. Nothing changed."]),
    (answers.NothingToExtend(many.stuck()), ["It is ending already. Nothing changed."]),
    (answers.NothingToExtend(views.found_again()), ["It is ending already. Nothing changed."]),
    (
        answers.NothingToExtend(many.ended()),
        ["It ended {15:03} already. Ask again if you still need it."],
    ),
    (answers.NothingToExtend(views.denied()), ["Nothing was given. Nothing changed."]),
    (
        answers.NoRules(),
        [
            (
                "Nothing changed: prod-access has no rules to decide by, so it gives no new access."
                " Live access still ends on time. Tell #platform-help."
            )
        ],
    ),
    (
        answers.Frozen(NOW),
        ["No new access since {14:45}: it was frozen. Live access still ends on time."],
    ),
    (
        answers.LedgerAway(),
        [
            (
                "Nothing changed: prod-access cannot write its log, so it gives no new access. Live access"
                " still ends on time. Try in a minute; if production cannot wait: break-glass page."
            )
        ],
    ),
]


@pytest.mark.parametrize(("answer", "lines"), ANSWERS)
def test_wanting_more_time_is_answered_in_ux_words(answer: ExtendAnswer, lines: list[str]):
    message = replies.say_longer(answer, now=NOW, token=views.TOKEN)
    assert views.problems(message) == []
    assert views.read(message) == lines
    assert views.word_count(lines[0]) <= 35


def test_every_answer_about_more_time_has_its_words():
    assert {type(answer) for answer, _ in ANSWERS} == set(get_args(ExtendAnswer))


def test_a_button_for_more_time_carries_the_token_and_says_aloud_what_it_does():
    for needs_a_yes, label in (
        (True, "Ask for 30 minutes more of prod-db-readonly"),
        (False, "Extend prod-db-readonly by 30 minutes"),
    ):
        view = many.live(room=Room(HALF, 2 * HOUR, needs_a_yes=needs_a_yes))
        message = replies.say_ask(answers.AlreadyHeld(view), now=NOW, token=views.TOKEN)
        (extend, end) = views.pressable(message.blocks)
        assert (extend["action_id"], extend["value"]) == (ids.EXTEND, views.TOKEN)
        assert extend["accessibility_label"] == label
        assert end["action_id"] == ids.END


_SECURITY = (ApprovalSlot(groups=(GroupName("security"),), count=1),)
TWO = many.more()._replace(asked=(views.EMI,), groups=(views.SECURITY,))
CLICKS: list[tuple[ClickAnswer, str]] = [
    (
        answers.OwnRequest(many.asks_for_more()),
        "This is your own request, so your yes does not count. Ben Okafor was asked and has until {15:03}.",
    ),
    (
        answers.NotAnApprover(many.asks_for_more()),
        "Only database on-call decides this: Ben Okafor now. Nothing changed.",
    ),
    (
        answers.Counted(many.asks_for_more(more=TWO)),
        "Your yes is counted. One more is needed, from security.",
    ),
    (
        answers.AlreadyCounted(many.asks_for_more(more=TWO), _SECURITY),
        "Your yes is counted. One more is needed, from security.",
    ),
    (
        answers.Approved(many.extending()),
        "Your yes is counted. It is extended to {15:33} once every cloud has moved.",
    ),
    (answers.Denied(many.live()), "Denied. Ana Ruiz gets your reason by DM."),
    (answers.NothingToDecide(many.live()), "The longer time was decided already. Nothing changed."),
]


@pytest.mark.parametrize(("answer", "words"), CLICKS)
def test_a_press_about_more_time_is_answered_about_more_time(answer: ClickAnswer, words: str):
    message = replies.say_click(answer, now=NOW, token=views.TOKEN)
    assert views.read(message) == [words]


def test_what_is_in_question_is_the_request_until_more_time_waits():
    assert in_question(views.waiting()) == views.waiting()
    assert in_question(many.extending()) == many.extending()
    assert in_question(many.asks_for_more()).asked == (views.BEN,)


def test_a_no_to_more_time_is_typed_into_a_form_that_says_what_it_is_about():
    form = deny_longer_form(many.asks_for_more(), "tok-1 1.5")
    assert form["private_metadata"] == "tok-1 1.5"
    assert form["title"]["text"] == "Deny more time"  # type: ignore[index]
    assert views.texts(form["blocks"]) == ["Ana Ruiz asks for *30 min more* of prod-db-readonly"]
    assert "Reason, shown to Ana Ruiz" in views.texts(form["blocks"], "plain_text")
    assert len(deny_longer_form(many.live(), "tok-1")["blocks"]) == 1  # type: ignore[arg-type]


def test_mine_offers_more_time_where_there_is_any():
    view = many.live()
    message = replies.say_mine([view], now=NOW, tokens={view.request.id: views.TOKEN})
    assert views.problems(message) == []
    assert views.read(message) == [
        "Your access:",
        "🔓 *prod-db-readonly* · until {15:03}",
        "[Ask for 30 min more] [End now]",
    ]


def test_a_long_list_of_what_somebody_holds_fits_with_its_buttons():
    view = many.live()
    message = replies.say_mine([view] * 30, now=NOW, tokens={view.request.id: views.TOKEN})
    assert views.problems(message) == []
    assert views.read(message)[-1] == "· And 10 more."


def test_only_what_is_live_waits_for_more():
    more: MoreView = many.more()
    assert many.live(more=more).waits_for_more
    assert not many.ending(more=more).waits_for_more
    assert not many.live(more=many.more(allowed=True)).waits_for_more
    assert many.live(more=more).state is CardState.LIVE
    assert all(one.state is GrantState.LIVE for one in many.live().clouds)
