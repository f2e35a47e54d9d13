"""Rotas: whose turn it is, on both sides of a change of the clocks, and who stands in."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.rota import Override, Rota, Turn

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 10, 5, 9, tzinfo=BERLIN)
WEEK = timedelta(days=7)
MICROSECOND = timedelta(microseconds=1)
PEOPLE = ("ana", "ben", "chloe")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC")


def rota(**changes: object) -> Rota:
    """Ana, Ben and Chloe, a week each from Monday 09:00 in Berlin on."""
    fields = {
        "name": "db-primary",
        "people": PEOPLE,
        "starts_at": MONDAY,
        "every": "7d",
        "tz": "Europe/Berlin",
    }
    return Rota.model_validate({**fields, **changes})


def override(person: str, starts_at: datetime, ends_at: datetime) -> Override:
    return Override.model_validate({"person": person, "starts_at": starts_at, "ends_at": ends_at})


def on_call(one: Rota, *local: int, fold: int = 0) -> str | None:
    """Who is on call at a time of the rota's own wall clock."""
    turn = one.turn(datetime(*local, tzinfo=ZoneInfo(one.tz), fold=fold))
    return turn.person if turn else None


moments = st.timedeltas(timedelta(0), timedelta(days=60 * 365)).map(datetime(2000, 1, 1, tzinfo=UTC).__add__)
rotas = st.builds(
    lambda starts_at, every, zone, size: rota(
        starts_at=starts_at, every=every, tz=zone, people=PEOPLE[:size]
    ),
    moments,
    st.integers(1, 24 * 60).map(lambda hours: timedelta(hours=hours)),
    st.sampled_from(ZONES),
    st.integers(1, 3),
)


# Whose turn


def test_the_first_person_starts_at_the_start_and_nobody_before_it():
    assert rota().turn(MONDAY - MICROSECOND) is None
    assert rota().turn(MONDAY) == Turn("ana", MONDAY + WEEK)


def test_turns_follow_the_order_of_the_people_and_begin_again():
    people = [rota().turn(MONDAY + number * WEEK) for number in range(5)]
    assert [turn.person for turn in people if turn] == ["ana", "ben", "chloe", "ana", "ben"]


def test_somebody_may_take_more_turns_than_the_others():
    twice = rota(people=("ana", "ben", "ana"))
    turns = [twice.turn(MONDAY + number * WEEK) for number in range(4)]
    assert [turn.person for turn in turns if turn] == ["ana", "ben", "ana", "ana"]


def test_one_person_alone_is_always_on_call():
    turn = rota(people=("ana",)).turn(MONDAY + 100 * WEEK)
    assert turn is not None
    assert turn.person == "ana"


def test_the_end_of_a_turn_is_said_in_utc():
    turn = rota().turn(MONDAY)
    assert turn is not None
    assert turn.ends_at.tzinfo is UTC


# The clocks are put back on Sunday 25 October 2026 at 03:00, and forward on Sunday 28 March 2027 at 02:00.


def test_a_week_hands_over_at_nine_on_the_wall_on_both_sides_of_both_changes():
    for day in ((2026, 10, 19), (2026, 10, 26), (2027, 3, 22), (2027, 3, 29)):
        before, after = on_call(rota(), *day, 8, 59), on_call(rota(), *day, 9, 0)
        assert PEOPLE[(PEOPLE.index(str(before)) + 1) % 3] == after


def test_the_week_in_which_the_clocks_go_back_has_an_hour_more():
    starts_at = datetime(2026, 10, 19, 9, tzinfo=BERLIN)
    turn = rota().turn(starts_at)
    assert turn is not None
    assert turn.ends_at - starts_at.astimezone(UTC) == timedelta(hours=169)


def test_the_week_in_which_the_clocks_go_forward_has_an_hour_less():
    starts_at = datetime(2027, 3, 22, 9, tzinfo=BERLIN)
    turn = rota().turn(starts_at)
    assert turn is not None
    assert turn.ends_at - starts_at.astimezone(UTC) == timedelta(hours=167)


def test_a_handover_at_a_time_that_comes_twice_happens_once_at_its_first_coming():
    nightly = rota(starts_at=datetime(2026, 10, 24, 2, 30, tzinfo=BERLIN), every="1d")
    assert on_call(nightly, 2026, 10, 25, 2, 29) == "ana"
    assert on_call(nightly, 2026, 10, 25, 2, 30) == "ben"
    assert on_call(nightly, 2026, 10, 25, 2, 15, fold=1) == "ben"
    assert on_call(nightly, 2026, 10, 26, 2, 29) == "ben"


def test_a_handover_at_a_time_that_is_left_out_happens_when_the_clocks_are_put_forward():
    nightly = rota(starts_at=datetime(2027, 3, 27, 2, 30, tzinfo=BERLIN), every="1d")
    assert on_call(nightly, 2027, 3, 28, 1, 59) == "ana"
    assert on_call(nightly, 2027, 3, 28, 3, 29) == "ana"
    assert on_call(nightly, 2027, 3, 28, 3, 30) == "ben"


def test_a_first_turn_may_start_in_the_hour_that_comes_again():
    second = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)
    nightly = rota(starts_at=second, every="1d")
    assert nightly.turn(second - MICROSECOND) is None
    assert on_call(nightly, 2026, 10, 25, 2, 30, fold=1) == "ana"
    assert on_call(nightly, 2026, 10, 26, 2, 30) == "ben"


