"""What every source promises of who is on call, whichever pager it is and whatever that answers."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from slack_sdk import WebClient

from bot.on_call.adapters import Around, make_source
from bot.on_call.source import IncidentNow, OnDuty, Source, SourceAway, SourceError, SourceRefused
from bot.slack.client import SlackAway, SlackConversation
from policies.incident import PagerAccount
from policies.rota import Rota
from tests.bot.on_call import stand_in
from tests.bot.on_call.stand_in import DROPPED, TOKEN, Reply, Shift, Speak, StandIn, says, standing
from tests.builders import NOW

SCHEDULE = "S0PRIMARY"
STACK = "https://meridian.grafana.net"
ANA, BEN, CHLOE = "U0ANA", "U0BEN", "U0CHLOE"
MANY_SECONDS = 5.0
FEW_SECONDS = 0.2


class GroupsInSlack(SlackConversation):
    """User groups over the bot's own conversation with Slack."""

    def members(self, group_id: str) -> tuple[str, ...]:
        """The users of a user group."""
        users = self._call("usergroups.users.list", usergroup=group_id).get("users")
        if not isinstance(users, list):
            raise SlackAway("an answer without users")
        return tuple(map(str, users))


class Vendor(NamedTuple):
    """How one pager speaks, and how we are told to ask it."""

    kind: str
    speak: Speak
    options: Mapping[str, str] = MappingProxyType({})
    addressed: bool = True
    tells_until: bool = False
    knows_ids: bool = True
    """Whether it says so where it has no such schedule."""
    own_token: bool = True
    """Whether a wrong token is a matter of this source alone."""


VENDORS = {
    vendor.kind: vendor
    for vendor in (
        Vendor("pagerduty", stand_in.pagerduty, tells_until=True, knows_ids=False),
        Vendor("incident-io", stand_in.incident_io, tells_until=True),
        Vendor("grafana", stand_in.grafana, {"stack": STACK}),
        Vendor("jsm", stand_in.jsm, {"cloud_id": "meridian-cloud"}),
        Vendor("slack-usergroup", stand_in.slack, addressed=False, own_token=False),
    )
}


class Row(NamedTuple):
    """A pager that is up, and ways to ask it."""

    vendor: Vendor
    pager: StandIn

    def source(self, token: str = TOKEN, seconds: float = MANY_SECONDS, address: str | None = None) -> Source:
        """Our end."""
        to = address or self.pager.address
        web = WebClient(token, base_url=f"{to}/", timeout=max(1, int(seconds)), retry_handlers=[])
        around = Around(read_seconds=seconds, groups=GroupsInSlack(web))
        options = {**self.vendor.options, **({"address": to} if self.vendor.addressed else {})}
        return make_source("our-pager", self.vendor.kind, SecretStr(token), options, around)

    def ask(self) -> tuple[OnDuty, ...]:
        """Who is on call now."""
        return self.source().on_call(SCHEDULE, NOW)


@pytest.fixture(scope="module")
def rows() -> Iterator[Callable[[str], Row]]:
    """Every vendor, each up at its own address."""
    stack = {kind: standing(vendor.speak) for kind, vendor in VENDORS.items()}
    up = {kind: Row(VENDORS[kind], context.__enter__()) for kind, context in stack.items()}
    yield lambda kind: up[kind]
    for context in stack.values():
        context.__exit__(None, None, None)


@pytest.fixture(params=VENDORS)
def row(request: pytest.FixtureRequest, rows: Callable[[str], Row]) -> Row:
    """One vendor, with nobody on call."""
    one = rows(request.param)
    one.pager.renew()
    one.pager.shifts[SCHEDULE] = []
    return one


@pytest.fixture
def pagerduty(rows: Callable[[str], Row]) -> Row:
    """PagerDuty, with nobody on call."""
    one = rows("pagerduty")
    one.pager.renew()
    return one


def accounts(on_duty: tuple[OnDuty, ...]) -> list[str]:
    return [duty.account for duty in on_duty]


# Who is on call


def test_whoever_is_on_call_is_told_with_level_and_end_where_they_are_known(row: Row):
    row.pager.shifts[SCHEDULE] = [Shift(BEN), Shift(ANA)]
    until = NOW + stand_in.SHIFT if row.vendor.tells_until else None
    assert row.ask() == (OnDuty(PagerAccount(ANA), 1, until), OnDuty(PagerAccount(BEN), 1, until))


def test_nobody_is_on_call_where_nobody_is(row: Row):
    assert row.ask() == ()


