"""What the ledger says is told: once, in order, in the right place, whatever Slack does meanwhile."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.announcer import CURSOR, HOLD
from bot.slack.blocks import Message as Drawn
from bot.slack.client import Posted, SlackRefused
from policies.people import People
from sandbox.slack.person import Message, Person
from tests.bot.slack_bench import Bench, Killed, Line, meridian, said, sentence, with_
from workers.ledger.errors import Away
from workers.ledger.reading import Card

_TIME = re.compile(r"\{\d\d:\d\d:\d\d UTC\}")
_POLICY = re.compile(r"policy [0-9a-f]{6}")


def of_the_app(who: Person, channel: str) -> list[Message]:
    """The messages of the app that everybody in the channel sees, oldest first."""
    return [one for one in who.sees(channel) if one.author == "Prod Access" and not one.only_you]


def thread(bench: Bench, card: Message) -> list[str]:
    """The lines under a card, without their times and the policy's hash."""
    lines = [sentence(one) for one in bench.ben.thread(card)]
    return [_POLICY.sub("policy …", _TIME.sub("{…}", line)) for line in lines]


OTHER = "/prod-access prod-db-write 30m wrong prices"
ASKED = "{…} Asked by Ana Ruiz: prod-db-readonly, 1 h, INC-42. Rule engineers-read, policy …."
APPROVED = "{…} Approved by Ben Okafor. Ends {…} in every cloud."
LIVE = "{…} Live in AWS {…}."


def test_one_card_is_posted_and_edited_in_place(bench: Bench):
    request = bench.asked()
    card = bench.card()
    assert card.pings == ("U0BEN",)
    bench.ben.clicks("Approve", card)
    bench.work()
    bench.tell()
    (only,) = of_the_app(bench.ben, "C0DB")
    assert (only.ts, only.edited) == (card.ts, False)
    assert sentence(only) == "🔓 *Live until {15:02 UTC}* · Ana Ruiz · prod-db-readonly"
    assert len(bench.calls("chat.postMessage")) == 5  # the card, three lines, the message to Ana
    assert bench.shown(request).lines == 3


def test_the_thread_tells_the_log_in_its_order_each_line_once(bench: Bench):
    request = bench.live()
    bench.ana.clicks("End now", bench.card())
    bench.tell()
    bench.work()
    bench.tell()
    told = thread(bench, bench.card())
    assert told[:3] == [ASKED, APPROVED, LIVE]
    assert len(told) == 4
    assert told[3].startswith("{…} Ended early by Ana Ruiz. AWS gone {…}. Receipt ")
    assert bench.shown(request).told == bench.entries()[-1].seq


def test_several_changes_become_one_drawing(bench: Bench):
    request = bench.typed()
    bench.tell()
    edits = len(bench.calls("chat.update"))
    bench.ben.clicks("Approve", bench.card())
    bench.work()
    bench.tell()
    assert len(bench.calls("chat.update")) == edits + 1
    assert bench.again(request).state == "active"


def test_what_was_told_is_not_told_again(bench: Bench):
    bench.live()
    before = len(bench.calls())
    bench.tell()
    bench.another_announcer("announcer-1").run()
    assert len(bench.calls()) == before


def test_the_holder_gets_one_message_edited_as_things_change(bench: Bench):
    bench.live()
    (message,) = bench.ana.dm()
    assert sentence(message) == ("🔓 *You have prod-db-readonly until {15:02 UTC}.* Ben Okafor approved it.")
    bench.ana.clicks("End now", message)
    bench.work()
    bench.tell()
    (after,) = bench.ana.dm()
    assert after.ts == message.ts
    assert sentence(after).startswith("🔒 *Ended {14:02 UTC}* · prod-db-readonly")


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
def test_a_kill_between_slacks_answer_and_our_commit_doubles_at_most_one_line(bench: Bench, method: str):
    request = bench.asked()
    bench.ben.clicks("Approve", bench.card())
    bench.work()
    _kill_after(bench.conversation, method, 1)
    with pytest.raises(Killed):
        bench.announcer.run()
    bench.clock.move(HOLD)
    assert bench.another_announcer("announcer-2").run() == 0
    (card,) = of_the_app(bench.ben, "C0DB")
    lines = thread(bench, card)
    assert [line for number, line in enumerate(lines) if line not in lines[:number]] == [
        ASKED,
        APPROVED,
        LIVE,
    ]
    assert len(lines) == (4 if method == "chat.postMessage" else 3)
    assert bench.shown(request).told == bench.entries()[-1].seq


