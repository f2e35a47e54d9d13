"""The form: opened from anywhere, drawn again at each choice, and nothing typed is ever lost."""

import json

import pytest

from policies.people import People
from policies.request import RequestState
from sandbox.slack.person import Message, Outcome, Person, View
from tests.bot.slack_bench import Bench, direct, meridian, sentence, whisper, with_
from tests.builders import HOUR

ROLE, REASON, REFERENCE, LONG = "Role", "Reason", "Incident or ticket", "How long"


@pytest.fixture
def ana(bench: Bench) -> Person:
    """Ana, in front of an empty form."""
    assert bench.ana.types("/prod-access", "C0DB").acked
    return bench.ana


def form(who: Person) -> View:
    """The form in front of somebody."""
    found = who.form()
    assert found is not None
    return found


def block(shown: View, name: str) -> str:
    """The words of a block of a form."""
    found = [one["text"]["text"] for one in shown.blocks if one["block_id"] == name]
    return found[0] if found else ""


def choices(shown: View) -> list[str]:
    """The durations a form offers."""
    (found,) = (one["element"]["options"] for one in shown.blocks if one["block_id"].startswith("duration"))
    return [option["text"]["text"] for option in found]


def value(shown: View, name: str) -> str | None:
    """What stands in a field."""
    ((state,),) = (one.values() for block, one in shown.values.items() if block.partition(":")[0] == name)
    chosen = state.get("selected_option")
    found: str | None = chosen["value"] if chosen else state.get("value")
    return found


def complete(ana: Person, role: str = "prod-db-readonly", reason: str = "replication lag") -> None:
    """Fill the form."""
    ana.fills(ROLE, role)
    ana.fills(REASON, reason)


def test_roles_are_searched_by_name_and_title(ana: Person):
    assert len(ana.suggestions(ROLE, "")) == 5
    assert ana.suggestions(ROLE, "db read") == ("prod-db-readonly · Read production databases",)
    assert ana.suggestions(ROLE, "RESTART") == ("prod-operator · Restart and scale production services",)
    assert ana.suggestions(ROLE, "no such thing") == ()


def test_roles_that_cannot_be_had_now_stand_apart(bench: Bench):
    emi = bench.person("emi")
    emi.types("/prod-access", "C0GENERAL")
    answer = emi.page.post("suggest", user=emi.id, label=ROLE, query="")
    assert [group["label"]["text"] for group in answer["groups"]] == ["All", "Not now"]
    assert "prod-db-write" in repr(answer["groups"][1])


def test_choosing_a_role_says_who_is_asked_and_keeps_what_was_typed(ana: Person):
    ana.fills(REASON, "replication lag")
    ana.fills(REFERENCE, "INC-42")
    assert ana.fills(ROLE, "prod-db-readonly").acked
    shown = ana.waits_for(lambda: form(ana) if "Ben Okafor" in block(form(ana), "preview") else None)
    assert block(shown, "preview") == "👤 Will be asked: Ben Okafor (database on-call). 1 yes is enough."
    assert (value(shown, "reason"), value(shown, "reference")) == ("replication lag", "INC-42")
    assert choices(shown) == ["15 min", "30 min", "1 h · default", "2 h · your longest"]
    assert value(shown, "duration") == "1h"
    ana.fills(ROLE, "prod-db-write")
    assert block(form(ana), "preview") == (
        "👤 Will be asked: Ben Okafor (database on-call) and Emi Sato (security). 2 yes are needed."
    )
    assert value(form(ana), "reason") == "replication lag"


def test_choosing_a_duration_is_checked_at_once(ana: Person):
    complete(ana)
    assert ana.fills(LONG, "2h").acked
    assert block(form(ana), "preview").startswith("👤 Will be asked: Ben Okafor")
    assert value(form(ana), "duration") == "2h"


