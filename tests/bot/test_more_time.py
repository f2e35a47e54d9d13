"""More time in Slack: wanted by a line or a button, answered in the thread, told to whoever holds it."""

import re
from datetime import timedelta

import pytest

from bot.deciding import Click
from bot.slack import actions as ids
from bot.slack.blocks import Message as Drawn
from bot.slack.client import Posted, SlackAway
from policies.rules import Approvals
from policies.values import GroupName, PersonId
from sandbox.slack.person import Message, Person
from tests.bot.slack_bench import ASK, Bench, Killed, said, sentence, whisper, with_
from tests.simulated_cloud import failing
from workers.clouds.cloud import Again, Refused

MORE, END = "Ask for 30 min more", "End now"
WAITS = "Ana Ruiz asks for *30 min more* of prod-db-readonly"
WRITE = "/prod-access prod-db-write 30m INC-42 wrong prices"
_TIME = re.compile(r"\{\d\d:\d\d(:\d\d)? UTC\}")
UNKNOWN = "This button stands for nothing prod-access knows. Nothing changed. Ask with /prod-access."


def reply(who: Person, line: str, words: str = "") -> str:
    """What somebody reads in answer to a line."""
    assert who.types(f"/prod-access {line}", "C0DB").acked
    return sentence(whisper(who, words))


def thread(bench: Bench) -> list[Message]:
    """The lines under the newest card."""
    return list(bench.ben.thread(bench.card()))


def lines(bench: Bench, start: str = "") -> list[str]:
    """The same as words, without their times; those that start so."""
    found = [_TIME.sub("{…}", sentence(one)) for one in thread(bench)]
    return [line for line in found if line.startswith(f"{{…}} {start}")]


def small_print(bench: Bench) -> str:
    """The last line of the newest card."""
    return said(bench.card()).split("\n")[-1]


def step(bench: Bench) -> None:
    bench.work()
    bench.tell()


def asked(bench: Bench) -> Message:
    """Ana has asked for more time: the line in the thread that says so."""
    bench.live()
    reply(bench.ana, "extend", "Asked for 30 min more")
    bench.tell()
    return thread(bench)[-1]


def test_whoever_needs_nobody_types_it_and_has_it(bench: Bench):
    bench.ben.types(ASK, "C0DB")
    step(bench)
    answer = reply(bench.ben, "extend 20m", "Extending")
    assert answer == "Extending by 20 min, to {15:22 UTC}. The card says when every cloud has moved."
    bench.tell()
    assert sentence(bench.card()) == "🔓 *Live until {15:02 UTC}* · Ben Okafor · prod-db-readonly"
    assert small_print(bench).startswith("Extending to {15:22 UTC} · ")
    step(bench)
    assert sentence(bench.card()) == "🔓 *Live until {15:22 UTC}* · Ben Okafor · prod-db-readonly"
    assert small_print(bench).startswith(
        "~{15:02 UTC}~ → {15:22 UTC}, extended by Ben Okafor · longest possible {16:02 UTC} · pa-"
    )
    assert lines(bench)[-1] == "{…} Extended 20 min by Ben Okafor. Ends {…}. Rule on-call-reads."
    (message,) = bench.ben.dm()  # it was drawn again, in silence
    assert sentence(message) == "🔓 *You have prod-db-readonly until {15:22 UTC}.* Nobody needed to be asked."
    assert bench.cloud.held.popitem()[1] == bench.grants()[0].ends_at


