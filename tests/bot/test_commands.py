"""What comes of every line that can be typed after /prod-access: one sentence, and one click from there."""

import logging
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from policies.people import People
from policies.request import RequestState
from sandbox.slack.person import Person, View
from tests.bot.slack_bench import ASK, Bench, meridian, said, sentence, whisper, with_
from tests.builders import HOUR


def reply(who: Person, line: str, channel: str = "C0DB") -> str:
    """What somebody reads in answer to a line."""
    outcome = who.types(f"/prod-access {line}", channel)
    assert outcome.acked, outcome
    return sentence(whisper(who, channel=channel))


def form(who: Person, line: str, channel: str = "C0DB") -> View:
    """The form that a line opens."""
    outcome = who.types(f"/prod-access {line}".strip(), channel)
    assert outcome.acked, outcome
    found = who.form()
    assert found is not None
    assert found.title == "Ask for access"
    return found


def notes(shown: View) -> str:
    """What stands on top of a form."""
    return "".join(block["text"]["text"] for block in shown.blocks if block["block_id"] == "notes")


def preview(shown: View) -> str:
    """What a form says would come of it."""
    return "".join(block["text"]["text"] for block in shown.blocks if block["block_id"] == "preview")


def filled(shown: View) -> dict[str, str | None]:
    """What stands in a form's fields."""
    values = {}
    for block, elements in shown.values.items():
        (state,) = elements.values()
        chosen = state.get("selected_option")
        values[block.partition(":")[0]] = chosen["value"] if chosen else state.get("value")
    return values


def test_nothing_opens_the_empty_form(bench: Bench):
    shown = form(bench.ana, "")
    assert notes(shown) == ""
    assert filled(shown) == {"role": None, "reason": None, "reference": None}
    assert preview(shown) == "👤 Choose a role to see who will be asked."
    assert bench.entries() == []


def test_a_whole_line_is_asked_at_once(bench: Bench):
    assert bench.ana.types(ASK, "C0DB").acked
    (request,) = bench.requests()
    message = whisper(bench.ana)
    assert sentence(message) == (
        f"Asked: prod-db-readonly for 1 h ({request.id}). Ben Okafor, database on-call, was asked in <#C0DB> "
        "and has until {14:32 UTC}. You get a DM."
    )
    assert message.buttons == ("Withdraw",)
    assert (request.duration, request.reference) == (HOUR, "INC-42")


def test_whoever_is_on_call_starts_at_once(bench: Bench):
    answer = reply(bench.ben, "prod-db-readonly 1h INC-42 replication lag")
    assert answer == (
        "Starting now, until {15:02 UTC}. Nobody needed to be asked: the person on call for the databases "
        "does not wait."
    )
    assert whisper(bench.ben).buttons == ("End now",)
    (request,) = bench.requests()
    assert request.state is RequestState.APPROVED


def test_without_a_duration_the_default_is_said(bench: Bench):
    answer = reply(bench.ana, "prod-db-readonly replication lag")
    assert answer.startswith("Asked: prod-db-readonly for 1 h, the default (pa-")
    assert bench.requests()[0].duration == HOUR


@pytest.mark.parametrize("line", ["prod-db-readonly", "prod-db-readonly 30m"])
def test_without_a_reason_the_form_asks_for_it(bench: Bench, line: str):
    shown = form(bench.ana, line)
    assert notes(shown) == "A reason is missing."
    assert filled(shown) == {
        "role": "prod-db-readonly",
        "duration": "30m" if "30m" in line else "1h",
        "reason": None,
        "reference": None,
    }
    assert preview(shown) == "👤 Will be asked: Ben Okafor (database on-call). 1 yes is enough."
    assert bench.requests() == ()


def test_a_misspelt_role_is_selected_and_said(bench: Bench):
    shown = form(bench.ana, "prod-db-readnoly 1h lag")
    assert notes(shown) == (
        'No role is called "prod-db-readnoly". The closest is prod-db-readonly: check it, then send.'
    )
    assert (filled(shown)["role"], filled(shown)["reason"]) == ("prod-db-readonly", "lag")


@pytest.mark.parametrize(
    "line",
    [
        "PROD_DB_Readonly 1H replication lag",
        "`prod-db-readonly` *1h* replication lag",
        "prod db readonly 1 hour replication lag",
        "1h prod-db-readonly. replication lag",
        "prod–db–readonly 60min replication lag",
    ],
)
def test_however_it_is_spelled_it_is_the_same_ask(bench: Bench, line: str):
    request = bench.typed(f"/prod-access {line}")
    with bench.ledger.reading() as reader:
        assert reader.text(request.reason) == "replication lag"
    assert (request.role, request.duration) == ("prod-db-readonly", HOUR)


