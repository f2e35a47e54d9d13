"""What comes of a press: the right person, on the right card, once; and everybody else is told why not."""

import threading
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from policies.people import People
from policies.request import RequestState
from policies.rules import Policy
from sandbox.slack.person import Message, Outcome, View
from tests.bot.slack_bench import Bench, direct, meridian, said, sentence, whisper, with_

WRITE = "/prod-access prod-db-write 30m INC-42 wrong prices"
UNKNOWN = "This button stands for nothing prod-access knows. Nothing changed. Ask with /prod-access."


def deny(bench: Bench, who: str, card: Message, reason: str) -> Outcome:
    """Press Deny, type a reason and send it."""
    person = bench.person(who)
    assert person.clicks("Deny", card).acked
    assert form(bench, who).title == "Deny this request"
    person.fills("Reason, shown to Ana Ruiz", reason)
    return person.submits()


def form(bench: Bench, who: str) -> View:
    """The form in front of somebody."""
    found = bench.person(who).form()
    assert found is not None
    return found


def test_one_press_approves_and_the_card_says_so_to_everybody(bench: Bench):
    request = bench.asked()
    assert bench.ben.clicks("Approve", bench.card()).acked
    after = bench.again(request)
    assert (after.state, after.decided_by) == (RequestState.APPROVED, "ben")
    assert [one for one in bench.ben.sees("C0DB") if one.only_you] == []  # the card says it, nobody else
    bench.tell()
    card = bench.card()
    assert sentence(card).startswith("⚙️ *Approved, starting* · Ana Ruiz · prod-db-readonly")
    assert card.buttons == ("End now",)


def test_the_first_of_two_yeses_is_counted_and_says_what_is_missing(bench: Bench):
    request = bench.asked(WRITE)
    bench.ben.clicks("Approve", bench.card())
    assert sentence(whisper(bench.ben)) == "Your yes is counted. One more is needed, from security."
    bench.tell()
    bench.ben.clicks("Approve", bench.card())
    whisper(bench.ben)
    assert bench.body("click.refused")["why"] == "already_counted"
    emi = bench.person("emi")
    bench.page("members", channel="C0DB", user="U0EMI", **{"in": True})
    emi.clicks("Approve", bench.card(emi))
    assert bench.again(request).state is RequestState.APPROVED


def test_a_denial_needs_a_reason_which_the_requester_reads(bench: Bench):
    request = bench.asked()
    bench.ben.clicks("Deny", bench.card())
    assert bench.ben.submits().kind == "invalid"
    bench.ben.fills("Reason, shown to Ana Ruiz", "   ")
    assert bench.ben.submits().errors == {"deny_reason": "A reason is missing."}
    bench.ben.fills("Reason, shown to Ana Ruiz", "replica is being rebuilt, try at 16:00")
    assert bench.ben.submits().acked
    assert bench.ben.form() is None
    assert sentence(direct(bench.ben)) == "Denied. Ana Ruiz gets your reason by DM."
    assert bench.again(request).state is RequestState.REFUSED
    bench.tell()
    assert sentence(bench.card()).startswith("⛔ *Denied* · Ana Ruiz asked for prod-db-readonly · by Ben")
    message = bench.ana.dm()[-1]
    assert sentence(message) == 'Denied by Ben Okafor: "replica is being rebuilt, try at 16:00".'
    bench.ana.clicks("Ask again", message)
    assert "replication lag" in repr(form(bench, "ana").values)


def test_a_key_in_a_denial_is_not_stored(bench: Bench):
    request = bench.asked()
    outcome = deny(bench, "ben", bench.card(), "use AKIAIOSFODNN7EXAMPLE instead")
    assert outcome.errors == {
        "deny_reason": "Your reason looked as if it held a key. It was not stored. Write it again without."
    }
    assert "AKIA" not in bench.everything_stored()
    assert bench.again(request) == request


def test_a_denial_while_somebody_else_decides_is_told_who_won(bench: Bench):
    request = bench.asked(WRITE)
    bench.page("members", channel="C0DB", user="U0EMI", **{"in": True})
    emi = bench.person("emi")
    emi.clicks("Deny", bench.card(emi))
    deny(bench, "ben", bench.card(), "not today")
    emi.fills("Reason, shown to Ana Ruiz", "neither from me")
    emi.submits()
    assert sentence(direct(emi)) == "Ben Okafor denied this at {14:02 UTC}. Nothing changed."
    assert bench.again(request).decided_by == "ben"
    assert bench.kinds().count("request.denied") == 1