def test_more_time_is_asked_for_in_a_line_that_calls_whoever_decides(bench: Bench):
    line = asked(bench)
    assert sentence(line).partition(" ")[2].partition("} ")[2].startswith(WAITS)
    assert (line.buttons, line.pings) == (("Approve", "Deny"), ("U0BEN",))
    assert small_print(bench).startswith("asks for 30 min more · Approved by Ben Okafor")
    (message,) = bench.ana.dm()
    assert "30 min more is asked for. Ben Okafor, database on-call, was asked" in said(message)
    assert bench.ben.clicks("Approve", line).acked
    bench.tell()
    decided = thread(bench)[-2]
    assert (decided.ts, decided.buttons) == (line.ts, ())
    assert "Ana Ruiz asked for more time, until" in sentence(decided)
    assert small_print(bench).startswith("Extending to {15:32 UTC}")
    step(bench)
    assert sentence(bench.card()).startswith("🔓 *Live until {15:32 UTC}*")
    assert lines(bench)[-3:] == [
        "{…} Ana Ruiz asked for more time, until {…}. Rule engineers-read.",
        "{…} More time approved by Ben Okafor. Ends {…} once every cloud has moved.",
        "{…} Extended 30 min by Ana Ruiz. Ends {…}. Rule engineers-read.",
    ]
    assert len(bench.ana.dm()) == 1


def test_a_no_is_typed_with_its_reason_and_rings(bench: Bench):
    line = asked(bench)
    bench.ben.clicks("Deny", line)
    form = bench.ben.form()
    assert form is not None
    assert form.title == "Deny more time"
    assert "Ana Ruiz asks for *30 min more* of prod-db-readonly" in form.shown
    bench.ben.fills("Reason, shown to Ana Ruiz", "AKIAIOSFODNN7EXAMPLE")
    assert "held a key" in bench.ben.submits().errors["deny_reason"]
    bench.ben.fills("Reason, shown to Ana Ruiz", "replica is being rebuilt")
    assert bench.ben.submits().acked
    bench.tell()
    assert thread(bench)[-2].buttons == ()
    denied = thread(bench)[-1]
    assert _TIME.sub("{…}", said(denied)) == (
        "{…} More time denied by Ben Okafor. Ends {…} as before.\nreplica is being rebuilt"
    )
    (_, news) = bench.ana.dm()
    assert said(news).startswith(
        "Not extended: denied by Ben Okafor. prod-db-readonly still ends at {15:02 UTC}."
        "\nreplica is being rebuilt\npa-"
    )
    assert "asks for" not in small_print(bench)


def test_nobody_approves_their_own_and_nobody_else_is_asked(bench: Bench):
    line = asked(bench)
    bench.ana.clicks("Approve", line)
    assert sentence(whisper(bench.ana, "own request")) == (
        "This is your own request, so your yes does not count."
        " Ben Okafor was asked and has until {14:32 UTC}."
    )
    ivy = bench.person("ivy")
    bench.page("members", channel="C0DB", user="U0IVY", **{"in": True})
    ivy.clicks("Deny", line)
    assert sentence(whisper(ivy, "decides")) == (
        "Only database on-call decides this: Ben Okafor now. Nothing changed."
    )
    assert ivy.form() is None


def test_the_line_lives_on_while_the_request_changes_around_it(bench: Bench):
    line = asked(bench)
    bench.look_at(bench.requests()[0], timedelta(minutes=29))  # no alarm yet
    request = bench.requests()[0]
    bench.ledger.retrying(lambda writing: writing.record([request.event("noted", writing.now)]))
    bench.tell()
    assert thread(bench)[-1].ts == line.ts
    assert bench.ben.clicks("Approve", line).acked
    assert bench.kinds()[-2:] == ["request.extension_allowed", "grant.extending"]


def test_a_warning_meanwhile_makes_the_old_button_stale_and_the_line_anew(bench: Bench):
    request = bench.live()
    bench.clock.move(timedelta(minutes=45))
    reply(bench.ana, "extend 30m", "Asked for 30 min more")
    bench.tell()
    line = thread(bench)[-1]
    bench.look_at(request, timedelta(minutes=6))
    assert bench.kinds()[-1] == "request.warned"
    bench.ben.clicks("Approve", line)
    assert sentence(whisper(bench.ben, "changed")) == (
        "This request changed. The card is redrawn; read it and decide again."
    )
    bench.tell()
    again = thread(bench)[-1]
    assert (again.ts, again.buttons) == (line.ts, ("Approve", "Deny"))
    assert bench.ben.clicks("Approve", again).acked
    assert bench.kinds()[-2:] == ["request.extension_allowed", "grant.extending"]