def test_a_duration_the_next_role_does_not_have_is_not_kept(bench: Bench, ana: Person):
    complete(ana)
    ana.fills(LONG, "2h")
    ana.fills(ROLE, "prod-db-write")
    assert choices(form(ana)) == ["15 min", "30 min · default", "1 h · your longest"]
    assert value(form(ana), "duration") == "1h"
    assert ana.submits().acked
    assert bench.requests()[0].duration == HOUR


def test_where_nobody_is_asked_the_button_says_so(ana: Person):
    ana.fills(ROLE, "prod-logs")
    shown = form(ana)
    assert block(shown, "preview").startswith("✅ Nobody needs to be asked")
    assert ana.page.get("state", user=ana.id)["views"][-1]["submit"]["text"] == "Start access"


def test_what_the_rules_do_not_allow_is_said_before_sending(bench: Bench):
    emi = bench.person("emi")
    emi.types("/prod-access prod-db-write", "C0GENERAL")
    assert block(form(emi), "preview").startswith("⛔ ")


def test_a_redraw_that_slack_refuses_is_left_to_the_next(bench: Bench, ana: Person):
    bench.fault("error", "views.update")
    assert ana.fills(ROLE, "prod-db-readonly").acked
    bench.mend()
    ana.fills(REASON, "replication lag")
    assert ana.submits().acked
    assert bench.requests()[0].role == "prod-db-readonly"


def test_sent_it_closes_and_the_reply_comes(bench: Bench, ana: Person):
    complete(ana)
    ana.fills(LONG, "2h")
    ana.fills(REFERENCE, "INC-42")
    assert ana.submits().acked
    assert ana.form() is None
    (request,) = bench.requests()
    assert sentence(whisper(ana)).startswith(f"Asked: prod-db-readonly for 2 h ({request.id}). Ben Okafor")
    assert (request.duration, request.reference) == (2 * HOUR, "INC-42")
    bench.ana.clicks("Withdraw", whisper(ana))
    assert bench.again(request).state is RequestState.WITHDRAWN


def test_what_is_missing_is_said_at_its_field(bench: Bench, ana: Person):
    assert ana.submits().kind == "invalid"
    ana.fills(ROLE, "prod-db-readonly")
    ana.fills(REASON, "  ")
    assert ana.submits().errors == {"reason": "A reason is missing."}
    assert value(form(ana), "role") == "prod-db-readonly"
    assert bench.requests() == ()


@pytest.mark.parametrize(("label", "name"), [(REASON, "reason"), (REFERENCE, "reference")])
def test_what_looks_like_a_key_is_not_stored(bench: Bench, ana: Person, label: str, name: str):
    complete(ana)
    ana.fills(label, "AKIAIOSFODNN7EXAMPLE")
    assert ana.submits().errors == {
        name: "Your reason looked as if it held a key. It was not stored. Write it again without."
    }
    assert "AKIA" not in bench.everything_stored()
    assert bench.requests() == ()


def test_refused_when_it_is_sent_everything_stays_and_it_says_why(bench: Bench, ana: Person):
    complete(ana)
    ana.fills(REFERENCE, "INC-42")
    policy = meridian()
    rules = tuple(
        rule.model_copy(update={"max_duration": HOUR / 2}) if rule.id == "engineers-read" else rule
        for rule in policy.rules
    )
    bench.in_force = with_(policy, rules=rules)
    assert ana.submits().acked
    shown = form(ana)
    assert block(shown, "notes") == "1 h is too long. The longest you can have is 30 min."
    assert (value(shown, "role"), value(shown, "duration")) == ("prod-db-readonly", "30m")
    assert (value(shown, "reason"), value(shown, "reference")) == ("replication lag", "INC-42")
    assert bench.requests() == ()
    assert ana.submits().acked
    assert bench.requests()[0].duration == HOUR / 2