def test_a_kill_just_after_the_card_is_posted_leaves_one_card_too_many_and_no_more(bench: Bench):
    request = bench.typed()
    _kill_after(bench.conversation, "chat.postMessage", 1)
    with pytest.raises(Killed):
        bench.announcer.run()
    bench.clock.move(HOLD)
    bench.another_announcer("announcer-2").run()
    cards = of_the_app(bench.ben, "C0DB")
    assert len(cards) == 2
    assert bench.shown(request).message == cards[1].ts
    bench.ben.clicks("Approve", cards[0])  # the orphan's token is bound to the other message
    assert bench.again(request).state == "pending"
    bench.ben.clicks("Approve", cards[1])
    assert bench.again(request).state == "approved"


def _kill_after(conversation: Line, method: str, times: int) -> None:
    left = [times]

    def after(called: str) -> None:
        if called == method:
            left[0] -= 1
            if not left[0]:
                conversation.after = lambda _method: None
                raise Killed

    conversation.after = after


@pytest.mark.parametrize("fault", ["error", "reset"])
def test_while_slack_is_away_nothing_is_lost_and_then_all_catches_up_in_order(bench: Bench, fault: str):
    bench.fault(fault, "chat.postMessage", "chat.update")
    first = bench.typed()
    second = bench.typed(OTHER)
    assert bench.announcer.run() == 1.0
    assert bench.shown(first).message is bench.shown(second).message is None
    assert len(bench.calls("chat.postMessage")) <= 2  # away is away: the second is not tried
    bench.desk.withdraw(first.requester, second.id)
    assert bench.announcer.run() == 1.0
    bench.mend()
    bench.tell()
    cards = of_the_app(bench.ben, "C0DB")
    assert [sentence(card).split(" · ")[0] for card in cards] == ["⏳ *Waiting*", "➖ *Withdrawn*"]
    assert thread(bench, cards[0]) == [ASKED]
    assert thread(bench, cards[1]) == [
        "{…} Asked by Ana Ruiz: prod-db-write, 30 min. Rule engineers-write, policy ….",
        "{…} Withdrawn by Ana Ruiz. Nothing was given.",
    ]


def test_what_slack_takes_is_kept_while_the_rest_waits(bench: Bench):
    bench.fault("error", "chat.postMessage", times=1)
    bench.typed()
    assert bench.announcer.run() == 1.0
    bench.tell()
    assert thread(bench, bench.card()) == [ASKED]


def test_told_to_slow_down_it_waits_and_goes_on_with_the_others(bench: Bench):
    bench.fault("ratelimited", "chat.postMessage", times=1, retry_after=17)
    first = bench.typed()
    second = bench.typed(OTHER)
    assert bench.announcer.run() == 17.0
    assert bench.shown(first).message is None
    assert bench.shown(second).message is not None
    bench.tell()
    assert len(of_the_app(bench.ben, "C0DB")) == 2


def test_a_deleted_card_is_posted_anew_and_only_once(bench: Bench):
    request = bench.asked()
    first = bench.card()
    bench.client.chat_delete(channel="C0DB", ts=first.ts)
    bench.desk.withdraw(request.requester, request.id)
    bench.tell()
    bench.tell()
    (card,) = [one for one in of_the_app(bench.ben, "C0DB") if one.thread_ts in {None, one.ts}]
    assert sentence(card).startswith("➖ *Withdrawn*")
    assert bench.shown(request).message == card.ts != first.ts
    assert thread(bench, card) == ["{…} Withdrawn by Ana Ruiz. Nothing was given."]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"deed": "members", "channel": "C0DB", "user": "U0PRODACCESS", "in": False}, "not_in_channel"),
        ({"deed": "channels", "id": "C0DB", "is_archived": True}, "is_archived"),
        ({"deed": "channels", "id": "C0DB", "is_ext_shared": True}, "shared"),
        ({"deed": "channels", "id": "C0DB", "is_pending_ext_shared": True}, "shared"),
    ],
)
def test_where_no_card_can_stand_whoever_is_asked_gets_it(
    bench: Bench, wrong: dict[str, object], problem: str
):
    request = bench.typed()
    bench.page(str(wrong.pop("deed")), **wrong)
    bench.tell()
    assert of_the_app(bench.ana, "C0DB") == []
    card = bench.card(channel="D")
    assert sentence(card) == "⏳ *Waiting* · Ana Ruiz asks for *prod-db-readonly* · 1 h"
    with bench.ledger.reading() as reader:
        assert [(one.request, one.problem) for one in reader.cards_with_problems()] == [(request.id, problem)]
    assert bench.ben.clicks("Approve", card).acked
    bench.work()
    bench.tell()
    assert sentence(bench.card(channel="D")).startswith("🔓 *Live until {15:02 UTC}*")
    assert bench.shown(request).problem == problem