def test_the_reason_is_kept_as_typed_and_its_incident_is_linked(bench: Bench):
    request = bench.typed("/prod-access prod db readonly 1 hour “replication lag” — see INC-42")
    with bench.ledger.reading() as reader:
        assert reader.text(request.reason) == "“replication lag” — see INC-42"
    assert request.reference == "INC-42"


@pytest.mark.parametrize(
    ("line", "duration", "note"),
    [
        ("prod-db-readonly 8h lag", "2h", "8 h is too long. The longest you can have is 2 h."),
        ("prod-db-readonly 10s lag", "5m", "The shortest is 5 min."),
        ("prod-db-readonly 90 lag", "1h", '"90" has no unit. Choose a duration, or write 90m.'),
        (
            "prod-db-readonly queries slower than 30s",
            "1h",
            "Your reason mentions 30s. Is 1 h the duration you want?",
        ),
        ("prod-db-readonly prod-logs 1h lag", "1h", "One role per request. prod-logs needs its own."),
        ("prod-db-readonly 1h 2h lag", "1h", "Choose a duration."),
        ("prod-db-readonly until 15:30 lag", "1h", "Choose a duration."),
    ],
)
def test_what_is_not_certain_opens_the_form_and_says_why(bench: Bench, line: str, duration: str, note: str):
    shown = form(bench.ana, line)
    assert notes(shown) == note
    assert (filled(shown)["role"], filled(shown)["duration"]) == ("prod-db-readonly", duration)
    assert preview(shown) == "👤 Will be asked: Ben Okafor (database on-call). 1 yes is enough."
    assert bench.requests() == ()


def test_what_fits_no_word_and_no_role_is_a_reason(bench: Bench):
    shown = form(bench.ana, "everything is on fire over here")
    assert filled(shown) == {"role": None, "reason": "everything is on fire over here", "reference": None}
    assert notes(shown) == "A role is missing: choose one."


def test_a_commander_asks_for_somebody_who_needs_it(bench: Bench):
    answer = reply(bench.person("dev"), "for @ivy prod-operator 30m INC-42 restart workers", "C0GENERAL")
    (request,) = bench.requests()
    assert answer == (
        f"Asked for Ivy Chen: prod-operator for 30 min ({request.id}). Chloe Martin, platform on-call, was "
        "asked in <#C0PRODACCESS> and has until {14:32 UTC}. Ivy Chen gets a DM."
    )
    assert (request.requester, request.beneficiary) == ("dev", "ivy")
    bench.tell()
    asked = bench.person("ivy").dm()[-1]
    assert sentence(asked) == "Dev Patel asked for prod-operator, 30 min, for you (INC-42)."
    assert asked.buttons == ("Decline",)
    bench.person("ivy").clicks("Decline", asked)
    assert bench.again(request).state is RequestState.WITHDRAWN


def test_everybody_else_asks_for_themselves_only(bench: Bench):
    answer = reply(bench.ana, "for @ivy prod-operator 30m INC-42 restart workers")
    assert answer == "Not allowed: you may ask for yourself only."
    assert bench.kinds() == ["ask.refused"]
    assert bench.body("ask.refused")["beneficiary"] == "ivy"


@pytest.mark.parametrize("line", ["prod-operator 30m restart workers", "prod-operator 30m"])
def test_a_person_nobody_knows_is_asked_for_by_nobody(bench: Bench, line: str):
    dev = bench.person("dev")
    shown = form(dev, f"for @femi {line}", "C0GENERAL")
    assert 'Nobody here is called "<@U0FEMI>". Choose somebody with @.' in notes(shown)
    assert "For " not in notes(shown)
    assert bench.requests() == ()


@pytest.mark.parametrize("several", ["@platform-oncall", "@ivy @chloe"])
def test_one_person_is_asked_for_at_a_time(bench: Bench, several: str):
    shown = form(bench.person("dev"), f"for {several} prod-operator 30m restart workers", "C0GENERAL")
    assert notes(shown).endswith("Ask for one person at a time.")


