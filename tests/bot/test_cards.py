"""The card: every state in UX's exact words, within Slack's limits, and deaf to what people write into it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import actions as ids
from bot.slack.cards import Message, card
from bot.slack.words import clouds
from bot.slack.words.clouds import code_in_words
from bot.views import CardState, CloudNo, PersonView, RequestView, YesView
from policies.catalogue import Risk
from policies.grant import GrantState
from policies.request import RequestState
from policies.values import CloudName, PersonId
from tests.bot import many_clouds as many
from tests.bot import views_builder as views
from tests.bot.many_clouds import EVERY

SNAPSHOT = Path(__file__).parents[1] / "snapshots" / "cards.json"


def draw(view: RequestView, *, mention: bool = True) -> Message:
    return card(view, now=views.NOW, token=views.TOKEN, mention=mention)


# What is read, state by state -----------------------------------------------------------------------


CARDS = {
    "waiting": [
        "⏳ *Waiting* · Ana Ruiz asks for *prod-db-readonly* · 1 h",
        "> replication lag",
        "Read production databases · AWS shop-prod │ Risk: low, reads only │ INC-42",
        "[Approve] [Deny] (⋯ Withdraw)",
        (
            "· Needs 1 yes: <@U0BEN> (database on-call) · lapses {14:32} if nobody answers"
            " · rule engineers-read · pa-7k3m"
        ),
    ],
    "one of two": [
        "⏳ *Waiting, 1 of 2* · Ana Ruiz asks for *prod-db-write* · 30 min",
        "> replication lag",
        "Change production data · AWS shop-prod │ Risk: high │ INC-42",
        "[Approve] [Deny] (⋯ Withdraw)",
        (
            "· ✅ Yes: Ben Okafor {14:03} · still needs 1 yes from security (Emi Sato)"
            " · lapses {14:32} · pa-9d2x"
        ),
    ],
    "on behalf": [
        "⏳ *Waiting* · *prod-operator* for Ivy Chen · 30 min",
        "> replication lag",
        "Restart and scale production services · AWS shop-prod │ Risk: high │ Asked by Dev Patel │ INC-42",
        "[Approve] [Deny] (⋯ Withdraw)",
        (
            "· Needs 1 yes: <@U0CHLOE> (platform on-call) · lapses {14:32} if nobody answers"
            " · rule engineers-read · pa-7k3m"
        ),
    ],
    "nobody can": [
        "⏳ *Waiting* · Ana Ruiz asks for *prod-db-readonly* · 1 h",
        "> replication lag",
        "Read production databases · AWS shop-prod │ Risk: low, reads only │ INC-42",
        "[Approve] [Deny] (⋯ Withdraw)",
        (
            "· ⛔ Nobody else in database on-call can approve now · lapses {14:32}"
            " · rule engineers-read · pa-7k3m"
        ),
    ],
    "starting": [
        "⚙️ *Approved, starting* · Ana Ruiz · prod-db-readonly · until {15:03}",
        "> replication lag",
        "AWS starting · the hour counts from Ben Okafor's yes {14:03} [End now]",
        "· Approved by Ben Okafor {14:03} · pa-7k3m",
    ],
    "half live": [
        "🔓 *Live in 1 of 2 until {15:03}* · Ana Ruiz · prod-db-readonly",
        "> replication lag",
        "AWS shop-prod live · AWS tideline starting [End now]",
        "· Approved by Ben Okafor {14:03} · pa-7k3m",
    ],
    "live": [
        "🔓 *Live until {15:03}* · Ana Ruiz · prod-db-readonly [End now]",
        "> replication lag",
        "· Approved by Ben Okafor {14:03} · live everywhere since {14:03} · pa-7k3m",
    ],
    "at once": [
        "🔓 *Live until {15:03}* · Ana Ruiz · prod-db-readonly [End now]",
        "> replication lag",
        "· No approval was needed (rule engineers-read) · live everywhere since {14:03} · pa-7k3m",
    ],
    "ending": [
        "🔒 *Ending* · Ana Ruiz · prod-db-readonly",
        "> replication lag",
        "AWS asked, not yet confirmed",
        "· pa-7k3m",
    ],
    "stuck": [
        "⚠️ *Stuck: AWS has not ended* · Ana Ruiz · prod-db-readonly · was due {15:03}",
        "> replication lag",
        "AWS unreachable, 14 tries, next {15:22}. Ana Ruiz may still get in.",
        "· Tried until it is gone · pa-7k3m",
    ],
    "ended": [
        "🔒 *Ended {15:03}* · Ana Ruiz · prod-db-readonly · held 1 h",
        "AWS gone {15:03:23}",
        "· AWS refuses since {15:03:20} · no open session outlives this · log in the thread · pa-7k3m",
    ],
    "ended early": [
        "🔒 *Ended {14:40}* · Ana Ruiz · prod-db-readonly · held 37 min",
        "AWS gone {14:40:08}",
        (
            "· Ended early by Dev Patel · AWS refuses, usually within seconds (AWS says a few minutes)"
            " · log in the thread · pa-7k3m"
        ),
    ],
    "found again": [
        "🔒 *Ending again* · Ana Ruiz · prod-db-readonly · found after it was gone",
        "AWS being taken back",
        "· log in the thread · pa-7k3m",
    ],
    "denied": [
        "⛔ *Denied* · Ana Ruiz asked for prod-db-readonly · by Ben Okafor {14:04}",
        "> replica is being rebuilt, try at 16:00",
        "· pa-7k3m",
    ],
    "withdrawn": [
        "➖ *Withdrawn* · Ana Ruiz asked for prod-db-readonly · {14:05} · nothing was given",
        "· pa-7k3m",
    ],
    "lapsed": [
        "💤 *Lapsed* · Ana Ruiz asked for prod-db-readonly · nobody answered by {14:32} · nothing was given",
        "· pa-7k3m",
    ],
    "rolled back": [
        "↩️ *Not given* · Ana Ruiz · prod-db-readonly · AWS said no: limit exceeded",
        "AWS never started",
        "· Nothing is left behind · pa-7k3m",
    ],
    "overruled": [
        "⛔ *Not given* · Ana Ruiz · prod-db-readonly · the rules do not allow it now",
        "AWS never live, gone {14:04:10}",
        "· Nothing is left behind · pa-7k3m",
    ],
    "three starting": [
        "⚙️ *Approved, starting* · Ana Ruiz · prod-db-readonly · until {15:03}",
        "> replication lag",
        (
            "AWS starting · Google Cloud starting · Azure starting, up to 10 min"
            " · the hour counts from Ben Okafor's yes {14:03} [End now]"
        ),
        "· Approved by Ben Okafor {14:03} · pa-7k3m",
    ],
    "two of three": [
        "🔓 *Live in 2 of 3 until {15:03}* · Ana Ruiz · prod-db-readonly",
        "> replication lag",
        (
            "AWS live · Google Cloud live, may not work before {14:10} · Azure starting, up to 10 min"
            " [End now]"
        ),
        "· Approved by Ben Okafor {14:03} · pa-7k3m",
    ],
    "three live": [
        "🔓 *Live until {15:03}* · Ana Ruiz · prod-db-readonly [End now]",
        "> replication lag",
        "· Approved by Ben Okafor {14:03} · live everywhere since {14:06} · pa-7k3m",
    ],
    "three ending": [
        "🔒 *Ending* · Ana Ruiz · prod-db-readonly",
        "> replication lag",
        "AWS gone {15:03:23} · Google Cloud gone {15:03:22} · Azure asked, not yet confirmed",
        "· pa-7k3m",
    ],
    "three stuck": [
        "⚠️ *Stuck: Azure has not ended* · Ana Ruiz · prod-db-readonly · was due {15:03}",
        "> replication lag",
        (
            "AWS gone {15:03:23} · Google Cloud gone {15:03:22} · Azure unreachable, 14 tries, next {15:22}."
            " Ana Ruiz may still get in."
        ),
        "· Tried until it is gone · pa-7k3m",
    ],
    "three ended": [
        "🔒 *Ended {15:03}* · Ana Ruiz · prod-db-readonly · held 1 h",
        "AWS gone {15:03:23} · Google Cloud gone {15:03:22} · Azure gone {15:03:44}",
        (
            "· AWS and Google refuse since {15:03:20} · Azure may still answer until {15:13} (Azure's figure)"
            " · log in the thread · pa-7k3m"
        ),
    ],
    "three ended early": [
        "🔒 *Ended {14:40}* · Ana Ruiz · prod-db-readonly · held 37 min",
        "AWS gone {14:40:08} · Google Cloud gone {14:40:07} · Azure gone {14:40:30}",
        (
            "· Ended early by Dev Patel · AWS refuses within a few minutes,"
            " Google within 7 min of removal (their figures)"
        ),
        "· Azure may still answer until {14:50} (Azure's figure) · log in the thread · pa-7k3m",
    ],
    "four ended": [
        "🔒 *Ended {15:03}* · Ana Ruiz · prod-db-readonly · held 1 h",
        (
            "AWS gone {15:03:23} · Google Cloud gone {15:03:22} · Azure gone {15:03:44}"
            " · AWS Identity Center gone {15:03:50}"
        ),
        "· AWS and Google refuse since {15:03:20} · Azure may still answer until {15:13} (Azure's figure)",
        "· an open Identity Center session may live until {16:03} · log in the thread · pa-7k3m",
    ],
    "three rolled back": [
        "↩️ *Not given* · Ana Ruiz · prod-db-readonly · Azure said no: role assignment limit exceeded",
        "AWS taken back, gone {14:04:10} · Google Cloud taken back, gone {14:04:09} · Azure never started",
        "· All clouds or none: nothing is left behind · pa-7k3m",
    ],
    "asks for more": [
        "🔓 *Live until {15:03}* · Ana Ruiz · prod-db-readonly [End now]",
        "> replication lag",
        ("· asks for 30 min more · Approved by Ben Okafor {14:03} · live everywhere since {14:06} · pa-7k3m"),
    ],
    "extending": [
        "🔓 *Live until {15:03}* · Ana Ruiz · prod-db-readonly [End now]",
        "> replication lag",
        "AWS live until {15:33} · Google Cloud live until {15:33} · Azure live, extending",
        ("· Extending to {15:33} · Approved by Ben Okafor {14:03} · live everywhere since {14:06} · pa-7k3m"),
    ],
    "extended": [
        "🔓 *Live until {15:33}* · Ana Ruiz · prod-db-readonly [End now]",
        "> replication lag",
        "· ~{15:03}~ → {15:33}, extended by Ana Ruiz · longest possible {16:03} · pa-7k3m",
    ],
    "azure kept": [
        "🔓 *Live until {15:33}* · Ana Ruiz · prod-db-readonly [End now]",
        "> replication lag",
        "AWS live · Google Cloud live, may not work before {14:10} · Azure live, still ends {15:03}",
        "· ~{15:03}~ → {15:33}, extended by Ana Ruiz · longest possible {16:03} · pa-7k3m",
    ],
    "azure over": [
        "🔓 *Live in 2 of 3 until {15:33}* · Ana Ruiz · prod-db-readonly [End now]",
        "> replication lag",
        "AWS live · Google Cloud live, may not work before {14:10} · Azure gone {15:03:44}",
        "· ~{15:03}~ → {15:33}, extended by Ana Ruiz · longest possible {16:03} · pa-7k3m",
    ],
}


@pytest.mark.parametrize("name", EVERY)
def test_a_card_reads_as_ux_draws_it(name: str):
    assert views.read(draw(EVERY[name]())) == CARDS[name]


TEXTS = {
    "waiting": "Waiting: Ana Ruiz asks for prod-db-readonly, 1 h, low risk. Reason: replication lag."
    " AWS. INC-42. Needs 1 yes from Ben Okafor by 14:32 UTC. Approve or Deny on this card. pa-7k3m",
    "one of two": "Waiting, 1 of 2: Ana Ruiz asks for prod-db-write, 30 min, high risk."
    " Reason: replication lag. AWS. INC-42. Needs 1 yes from Emi Sato by 14:32 UTC."
    " Approve or Deny on this card. pa-9d2x",
    "on behalf": "Waiting: Dev Patel asks for prod-operator for Ivy Chen, 30 min, high risk."
    " Reason: replication lag. AWS. INC-42. Needs 1 yes from Chloe Martin by 14:32 UTC."
    " Approve or Deny on this card. pa-7k3m",
    "nobody can": "Waiting: Ana Ruiz asks for prod-db-readonly, 1 h, low risk. Reason: replication lag. AWS."
    " INC-42. Nobody else in database on-call can approve now. It lapses 14:32 UTC. pa-7k3m",
    "starting": "Approved, starting, until 15:03 UTC: Ana Ruiz, prod-db-readonly. AWS starting."
    " Approved by Ben Okafor.",
    "half live": "Live in 1 of 2, until 15:03 UTC: Ana Ruiz, prod-db-readonly."
    " AWS shop-prod live, AWS tideline starting. Approved by Ben Okafor.",
    "live": "Live until 15:03 UTC: Ana Ruiz, prod-db-readonly. AWS live. Approved by Ben Okafor.",
    "at once": "Live until 15:03 UTC: Ana Ruiz, prod-db-readonly. AWS live."
    " No approval was needed (rule engineers-read).",
    "ending": "Ending: Ana Ruiz, prod-db-readonly. AWS asked, not yet confirmed. pa-7k3m",
    "stuck": "Stuck, AWS has not ended: Ana Ruiz, prod-db-readonly, was due 15:03 UTC."
    " AWS unreachable, 14 tries, next 15:22 UTC. Ana Ruiz may still get in.",
    "ended": "Ended 15:03 UTC: Ana Ruiz, prod-db-readonly. Gone from AWS.",
    "ended early": "Ended 14:40 UTC: Ana Ruiz, prod-db-readonly. Gone from AWS.",
    "found again": "Ending again, found after it was gone: Ana Ruiz, prod-db-readonly."
    " AWS being taken back. pa-7k3m",
    "denied": "Denied by Ben Okafor 14:04 UTC: Ana Ruiz asked for prod-db-readonly."
    " Reason: replica is being rebuilt, try at 16:00. pa-7k3m",
    "withdrawn": "Withdrawn 14:05 UTC: Ana Ruiz asked for prod-db-readonly. Nothing was given. pa-7k3m",
    "lapsed": "Lapsed: Ana Ruiz asked for prod-db-readonly. Nobody answered by 14:32 UTC."
    " Nothing was given. pa-7k3m",
    "rolled back": "Not given: Ana Ruiz, prod-db-readonly. AWS said no: limit exceeded. AWS never started."
    " pa-7k3m",
    "overruled": "Not given: Ana Ruiz, prod-db-readonly. The rules do not allow it now."
    " AWS never live, gone 14:04:10 UTC. pa-7k3m",
    "three starting": "Approved, starting, until 15:03 UTC: Ana Ruiz, prod-db-readonly. AWS starting,"
    " Google Cloud starting, Azure starting, up to 10 min. Approved by Ben Okafor.",
    "two of three": "Live in 2 of 3, until 15:03 UTC: Ana Ruiz, prod-db-readonly. AWS live,"
    " Google Cloud live, may not work before 14:10 UTC, Azure starting, up to 10 min."
    " Approved by Ben Okafor.",
    "three live": "Live until 15:03 UTC: Ana Ruiz, prod-db-readonly. AWS live,"
    " Google Cloud live, may not work before 14:10 UTC, Azure live, may take up to 10 min."
    " Approved by Ben Okafor.",
    "three ending": "Ending: Ana Ruiz, prod-db-readonly. AWS gone 15:03:23 UTC,"
    " Google Cloud gone 15:03:22 UTC, Azure asked, not yet confirmed. pa-7k3m",
    "three stuck": "Stuck, Azure has not ended: Ana Ruiz, prod-db-readonly, was due 15:03 UTC."
    " AWS gone 15:03:23 UTC, Google Cloud gone 15:03:22 UTC,"
    " Azure unreachable, 14 tries, next 15:22 UTC. Ana Ruiz may still get in.",
    "three ended": "Ended 15:03 UTC: Ana Ruiz, prod-db-readonly. Gone from AWS, Google Cloud, Azure.",
    "three ended early": "Ended 14:40 UTC: Ana Ruiz, prod-db-readonly. Gone from AWS, Google Cloud, Azure.",
    "four ended": "Ended 15:03 UTC: Ana Ruiz, prod-db-readonly."
    " Gone from AWS, Google Cloud, Azure, AWS Identity Center.",
    "three rolled back": "Not given: Ana Ruiz, prod-db-readonly."
    " Azure said no: role assignment limit exceeded. AWS taken back, gone 14:04:10 UTC,"
    " Google Cloud taken back, gone 14:04:09 UTC, Azure never started. pa-7k3m",
    "asks for more": "Live until 15:03 UTC: Ana Ruiz, prod-db-readonly. AWS live,"
    " Google Cloud live, may not work before 14:10 UTC, Azure live, may take up to 10 min."
    " Approved by Ben Okafor. 30 min more is asked for. Ben Okafor, database on-call, was asked"
    " and has until 15:03 UTC.",
    "extending": "Live until 15:03 UTC: Ana Ruiz, prod-db-readonly. AWS live until 15:33 UTC,"
    " Google Cloud live until 15:33 UTC, Azure live, extending."
    " Approved by Ben Okafor. Extending to 15:33 UTC.",
    "extended": "Live until 15:33 UTC: Ana Ruiz, prod-db-readonly. AWS live,"
    " Google Cloud live, may not work before 14:10 UTC, Azure live, may take up to 10 min."
    " Approved by Ben Okafor.",
    "azure kept": "Live until 15:33 UTC: Ana Ruiz, prod-db-readonly. AWS live,"
    " Google Cloud live, may not work before 14:10 UTC, Azure live, still ends 15:03 UTC."
    " Approved by Ben Okafor.",
    "azure over": "Live in 2 of 3, until 15:33 UTC: Ana Ruiz, prod-db-readonly. AWS live,"
    " Google Cloud live, may not work before 14:10 UTC, Azure gone 15:03:44 UTC."
    " Approved by Ben Okafor.",
}


@pytest.mark.parametrize("name", EVERY)
def test_the_text_alone_carries_the_whole_decision(name: str):
    assert draw(EVERY[name]()).text == TEXTS[name]


@pytest.mark.parametrize("name", EVERY)
def test_the_first_90_signs_name_the_state_the_person_and_the_role(name: str):
    view = EVERY[name]()
    start = draw(view).text[:90]
    assert view.beneficiary.name in start
    assert view.request.role in start


def test_every_state_has_a_face():
    for state, view in views.FACES.items():
        assert view().state is state
    assert set(views.FACES) == set(CardState)


# The rarer turns --------------------------------------------------------------------------------------


def line(view: RequestView, number: int, *, mention: bool = True) -> str:
    return views.read(draw(view, mention=mention))[number]


def test_two_on_duty_are_called_with_their_duty_and_a_third_without():
    two = views.waiting(asked=(views.BEN, views.EMI), missing=2, needed=2)
    assert "Needs 2 yes: <@U0BEN> (database on-call) and <@U0EMI> (security) ·" in line(two, -1)
    three = views.waiting(asked=(views.BEN, views.CHLOE, views.EMI))
    assert "Needs 1 yes: <@U0BEN>, <@U0CHLOE> or <@U0EMI> ·" in line(three, -1)


def test_more_people_than_anybody_reads_are_named_as_their_group():
    many = views.waiting(asked=(views.BEN, views.CHLOE, views.EMI, views.DEV))
    assert "Needs 1 yes: database on-call ·" in line(many, -1)
    assert "from Ben Okafor, Chloe Martin, Emi Sato or 1 more by" in draw(many).text


def test_without_a_mention_or_an_account_people_are_named():
    stranger = PersonView(PersonId("kim"), "Kim Lee", "", None)
    assert "Needs 1 yes: Ben Okafor (database on-call) ·" in line(views.waiting(), -1, mention=False)
    assert "Needs 1 yes: Kim Lee ·" in line(views.waiting(asked=(stranger,)), -1)


def test_a_card_without_a_group_or_a_role_still_stands():
    bare = views.waiting(groups=(), clouds=(), role_title="", reason=None, nobody_else_can=True, asked=())
    assert views.read(draw(bare)) == [
        "⏳ *Waiting* · Ana Ruiz asks for *prod-db-readonly* · 1 h",
        "Risk: low, reads only │ INC-42",
        "[Approve] [Deny] (⋯ Withdraw)",
        (
            "· ⛔ Nobody else in the approving group can approve now · lapses {14:32}"
            " · rule engineers-read · pa-7k3m"
        ),
    ]
    for view in (views.ended(clouds=()), views.ending(clouds=()), views.starting(clouds=())):
        assert views.problems(draw(view)) == []


def test_what_nobody_had_to_approve_says_starting_only():
    view = views.starting(yeses=(), decided_by=None)
    assert line(view, 0).startswith("⚙️ *Starting* · Ana Ruiz")
    assert "the hour counts from {14:03}" in line(view, 2)
    assert draw(view).text.startswith("Starting, until 15:03 UTC: Ana Ruiz")


def test_other_windows_are_counted_in_their_own_words():
    request = views.approved(duration=timedelta(minutes=30))
    view = views.starting(request=request)
    assert "the 30 min count from" in line(view, 2)


def test_a_slow_start_says_how_often_it_was_tried():
    slow = views.cloud(views.held(state=GrantState.GRANTING, tries=4, due_at=views.clock("14:04")))
    assert line(views.starting(clouds=(slow,)), 2).startswith("AWS starting, 4 tries, next {14:04} ·")
    idle = views.cloud(views.held(state=GrantState.GRANTING, tries=4, due_at=None))
    assert line(views.starting(clouds=(idle,)), 2).startswith("AWS starting ·")


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("ConnectTimeoutError", "AWS unreachable, 14 tries"),
        ("still_there", "AWS still there, 14 tries"),
        ("AccessDenied", "AWS says no (AccessDenied), 14 tries"),
        ("gcp_read_timeout", "AWS unreachable, 14 tries"),
        ("ServiceUnavailable", "AWS unreachable, 14 tries"),
    ],
)
def test_a_stuck_card_says_why(problem: str, words: str):
    late = {"stuck_at": views.clock("15:08"), "tries": 14, "due_at": views.clock("15:22"), "problem": problem}
    view = views.stuck(clouds=(views.cloud(views.held(**{**views.ENDING, **late})),))
    assert line(view, 2).startswith(words)


def test_accounts_beyond_the_fourth_are_only_counted():
    clouds = tuple(views.cloud(views.held(n, **views.GONE), f"shop-{n}") for n in range(1, 7))
    view = views.ended(clouds=clouds)
    assert line(view, 1).endswith("AWS shop-4 gone {15:03:23} · 2 more")


def test_several_accounts_are_given_or_taken_back_together():
    both = (
        views.cloud(views.held(**{**views.NEVER_LIVE, "live_at": views.clock("14:03:30")})),
        views.cloud(views.held(2, **{**views.NEVER_LIVE, "state": GrantState.ENDING}), "tideline"),
    )
    assert views.read(draw(views.rolled_back(clouds=both))) == [
        "↩️ *Not given* · Ana Ruiz · prod-db-readonly · AWS said no: limit exceeded",
        "AWS shop-prod taken back, gone {14:04:10} · AWS tideline being taken back",
        "· All accounts or none: all of it is being taken back · pa-7k3m",
    ]


def test_a_sibling_of_what_was_refused_is_not_said_never_to_have_started():
    both = (
        views.cloud(views.held(**views.NEVER_LIVE)),
        views.cloud(views.held(2, **views.NEVER_LIVE), "tideline"),
    )
    assert line(views.rolled_back(clouds=both), 1).startswith("AWS shop-prod never live, gone {14:04:10} ·")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("RoleAssignmentLimitExceeded", "role assignment limit exceeded"),
        ("gcp_policy_full", "policy full"),
        ("azure_not_a_member", "not a member"),
        ("iam_role_quota", "iam role quota"),
        ("LinkedAuthorizationFailed", "linked authorization failed"),
    ],
)
def test_a_clouds_code_is_read_as_words(code: str, words: str):
    assert code_in_words(code) == words


def test_a_cloud_that_gave_no_code_has_just_said_no():
    silent = many.rolled_back(cloud_no=CloudNo(CloudName("azure"), ""))
    assert line(silent, 0).endswith("· Azure said no")


@pytest.mark.parametrize(
    ("minutes", "google", "azure"),
    [
        (7, "live, may not work before {14:10}", "live, may take up to 10 min"),
        (12, "live", "live, may take up to 10 min"),
        (20, "live", "live"),
    ],
)
def test_a_cloud_is_plainly_live_once_its_own_figure_is_over(minutes: int, google: str, azure: str):
    states = [clouds.cloud_state(many.live(), one, many.later(minutes)) for one in many.live().clouds[1:]]
    assert [views.with_times(state) for state in states] == [f"Google Cloud {google}", f"Azure {azure}"]


def test_identity_center_says_that_aws_works_on_it():
    view = views.starting(clouds=(many.there(many.PERMISSION_SET, state=GrantState.GRANTING),))
    assert line(view, 2).startswith("AWS Identity Center starting, AWS is working on it · the hour counts")


def test_clouds_that_ended_at_different_moments_refuse_since_their_own():
    ended = many.azure_kept(
        request=views.approved(RequestState.ENDED, ends_at=views.clock("15:33:20")),
        clouds=many.of(
            many.in_three(**{**views.GONE, **many.LONGER})[:2], 1, ends_at=views.clock("15:03:20")
        ),
    )._replace(state=CardState.ENDED)
    assert "AWS refuses since {15:33:20} · Google refuses since {15:03:20} ·" in line(ended, -1)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "AWS refuses, usually within seconds (AWS says a few minutes)"),
        (1, "Google refuses within 7 min of removal (Google's figure)"),
        (2, "Azure may still answer until {14:50} (Azure's figure)"),
    ],
)
def test_each_cloud_that_ended_early_says_what_it_promises(number: int, words: str):
    alone = many.ended_early(clouds=many.ended_early().clouds[number : number + 1])
    assert words in " ".join(views.read(draw(alone)))


def test_only_clouds_that_refuse_by_their_own_clock_promise_that_no_session_outlives_the_end():
    promise = "no open session outlives this"
    two, three = many.ended(clouds=many.ended().clouds[:2]), many.ended()
    assert promise in line(two, -1)
    assert promise not in " ".join(views.read(draw(three)))
    assert promise not in " ".join(views.read(draw(many.ended_early(clouds=many.ended_early().clouds[:2]))))


def test_what_lasts_while_one_cloud_is_stuck_can_be_ended():
    late = {"stuck_at": views.clock("15:08:20"), "tries": 14, "due_at": views.clock("15:22")}
    clouds = many.of(many.azure_over().clouds, 2, **{**late, "state": GrantState.ENDING, "gone_at": None})
    view = many.azure_over(clouds=clouds, state=CardState.STUCK)
    assert line(view, 0).endswith("· was due {15:03} [End now]")
    assert line(view, 2).startswith(
        "AWS live · Google Cloud live, may not work before {14:10} · Azure unreach"
    )


def test_an_extension_that_moves_slowly_says_how_often_it_was_tried():
    slow = many.of(many.extending().clouds, 2, tries=4, due_at=views.clock("14:47"))
    assert line(many.extending(clouds=slow), 2).endswith("Azure live, extending, 4 tries, next {14:47}")
    alone = views.live(clouds=slow[2:])
    assert line(alone, 2).startswith("Azure live, extending, 4 tries")


def test_an_extended_card_names_the_longest_only_where_there_is_one():
    assert line(many.extended(room=None), -1) == "· ~{15:03}~ → {15:33}, extended by Ana Ruiz · pa-7k3m"


def test_what_was_never_live_was_not_held():
    never = views.cloud(views.held(**{**views.GONE, "live_at": None}))
    assert views.read(draw(views.ended(clouds=(never,))))[0].endswith("· never live")
    assert "refuses" not in line(views.ended(clouds=(never,)), -1)


def test_an_ending_before_its_time_says_whose_it_is():
    early = {"ending_at": views.clock("14:40:05"), "ended_by": views.DEV.id}
    view = views.ending(clouds=(views.cloud(views.held(**{**views.ENDING, **early})),), ended_by=views.DEV)
    assert line(view, -1) == "· Ended early by Dev Patel · pa-7k3m"


def test_too_few_yeses_lapse_too():
    view = views.lapsed(yeses=(YesView(views.BEN, views.clock("14:03")),))
    assert "· too few yeses by {14:32} · nothing was given" in line(view, 0)
    assert "Too few yeses by 14:32 UTC." in draw(view).text


def test_a_denial_keeps_its_time_when_the_rest_is_unknown():
    assert line(views.denied(decided_by=None, note=None), 0).endswith("prod-db-readonly · {14:04}")


def test_two_yeses_are_both_named():
    yeses = (YesView(views.BEN, views.clock("14:03")), YesView(views.EMI, views.clock("14:05")))
    assert line(views.live(yeses=yeses), -1).startswith(
        "· Approved by Ben Okafor {14:03} and Emi Sato {14:05} · live everywhere"
    )


def test_a_request_for_somebody_else_names_both_when_it_is_over():
    view = views.on_behalf(request=views.withdrawn().request, state=CardState.WITHDRAWN)
    assert "Dev Patel asked for prod-db-readonly for Ivy Chen" in line(view, 0)


def test_a_time_over_12_hours_away_has_its_day():
    soon, far = (views.waiting(request=views.ask(asked_at=views.NOW + away)) for away in HOURS)
    assert "{time}|" in json.dumps(draw(soon).blocks)
    assert "{date_short_pretty} at {time}|25 Nov at 02:33 UTC" in json.dumps(draw(far).blocks)


HOURS = (timedelta(hours=11, minutes=30), timedelta(hours=12, minutes=1))


# What can be pressed ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_only_what_can_still_be_done_can_be_pressed(name: str):
    view = EVERY[name]()
    pressed = [element["action_id"] for element in views.pressable(draw(view).blocks)]
    expected = {
        CardState.WAITING: [ids.APPROVE, ids.DENY, ids.MORE],
        CardState.STARTING: [ids.END],
        CardState.LIVE: [ids.END],
    }
    assert pressed == expected.get(view.state, [])


@pytest.mark.parametrize("name", EVERY)
def test_a_button_carries_its_token_and_nothing_else(name: str):
    for element in views.pressable(draw(EVERY[name]()).blocks):
        values = [element.get("value"), *(option["value"] for option in element.get("options", ()))]
        assert [value for value in values if value] in (["tok-1"], ["withdraw tok-1"])


def test_buttons_say_whom_what_and_how_long_to_a_screen_reader():
    labels = [one.get("accessibility_label") for one in views.pressable(draw(views.waiting()).blocks)]
    assert labels == [
        "Approve Ana Ruiz, prod-db-readonly, 1 hour",
        "Deny Ana Ruiz, prod-db-readonly, 1 hour",
        None,
    ]
    assert views.pressable(draw(views.live()).blocks)[0]["accessibility_label"] == (
        "End Ana Ruiz's prod-db-readonly now"
    )


def test_critical_roles_ask_twice_and_others_do_not():
    critical, low = draw(views.waiting(risk=Risk.CRITICAL)), draw(views.waiting())
    question = views.pressable(critical.blocks)[0]["confirm"]
    assert question["text"]["text"] == "Approve prod-db-readonly for Ana Ruiz, 1 h?"
    assert (question["confirm"]["text"], question["deny"]["text"]) == ("Approve", "Back")
    assert "confirm" not in views.pressable(low.blocks)[0]


@pytest.mark.parametrize(
    ("view", "question"),
    [
        (views.live(), "End Ana Ruiz's prod-db-readonly now, in AWS?"),
        (views.half_live(), "End Ana Ruiz's prod-db-readonly now, in all two accounts?"),
        (views.live(clouds=()), "End Ana Ruiz's prod-db-readonly now, in every cloud?"),
        (many.live(), "End Ana Ruiz's prod-db-readonly now, in all three clouds?"),
        (
            many.live(clouds=(*many.live().clouds, views.cloud(views.held(4, **views.LIVE), "tideline"))),
            "End Ana Ruiz's prod-db-readonly now, in all four places?",
        ),
    ],
)
def test_ending_asks_once(view: RequestView, question: str):
    asked = views.pressable(draw(view).blocks)[0]["confirm"]
    assert asked["text"]["text"] == question
    assert (asked["confirm"]["text"], asked["deny"]["text"]) == ("End now", "Keep")


def test_several_clouds_are_counted_as_clouds():
    azure = views.cloud()._replace(cloud=views.CloudName("azure"))
    view = views.live(clouds=(views.cloud(), azure))
    asked = views.pressable(draw(view).blocks)[0]["confirm"]
    assert asked["text"]["text"].endswith("now, in all two clouds?")
    assert "a cloud said no" in line(views.rolled_back(clouds=(views.cloud(), azure), cloud_no=None), 0)


# Limits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_slack_takes_every_card(name: str):
    view = EVERY[name]()
    assert views.problems(draw(view)) == []
    assert views.problems(draw(view._replace(reason="r" * 10_000, note="n" * 10_000))) == []


@pytest.mark.parametrize("name", EVERY)
def test_a_card_has_six_blocks_and_3_kb_at_most(name: str):
    view = EVERY[name]()
    message = draw(view._replace(reason="r" * 10_000, note="n" * 10_000))
    assert len(message.blocks) <= 6
    assert len(json.dumps(message.blocks, ensure_ascii=False).encode()) < 3000


def test_a_long_reason_is_cut_at_300_signs():
    cut = line(views.waiting(reason="word " * 400), 1)
    assert len(cut) <= len("> ") + 300
    assert cut.endswith("…")


def test_a_card_is_drawn_the_same_twice():
    assert draw(views.waiting()) == draw(views.waiting())


# What people write stays dead text --------------------------------------------------------------------

HOSTILE = [
    "<!channel> look",
    "*bold* _and_ ~struck~ `code`",
    "<https://x.example|click here>",
    "@here @channel https://x.example #general",
    "lag\n*Approved by* @cto\n\n> yes",
    "a\u202egnp.exe\u202c\u200b\u0000\u0007 b",
    "&lt;!everyone&gt; & <@U0BEN>",
    "x" * 10_000,
    "\u200b\u202e",
]


def assert_dead(view: RequestView, harmless: RequestView) -> None:
    hostile, tame = draw(view), draw(harmless)
    assert views.texts(hostile.blocks) == views.texts(tame.blocks)  # nothing of it is ever parsed
    assert views.problems(hostile) == []
    assert "<" not in hostile.text
    assert not {"\u202e", "\u202c", "\u200b", "\u0000", "\n"} & set(hostile.text)
    for kind in ("text", "plain_text"):
        assert all("\n" not in text and "\u202e" not in text for text in views.texts(hostile.blocks, kind))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_reason_note_or_reference_stays_dead(text: str):
    asked = views.ask(reference=text)
    assert_dead(views.waiting(reason=text, request=asked), views.waiting())
    assert_dead(views.denied(note=text), views.denied())
    assert_dead(views.live(reason=text), views.live())


@given(st.text(max_size=400))
def test_no_text_at_all_reaches_what_slack_parses(text: str):
    view, harmless = views.waiting(reason=text or None), views.waiting()
    assert views.texts(draw(view).blocks) == views.texts(draw(harmless).blocks)
    assert views.problems(draw(view)) == []
    assert "<" not in draw(view).text


def test_our_own_titles_are_escaped():
    view = views.waiting(role_title="Read <!channel> & more")
    assert line(view, 2).startswith("Read &lt;!channel&gt; &amp; more · AWS shop-prod")


def test_mrkdwn_is_never_searched_for_links_or_mentions():
    for name in EVERY:
        drawn = json.dumps(draw(EVERY[name]()).blocks)
        assert drawn.count('"type": "mrkdwn"') == drawn.count('"verbatim": true')


# The whole of it --------------------------------------------------------------------------------------


def test_every_card_is_as_it_was_last_agreed():
    """After a wanted change, write the file anew: `python -m tests.bot.test_cards`."""
    assert json.loads(SNAPSHOT.read_text()) == snapshot()


def snapshot() -> dict[str, Any]:
    """Every card, as JSON holds it."""
    drawn = {name: draw(view()) for name, view in EVERY.items()}
    found: dict[str, Any] = json.loads(json.dumps({name: one._asdict() for name, one in drawn.items()}))
    return found


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(snapshot(), indent=1, ensure_ascii=False) + "\n")