def test_the_same_sending_twice_asks_once(bench: Bench, ana: Person):
    complete(ana)
    outcome = ana.submits()
    bench.page("redeliver", envelope_id=outcome.envelope_id)
    assert bench.kinds() == ["request.asked"]
    assert sentence(whisper(ana, "already asked")).startswith("You already asked (pa-")


def test_the_ledger_away_when_it_is_sent_is_said(bench: Bench, ana: Person):
    complete(ana)
    with bench.ledger_away():
        assert ana.submits().acked
        assert sentence(whisper(ana)).startswith("Nothing was asked: prod-access cannot write its log")


def shortcut(who: Person, callback: str, message: Message | None = None) -> Outcome:
    """Use a shortcut."""
    return who.uses_shortcut(callback, message)


def test_the_shortcut_opens_the_form_and_answers_by_direct_message(bench: Bench):
    assert shortcut(bench.ana, "ask_for_access").acked
    complete(bench.ana)
    assert bench.ana.submits().acked
    assert sentence(direct(bench.ana)).startswith("Asked: prod-db-readonly for 1 h (pa-")


@pytest.mark.parametrize("in_thread", [False, True])
def test_a_messages_shortcut_starts_from_its_first_line(bench: Bench, in_thread: bool):  # noqa: FBT001 (a parameter of the table)
    root = bench.ben.types("anybody?", "C0INC42")
    bench.ben.types(
        "INC-42: checkout is slow & failing\nsee the graph",
        "C0INC42",
        thread=root.details["ts"] if in_thread else None,
    )
    seen = bench.ana.sees("C0INC42", root.details["ts"] if in_thread else None)
    assert shortcut(bench.ana, "ask_for_access_here", seen[-1]).acked
    shown = form(bench.ana)
    assert value(shown, "reason") == "INC-42: checkout is slow & failing"
    assert value(shown, "reference") == "INC-42"
    complete(bench.ana, reason="find the slow query")
    assert bench.ana.submits().acked
    assert sentence(whisper(bench.ana, channel="C0INC42")).startswith("Asked: prod-db-readonly")


def test_a_key_in_a_message_is_not_taken_over(bench: Bench):
    bench.ben.types("use AKIAIOSFODNN7EXAMPLE for now", "C0INC42")
    shortcut(bench.ana, "ask_for_access_here", bench.ana.sees("C0INC42")[-1])
    shown = form(bench.ana)
    assert value(shown, "reason") is None
    assert block(shown, "notes").startswith("Your reason looked as if it held a key.")


@pytest.mark.parametrize("callback", ["ask_for_access", "ask_for_access_here"])
def test_a_trigger_that_is_too_old_is_said(bench: Bench, callback: str):
    bench.ben.types("checkout is slow", "C0INC42")
    message = bench.ana.sees("C0INC42")[-1] if callback.endswith("here") else None
    outcome = shortcut(bench.ana, callback, message)
    bench.page("redeliver", envelope_id=outcome.envelope_id)  # its trigger was used once
    assert [call["answer"].get("error") for call in bench.calls("views.open")] == [
        None,
        "exchanged_trigger_id",
    ]
    answer = whisper(bench.ana, channel="C0INC42") if message else direct(bench.ana)
    assert sentence(answer) == "The form did not open, so nothing was done. Try again."


def test_a_form_for_somebody_else_names_them_and_asks_for_them(bench: Bench):
    dev = bench.person("dev")
    dev.types("/prod-access for @ivy prod-operator 30m", "C0GENERAL")
    assert block(form(dev), "notes").startswith("For Ivy Chen")
    dev.fills(REASON, "restart workers")
    assert dev.submits().acked
    (request,) = bench.requests()
    assert (request.requester, request.beneficiary) == ("dev", "ivy")