def test_outside_its_rules_a_role_is_refused_with_what_can_be_had(bench: Bench):
    bench.clock.move(timedelta(hours=8))  # 23:02 in Berlin
    answer = reply(bench.ana, "prod-admin 30m fix config")
    assert answer == (
        "Not allowed now: prod-admin needs a time inside office-hours (mon to fri 08:00 to 19:00 "
        "Europe/Berlin). You can have prod-operator for 1 h."
    )
    assert whisper(bench.ana).buttons == ("Ask for prod-operator",)
    assert bench.kinds() == ["ask.refused"]
    bench.ana.clicks("Ask for prod-operator", whisper(bench.ana))
    shown = bench.ana.form()
    assert shown is not None
    assert (filled(shown)["role"], filled(shown)["duration"]) == ("prod-operator", "1h")


def test_the_same_line_again_sends_nothing_new(bench: Bench):
    request = bench.typed()
    answer = reply(bench.ana, "prod-db-readonly 1h INC-42 replication lag")
    assert answer == f"You already asked ({request.id}, waiting for Ben Okafor). Nothing new was sent."
    assert whisper(bench.ana).buttons == ()
    assert bench.kinds() == ["request.asked"]


def test_another_duration_is_offered_and_asked_anew(bench: Bench):
    request = bench.asked()
    reply(bench.ana, "prod-db-readonly 2h INC-42 replication lag")
    message = whisper(bench.ana, "already asked")
    assert message.buttons == ("Change to 2 h",)
    assert bench.ana.clicks("Change to 2 h", message).acked
    answer = sentence(whisper(bench.ana, "Asked: prod-db-readonly for 2 h"))
    assert answer.startswith("Asked: prod-db-readonly for 2 h (pa-")
    assert bench.again(request).state is RequestState.WITHDRAWN
    with bench.ledger.reading() as reader:
        (anew,) = reader.requests(states=[RequestState.PENDING])
        assert reader.text(anew.reason) == "replication lag"
    assert (anew.duration, anew.reference) == (2 * HOUR, "INC-42")


def test_a_duration_that_would_be_refused_costs_nobody_their_place(bench: Bench):
    request = bench.asked()
    reply(bench.ana, "prod-db-readonly 8h INC-42 replication lag")
    bench.ana.clicks("Change to 8 h", whisper(bench.ana, "already asked"))
    answer = whisper(bench.ana, "too long")
    assert sentence(answer) == "8 h is too long. The longest you can have is 2 h."
    assert bench.again(request).state is RequestState.PENDING


def test_a_change_that_comes_too_late_changes_nothing(bench: Bench):
    request = bench.asked()
    reply(bench.ana, "prod-db-readonly 2h INC-42 replication lag")
    bench.ben.clicks("Approve", bench.card())
    bench.ana.clicks("Change to 2 h", whisper(bench.ana, "already asked"))
    answer = sentence(whisper(bench.ana, "Nothing changed"))
    assert answer == "Ben Okafor approved this at {14:02 UTC}. Nothing changed."
    assert bench.again(request).state is RequestState.APPROVED


def test_what_is_held_already_can_be_ended_from_the_answer(bench: Bench):
    request = bench.live()
    answer = reply(bench.ana, "prod-db-readonly 1h INC-42 replication lag")
    assert answer == f"You have it until {{15:02 UTC}} ({request.id}). Nothing new was sent."
    assert bench.ana.clicks("End now", whisper(bench.ana, "You have it")).acked
    assert [grant.state for grant in bench.grants()] == ["ending"]


def test_pasted_lines_are_one_reason(bench: Bench):
    pasted = "replication lag\r\nsince 13:50\tUTC\u202e\u200f on replica 2\u0007"
    request = bench.typed(f"/prod-access prod-db-readonly 1h {pasted}")
    with bench.ledger.reading() as reader:
        assert reader.text(request.reason) == "replication lag since 13:50 UTC on replica 2"


def test_a_reason_that_is_too_long_is_kept_in_the_form_as_far_as_it_fits(bench: Bench):
    shown = form(bench.ana, f"prod-db-readonly 1h {'lag ' * 700}")
    assert notes(shown) == "Your reason has 2,799 characters, 2,000 fit. Shorten it, then send."
    assert len(filled(shown)["reason"] or "") <= 2000


SECRETS = ["AKIAIOSFODNN7EXAMPLE", "-----BEGIN RSA PRIVATE KEY-----", "xoxb-1234-not-a-real-one"]


