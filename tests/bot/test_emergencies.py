"""Emergencies and incidents in Slack: the lines, the loud message, the review, and the end of all of it."""

from datetime import timedelta

import pytest

from bot.reviewing import token_name
from policies.grant import EndCause, GrantState
from policies.request import RequestState
from policies.review import ReviewState, Verdict
from policies.values import IncidentId
from sandbox.slack.person import Message, Person
from tests.bot import slack_bench, test_commands
from tests.bot.slack_bench import Bench, direct, meridian, said, whisper, with_
from workers.clock import remind
from workers.ledger import incidents, notices, reviews

OPEN = "incident INC-42 open sev2 checkout is down"
EMERGENCY = "emergency prod-operator INC-42 only this role restarts workers"
SECURITY = "C0SECURITY"


def reply(who: Person, line: str) -> str:
    """What somebody reads in answer to a line, without what makes it bold."""
    return test_commands.reply(who, line).replace("*", "")


def sentence(message: Message) -> str:
    """The first line of a message, without what makes it bold."""
    return slack_bench.sentence(message).replace("*", "")


@pytest.fixture
def broken(bench: Bench) -> Bench:
    """Chloe has said that the checkout is down."""
    answer = reply(bench.person("chloe"), OPEN)
    assert answer == (
        "INC-42 · sev2 · live is open, led by Chloe Martin. Access asked for with INC-42 ends with it."
    )
    return bench


def started(bench: Bench) -> None:
    """Ana's emergency runs, and everybody was told."""
    assert reply(bench.ana, EMERGENCY).startswith("Started, until ")
    bench.work()
    bench.tell()


def over(bench: Bench) -> None:
    """Ana's emergency has run and was ended, and everybody was told."""
    started(bench)
    reply(bench.ana, "end")
    bench.work()
    bench.tell()


def loud(bench: Bench, channel: str = SECURITY) -> Message:
    """The message about the emergency."""
    found = [one for one in bench.person("emi").sees(channel) if not one.only_you]
    assert found
    return found[-1]


# Incidents


def test_no_incident_goes_on_at_first(bench: Bench):
    assert reply(bench.ana, "incident").startswith("No incident goes on.")
    assert reply(bench.ana, "incident INC-42") == "No incident is called INC-42."


def test_only_those_who_may_open_an_incident_do(bench: Bench):
    assert reply(bench.ana, OPEN) == ("incident commanders or platform on-call can do that. Nothing changed.")
    assert "incident.opened" not in bench.kinds()


def test_an_incident_is_listed_with_what_hangs_on_it(broken: Bench):
    assert (
        reply(broken.ana, "incident") == "INC-42 · sev2 · live · led by Chloe Martin · no access hangs on it"
    )
    started(broken)
    assert reply(broken.ana, "incident list") == "INC-42 · sev2 · live · led by Chloe Martin · 1 access"
    assert "Ana Ruiz · prod-operator" in said_after(broken, "incident INC-42")


def said_after(bench: Bench, line: str) -> str:
    assert bench.ana.types(f"/prod-access {line}", "C0DB").acked
    return said(whisper(bench.ana))


def test_it_is_opened_once(broken: Bench):
    assert reply(broken.person("dev"), OPEN).startswith("INC-42 · sev2 · live was open already")
    assert broken.kinds().count("incident.opened") == 1


def test_what_was_not_understood_does_nothing(broken: Bench):
    assert reply(broken.ana, "incident INC-42 is over").startswith("That was not understood")
    assert reply(broken.ana, "incident INC-42 open").startswith("That was not understood")


def test_one_line_ends_all_access_of_an_incident_in_every_cloud(broken: Bench):
    broken.reach("aws", "gcp", "azure")
    started(broken)
    assert [one.state for one in broken.grants()] == [GrantState.LIVE] * 3
    answer = reply(broken.person("dev"), "incident INC-42 end")
    assert answer == "🔒 INC-42: all access ends now · 1 person, 1 access"
    broken.work()
    assert [(one.state, one.cause) for one in broken.grants()] == [(GrantState.GONE, EndCause.INCIDENT)] * 3
    assert all(not cloud.held for cloud in broken.clouds.values())
    assert [one.state for one in broken.requests()] == [RequestState.ENDED]
    assert reply(broken.person("dev"), "incident INC-42 end") == "INC-42 is closed. No access hung on it."