@pytest.mark.parametrize(
    "wrong",
    [
        {"deed": "members", "channel": "C0DB", "user": "U0PRODACCESS", "in": False},
        {"deed": "channels", "id": "C0DB", "is_archived": True},
    ],
)
def test_a_channel_lost_after_the_card_was_posted_keeps_nothing_from_anybody(
    bench: Bench, wrong: dict[str, object]
):
    request = bench.asked()
    bench.ben.clicks("Approve", bench.card())
    bench.page(str(wrong.pop("deed")), **wrong)
    bench.work()
    bench.tell()
    (message,) = bench.ana.dm()
    assert sentence(message).startswith("🔓 *You have prod-db-readonly")
    assert bench.shown(request).told == bench.entries()[-1].seq
    before = len(bench.calls())
    bench.tell()
    assert len(bench.calls()) == before


def test_a_private_channel_we_were_put_out_of_is_left_for_a_message_to_whoever_is_asked(bench: Bench):
    bench.page("channels", id="C0DB", is_private=True)
    request = bench.asked(line=OTHER)
    bench.page("members", channel="C0DB", user="U0PRODACCESS", **{"in": False})
    bench.ben.clicks("Approve", bench.card())
    bench.tell()
    card = bench.card(bench.person("emi"), "D")
    assert sentence(card).startswith("⏳ *Waiting, 1 of 2*")
    assert bench.shown(request).problem == "channel_not_found"


def test_a_thread_that_can_no_longer_be_written_moves_to_a_new_card(bench: Bench):
    request = bench.asked()
    first = bench.card()
    _refuse_thread(bench, first.ts)
    bench.desk.withdraw(request.requester, request.id)
    bench.tell()
    last = bench.card()
    assert last.ts != first.ts
    assert thread(bench, last) == ["{…} Withdrawn by Ana Ruiz. Nothing was given."]


def _refuse_thread(bench: Bench, lost: str) -> None:
    post = bench.conversation.post

    def refuse(channel: str, message: Drawn, *, thread: str | None = None) -> Posted:
        if thread == lost:
            raise SlackRefused("thread_not_found")
        return post(channel, message, thread=thread)

    bench.conversation.post = refuse  # type: ignore[method-assign]


def test_a_channel_that_can_be_used_again_gets_its_card(bench: Bench):
    bench.page("members", channel="C0PRODACCESS", user="U0PRODACCESS", **{"in": False})
    bench.ana.types("/prod-access prod-logs 30m reading errors", "C0GENERAL")
    bench.tell()  # nobody is asked, so nobody gets a card
    assert of_the_app(bench.ana, "C0PRODACCESS") == []
    bench.page("members", channel="C0PRODACCESS", user="U0PRODACCESS", **{"in": True})
    bench.work()
    bench.tell()
    assert sentence(bench.card(bench.ana, "C0PRODACCESS")).startswith("🔓 *Live until")
    assert bench.shown(bench.requests()[0]).problem is None


def test_whoever_has_no_slack_account_is_passed_over(bench: Bench):
    policy = meridian()
    nobody = tuple(
        one.model_copy(update={"slack": ()}) if one.id in {"ana", "ben"} else one
        for one in policy.people.people
    )
    request = bench.typed()
    bench.in_force = with_(policy, people=People(people=nobody, groups=policy.people.groups))
    bench.page("members", channel="C0DB", user="U0PRODACCESS", **{"in": False})
    bench.tell()
    assert bench.shown(request) == Card(
        request.id, "C0DB", drawn=bench.shown(request).drawn, told=1, problem="not_in_channel"
    )
    assert bench.ben.dm() == ()


def test_where_nobody_asked_can_be_reached_the_requester_is_told(bench: Bench):
    request = bench.typed()
    bench.page("members", channel="C0DB", user="U0PRODACCESS", **{"in": False})
    bench.page("people", id="U0BEN", deleted=True)
    bench.tell()
    assert sentence(bench.ana.dm()[-1]) == (
        f"Asked ({request.id}), but prod-access is not in <#C0DB>, so nobody saw it. "
        "Tell #platform-help to invite it there."
    )


def test_a_holder_slack_does_not_reach_keeps_nobody_waiting(bench: Bench):
    request = bench.asked()
    bench.page("people", id="U0ANA", deleted=True)
    bench.ben.clicks("Approve", bench.card())
    bench.work()
    bench.tell()
    assert sentence(bench.card()).startswith("🔓 *Live until")
    assert bench.shown(request).direct_message is None