def test_the_requester_withdraws_from_the_cards_menu(bench: Bench):
    request = bench.asked()
    assert bench.ana.clicks("Withdraw", bench.card()).acked
    assert bench.again(request).state is RequestState.WITHDRAWN
    bench.tell()
    card = bench.card()
    assert (
        sentence(card)
        == "➖ *Withdrawn* · Ana Ruiz asked for prod-db-readonly · {14:02 UTC} · nothing was given"
    )
    assert card.buttons == ()


def test_the_requester_withdraws_from_the_answer(bench: Bench):
    request = bench.asked()
    bench.ana.clicks("Withdraw", whisper(bench.ana))
    assert bench.again(request).state is RequestState.WITHDRAWN


def test_nobody_else_withdraws_it(bench: Bench):
    request = bench.asked()
    bench.ben.clicks("Withdraw", bench.card())
    assert sentence(whisper(bench.ben)) == (
        "Only Ana Ruiz can withdraw this. If you decide it, deny it instead."
    )
    assert bench.again(request).state is RequestState.PENDING


def test_ending_asks_first(bench: Bench):
    bench.live()
    kept = bench.ana.clicks("End now", bench.card(), confirm=False)
    assert kept.kind == "needs_confirm"
    dialog = kept.details["confirm"]
    assert dialog["text"]["text"] == "End Ana Ruiz's prod-db-readonly now, in AWS?"
    assert (dialog["confirm"]["text"], dialog["deny"]["text"]) == ("End now", "Keep")
    assert [grant.state for grant in bench.grants()] == ["live"]
    assert bench.ana.clicks("End now", bench.card()).acked
    assert [grant.state for grant in bench.grants()] == ["ending"]
    bench.tell()
    assert sentence(bench.card()) == "🔒 *Ending* · Ana Ruiz · prod-db-readonly"


@pytest.mark.parametrize("who", ["ben", "dev", "emi"])
def test_approver_commander_and_security_end_it_too(bench: Bench, who: str):
    request = bench.live()
    bench.page("members", channel="C0DB", user="U0EMI", **{"in": True})
    person = bench.person(who)
    assert person.clicks("End now", bench.card(person)).acked
    (grant,) = bench.grants()
    assert (grant.state, grant.ended_by) == ("ending", who)
    bench.work()
    bench.tell()
    assert "Ask again if you still need it." in said(bench.ana.dm()[-1])
    assert bench.again(request).state is RequestState.ENDED


def test_nobody_else_ends_it(bench: Bench):
    bench.live()
    chloe = bench.person("chloe")
    chloe.clicks("End now", bench.card(chloe))
    assert sentence(whisper(chloe)) == "Ana Ruiz, the approvers, the commander and security can end this."
    assert [grant.state for grant in bench.grants()] == ["live"]


def test_what_is_over_already_is_said(bench: Bench):
    bench.live()
    live = bench.card()
    token = bench.token(bench.requests()[0])
    bench.ana.clicks("End now", live)
    bench.work()
    container = {"type": "message", "message_ts": live.ts, "channel_id": "C0DB"}
    bench.press("end", token, container=container)
    assert sentence(whisper(bench.ben)) == "It ended {14:02 UTC} already. Nothing changed."


@pytest.mark.parametrize("who", ["ana", "ana-admin"])
@pytest.mark.parametrize("button", ["Approve", "Deny"])
def test_nobody_decides_their_own_request_from_whichever_account(bench: Bench, who: str, button: str):
    request = bench.asked()
    person = bench.person(who)
    assert person.clicks(button, bench.card()).acked
    answer = whisper(person, "own request")
    assert sentence(answer) == (
        "This is your own request, so your yes does not count. Ben Okafor was asked and has until "
        "{14:32 UTC}."
    )
    assert answer.buttons == ("Withdraw",)
    assert bench.again(request) == request
    assert bench.body("click.refused") == {"by": "ana", "why": "own_request", "card": request.id}
    assert person.form() is None