def test_somebody_else_does_not_end_it(broken: Bench):
    started(broken)
    assert reply(broken.ana, "incident INC-42 end").endswith("can do that. Nothing changed.")
    assert [one.state for one in broken.grants()] == [GrantState.LIVE]


def test_end_all_asks_first_and_ends_it(broken: Bench):
    started(broken)
    chloe = broken.person("chloe")
    assert chloe.types("/prod-access incident INC-42", "C0DB").acked
    shown = whisper(chloe, "Ana Ruiz")
    assert chloe.clicks("End all", shown).acked
    whisper(chloe, "all access ends now")
    broken.work()
    assert [one.state for one in broken.grants()] == [GrantState.GONE]


def test_its_end_is_told_on_the_card(broken: Bench):
    started(broken)
    reply(broken.person("dev"), "incident INC-42 end")
    broken.work()
    broken.tell()
    assert "Dev Patel" in said(broken.card(channel="C0PRODACCESS"))


# Emergencies


def test_an_emergency_starts_at_once_and_is_loud(broken: Bench):
    answer = reply(broken.ana, EMERGENCY)
    assert answer == "Started, until {14:32 UTC}. It is reviewed by {25 Nov at 14:02 UTC}."
    assert whisper(broken.ana).buttons == ("End now",)
    broken.work()
    broken.tell()
    assert sentence(broken.card(channel="C0PRODACCESS")).startswith("🚨 EMERGENCY, live until {14:32 UTC}")
    message = loud(broken)
    assert sentence(message) == "🚨 EMERGENCY, until {14:32 UTC} · Ana Ruiz · prod-operator · INC-42"
    assert "only this role restarts workers" in said(message)
    assert message.buttons == ("End now",)


def test_what_somebody_wrote_stays_dead_in_what_is_read_aloud(broken: Bench):
    reply(broken.ana, "emergency prod-operator INC-42 *all* of <!channel> burns")
    broken.work()
    broken.tell()
    told = loud(broken).text
    assert "<!channel>" not in told
    assert told.startswith("🚨 EMERGENCY, until 14:32 UTC · Ana Ruiz · prod-operator · INC-42. ")
    assert "No approval was needed (rule emergency-operates)" in told


def test_what_waits_for_a_yes_gives_way_to_an_emergency(broken: Bench):
    waits = broken.asked("/prod-access prod-operator 30m INC-42 restart workers")
    assert reply(broken.ana, EMERGENCY).startswith("Started, until ")
    (now,) = (one for one in broken.requests() if one.id != waits.id)
    assert (broken.again(waits).state, now.state) == (RequestState.WITHDRAWN, RequestState.APPROVED)


def test_what_waits_for_a_yes_stays_where_the_emergency_is_refused(bench: Bench):
    waits = bench.asked("/prod-access prod-operator 30m INC-42 restart workers")
    assert reply(bench.ana, EMERGENCY).startswith("Not allowed now: prod-operator needs a live incident.")
    assert bench.again(waits).state is RequestState.PENDING


def test_what_is_held_already_is_said_and_no_second_emergency_is_made(broken: Bench):
    started(broken)
    assert "Started" not in reply(broken.ana, EMERGENCY)
    assert len(broken.requests()) == 1


def test_an_incident_that_has_a_channel_is_told_there_too(broken: Bench):
    with broken.ledger.writing() as writing:
        found = incidents.lock(writing, IncidentId("INC-42"))
        assert found is not None
        there = found.model_copy(update={"channel": "C0INC42", "version": found.version + 1})
        writing.compare_and_set(incidents._table, found.id, there.version, incidents._columns(there))
    started(broken)
    assert sentence(loud(broken, "C0INC42")) == sentence(loud(broken))