@given(rotas, moments)
@example(rota(tz="Pacific/Apia", every="1d"), datetime(2011, 12, 30, 12, tzinfo=UTC))
def test_the_next_turn_starts_where_one_ends(one: Rota, at: datetime):
    turn = one.turn(at)
    if turn is None:
        assert at < one.starts_at
        return
    assert at < turn.ends_at
    assert one.turn(turn.ends_at - MICROSECOND) == turn
    following = one.turn(turn.ends_at)
    assert following is not None
    assert following.ends_at > turn.ends_at


@given(rotas, st.integers(0, 2000))
def test_after_so_many_turns_it_is_the_turn_of_whom_the_order_says(one: Rota, number: int):
    first = one.starts_at.astimezone(ZoneInfo(one.tz))
    starts_at, ends_at = ((first + count * one.every).astimezone(UTC) for count in (number, number + 1))
    assume(starts_at < ends_at)  # Apia left out a whole day in 2011
    turn = one.turn(max(starts_at, one.starts_at))
    assert turn is not None
    assert turn.person == one.people[number % len(one.people)]


@given(rotas, moments)
def test_a_turn_ends_at_the_wall_clock_time_the_first_one_started_at(one: Rota, at: datetime):
    turn = one.turn(at)
    if turn is None or one.every % timedelta(days=1):
        return
    zone = ZoneInfo(one.tz)
    ends_at, first = turn.ends_at.astimezone(zone), one.starts_at.astimezone(zone)
    left_out = (ends_at - timedelta(hours=3)).utcoffset() != ends_at.utcoffset()
    assert left_out or ends_at.time() == first.time()


# Who stands in


def test_whoever_stands_in_is_on_call_instead_until_the_override_ends():
    evening = override("ivy", MONDAY + timedelta(hours=9), MONDAY + timedelta(hours=12))
    covered = rota(overrides=(evening,))
    assert covered.turn(evening.starts_at - MICROSECOND) == Turn("ana", evening.starts_at)
    assert covered.turn(evening.starts_at) == Turn("ivy", evening.ends_at)
    assert covered.turn(evening.ends_at) == Turn("ana", MONDAY + WEEK)


def test_an_override_may_lie_across_a_handover_and_takes_its_time_from_both():
    across = override("ivy", MONDAY + WEEK - timedelta(hours=1), MONDAY + WEEK + timedelta(hours=1))
    covered = rota(overrides=(across,))
    assert covered.turn(MONDAY + WEEK) == Turn("ivy", across.ends_at)
    assert covered.turn(across.ends_at) == Turn("ben", MONDAY + 2 * WEEK)


def test_somebody_may_stand_in_before_the_rota_starts():
    early = override("ivy", MONDAY - timedelta(hours=2), MONDAY - timedelta(hours=1))
    covered = rota(overrides=(early,))
    assert covered.turn(early.starts_at) == Turn("ivy", early.ends_at)
    assert covered.turn(early.ends_at) is None


def test_overrides_may_follow_one_another_in_any_order_of_writing():
    one = override("ivy", MONDAY, MONDAY + timedelta(hours=1))
    two = override("ben", MONDAY + timedelta(hours=1), MONDAY + timedelta(hours=2))
    assert rota(overrides=(two, one)) == rota(overrides=(one, two))


@given(rotas, moments, moments, st.integers(1, 10_000))
def test_an_override_changes_who_is_on_call_in_its_own_time_only(
    one: Rota, at: datetime, starts_at: datetime, minutes: int
):
    away = override("ivy", starts_at, starts_at + timedelta(minutes=minutes))
    covered = one.model_copy(update={"overrides": (away,)})
    plain, turn = one.turn(at), covered.turn(at)
    if away.covers(at):
        assert turn == Turn("ivy", away.ends_at)
    elif plain is None:
        assert turn is None
    else:
        assert turn is not None
        assert turn.person == plain.person
        assert turn.ends_at in {plain.ends_at, away.starts_at}


# What is refused


def test_two_overrides_at_the_same_time_are_refused():
    one = override("ivy", MONDAY, MONDAY + timedelta(hours=2))
    two = override("ben", MONDAY + timedelta(hours=1), MONDAY + timedelta(hours=3))
    with pytest.raises(ValidationError, match="two overrides are at the same time: of ivy and ben"):
        rota(overrides=(two, one))


@pytest.mark.parametrize("hours", [0, -1])
def test_an_override_that_ends_before_it_starts_is_refused(hours: int):
    with pytest.raises(ValidationError, match="an override ends after it starts"):
        override("ivy", MONDAY, MONDAY + timedelta(hours=hours))


@pytest.mark.parametrize("every", ["59m", "367d"])
def test_a_turn_that_is_too_short_or_too_long_is_refused(every: str):
    with pytest.raises(ValidationError, match="a turn is at least 1h and at most 366d long"):
        rota(every=every)


@pytest.mark.parametrize(
    "wrong",
    [
        {"people": ()},
        {"tz": "Europe/Meridian"},
        {"every": "7"},
        {"starts_at": "2026-10-05T09:00:00"},
        {"name": "DB primary"},
        {"hand_over": "09:00"},
    ],
)
def test_a_rota_that_is_not_clear_is_refused(wrong: dict[str, object]):
    with pytest.raises(ValidationError):
        rota(**wrong)