def test_a_person_unlinked_meanwhile_is_asked_for_by_nobody(bench: Bench):
    dev = bench.person("dev")
    dev.types("/prod-access for @ivy prod-operator 30m", "C0GENERAL")
    dev.fills(REASON, "restart workers")
    policy = meridian()
    fewer = tuple(
        one.model_copy(update={"slack": ()}) if one.id == "ivy" else one for one in policy.people.people
    )
    bench.in_force = with_(policy, people=People(people=fewer, groups=policy.people.groups))
    assert dev.submits().acked
    assert block(form(dev), "notes") == 'Nobody here is called "<@U0IVY>". Choose somebody with @.'
    assert value(form(dev), "reason") == "restart workers"
    assert bench.requests() == ()


@pytest.mark.parametrize(
    "private", ["", "not json", "[1]", json.dumps({"channel": 7, "for": ["U0IVY"]}), "null"]
)
def test_what_a_form_carries_back_is_not_believed(bench: Bench, private: str):
    sent = {
        "id": "V0HAND",
        "callback_id": "ask_form",
        "type": "modal",
        "hash": "1.1",
        "private_metadata": private,
        "state": {
            "values": {
                "role": {"role_chosen": {"selected_option": {"value": "prod-db-readonly"}}},
                "duration": {"duration_chosen": {"selected_option": {"value": "8h"}}},
                "reason": {"reason_typed": {"value": "lag"}},
            }
        },
    }
    answer = _send(bench, sent)
    assert answer["response_action"] == "update"
    assert "8 h is too long" in repr(answer["view"]["blocks"])
    sent["state"]["values"]["duration"] = {"duration_chosen": {"selected_option": {"value": "soon"}}}
    assert _send(bench, {**sent, "id": "V0HAND2"}) == {}
    (request,) = bench.requests()
    assert (request.beneficiary, request.duration) == ("ana", HOUR)


@pytest.mark.parametrize("state", [{}, {"values": None}, {"values": {"role": {"role_chosen": None}}}])
def test_a_form_with_nothing_in_it_is_sent_back(bench: Bench, state: dict[str, object]):
    sent = {"id": "V0HAND", "callback_id": "ask_form", "type": "modal", "hash": "1.1", "state": state}
    answer = _send(bench, sent)
    assert answer == {
        "response_action": "errors",
        "errors": {"role": "A role is missing: choose one.", "reason": "A reason is missing."},
    }


@pytest.mark.parametrize("private", ["", "guessed", "guessed 1.1", "TOKEN", "TOKEN 1.1"])
def test_a_denial_made_by_hand_denies_only_with_the_cards_own_token(bench: Bench, private: str):
    request = bench.asked()
    sent = {
        "id": "V0HAND",
        "callback_id": "deny_form",
        "type": "modal",
        "private_metadata": private.replace("TOKEN", bench.token(request)),
        "state": {"values": {"deny_reason": {"deny_reason_typed": {"value": "no"}}}},
    }
    _send(bench, sent, "U0BEN")
    assert bench.again(request).state is RequestState.PENDING
    assert sentence(direct(bench.ben)).startswith("This button stands for nothing")


def test_a_role_that_is_gone_by_now_is_said(bench: Bench):
    sent = {
        "id": "V0HAND",
        "callback_id": "ask_form",
        "type": "modal",
        "hash": "1.1",
        "state": {
            "values": {
                "role": {"role_chosen": {"selected_option": {"value": "prod-gone"}}},
                "reason": {"reason_typed": {"value": "lag"}},
            }
        },
    }
    answer = _send(bench, sent)
    assert 'No role is called "prod-gone".' in repr(answer["view"]["blocks"])


def _send(bench: Bench, view: dict[str, object], user: str = "U0ANA") -> dict[str, object]:
    """A view_submission made by hand; what it is acknowledged with."""
    payload = {
        "type": "view_submission",
        "team": {"id": "T0MERIDIAN"},
        "user": {"id": user, "team_id": "T0MERIDIAN"},
        "api_app_id": "A0PRODACCESS",
        "trigger_id": "made.by.hand",
        "view": view,
    }
    answer: dict[str, object] = bench.deliver("interactive", payload).details["response"]
    return answer