def test_whoever_is_named_twice_is_on_call_once(row: Row):
    row.pager.shifts[SCHEDULE] = [Shift(ANA), Shift(ANA)]
    assert accounts(row.ask()) == [ANA]


def test_a_shift_that_is_over_and_one_that_is_to_come_put_nobody_on_call(row: Row):
    row.pager.shifts[SCHEDULE] = [Shift(ANA, ends_at=NOW), Shift(BEN, starts_at=NOW + timedelta(seconds=1))]
    assert row.ask() == ()


def test_the_handover_is_at_the_end_of_the_shift(row: Row):
    row.pager.shifts[SCHEDULE] = [Shift(ANA, ends_at=NOW), Shift(BEN, starts_at=NOW)]
    assert accounts(row.ask()) == [BEN]


def test_a_source_answers_again_once_it_is_back(row: Row):
    row.pager.shifts[SCHEDULE] = [Shift(ANA)]
    source = row.source()
    row.pager.always = Reply(503)
    with pytest.raises(SourceAway):
        source.on_call(SCHEDULE, NOW)
    row.pager.always = None
    assert accounts(source.on_call(SCHEDULE, NOW)) == [ANA]


# What is refused


def test_a_wrong_token_is_refused_or_away_and_is_never_nobody(row: Row):
    with pytest.raises(SourceRefused if row.vendor.own_token else SourceAway):
        row.source("another-token").on_call(SCHEDULE, NOW)


def test_an_unknown_schedule_is_refused_where_the_pager_says_so_and_else_has_nobody(row: Row):
    source = row.source()
    if row.vendor.knows_ids:
        with pytest.raises(SourceRefused):
            source.on_call("S0OTHER", NOW)
    else:
        assert source.on_call("S0OTHER", NOW) == ()


@pytest.mark.parametrize(
    "schedule", ["", ".", "..", "../users", "a/b", "a?b=c", "a#b", "a%2fb", "a b", "ü", "a" * 201, "a\n"]
)
def test_an_id_that_could_lead_elsewhere_is_refused_before_anything_is_asked(row: Row, schedule: str):
    with pytest.raises(SourceRefused):
        row.source().on_call(schedule, NOW)
    assert row.pager.asked == []


# What is away


def test_a_pager_that_is_down_is_away(row: Row):
    with standing(row.vendor.speak) as down:
        address = down.address
    with pytest.raises(SourceAway):
        row.source(address=address).on_call(SCHEDULE, NOW)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_pager_that_is_broken_is_away(row: Row, status: int):
    row.pager.always = says({"error": "oops"}, status)
    with pytest.raises(SourceAway):
        row.ask()


def test_a_pager_that_is_too_slow_is_away(row: Row):
    row.pager.open.clear()
    with pytest.raises(SourceAway):
        row.source(seconds=FEW_SECONDS).on_call(SCHEDULE, NOW)
    row.pager.open.set()


def test_a_pager_that_is_asked_too_often_says_how_long_to_wait(row: Row):
    refusal = says({"ok": False, "error": "ratelimited"}, 429)
    row.pager.always = refusal._replace(headers={"Retry-After": "7"})
    with pytest.raises(SourceAway) as away:
        row.ask()
    assert away.value.after == timedelta(seconds=7)


def test_nobody_is_made_to_wait_for_a_day(row: Row):
    refusal = says({"ok": False, "error": "ratelimited"}, 429)
    row.pager.always = refusal._replace(headers={"Retry-After": "86400"})
    with pytest.raises(SourceAway) as away:
        row.ask()
    assert away.value.after == timedelta(minutes=5)


