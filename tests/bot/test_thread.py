"""The thread: the audit log in order, each entry in UX's words or in silence."""

from datetime import timedelta

import pytest

from bot.slack import thread
from bot.slack.blocks import Message
from bot.views import PersonView, RequestView, YesView
from policies import grant as grants
from policies import request as requests
from policies.approval import Approval
from policies.audit import GENESIS, Entry, Event, link
from policies.grant import EndCause, Grant, GrantState
from policies.moves import Moved
from policies.request import Terms
from policies.values import GroupName, PersonId, RuleId
from tests.bot import views_builder as views

RECEIPT = "8c1f"


def told(event: Event, view: RequestView) -> Message:
    message = thread.line(entry(event), view)
    assert message is not None
    assert views.problems(message) == []
    return message


def entry(event: Event) -> Entry:
    made = link(event, seq=1, prev=GENESIS)
    return made._replace(hash=RECEIPT + made.hash[4:])


def line(event: Event, view: RequestView) -> str:
    return views.read(told(event, view))[0]


def yes(person: PersonView = views.BEN, at: str = "14:03:20") -> Approval:
    groups = (GroupName("db-oncall"),)
    return Approval(person=person.id, at=views.clock(at), groups=groups, digest="d" * 64)


ASK = views.ask()
TERMS = Terms(**{**dict(ASK.terms), "rule": RuleId("writes"), "policy_hash": "77aa01" + "0" * 58})
APPROVED = requests.approved(ASK, yes(), views.clock("14:03:20"))
GRANT = views.held(**views.LIVE)
GONE = views.held(**views.GONE)