def test_a_yes_to_another_end_than_is_asked_for_now_says_when_it_changed(bench: Bench):
    line = asked(bench)
    bench.ben.clicks("Deny", line)
    bench.ben.fills("Reason, shown to Ana Ruiz", "too long")
    bench.ben.submits()
    bench.clock.move(timedelta(minutes=5))
    reply(bench.ana, "extend 10m", "Asked for 10 min more")
    bench.ben.clicks("Approve", line)  # drawn before, on a screen that was not drawn again yet
    assert _TIME.sub("{…}", sentence(whisper(bench.ben, "changed"))) == (
        "This request changed at {…}. The card is redrawn; read it and decide again."
    )
    assert bench.kinds()[-2:] == ["request.extension_asked", "click.refused"]


def test_when_the_rules_want_more_yeses_they_are_asked_for_in_a_line_of_their_own(bench: Bench):
    line = asked(bench)
    assert bench.in_force
    both = tuple(Approvals(groups=(GroupName(group),), count=1) for group in ("db-oncall", "security"))
    bench.in_force = with_(
        bench.in_force,
        rules=tuple(
            rule.model_copy(update={"approvals": both}) if rule.id == "engineers-read" else rule
            for rule in bench.in_force.rules
        ),
    )
    bench.clock.move(timedelta(minutes=5))
    bench.ben.clicks("Approve", line)
    assert sentence(whisper(bench.ben, "rules changed")) == (
        "The rules changed: database on-call and security must say yes. The card is redrawn."
    )
    bench.tell()
    anew = thread(bench)[-1]
    assert anew.ts != line.ts
    assert (anew.buttons, anew.pings) == (("Approve", "Deny"), ("U0BEN", "U0EMI"))
    bench.ben.clicks("Deny", line)
    assert sentence(whisper(bench.ben, "This request changed"))
    assert bench.ben.form() is None
    assert bench.ben.clicks("Approve", anew).acked
    bench.tell()
    bench.page("members", channel="C0DB", user="U0EMI", **{"in": True})
    again = next(one for one in thread(bench) if one.ts == anew.ts)
    bench.person("emi").clicks("Approve", again)
    assert bench.kinds()[-2:] == ["request.extension_allowed", "grant.extending"]


def test_a_button_of_the_line_counts_on_that_line_alone(bench: Bench):
    asked(bench)
    token = bench.token(bench.requests()[0])
    card = {"type": "message", "message_ts": bench.card().ts, "channel_id": "C0DB"}
    assert bench.press(ids.APPROVE_LONGER, token, container=card).acked
    assert sentence(whisper(bench.ben)) == UNKNOWN
    assert bench.press(ids.DENY_LONGER, token, container=card).acked
    assert bench.ben.form() is None
    assert bench.kinds()[-3:] == ["request.extension_asked", "click.refused", "click.refused"]


def test_two_yeses_where_the_role_takes_two(bench: Bench):
    bench.page("members", channel="C0DB", user="U0EMI", **{"in": True})
    emi = bench.person("emi")
    bench.asked(WRITE)
    for person in (bench.ben, emi):
        bench.tell()
        person.clicks("Approve", bench.card())
    step(bench)
    reply(bench.ana, "extend", "Asked for")
    bench.tell()
    line = thread(bench)[-1]
    assert line.pings == ("U0BEN", "U0EMI")
    bench.ben.clicks("Approve", line)
    assert sentence(whisper(bench.ben, "counted")) == (
        "Your yes is counted. One more is needed, from security."
    )
    bench.tell()
    assert lines(bench)[-1] == "{…} Yes to more time from Ben Okafor, still needs 1 yes."
    line = thread(bench)[-2]
    assert "Needs 1 yes: <@U0EMI> (security)" in said(line)
    emi.clicks("Approve", line)
    step(bench)
    assert lines(bench)[-1] == "{…} Extended 30 min by Ana Ruiz. Ends {…}. Rule engineers-write."