def test_half_an_answer_is_none(row: Row):
    row.pager.shifts[SCHEDULE] = [Shift(ANA)]
    row.ask()
    whole = row.pager.answer(row.pager.asked[-1])
    row.pager.always = whole._replace(body=whole.body[: len(whole.body) // 2], promised=len(whole.body))
    with pytest.raises(SourceAway):
        row.ask()
    row.pager.always = whole._replace(body=whole.body[: len(whole.body) // 2])
    with pytest.raises(SourceAway):
        row.ask()


def test_a_connection_that_breaks_always_is_away(row: Row):
    row.pager.always = DROPPED
    with pytest.raises(SourceAway):
        row.ask()


# What is hostile


@pytest.mark.parametrize("kind", [vendor.kind for vendor in VENDORS.values() if vendor.addressed])
def test_no_redirect_is_followed_with_the_token(kind: str, rows: Callable[[str], Row]):
    row = rows(kind)
    row.pager.renew()
    with standing(row.vendor.speak) as other:
        for status in (301, 302, 303, 307, 308):
            row.pager.always = Reply(status, headers={"Location": f"{other.address}/oncalls"})
            with pytest.raises(SourceRefused):
                row.ask()
        assert other.asked == []


def test_no_token_is_in_an_address_or_in_what_is_told_of_a_failure(row: Row):
    row.pager.always = Reply(400, b"you sent " + TOKEN.encode())
    with pytest.raises(SourceError) as failed:
        row.ask()
    assert TOKEN not in f"{failed.value!r} {failed.value.__cause__!r} {row.source().__dict__!r}"
    assert all(TOKEN not in asked.path + json.dumps(dict(asked.query)) for asked in row.pager.asked)


@pytest.mark.parametrize("kind", VENDORS)
@settings(max_examples=40)
@given(st.binary(max_size=300))
def test_garbage_is_away_and_never_nobody(kind: str, rows: Callable[[str], Row], body: bytes):
    row = rows(kind)
    row.pager.renew()
    row.pager.always = Reply(body=body)
    with pytest.raises(SourceError):
        row.ask()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.just("0001-01-01T00:00:00+14:00"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("kind", VENDORS)
@settings(max_examples=60)
@given(st.data())
def test_an_answer_in_which_anything_is_replaced_is_an_answer_or_away(
    kind: str, rows: Callable[[str], Row], data: st.DataObject
):
    row = rows(kind)
    row.pager.renew()
    row.pager.shifts[SCHEDULE] = [Shift(ANA), Shift(BEN, level=2)]
    row.ask()
    answer = json.loads(row.pager.answer(row.pager.asked[-1]).body)
    place = data.draw(st.sampled_from(list(places(answer))))
    row.pager.always = says(replaced(answer, place, data.draw(json_values)))
    try:
        found = row.ask()
    except SourceError:
        return
    assert all(duty.account and duty.level >= 1 for duty in found)


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 (JSON)
    yield here
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from places(inner, (*here, step))


def replaced(value: Any, place: tuple[Any, ...], by: object) -> Any:  # noqa: ANN401 (JSON)
    if not place:
        return by
    copy = value.copy()
    copy[place[0]] = replaced(value[place[0]], place[1:], by)
    return copy


# PagerDuty alone


def test_a_schedule_and_an_escalation_policy_are_both_asked_by_their_ids(pagerduty: Row):
    pagerduty.pager.shifts = {"PI7DH85": [Shift(ANA)], "PT20YPA": [Shift(BEN)]}
    source = pagerduty.source()
    told = [accounts(source.on_call(key, NOW)) for key in ("PI7DH85", "schedule:PI7DH85", "policy:PT20YPA")]
    assert told == [[ANA], [ANA], [BEN]]


@pytest.mark.parametrize("schedule", ["team:PI7DH85", "policy:", "policy:a:b", "schedule:../x"])
def test_nothing_else_is_a_schedule_of_pagerduty(pagerduty: Row, schedule: str):
    with pytest.raises(SourceRefused):
        pagerduty.source().on_call(schedule, NOW)


def test_levels_are_told_in_order_and_everybody_is_at_their_first(pagerduty: Row):
    pagerduty.pager.shifts["PT20YPA"] = [Shift(ANA, 3), Shift(BEN, 2), Shift(ANA, 1), Shift(CHLOE, 2)]
    told = pagerduty.source().on_call("policy:PT20YPA", NOW)
    assert [(duty.account, duty.level) for duty in told] == [(ANA, 1), (BEN, 2), (CHLOE, 2)]


def test_all_pages_are_read(pagerduty: Row):
    pagerduty.pager.shifts[SCHEDULE] = [Shift(f"U{number:03}") for number in range(250)]
    assert len(pagerduty.ask()) == 250
    assert [asked.query["offset"] for asked in pagerduty.pager.asked] == ["0", "100", "200"]


def test_a_page_that_fails_leaves_no_half_of_the_people(pagerduty: Row):
    pagerduty.pager.shifts[SCHEDULE] = [Shift(f"U{number:03}") for number in range(150)]
    first = pagerduty.pager.answer(stand_in.Asked("/oncalls", ASKED, AUTHORIZED, b""))
    pagerduty.pager.faults = [first, Reply(500)]
    with pytest.raises(SourceAway):
        pagerduty.ask()


def test_pages_without_an_end_are_away(pagerduty: Row):
    pagerduty.pager.always = says({"oncalls": [], "more": True})
    with pytest.raises(SourceAway, match="more people on call than are read"):
        pagerduty.ask()
    assert len(pagerduty.pager.asked) == 10


ASKED = {"schedule_ids[]": SCHEDULE, "offset": "0", "limit": "100"}
AUTHORIZED = {"authorization": f"Token token={TOKEN}"}


def test_a_filter_that_was_not_understood_puts_nobody_on_call(pagerduty: Row):
    pagerduty.pager.shifts["S0OTHER"] = [Shift(ANA)]
    asked = stand_in.Asked("/oncalls", {**ASKED, "schedule_ids[]": "S0OTHER"}, AUTHORIZED, b"")
    pagerduty.pager.always = pagerduty.pager.answer(asked)
    assert pagerduty.ask() == ()


# How an incident stands

INCIDENTS: dict[str, tuple[object, IncidentNow]] = {
    "pagerduty": (
        {
            "status": "acknowledged",
            "assignments": [
                {"assignee": {"id": ANA, "type": "user_reference"}},
                {"assignee": {"id": "P1", "type": "team_reference"}},
            ],
            "service": {"id": "PSHOP", "type": "service_reference"},
            "priority": {"id": "P2", "type": "priority", "summary": "SEV1"},
        },
        IncidentNow(
            live=True,
            acknowledged=True,
            assignees=(PagerAccount(ANA),),
            commander=None,
            severity="sev1",
            service="PSHOP",
        ),
    ),
    "incident-io": (
        {
            "incident_status": {"category": "closed"},
            "incident_role_assignments": [
                {"role": {"role_type": "lead"}, "assignee": {"id": ANA}},
                {"role": {"role_type": "custom"}, "assignee": {"id": BEN}},
                {"role": {"role_type": "reporter"}},
            ],
            "severity": {"name": "Critical"},
        },
        IncidentNow(
            live=False,
            acknowledged=True,
            assignees=(PagerAccount(ANA), PagerAccount(BEN)),
            commander=PagerAccount(ANA),
            severity="critical",
            service=None,
        ),
    ),
    "jsm": (
        {
            "status": "open",
            "acknowledged": False,
            "responders": [{"id": ANA, "type": "user"}, {"id": "T1", "type": "team"}],
            "priority": "P2",
        },
        IncidentNow(
            live=True,
            acknowledged=False,
            assignees=(PagerAccount(ANA),),
            commander=None,
            severity="p2",
            service=None,
        ),
    ),
}


@pytest.mark.parametrize("kind", INCIDENTS)
def test_an_incident_is_told_as_it_is_now(kind: str, rows: Callable[[str], Row]):
    row = rows(kind)
    row.pager.renew()
    row.pager.incidents["Q1"], told = INCIDENTS[kind]
    assert row.source().incident("Q1") == told


@pytest.mark.parametrize("kind", INCIDENTS)
def test_an_incident_without_a_severity_has_none(kind: str, rows: Callable[[str], Row]):
    row = rows(kind)
    row.pager.renew()
    row.pager.incidents["Q1"] = {**dict(INCIDENTS[kind][0]), "priority": None, "severity": None}  # type: ignore[call-overload]
    found = row.source().incident("Q1")
    assert found is not None
    assert found.severity is None


@pytest.mark.parametrize("kind", INCIDENTS)
def test_an_incident_that_is_not_known_is_refused(kind: str, rows: Callable[[str], Row]):
    rows(kind).pager.renew()
    with pytest.raises(SourceRefused):
        rows(kind).source().incident("Q2")


@pytest.mark.parametrize("kind", sorted(set(VENDORS) - set(INCIDENTS)))
def test_where_there_are_no_incidents_there_is_none(kind: str, rows: Callable[[str], Row]):
    assert rows(kind).source().incident("Q1") is None


# Our own rotas keep the same promise, and are asked of nobody


def own() -> Source:
    rota = Rota.model_validate(
        {"name": "db-primary", "people": ["ana", "ben"], "starts_at": NOW, "every": "7d", "tz": "UTC"}
    )
    return make_source("rotas", "rota", None, {}, Around(rotas=lambda: [rota]))


def test_whoever_has_the_turn_is_on_call_by_a_rota_of_ours():
    week = timedelta(days=7)
    assert own().on_call("db-primary", NOW) == (OnDuty(PagerAccount("ana"), 1, NOW + week),)
    assert accounts(own().on_call("db-primary", NOW + week)) == ["ben"]


def test_nobody_is_on_call_before_a_rota_starts():
    assert own().on_call("db-primary", NOW - timedelta(seconds=1)) == ()


def test_a_rota_that_is_not_there_is_refused():
    with pytest.raises(SourceRefused):
        own().on_call("db-secondary", NOW)
