"""A moment is in UTC, or it is refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import TypeAdapter, ValidationError

from policies.values import Moment

MOMENTS: TypeAdapter[datetime] = TypeAdapter(Moment)


def test_a_moment_is_held_in_utc_wherever_it_was_said():
    said = datetime(2026, 11, 24, 15, 2, 11, tzinfo=timezone(timedelta(hours=1)))
    held = MOMENTS.validate_python(said)
    assert (held, held.tzinfo) == (datetime(2026, 11, 24, 14, 2, 11, tzinfo=UTC), UTC)


def test_a_moment_without_a_time_zone_is_refused():
    with pytest.raises(ValidationError, match="a moment needs a time zone"):
        MOMENTS.validate_json('"2026-11-24T14:02:11"')


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
def test_a_moment_that_is_in_no_year_of_utc_is_refused(text: str):
    with pytest.raises(ValidationError, match="outside of all years"):
        MOMENTS.validate_json(f'"{text}"')
