"""The port: what is refused is told as it was meant, and everything else that goes wrong is Malformed."""

from datetime import UTC, datetime

import pytest

from bot.pagers.pager import BODY_MOST, Delivery, Malformed, NotVerified, Pager
from policies.incident import PagerEvent, PagerName

NOW = datetime(2026, 11, 24, 14, 3, tzinfo=UTC)


class Broken(Pager):
    """A pager that fails in its own way while it verifies, or while it reads."""

    def __init__(self, *, verifying: Exception | None = None, reading: Exception | None = None) -> None:
        super().__init__(PagerName("broken"))
        self._verifying = verifying
        self._reading = reading

    def _verify(self, delivery: Delivery, now: datetime) -> None:  # noqa: ARG002 (fails whatever comes)
        if self._verifying:
            raise self._verifying

    def _events(self, delivery: Delivery) -> tuple[PagerEvent, ...]:  # noqa: ARG002 (the same)
        if self._reading:
            raise self._reading
        return ()


@pytest.mark.parametrize("refusal", [NotVerified("not ours"), Malformed("no time")])
def test_a_refusal_is_told_as_it_was_meant(refusal: Exception):
    for pager in (Broken(verifying=refusal), Broken(reading=refusal)):
        with pytest.raises(type(refusal)) as told:
            pager.read(Delivery({}, b"{}"), NOW)
        assert told.value is refusal


@pytest.mark.parametrize("failure", [KeyError("secret"), RecursionError(), UnicodeError(), MemoryError()])
def test_whatever_else_goes_wrong_while_reading_is_malformed_and_named_by_its_kind(failure: Exception):
    with pytest.raises(Malformed) as told:
        Broken(reading=failure).read(Delivery({}, b"{}"), NOW)
    assert str(told.value) == type(failure).__name__


def test_nothing_of_a_body_is_in_what_is_told_of_it():
    with pytest.raises(Malformed) as told:
        Broken(reading=ValueError("the body said: ana@meridian.example")).read(Delivery({}, b"{}"), NOW)
    assert told.value.__cause__ is told.value.__context__ is None


def test_a_body_of_the_longest_length_is_read_and_one_byte_more_is_not():
    assert Broken().read(Delivery({}, b" " * BODY_MOST), NOW) == ()
    with pytest.raises(Malformed):
        Broken(verifying=NotVerified("not asked")).read(Delivery({}, b" " * (BODY_MOST + 1)), NOW)