def test_no_answer_lapses_and_rings(bench: Bench):
    asked(bench)
    bench.look_at(bench.requests()[0], timedelta(minutes=30))
    bench.tell()
    assert thread(bench)[-2].buttons == ()
    assert lines(bench)[-1] == "{…} More time lapsed: nobody answered in time. Ends {…} as before."
    assert sentence(bench.ana.dm()[-1]) == (
        "Not extended: nobody answered in time. prod-db-readonly still ends at {15:02 UTC}."
    )


def test_once_it_is_over_the_line_has_nothing_to_press(bench: Bench):
    line = asked(bench)
    reply(bench.ana, "end", "Ending now")
    bench.tell()
    assert next(one for one in thread(bench) if one.ts == line.ts).buttons == ()
    step(bench)
    assert lines(bench)[-1].startswith("{…} Ended early by Ana Ruiz.")


def test_the_warning_rings_once_lets_it_last_longer_and_ends_with_the_rest(bench: Bench):
    request = bench.live()
    bench.look_at(request, timedelta(minutes=50))
    bench.tell()
    (first, warned) = bench.ana.dm()
    assert sentence(warned) == "prod-db-readonly ends at {15:02 UTC}. Save your work before then."
    assert warned.buttons == (MORE, END)
    assert bench.ana.clicks(MORE, warned).acked
    bench.tell()
    (_, waits) = bench.ana.dm()  # the answer is in the message itself
    assert "30 min more is asked for. Ben Okafor, database on-call, was asked" in sentence(waits)
    assert waits.buttons == (END,)
    bench.ben.clicks("Approve", thread(bench)[-1])
    step(bench)
    assert sentence(bench.ana.dm()[-1]) == (
        "prod-db-readonly ends at {15:32 UTC}. You are warned again before then."
    )
    bench.look_at(request, timedelta(minutes=30))
    bench.tell()
    (_, told_before, again) = bench.ana.dm()
    assert (told_before.ts, told_before.buttons) == (warned.ts, ())
    assert said(told_before).endswith(" · what holds now is in the message below")
    assert sentence(again).startswith("prod-db-readonly ends at {15:32 UTC}. Save your work")
    bench.clock.move(timedelta(minutes=10))
    step(bench)
    ended = [sentence(one) for one in bench.ana.dm()]
    assert ended[0] == ended[2] == "🔒 *Ended {15:32 UTC}* · prod-db-readonly · held 1 h 30 min"
    assert (bench.ana.dm()[0].ts, bench.ana.dm()[2].ts) == (first.ts, again.ts)


def test_a_warning_at_the_longest_says_so(bench: Bench):
    request = bench.typed("/prod-access prod-db-readonly 2h INC-42 replication lag")
    bench.tell()
    bench.ben.clicks("Approve", bench.card())
    step(bench)
    bench.look_at(request, timedelta(minutes=110))
    bench.tell()
    warned = bench.ana.dm()[-1]
    assert sentence(warned).endswith("It cannot be longer than 2 h. Ask again after it ends.")
    assert warned.buttons == (END,)
    assert reply(bench.ana, "extend", "cannot") == "It cannot be longer than 2 h. Ask again after it ends."


def test_of_two_warnings_told_at_once_only_the_last_rings(bench: Bench):
    bench.ben.types(ASK, "C0DB")
    step(bench)
    (request,) = bench.requests()
    bench.look_at(request, timedelta(minutes=50))
    reply(bench.ben, "extend 30m", "Extending")
    bench.work()
    bench.look_at(request, timedelta(minutes=30))
    bench.tell()
    assert bench.kinds().count("request.warned") == 2
    (_, warned) = bench.ben.dm()
    assert sentence(warned).startswith("prod-db-readonly ends at {15:32 UTC}. Save your work")


def test_a_warning_told_too_late_does_not_ring(bench: Bench):
    request = bench.live()
    bench.look_at(request, timedelta(minutes=50))
    bench.clock.move(timedelta(minutes=10))
    step(bench)
    (message,) = bench.ana.dm()
    assert sentence(message).startswith("🔒 *Ended")


