"""Durations with their unit, and windows on somebody's wall clock."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from policies.window import Duration, Window, clamp, parse_duration, say_duration, write_duration
from tests.policies.builders import OFFICE_HOURS

DURATIONS: TypeAdapter[timedelta] = TypeAdapter(Duration)
SECONDS = st.integers(min_value=1, max_value=10**8)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1h30m", 90),
        ("30m", 30),
        ("1d", 1440),
        ("120s", 2),
        ("90 min", 90),
        ("1.5h", 90),
        ("1 hour", 60),
        ("2 Days", 2880),
        ("1H 30M", 90),
        (" 5m ", 5),
    ],
)
def test_a_duration_is_read_as_people_write_it(text: str, minutes: int):
    assert parse_duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "h", "1h1h", "30m1h", "0m", "1x", "-1h", "1h5", "soon", "1e3s"])
def test_what_is_no_duration_is_refused(text: str):
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


def test_a_bare_number_is_refused_and_the_unit_asked_for():
    with pytest.raises(ValueError, match='"90" has no unit; write 90m'):
        parse_duration("90")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (45, "45 s"),
        (1800, "30 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (86_400, "1 day"),
        (180_000, "2 days 2 h"),
        (61.7, "1 min 1 s"),
    ],
)
def test_a_duration_is_said_with_its_units(seconds: float, words: str):
    assert say_duration(timedelta(seconds=seconds)) == words


@given(SECONDS)
def test_a_duration_written_or_said_reads_back_as_itself(seconds: int):
    duration = timedelta(seconds=seconds)
    assert parse_duration(write_duration(duration)) == duration
    assert parse_duration(say_duration(duration)) == duration


@given(SECONDS)
def test_a_duration_of_a_file_survives_json(seconds: int):
    duration = timedelta(seconds=seconds)
    assert DURATIONS.validate_json(DURATIONS.dump_json(duration)) == duration


@pytest.mark.parametrize(
    "written", ["90", 90, 1.5, None, "1.5h", "90 min", "", "PT1H", True, timedelta(0), "0s"]
)
def test_a_file_writes_whole_numbers_with_units(written: object):
    with pytest.raises(ValidationError):
        DURATIONS.validate_python(written)


def test_clamp_keeps_a_duration_between_shortest_and_longest():
    minute = timedelta(minutes=1)
    assert clamp(3 * minute, 5 * minute, 9 * minute) == 5 * minute
    assert clamp(30 * minute, 5 * minute, 9 * minute) == 9 * minute
    assert clamp(7 * minute, 5 * minute, 9 * minute) == 7 * minute
    assert clamp(7 * minute, 5 * minute, 3 * minute) == 3 * minute


def window(**changes: object) -> Window:
    return Window.model_validate(OFFICE_HOURS.model_dump() | changes)


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-01-07T06:59:59+00:00", False),
        ("2026-01-07T07:00:00+00:00", True),
        ("2026-01-07T17:59:59+00:00", True),
        ("2026-01-07T18:00:00+00:00", False),
        ("2026-01-10T12:00:00+00:00", False),
        ("2026-07-08T06:00:00+00:00", True),
        ("2026-07-08T17:00:00+00:00", False),
    ],
)
def test_a_window_follows_the_wall_clock_summer_and_winter(moment: str, inside: bool):  # noqa: FBT001 -- a column
    assert OFFICE_HOURS.contains(datetime.fromisoformat(moment)) is inside


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-01-09T22:30:00+00:00", True),
        ("2026-01-10T05:30:00+00:00", True),
        ("2026-01-10T06:00:00+00:00", False),
        ("2026-01-10T22:30:00+00:00", False),
        ("2026-01-09T05:00:00+00:00", False),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_it_starts(moment: str, inside: bool):  # noqa: FBT001 -- a column
    night = window(days=["fri"], start="22:00", end="06:00", tz="UTC")
    assert night.contains(datetime.fromisoformat(moment)) is inside


def test_a_window_from_sunday_reaches_into_monday():
    assert window(days=["sun"], start="22:00", end="02:00", tz="UTC").contains(
        datetime(2026, 1, 12, 1, tzinfo=UTC)
    )


def test_a_whole_day_is_from_00_00_to_24_00():
    whole = window(days=["wed"], start="00:00", end="24:00", tz="UTC")
    assert whole.contains(datetime(2026, 1, 7, 0, tzinfo=UTC))
    assert whole.contains(datetime(2026, 1, 7, 23, 59, 59, tzinfo=UTC))
    assert not whole.contains(datetime(2026, 1, 8, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    "changes",
    [
        {"start": "08:00", "end": "08:00"},
        {"start": "8:00"},
        {"start": "24:00"},
        {"end": "25:00"},
        {"days": []},
        {"days": ["monday"]},
        {"tz": "Europe/Berln"},
        {"tz": "../etc/passwd"},
        {"tz": "Europe"},
        {"tz": ""},
    ],
)
def test_a_window_that_cannot_be_is_refused(changes: dict[str, object]):
    with pytest.raises(ValidationError):
        window(**changes)


def test_a_window_reads_as_words():
    assert str(OFFICE_HOURS) == "mon to fri 08:00 to 19:00 Europe/Berlin"
    assert str(window(days=["fri", "mon"])) == "mon fri 08:00 to 19:00 Europe/Berlin"
    assert str(window(days=["sat", "sun"])) == "sat sun 08:00 to 19:00 Europe/Berlin"