@pytest.mark.parametrize("secret", SECRETS)
def test_what_looks_like_a_key_is_stored_and_echoed_nowhere(
    bench: Bench, secret: str, caplog: pytest.LogCaptureFixture
):
    with capture_logs() as logs, caplog.at_level(logging.DEBUG):
        shown = form(bench.ana, f"prod-db-readonly 1h the key is {secret} as before")
        bench.tell()
    assert notes(shown) == (
        "Your reason looked as if it held a key. It was not stored. Write it again without."
    )
    assert filled(shown)["reason"] is None
    assert (filled(shown)["role"], filled(shown)["duration"]) == ("prod-db-readonly", "1h")
    needle = secret.strip("-").split(" ")[0]
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("slack_bolt")]
    for place in (bench.everything_stored(), repr(bench.calls()), repr(logs), repr(ours), shown.shown):
        assert needle not in place


def test_end_ends_the_one_that_is_live(bench: Bench):
    bench.live()
    assert reply(bench.ana, "end") == "Ending now. The card says when it is gone."
    (grant,) = bench.grants()
    assert (grant.state, grant.ended_by) == ("ending", "ana")


def test_end_with_nothing_says_so(bench: Bench):
    assert reply(bench.ana, "end") == "You hold nothing now. Ask with /prod-access."


def test_end_with_several_lists_them_with_a_button_each(bench: Bench):
    bench.live()
    bench.typed("/prod-access prod-logs 30m reading errors")
    assert reply(bench.ana, "end") == "Your access:"
    message = whisper(bench.ana)
    assert sorted(message.buttons) == ["Ask for 30 min more", "End now", "End now"]
    assert {grant.state for grant in bench.grants()} == {"live", "planned"}


@pytest.mark.parametrize("target", ["prod-logs", "ID", "Prod_Logs"])
def test_end_ends_the_one_that_is_named(bench: Bench, target: str):
    bench.live()
    logs = bench.typed("/prod-access prod-logs 30m reading errors")
    named = target.replace("ID", logs.id.upper())
    assert reply(bench.ana, f"end {named}") == "Ending now. The card says when it is gone."
    assert {(grant.role, grant.state.value) for grant in bench.grants()} == {
        ("prod-db-readonly", "live"),
        ("prod-logs", "ending"),
    }


def test_end_all_ends_all_of_it(bench: Bench):
    bench.live()
    bench.typed("/prod-access prod-logs 30m reading errors")
    assert reply(bench.ana, "end all") == "Ending now. The card says when it is gone."
    assert {grant.state for grant in bench.grants()} == {"ending"}


def test_end_of_something_else_lists_what_there_is(bench: Bench):
    bench.live()
    assert reply(bench.ana, "end prod-admin") == "Your access:"
    assert [grant.state for grant in bench.grants()] == ["live"]


def test_mine_lists_what_is_held_and_what_waits(bench: Bench):
    assert reply(bench.ana, "mine") == "You hold nothing now. Ask with /prod-access."
    bench.live()
    bench.clock.move(timedelta(minutes=2))
    bench.typed("/prod-access prod-db-write 30m INC-42 wrong prices")
    reply(bench.ana, "mine")
    message = whisper(bench.ana, "Your access")
    assert said(message).split("\n") == [
        "Your access:",
        "⏳ *prod-db-write* · waiting for Ben Okafor or Emi Sato",
        "Withdraw",
        "🔓 *prod-db-readonly* · until {15:02 UTC}",
        "Ask for 30 min more",
        "End now",
    ]
    bench.ana.clicks("Withdraw", message)
    assert "request.withdrawn" in bench.kinds()


def test_waiting_lists_what_this_persons_yes_would_count_for(bench: Bench):
    assert reply(bench.ben, "waiting") == "Nothing waits for you."
    bench.asked()
    bench.clock.move(timedelta(minutes=2))
    reply(bench.ben, "waiting")
    assert said(whisper(bench.ben, "Waiting for you")).split("\n") == [
        "Waiting for you (1):",
        "Ana Ruiz · prod-db-readonly · 1 h · asked 2 min ago",
    ]
    assert reply(bench.ana, "waiting") == "Nothing waits for you."


def test_roles_says_what_can_be_had_and_asks_for_it(bench: Bench):
    reply(bench.ana, "roles")
    message = whisper(bench.ana)
    assert "*prod-db-readonly* · Read production databases · low · up to 2 h · asks database on-call" in said(
        message
    )
    assert message.buttons == ("Ask",) * 5
    assert reply(bench.ana, "roles read data").startswith("*prod-db-readonly*")
    bench.ana.clicks("Ask", whisper(bench.ana, "Read production databases"))
    shown = bench.ana.form()
    assert shown is not None
    assert filled(shown)["role"] == "prod-db-readonly"
    assert reply(bench.ana, "roles no such thing") == "No role fits that. All of them: /prod-access roles"