def test_what_somebody_holds_is_listed_with_more_time(bench: Bench):
    bench.live()
    reply(bench.ana, "mine", "Your access")
    message = whisper(bench.ana, "Your access")
    assert message.buttons == (MORE, END)
    bench.ana.clicks(MORE, message)
    assert sentence(whisper(bench.ana, "Asked for 30 min more")).startswith("Asked for 30 min more (pa-")
    bench.ana.clicks(MORE, message)
    assert sentence(whisper(bench.ana, "Nothing new")).endswith("Nothing new was sent.")


def test_the_menu_of_the_holders_message_asks_for_it_too(bench: Bench):
    bench.live()
    bench.ana.clicks(MORE, bench.ana.dm()[-1])
    assert bench.kinds()[-1] == "request.extension_asked"
    bench.tell()
    assert len(bench.ana.dm()) == 1


def test_with_nothing_held_or_several_the_line_says_what_there_is(bench: Bench):
    assert reply(bench.ana, "extend 30m") == "You hold nothing now. Ask with /prod-access."
    bench.live()
    bench.clock.move(timedelta(seconds=1))
    bench.typed("/prod-access prod-logs 30m reading errors")
    step(bench)
    assert reply(bench.ana, "extend 30m", "Your access") == "Your access:"
    assert whisper(bench.ana, "Your access").buttons == ("Extend 30 min", END, MORE, END)
    answer = reply(bench.ana, "extend prod-logs 1h", "Extending")
    assert answer == "Extending by 1 h, to {15:32 UTC}. The card says when every cloud has moved."
    assert reply(bench.ana, "extend prod-operator 1h", "Your access") == "Your access:"


def test_more_than_the_rules_give_is_refused_with_what_they_do(bench: Bench):
    bench.live()
    answer = reply(bench.ana, "extend 2h", "cannot")
    assert answer == "It cannot be longer than 2 h in all. Nothing changed."
    assert whisper(bench.ana, "cannot").buttons == (MORE,)


def test_a_button_nobody_made_extends_nothing(bench: Bench):
    bench.live()
    assert bench.press(ids.EXTEND, "made-up").acked
    assert sentence(whisper(bench.ben)) == "You hold nothing now. Ask with /prod-access."
    assert bench.press(ids.EXTEND, bench.token(bench.requests()[0])).acked
    assert sentence(whisper(bench.ben, "Only")) == "Only Ana Ruiz can ask for more time. Nothing changed."


def test_a_cloud_that_cannot_move_its_end_is_named(bench: Bench):
    bench.ben.types(ASK, "C0DB")
    step(bench)
    reply(bench.ben, "extend", "Extending")
    bench.cloud.before = failing(Refused("LimitExceeded"))
    step(bench)
    assert sentence(bench.card()).startswith("🔓 *Live until {15:02 UTC}*")
    assert lines(bench)[-1] == "{…} Not extended: AWS still ends {…}."


def test_a_cloud_that_is_slow_to_move_its_end_is_waited_for(bench: Bench):
    bench.ben.types(ASK, "C0DB")
    step(bench)
    reply(bench.ben, "extend", "Extending")
    bench.cloud.before = failing(Again("Throttling", timedelta(seconds=5)))
    step(bench)
    assert small_print(bench).startswith("Extending to {15:32 UTC}")
    bench.clock.move(timedelta(seconds=5))
    step(bench)
    assert sentence(bench.card()).startswith("🔓 *Live until {15:32 UTC}*")


# What Slack may do meanwhile ------------------------------------------------------------------------------


def test_a_kill_after_the_line_was_posted_doubles_it_once_and_the_first_is_dead(bench: Bench):
    request = bench.live()
    reply(bench.ana, "extend", "Asked for")

    def die(method: str) -> None:
        if method == "chat.postMessage":
            bench.conversation.after = lambda _method: None
            raise Killed

    bench.conversation.after = die
    with pytest.raises(Killed):
        bench.announcer.run()
    bench.clock.move(timedelta(seconds=30))
    assert bench.another_announcer("announcer-2").run() == 0
    orphan, line = thread(bench)[-2:]
    assert orphan.buttons == line.buttons == ("Approve", "Deny")
    bench.ben.clicks("Approve", orphan)
    assert sentence(whisper(bench.ben)) == UNKNOWN
    bench.ben.clicks("Approve", line)
    assert bench.again(request).extension is not None
    assert bench.kinds()[-1] == "grant.extending"