def test_without_a_live_incident_there_is_no_emergency(bench: Bench):
    assert reply(bench.ana, EMERGENCY).startswith("Not allowed now: prod-operator needs a live incident.")
    assert bench.requests() == ()


def test_what_is_missing_is_said_and_nothing_starts(broken: Bench):
    assert reply(broken.ana, "emergency prod-operator INC-42") == (
        "Nothing was started. A reason is missing. "
        "Write /prod-access emergency ROLE INC-42 why it cannot wait, in one line."
    )
    assert reply(broken.ana, "emergency for @femi prod-operator INC-42 it burns").startswith(
        "Nothing was started. Nobody is linked to that account."
    )
    assert broken.requests() == ()


def test_a_commander_hands_access_out_and_that_is_reviewed_too(broken: Bench):
    started_by_dev(broken)
    (request,) = (one for one in broken.requests() if one.requester == "dev")
    assert (request.beneficiary, request.state, request.emergency) == ("ivy", RequestState.APPROVED, False)
    broken.work()
    broken.tell()
    assert sentence(loud(broken)).startswith("🚨 Handed out, until ")


def started_by_dev(bench: Bench) -> None:
    dev = bench.person("dev")
    reply(dev, "incident INC-43 open sev1 payments are down")
    reply(dev, "for @ivy prod-operator 1h INC-43 restart workers")


# The review


def test_a_reviewer_answers_once_and_the_message_says_so(broken: Bench):
    over(broken)
    emi = broken.person("emi")
    assert emi.clicks("As expected", loud(broken)).acked
    broken.tell()
    message = loud(broken)
    assert sentence(message).startswith("✅ Reviewed: as expected · Ana Ruiz · prod-operator · by Emi Sato")
    assert message.buttons == ()
    assert broken.body("review.answered")["by"] == "emi"


def test_while_it_runs_security_can_end_it_and_not_review_it(broken: Bench):
    started(broken)
    with broken.ledger.writing() as writing:
        value = writing.token_for(token_name(broken.requests()[0].id), 0)
    assert broken.press("review_fine", value, user={"id": "U0EMI", "team_id": "T0MERIDIAN"}).acked
    emi = broken.person("emi")
    whisper(emi, "It still runs.")
    assert emi.clicks("End now", loud(broken)).acked
    broken.work()
    broken.tell()
    assert [one.state for one in broken.grants()] == [GrantState.GONE]
    message = loud(broken)
    assert sentence(message).startswith("📋 Review · Ana Ruiz · prod-operator · INC-42 · emergency")
    assert message.buttons == ("As expected", "Needs follow-up")


def test_what_has_to_follow_is_written_down(broken: Bench):
    over(broken)
    emi = broken.person("emi")
    assert emi.clicks("Needs follow-up", loud(broken)).acked
    assert emi.form() is not None
    assert not emi.submits().acked or emi.form() is not None
    emi.fills("What has to follow", "the restart belongs into the runbook")
    assert emi.submits().acked
    with broken.ledger.reading() as reader:
        review = reviews.find(reader, broken.requests()[0].id)
        assert review is not None
        assert (review.verdict, review.state) == (Verdict.NEEDS_FOLLOW_UP, ReviewState.ANSWERED)
        assert reader.text(review.note) == "the restart belongs into the runbook"


@pytest.mark.parametrize("who", ["ana", "ben"])
@pytest.mark.parametrize("action", ["review_fine", "review_follow_up"])
def test_who_had_it_or_is_no_reviewer_does_not_review_it(broken: Bench, action: str, who: str):
    over(broken)
    value = pressed(loud(broken))
    if who == "ana":
        reviewing(broken, "security", "engineers")
    user = {"id": f"U0{who.upper()}", "team_id": "T0MERIDIAN"}
    assert broken.press(action, value, user=user).acked
    whisper(broken.person(who), "You cannot review this")
    assert "review.answered" not in broken.kinds()