def test_roles_says_why_not(bench: Bench):
    answer = reply(bench.person("emi"), "roles db write", "C0GENERAL")
    assert answer.startswith("⛔ Not now: *prod-db-write* (")


def test_help_says_how_it_is_used(bench: Bench):
    reply(bench.ana, "help")
    shown = said(whisper(bench.ana))
    assert "`/prod-access prod-db-readonly 1h INC-42 replication lag`" in shown
    assert "*In a thread:* ⋯ on a message → Ask for access" in shown
    assert "#platform-help" in shown


@pytest.mark.parametrize(
    ("typed", "meant", "answer"),
    [
        ("minee", "mine", "You hold nothing now. Ask with /prod-access."),
        ("waitng", "waiting", "Nothing waits for you."),
        ("hlep", "help", "*Ask*  `/prod-access"),
    ],
)
def test_a_word_near_ours_is_asked_back(bench: Bench, typed: str, meant: str, answer: str):
    assert reply(bench.ana, typed) == f"Did you mean {meant}?"
    message = whisper(bench.ana)
    assert message.buttons == (f"Show {meant}",)
    bench.ana.clicks(f"Show {meant}", message)
    assert sentence(whisper(bench.ana, answer)).startswith(answer)


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("why prod-admin", "For now /prod-access roles says what you can have."),
    ],
)
def test_a_word_of_a_later_version_does_nothing_and_says_what_does(bench: Bench, line: str, instead: str):
    word = line.split(maxsplit=1)[0]
    answer = reply(bench.ana, line)
    assert answer == f"`{word}` comes in a later version, so nothing was done. {instead}"
    assert bench.entries() == []


def test_in_a_thread_slack_itself_refuses(bench: Bench):
    bench.asked()
    outcome = bench.ana.types("/prod-access mine", "C0DB", thread=bench.card().ts)
    assert outcome.kind == "refused"
    assert "/prod-access" in outcome.seen


def test_the_same_envelope_again_asks_nothing_new(bench: Bench):
    outcome = bench.ana.types(ASK, "C0DB")
    again = bench.page("redeliver", envelope_id=outcome.envelope_id)
    assert again["response"]["text"].startswith("You already asked (pa-")
    assert bench.kinds() == ["request.asked"]


def test_a_form_slack_does_not_open_is_said(bench: Bench):
    bench.fault("error", "views.open")
    assert reply(bench.ana, "prod-db-readonly 1h") == (
        "The form did not open, so nothing was done. Try again."
    )


def test_without_rules_nothing_is_asked_and_it_is_said(bench: Bench):
    policy, bench.in_force = bench.in_force, None
    outcome = bench.ana.types(ASK, "C0DB")
    assert outcome.acked  # nobody is known while there are no people
    assert sentence(whisper(bench.ana)) == (
        "prod-access does not know you yet. Ask in #platform-help; they need this: U0ANA."
    )
    bench.in_force = policy
    assert bench.requests() == ()


def test_somebody_without_an_account_in_the_cloud_is_told(bench: Bench):
    policy = meridian()
    known = tuple(
        one.model_copy(update={"aws": None}) if one.id == "ana" else one for one in policy.people.people
    )
    bench.in_force = with_(policy, people=People(people=known, groups=policy.people.groups))
    assert reply(bench.ana, "prod-db-readonly 1h lag") == (
        "Nothing was given: Ana Ruiz has no AWS account here. Ask in #platform-help to have one linked."
    )


@pytest.mark.parametrize("line", ["prod-db-readonly 1h lag", "end pa-none"])
def test_a_ledger_that_is_away_gives_nothing_and_says_what_holds(bench: Bench, line: str):
    if line.startswith("end"):
        request = bench.live()
        line = f"end {request.id}"
    before = bench.kinds()
    with bench.ledger_away():
        answer = reply(bench.ana, line)
    lost = "Nothing changed" if line.startswith("end") else "Nothing was asked"
    assert answer == (
        f"{lost}: prod-access cannot write its log, so it gives no new access. Live access still ends on "
        "time. Try in a minute; if production cannot wait: break-glass page."
    )
    assert bench.kinds() == before