LINES = {
    "asked": (
        requests.asked(ASK),
        views.waiting(),
        "{14:02:11} Asked by Ana Ruiz: prod-db-readonly, 1 h, INC-42. Rule engineers-read, policy 3fa9c1.",
    ),
    "approved": (
        APPROVED,
        views.starting(),
        "{14:03:20} Approved by Ben Okafor. Ends {15:03:20} in every cloud.",
    ),
    "allowed": (
        requests.approved(ASK, None, views.clock("14:03:20")),
        views.at_once(),
        "{14:03:20} Allowed by rule engineers-read, nobody was asked. Ends {15:03:20} in every cloud.",
    ),
    "revised": (
        requests.revised(ASK, TERMS, "h" * 64, views.clock("14:03")),
        views.waiting(),
        "{14:03:00} The rules changed, so no yes counts so far. Rule writes, policy 77aa01.",
    ),
    "denied": (
        requests.denied(ASK, views.BEN.id, "ref", views.clock("14:04")),
        views.denied(),
        "{14:04:00} Denied by Ben Okafor.",
    ),
    "withdrawn": (
        requests.withdrawn(ASK, views.ANA.id, views.clock("14:05")),
        views.withdrawn(),
        "{14:05:00} Withdrawn by Ana Ruiz. Nothing was given.",
    ),
    "lapsed": (
        requests.lapsed(ASK, views.clock("14:32:11")),
        views.lapsed(),
        "{14:32:11} Lapsed: nobody answered in time. Nothing was given.",
    ),
    "live": (
        requests.activated(APPROVED.value, views.clock("14:03:22")),
        views.live(),
        "{14:03:22} Live in AWS {14:03:22}.",
    ),
    "ended": (
        requests.ended(APPROVED.value, views.clock("15:03:23")),
        views.ended(),
        "{15:03:23} Ended. AWS gone {15:03:23}. Receipt 8c1f.",
    ),
    "ended early": (
        requests.ended(APPROVED.value, views.clock("14:40:08")),
        views.ended_early(),
        "{14:40:08} Ended early by Dev Patel. AWS gone {14:40:08}. Receipt 8c1f.",
    ),
    "not given": (
        requests.failed(APPROVED.value, "aws", "LimitExceeded", views.clock("14:04:08")),
        views.rolled_back(),
        "{14:04:08} Not given: AWS said no (LimitExceeded). All of it is taken back.",
    ),
    "overruled": (
        requests.overruled(APPROVED.value, "Not allowed: whoever left.", "p", views.clock("14:04:08")),
        views.overruled(),
        "{14:04:08} Not given: the rules do not allow it now. Not allowed: whoever left.",
    ),
    "overruled, no reason": (
        requests.overruled(APPROVED.value, "", "p", views.clock("14:04:08")),
        views.overruled(),
        "{14:04:08} Not given: the rules do not allow it now.",
    ),
    "stuck": (
        grants.retried(
            views.held(**{**views.ENDING, "tries": 13}), "away", views.clock("15:08:20"), views.NOW
        ),
        views.stuck(),
        "{15:08:20} Stuck: AWS has not ended after 14 tries. It is tried until it is gone.",
    ),
    "found again": (
        grants.reappeared(GONE, views.clock("15:04:53")),
        views.found_again(),
        "{15:04:53} Found again in AWS after it was gone. It is being taken back.",
    ),
    "gone again": (
        grants.gone(views.held(**views.ENDING), views.clock("15:05:01")),
        views.ended(clouds=(views.cloud(views.held(**{**views.GONE, "cause": EndCause.LATE_CREATE})),)),
        "{15:05:01} Gone again from AWS. Receipt 8c1f.",
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_a_line_reads_as_ux_writes_it(name: str):
    moved, view, words = LINES[name]
    assert line(moved.events[0], view) == words


@pytest.mark.parametrize("name", LINES)
def test_a_line_is_short_and_starts_with_its_moment(name: str):
    moved, view, _ = LINES[name]
    message = told(moved.events[0], view)
    assert views.word_count(views.read(message)[0]) <= 20
    assert message.text[:8] == f"{moved.events[0].at:%H:%M:%S}"
    assert message.text[8:13] == " UTC "


SILENT = [
    grants.planned(views.held()),
    grants.begun(views.held(), views.NOW),
    grants.confirmed(views.held(state=GrantState.GRANTING), views.NOW),
    grants.ending(GRANT, EndCause.ON_TIME, views.NOW),
    grants.gone(views.held(**views.ENDING), views.NOW),
]


@pytest.mark.parametrize("moved", SILENT, ids=lambda moved: moved.events[0].kind)
def test_what_nobody_has_to_know_is_not_told(moved: Moved[Grant]):
    assert thread.line(entry(moved.events[0]), views.live()) is None


@pytest.mark.parametrize("kind", ["click.refused", "ask.refused", "decision.made"])
def test_other_entries_are_not_told(kind: str):
    assert thread.line(entry(Event(kind, views.NOW, {})), views.live()) is None


def test_a_quiet_life_has_five_lines_at_most():
    lives = [requests.asked(ASK), requests.counted(ASK, yes()), APPROVED, *SILENT[:3]]
    lives += [requests.activated(APPROVED.value, views.NOW), *SILENT[3:]]
    lives += [requests.ended(APPROVED.value, views.NOW)]
    lines = [thread.line(entry(moved.events[0]), views.ended()) for moved in lives]
    assert sum(one is not None for one in lines) == 5


def test_a_yes_of_two_says_what_is_missing():
    event = requests.counted(ASK, yes(at="14:03:00")).events[0]
    assert line(event, views.one_of_two()) == (
        "{14:03:00} Yes from Ben Okafor, still needs 1 yes from security."
    )


def test_told_late_it_says_only_what_was_true_then():
    later = views.one_of_two(
        state=views.CardState.LIVE,
        yeses=(YesView(views.BEN, views.clock("14:03")), YesView(views.EMI, views.clock("14:05"))),
        missing=0,
    )
    event = requests.counted(ASK, yes(at="14:03:00")).events[0]
    assert line(event, later) == "{14:03:00} Yes from Ben Okafor, still needs 1 yes."
    void = views.one_of_two(yeses=(), needed=1, missing=1)
    assert line(event, void) == "{14:03:00} Yes from ben."


def test_too_few_yeses_lapse_too():
    view = views.lapsed(yeses=(YesView(views.BEN, views.NOW),))
    assert line(requests.lapsed(ASK, views.NOW).events[0], view).endswith(
        "Lapsed: too few yeses in time. Nothing was given."
    )


def test_a_request_for_somebody_else_names_both():
    event = requests.asked(views.on_behalf().request).events[0]
    assert "Asked by Dev Patel for Ivy Chen: prod-operator, 30 min, INC-42." in line(event, views.on_behalf())


def test_a_reason_is_told_whole_where_the_card_cut_it():
    event = requests.asked(ASK).events[0]
    whole = "word " * 399 + "end"
    assert views.read(told(event, views.waiting(reason=whole)))[1:] == [f"> {whole}"]
    assert views.read(told(event, views.waiting(reason="short")))[1:] == []
    assert views.read(told(event, views.waiting(reason=None)))[1:] == []


def test_a_reason_is_in_the_text_for_screen_readers():
    assert told(requests.asked(ASK).events[0], views.waiting()).text.endswith("Reason: replication lag.")


def test_a_denial_quotes_its_reason():
    event = requests.denied(ASK, views.BEN.id, "ref", views.NOW).events[0]
    message = told(event, views.denied())
    assert views.read(message)[1:] == ["> replica is being rebuilt, try at 16:00"]
    assert message.text.endswith("Reason: replica is being rebuilt, try at 16:00.")
    assert views.read(told(event, views.denied(note=None)))[1:] == []


def test_a_reference_that_could_be_markup_stands_apart():
    link_ = "https://meridian.pagerduty.com/incidents/PX1"
    view = views.waiting(request=views.ask(reference=link_))
    assert views.read(told(requests.asked(view.request).events[0], view)) == [
        "{14:02:11} Asked by Ana Ruiz: prod-db-readonly, 1 h. Rule engineers-read, policy 3fa9c1.",
        f"· {link_}",
    ]
    assert views.texts(told(requests.asked(view.request).events[0], view).blocks, "plain_text") == [link_]


def test_no_reference_leaves_no_gap():
    view = views.waiting(request=views.ask(reference=None))
    assert "prod-db-readonly, 1 h. Rule" in line(requests.asked(view.request).events[0], view)


def test_a_far_end_has_its_day():
    moved = requests.approved(views.ask(duration=timedelta(days=1)), yes(), views.clock("14:03:20"))
    assert "Ends {25 Nov at 14:03} in every cloud." in line(moved.events[0], views.starting())


def test_somebody_the_view_does_not_know_is_named_by_their_id():
    event = requests.withdrawn(ASK, PersonId("gus"), views.NOW).events[0]
    assert "Withdrawn by gus." in line(event, views.waiting())


def test_an_unknown_grant_is_some_cloud():
    event = grants.reappeared(GONE, views.NOW).events[0]
    assert "Found again in one cloud after" in line(event, views.waiting())
    assert (
        thread.line(entry(grants.gone(views.held(**views.ENDING), views.NOW).events[0]), views.waiting())
        is None
    )


def test_an_end_of_nothing_has_its_receipt_too():
    event = requests.ended(APPROVED.value, views.NOW).events[0]
    assert line(event, views.ended(clouds=())).endswith(" Ended. Receipt 8c1f.")


@pytest.mark.parametrize("text", ["<!channel>", "*b* @here", "a\u202eb", "x" * 10_000])
def test_what_people_write_is_never_parsed(text: str):
    event = requests.asked(ASK).events[0]
    hostile = told(event, views.waiting(reason=text, request=views.ask(reference=text)))
    tame = told(event, views.waiting(request=views.ask(reference=None)))
    assert views.texts(hostile.blocks) == views.texts(tame.blocks)
    assert "<" not in hostile.text