def test_where_the_thread_is_lost_whoever_is_asked_gets_card_and_line(bench: Bench):
    bench.live()
    reply(bench.ana, "extend", "Asked for")
    bench.page("channels", id="C0DB", is_archived=True)
    bench.tell()
    card = bench.card(channel="D")
    assert sentence(card).startswith("🔓 *Live until")
    (line,) = bench.ben.thread(card)
    assert line.buttons == ("Approve", "Deny")
    assert bench.ben.clicks("Approve", line).acked
    assert bench.kinds()[-1] == "grant.extending"


def test_a_line_that_was_deleted_is_asked_anew_while_it_waits(bench: Bench):
    request = bench.live()
    bench.clock.move(timedelta(minutes=45))
    reply(bench.ana, "extend 30m", "Asked for")
    bench.tell()
    lost = thread(bench)[-1]
    bench.client.chat_delete(channel="C0DB", ts=lost.ts)
    bench.look_at(request, timedelta(minutes=6))
    bench.tell()
    line = thread(bench)[-1]
    assert line.ts != lost.ts
    assert bench.ben.clicks("Approve", line).acked
    assert bench.kinds()[-1] == "grant.extending"


def test_a_deleted_line_is_missed_by_nobody_once_it_was_decided(bench: Bench):
    line = asked(bench)
    bench.ben.clicks("Approve", line)
    bench.client.chat_delete(channel="C0DB", ts=line.ts)
    step(bench)
    before = len(bench.calls("chat.update"))
    reply(bench.ana, "end", "Ending now")
    bench.tell()
    assert len(bench.calls("chat.update")) == before + 2  # the card, and the message to Ana


def test_a_line_that_could_not_be_posted_is_posted_when_it_can(bench: Bench):
    bench.page("members", channel="C0DB", user="U0PRODACCESS", **{"in": False})
    bench.page("people", id="U0BEN", deleted=True)
    request = bench.typed()
    bench.tell()
    bench.page("people", id="U0BEN", deleted=False)
    bench.desk.approve(Click(PersonId("ben"), bench.token(request), None))
    step(bench)
    bench.clock.move(timedelta(minutes=45))
    reply(bench.ana, "extend", "Asked for")
    bench.page("people", id="U0BEN", deleted=True)
    bench.tell()
    assert bench.shown(request).message is None
    bench.page("members", channel="C0DB", user="U0PRODACCESS", **{"in": True})
    bench.page("people", id="U0BEN", deleted=False)
    bench.look_at(request, timedelta(minutes=6))
    bench.tell()
    assert thread(bench)[-1].buttons == ("Approve", "Deny")


def test_what_rings_later_doubles_no_line(bench: Bench):
    line = asked(bench)
    bench.ben.clicks("Deny", line)
    bench.ben.fills("Reason, shown to Ana Ruiz", "not today")
    bench.ben.submits()
    post = bench.conversation.post

    def away(channel: str, message: Drawn, *, thread: str | None = None) -> Posted:
        if channel == "U0ANA":
            raise SlackAway("her messages only")
        return post(channel, message, thread=thread)

    bench.conversation.post = away  # type: ignore[method-assign]
    assert bench.announcer.run() == 1.0
    bench.conversation.post = post  # type: ignore[method-assign]
    bench.tell()
    assert len(lines(bench, "More time denied")) == 1
    assert [sentence(one)[:12] for one in bench.ana.dm()][1:] == ["Not extended"]


def test_whoever_cannot_be_reached_is_rung_once_and_not_again(bench: Bench):
    request = bench.live()
    bench.look_at(request, timedelta(minutes=50))
    bench.page("people", id="U0ANA", deleted=True)
    bench.tell()
    bench.page("people", id="U0ANA", deleted=False)
    bench.clock.move(timedelta(minutes=10))
    step(bench)
    assert len(bench.ana.dm()) == 1