def reviewing(bench: Bench, *groups: str) -> None:
    """From now on these groups review."""
    policy = meridian()
    settings = policy.settings.model_copy(update={"reviewers": groups})
    bench.in_force = with_(policy, settings=settings)


def pressed(message: Message) -> str:
    """What the buttons of the loud message carry."""
    (row,) = (block for block in message.blocks if block["type"] == "actions")
    return str(row["elements"][0]["value"])


def test_a_second_answer_changes_nothing(broken: Bench):
    over(broken)
    emi, message = broken.person("emi"), loud(broken)
    emi.clicks("As expected", message)
    value = pressed(message)
    broken.press("review_fine", value, user={"id": "U0EMI", "team_id": "T0MERIDIAN"})
    whisper(emi, "This was reviewed already")
    broken.press("review_fine", "never made", user={"id": "U0EMI", "team_id": "T0MERIDIAN"})
    assert broken.kinds().count("review.answered") == 1


def test_a_second_emergency_elsewhere_waits_for_the_review_of_the_first(broken: Bench):
    over(broken)
    reply(broken.person("dev"), "incident INC-43 open sev1 payments are down")
    elsewhere = "emergency prod-operator INC-43 only this role restarts workers"
    assert reply(broken.ana, elsewhere) == "Not allowed: your emergency of 24 Nov is unreviewed."
    broken.tell()
    broken.person("emi").clicks("As expected", loud(broken))
    assert reply(broken.ana, elsewhere).startswith("Started")


def test_reviewers_are_reminded_until_it_is_answered(broken: Bench):
    over(broken)
    request = broken.requests()[0]
    for hours in (22, 2, 2):
        broken.clock.move(timedelta(hours=hours))
        broken.ledger.retrying(lambda writing: remind(writing, request.id))
        broken.tell()
    assert broken.kinds().count("review.reminded") == 3
    assert broken.body("review.reminded")["overdue"] is True
    emi = broken.person("emi")
    lines = [said(one).replace("*", "") for one in emi.thread(loud(broken))]
    assert lines[0].startswith(
        f"⏰ This review is due {{14:02 UTC}} · Ana Ruiz · prod-operator · {request.id}"
    )
    assert lines[1].startswith("⏰ This review was due")
    assert lines[1].endswith("can answer")
    assert len(lines) == 3
    broken.tell()
    assert emi.clicks("As expected", loud(broken)).acked
    broken.tell()
    assert len(emi.thread(loud(broken))) == 3


def test_where_the_security_channel_cannot_be_told_a_reviewer_is(broken: Bench):
    settings = meridian().settings.model_copy(update={"security_channel": "C0NOWHERE"})
    broken.in_force = with_(meridian(), settings=settings)
    over(broken)
    emi = broken.person("emi")
    assert emi.clicks("As expected", direct(emi, "📋")).acked
    broken.tell()
    direct(emi, "Reviewed: as expected")


def test_where_nobody_can_be_told_everything_else_goes_on(broken: Bench):
    changes = {"security_channel": "C0NOWHERE", "reviewers": ()}
    broken.in_force = with_(meridian(), settings=meridian().settings.model_copy(update=changes))
    started(broken)
    with broken.ledger.reading() as reader:
        assert notices.find(reader, f"emergency/{broken.requests()[0].id}/security") is None
    assert sentence(broken.card(channel="C0PRODACCESS")).startswith("🚨 EMERGENCY")


def test_a_message_that_was_deleted_is_posted_again(broken: Bench):
    over(broken)
    with broken.ledger.writing() as writing:
        name = f"emergency/{broken.requests()[0].id}/security"
        known = notices.find(writing, name)
        assert known is not None
        notices.put(writing, known._replace(message="1.000009"))
    broken.person("emi").clicks("As expected", loud(broken))
    broken.tell()
    assert sentence(loud(broken)).startswith("✅ Reviewed")