@pytest.mark.parametrize("who", ["chloe", "emi", "dev"])
@pytest.mark.parametrize("button", ["Approve", "Deny"])
def test_whoever_does_not_decide_it_reads_who_does(bench: Bench, who: str, button: str):
    request = bench.asked()
    bench.page("members", channel="C0DB", user="U0EMI", **{"in": True})
    person = bench.person(who)
    assert person.clicks(button, bench.card(person)).acked
    assert sentence(whisper(person)) == (
        "Only database on-call decides this: Ben Okafor now. Nothing changed."
    )
    assert bench.again(request) == request
    assert bench.body("click.refused")["why"] == "not_an_approver"


def test_two_at_once_make_one_decision_and_the_other_reads_who_won(bench: Bench):
    policy = meridian()
    groups = tuple(
        group.model_copy(update={"members": ("ben", "chloe")}) if group.name == "db-oncall" else group
        for group in policy.people.groups
    )
    bench.in_force = with_(policy, people=People(people=policy.people.people, groups=groups))
    request = bench.asked()
    card = bench.card()
    start = threading.Barrier(2)

    def press(who: str) -> None:
        start.wait()
        bench.person(who).clicks("Approve", card)

    threads = [threading.Thread(target=press, args=(who,)) for who in ("ben", "chloe")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = bench.again(request).decided_by
    assert winner in {"ben", "chloe"}
    loser = bench.person("chloe" if winner == "ben" else "ben")
    name = {"ben": "Ben Okafor", "chloe": "Chloe Martin"}[str(winner)]
    assert sentence(whisper(loser)) == f"{name} approved this at {{14:02 UTC}}. Nothing changed."
    assert bench.kinds().count("request.approved") == 1
    assert len(bench.grants()) == 1


def test_a_lapsed_request_is_decided_by_nobody(bench: Bench):
    request = bench.asked()
    bench.look_at(request)
    bench.ben.clicks("Approve", bench.card())
    assert sentence(whisper(bench.ben)).startswith("This lapsed at {14:32 UTC}: nobody answered")
    assert bench.grants() == ()


def test_an_older_drawing_of_the_card_decides_nothing(bench: Bench):
    request = bench.asked(WRITE)
    old = bench.card()
    bench.ben.clicks("Approve", old)
    bench.page("members", channel="C0DB", user="U0EMI", **{"in": True})
    emi = bench.person("emi")
    emi.clicks("Approve", old)
    assert sentence(whisper(emi)) == ("This request changed. The card is redrawn; read it and decide again.")
    assert bench.again(request).state is RequestState.PENDING
    bench.tell()
    emi.clicks("Approve", bench.card(emi))
    assert bench.again(request).state is RequestState.APPROVED


def test_rules_that_changed_void_the_card_and_say_what_they_want_now(bench: Bench):
    request = bench.asked()
    bench.in_force = _wanting_security_too(meridian())
    bench.ben.clicks("Approve", bench.card())
    assert sentence(whisper(bench.ben)) == (
        "The rules changed: database on-call and security must say yes. The card is redrawn."
    )
    after = bench.again(request)
    assert (after.state, after.approvals) == (RequestState.PENDING, ())
    bench.tell()
    assert "Needs 2 yes" in said(bench.card())


def _wanting_security_too(policy: Policy) -> Policy:
    rules = tuple(
        rule.model_copy(
            update={"match": rule.match.model_copy(update={"role": ("prod-db-write", "prod-db-readonly")})}
        )
        if rule.id == "writes-need-security"
        else rule
        for rule in policy.rules
    )
    return with_(policy, rules=rules)


def test_rules_that_say_no_by_now_are_told_to_the_approver(bench: Bench):
    request = bench.asked("/prod-access prod-admin 30m fix config", channel="C0GENERAL")
    bench.clock.move(timedelta(hours=8))
    bench.page("members", channel="C0SECURITY", user="U0CHLOE", **{"in": True})
    chloe = bench.person("chloe")
    chloe.clicks("Approve", bench.card(chloe, "C0SECURITY"))
    assert sentence(whisper(chloe, channel="C0SECURITY")).startswith(
        "Not allowed now: prod-admin needs a time inside office-hours"
    )
    assert bench.again(request).state is RequestState.PENDING


def test_a_holder_without_an_account_by_now_gets_nothing(bench: Bench):
    request = bench.asked()
    people = meridian().people
    without = tuple(one.model_copy(update={"aws": None}) if one.id == "ana" else one for one in people.people)
    bench.in_force = with_(meridian(), people=People(people=without, groups=people.groups))
    bench.ben.clicks("Approve", bench.card())
    assert sentence(whisper(bench.ben)).startswith("Nothing was given: Ana Ruiz has no AWS account here.")
    assert bench.again(request).state is RequestState.PENDING
    assert bench.grants() == ()


def test_a_critical_role_asks_twice(bench: Bench):
    bench.asked("/prod-access prod-admin 30m fix config", channel="C0GENERAL")
    emi = bench.person("emi")
    bench.page("members", channel="C0SECURITY", user="U0EMI", **{"in": True})
    card = bench.card(emi, "C0SECURITY")
    asked = emi.clicks("Approve", card, confirm=False)
    assert asked.details["confirm"]["text"]["text"] == "Approve prod-admin for Ana Ruiz, 30 min?"
    assert emi.clicks("Approve", card).acked
    assert "request.counted" in bench.kinds()


@pytest.mark.parametrize("label", ["Approve", "Withdraw", "End now"])
def test_the_same_envelope_again_has_no_second_effect(bench: Bench, label: str):
    bench.asked() if label != "End now" else bench.live()
    person = bench.ben if label == "Approve" else bench.ana
    outcome = person.clicks(label, bench.card())
    before = [one for one in bench.kinds() if not one.startswith("click.")]
    assert bench.page("redeliver", envelope_id=outcome.envelope_id)["outcome"] == "acked"
    assert [one for one in bench.kinds() if not one.startswith("click.")] == before
    assert "Nothing" in sentence(whisper(person)) or "already" in sentence(whisper(person))


def test_a_denial_delivered_twice_has_no_second_effect(bench: Bench):
    request = bench.asked()
    outcome = deny(bench, "ben", bench.card(), "not today")
    after = bench.again(request)
    bench.page("redeliver", envelope_id=outcome.envelope_id)
    assert bench.again(request) == after
    direct(bench.ben, "Ben Okafor denied this at")


@pytest.mark.parametrize("action", ["approve", "withdraw", "end"])
def test_a_token_we_never_made_changes_nothing_and_is_answered(bench: Bench, action: str):
    request = bench.asked()
    for number, token in enumerate(["", "guessed", "x" * 2000, "'; DROP TABLE requests; --", "\u202e"]):
        assert bench.press(action, token).acked
        bench.ben.waits_for(lambda number=number: len(_told(bench)) == number + 1)
    assert {sentence(one) for one in _told(bench)} == {UNKNOWN}
    assert bench.again(request) == request


def _told(bench: Bench) -> list[Message]:
    """What only Ben reads."""
    return [one for one in bench.ben.sees("C0DB") if one.only_you]


def test_a_deny_of_a_token_we_never_made_opens_no_form(bench: Bench):
    bench.asked()
    assert bench.press("deny", "guessed").acked
    assert sentence(whisper(bench.ben)) == UNKNOWN
    assert bench.calls("views.open") == []


@pytest.mark.parametrize("message", ["1.000001", "", None])
def test_a_true_token_on_another_message_decides_nothing(bench: Bench, message: str | None):
    request = bench.asked()
    container = {"type": "message", "message_ts": message, "channel_id": "C0DB"}
    assert bench.press("approve", bench.token(request), container=container).acked
    assert sentence(whisper(bench.ben)) == UNKNOWN
    assert bench.again(request) == request


@pytest.mark.parametrize(
    "changes",
    [
        {"container": None},
        {"container": "message"},
        {"actions": [{"type": "button", "action_id": "approve", "block_id": "b"}]},
        {"actions": [{"type": "overflow", "action_id": "approve", "block_id": "b", "selected_option": 7}]},
    ],
)
def test_a_press_without_its_parts_changes_nothing(bench: Bench, changes: dict[str, object]):
    request = bench.asked()
    assert bench.press("approve", bench.token(request), **changes).acked
    assert bench.again(request) == request
    assert bench.grants() == ()


@pytest.mark.parametrize("value", ["approve TOKEN", "TOKEN", "withdraw", "withdraw guessed", ""])
def test_a_choice_the_menu_does_not_have_changes_nothing(bench: Bench, value: str):
    request = bench.asked()
    option = {"text": {"type": "plain_text", "text": "Withdraw"}, "value": "X"}
    action = {
        "type": "overflow",
        "action_id": "more",
        "block_id": "b",
        "selected_option": {**option, "value": value.replace("TOKEN", bench.token(request))},
    }
    user = {"id": "U0ANA", "team_id": "T0MERIDIAN"}
    assert bench.press("more", "", actions=[action], user=user).acked
    assert sentence(whisper(bench.ana, "stands for nothing")) == UNKNOWN
    assert bench.again(request) == request


@pytest.mark.parametrize("value", ["", "guessed 2h", "TOKEN", "TOKEN soon", "TOKEN 2h"])
def test_only_the_requester_changes_the_duration(bench: Bench, value: str):
    request = bench.asked()
    assert bench.press("change_duration", value.replace("TOKEN", bench.token(request))).acked
    assert bench.again(request) == request
    if value == "TOKEN 2h":
        assert sentence(whisper(bench.ben)).startswith("Only Ana Ruiz can withdraw this.")


@pytest.mark.parametrize("value", ["guessed", "TOKEN"])
def test_asking_again_repeats_only_what_one_asked_oneself(bench: Bench, value: str):
    request = bench.asked()
    trigger = _trigger(bench)
    bench.press("ask_again", value.replace("TOKEN", bench.token(request)), trigger_id=trigger)
    shown = form(bench, "ben")
    assert "replication lag" not in repr(shown.values)
    assert shown.title == "Ask for access"


def _trigger(bench: Bench) -> str:
    """A trigger of Ben's that is good for now."""
    trigger: str = bench.here.slack.triggers.new("U0BEN", None)
    return trigger


@pytest.mark.parametrize("value", ["prod-logs 30m", "prod-logs", "prod-logs soon", "nothing 5m", ""])
def test_asking_for_a_role_opens_the_form_with_what_there_is_of_it(bench: Bench, value: str):
    bench.press("ask_for_role", value, trigger_id=_trigger(bench))
    shown = form(bench, "ben")
    assert ("prod-logs" in repr(shown.values)) == value.startswith("prod-logs")


def test_a_word_nobody_offered_is_met_with_the_help(bench: Bench):
    bench.press("show_word", "prod-db-readonly 1h lag")
    assert "Ask for access" in said(whisper(bench.ben))
    assert bench.requests() == ()


def test_a_link_needs_no_answer(bench: Bench):
    bench.live()
    assert bench.ana.clicks("Open AWS", bench.ana.dm()[-1]).acked
    assert bench.press("of_a_later_version", "x").acked


def test_a_form_slack_does_not_open_is_said(bench: Bench):
    request = bench.asked()
    bench.fault("error", "views.open")
    bench.ben.clicks("Deny", bench.card())
    assert sentence(whisper(bench.ben)) == "The form did not open, so nothing was done. Try again."
    assert bench.again(request) == request


def test_a_press_while_the_ledger_is_away_is_answered(bench: Bench):
    request = bench.asked()
    with bench.ledger_away():
        bench.ben.clicks("Approve", bench.card())
        answer = sentence(whisper(bench.ben))
        bench.ben.clicks("Deny", bench.card())
    assert answer.startswith("Nothing changed: prod-access cannot write its log")
    assert bench.again(request) == request


def test_a_press_while_there_are_no_rules_is_answered_by_the_gate(bench: Bench):
    request = bench.asked()
    bench.in_force = None
    bench.ben.clicks("Approve", bench.card())
    assert "does not know you yet" in sentence(whisper(bench.ben))
    bench.in_force = meridian()
    assert bench.again(request) == request


def test_a_ledger_that_cannot_be_read_is_said_in_its_own_words(bench: Bench):
    request = bench.asked()
    with bench.table_away("tokens"):
        assert bench.press("end", "guessed").acked
    assert "prod-access cannot write its log" in sentence(whisper(bench.ben))
    assert bench.again(request) == request


def test_a_mistake_of_ours_is_said_with_its_number_and_changes_nothing(bench: Bench):
    request = bench.asked()
    with bench.ledger.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE requests SET body = '{}'")  # which nothing of ours writes
    with capture_logs() as logs:
        assert bench.press("end", bench.token(request)).acked
    (broke,) = [one for one in logs if one["event"] == "listener_broke"]
    assert sentence(whisper(bench.ben)) == (
        f"That did not work and nothing changed. Reference {broke['reference']}, sent to platform on-call."
    )
    assert bench.kinds() == ["request.asked"]