def test_of_two_announcers_one_speaks(bench: Bench):
    other = bench.another_announcer("announcer-2")
    bench.typed()
    during: list[float] = []
    bench.conversation.after = lambda _method: during.append(other.run()) if not during else None
    bench.tell()
    assert during == [1.0]
    assert thread(bench, bench.card()) == [ASKED]
    assert other.run() == 0.0
    bench.typed(OTHER)
    assert other.run() == 1.0
    bench.clock.move(HOLD)
    assert other.run() == 0.0
    assert len(of_the_app(bench.ben, "C0DB")) == 2


def test_one_announcer_runs_once_at_a_time(bench: Bench):
    bench.typed()
    during: list[float] = []
    bench.conversation.after = lambda _method: during.append(bench.announcer.run())
    bench.tell()
    assert set(during) == {0.1}


def test_one_that_took_too_long_leaves_the_rest_to_whoever_went_on(bench: Bench):
    bench.typed()
    bench.typed(OTHER)

    def taken_over(_method: str) -> None:
        bench.conversation.after = lambda _method: None
        bench.clock.move(HOLD + timedelta(seconds=1))
        until = bench.clock() + HOLD
        assert bench.ledger.retrying(lambda writing: writing.hold_cursor(CURSOR, "announcer-2", until))

    bench.conversation.after = taken_over
    assert bench.announcer.run() == 1.0
    assert len(of_the_app(bench.ben, "C0DB")) == 1
    assert bench.another_announcer("announcer-2").run() == 0
    first, second = of_the_app(bench.ben, "C0DB")
    assert thread(bench, first) == [ASKED]
    assert len(thread(bench, second)) == 1


def test_without_a_policy_it_waits(bench: Bench):
    bench.typed()
    policy, bench.in_force = bench.in_force, None
    assert bench.announcer.run() == 1.0
    assert bench.calls("chat.postMessage") == []
    bench.in_force = policy
    bench.tell()
    assert thread(bench, bench.card()) == [ASKED]


def test_a_mistake_in_telling_one_request_does_not_silence_the_others(bench: Bench):
    broken, second = bench.typed(), bench.typed(OTHER)
    bench.conversation.after = _mistake_at("conversations.info")
    assert bench.announcer.run() == 1.0
    told = [one.id for one in (broken, second) if bench.shown(one).message]
    assert len(told) == 1
    bench.tell()
    assert len(of_the_app(bench.ben, "C0DB")) == 2


def _mistake_at(method: str) -> Callable[[str], None]:
    made: list[str] = []

    def after(called: str) -> None:
        if called == method and not made:
            made.append(called)
            raise LookupError("a mistake of ours")

    return after


def test_a_ledger_that_goes_away_meanwhile_is_the_callers_to_know(bench: Bench):
    bench.typed()
    bench.conversation.after = lambda _method: bench._rename("chain", "chain_away")
    with pytest.raises(Away):
        bench.announcer.run()
    bench.conversation.after = lambda _method: None
    bench._rename("chain_away", "chain")
    bench.clock.move(HOLD)
    bench.tell()
    assert thread(bench, bench.card()) == [ASKED]


def test_a_message_slack_refuses_for_what_is_in_it_is_tried_again(bench: Bench):
    request = bench.asked()
    bench.desk.withdraw(request.requester, request.id)
    edit = bench.conversation.edit
    bench.conversation.edit = _refused  # type: ignore[method-assign]
    assert bench.announcer.run() == 1.0
    bench.conversation.edit = edit  # type: ignore[method-assign]
    bench.tell()
    assert sentence(bench.card()).startswith("➖ *Withdrawn*")


def _refused(_channel: str, _at: str, _message: Drawn) -> None:
    raise SlackRefused("invalid_blocks")


def test_what_concerns_no_request_moves_the_cursor_on(bench: Bench):
    bench.ana.types("/prod-access prod-db-readonly 8h lag", "C0DB")
    assert bench.kinds() == ["ask.refused"]
    bench.tell()
    with bench.ledger.reading() as reader:
        assert reader.cursor(CURSOR) == 1


def test_ana_admin_and_ana_are_one_person_with_one_message(bench: Bench):
    bench.asked(who="ana-admin")
    bench.ben.clicks("Approve", bench.card())
    bench.work()
    bench.tell()
    assert sentence(bench.ana.dm()[-1]).startswith("🔓 *You have prod-db-readonly")
    assert said(bench.card()).startswith("🔓 *Live until {15:02 UTC}* · Ana Ruiz")
