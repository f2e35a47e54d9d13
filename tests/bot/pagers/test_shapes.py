"""What is let in of text from outside: plain, short, and nothing that is more than it looks."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pagers.shapes import channel, digest, identifier, link, lower, since_1970, title, word
from policies.incident import TITLE_MOST


@given(text=st.text() | st.text(alphabet="a \n\u202e\u200b\x1b \ud800", max_size=5_000))
def test_a_title_is_one_short_line_of_signs_that_are_seen(text: str):
    made = title(text)
    assert len(made) <= TITLE_MOST
    assert made == made.strip()
    assert made.isprintable()
    assert title(made) == made
    assert not any(unicodedata.category(sign)[0] == "C" for sign in made)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (None, ""),
        ("", ""),
        (" two\r\n\tlines ", "two lines"),
        ("safe\u202ereversed", "safe reversed"),
        ("two\u2028lines\u2029more", "two lines more"),
        ("a" * 299 + " cut at a space", "a" * 299),
        ("<!channel> & <@U0ANA>", "<!channel> & <@U0ANA>"),
        ("schön 數據庫", "schön 數據庫"),
    ],
)
def test_a_title_keeps_its_words(text: str | None, made: str):
    assert title(text) == made


@pytest.mark.parametrize(
    "address",
    [
        "https://meridian.pagerduty.com/incidents/PGR0VU2",
        "https://alertmanager.meridian.example:9093",
        "https://app.incident.io/incidents/42?x=1&y=2#top",
        "https://meridian.example?x",
    ],
)
def test_an_address_that_may_be_shown_stays_as_it_is(address: str):
    assert link(address) == address


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "http://meridian.example/",
        "HTTPS://meridian.example/",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user@evil.example/",
        "https://meridian.example:99999999/",
        "https://meridian.example/a b",
        "https://meridian.example/|Approve>",
        "https://meridian.example/<!channel>",
        "https://meridian.example/\n",
        "https://meridian.example\\@evil.example/",
        "https://exämple.example/",
        "https://meridian.example/" + "a" * 2_000,
    ],
)
def test_an_address_that_is_more_than_it_looks_is_left_out(address: str | None):
    assert link(address) is None


@given(address=st.text() | st.text().map("https://meridian.example/{}".format))
def test_no_address_comes_out_with_a_sign_that_ends_a_link(address: str):
    made = link(address)
    assert made is None or not set(made) & set("<>|\"' \n")


@pytest.mark.parametrize(
    ("text", "made"), [("P1", "P1"), (" P1 ", "P1"), ("", None), (None, None), ("a\nb", None)]
)
def test_a_word_is_one_or_nothing(text: str | None, made: str | None):
    assert word(text) == made


def test_a_severity_is_in_small_letters():
    assert lower(" SEV1 ") == "sev1"
    assert lower(None) is None


@pytest.mark.parametrize("text", [None, "", "c02aw36c1m5", "#inc-42", "U02AW36C1M5", "C02AW36C1M5>", "C"])
def test_what_is_no_channel_is_left_out(text: str | None):
    assert channel(text) is None
    assert channel("C02AW36C1M5") == "C02AW36C1M5"


def test_an_id_has_no_spaces_and_an_end():
    assert identifier("557058:" + "a" * 193)
    for text in ("", "a b", "a\n", "é", "a" * 201):
        with pytest.raises(ValueError, match="an id"):
            identifier(text)


@given(at=st.datetimes(datetime(2001, 9, 10), datetime(2286, 11, 19)), unit=st.sampled_from([0, 3, 6, 9]))  # noqa: DTZ001 (Hypothesis wants them plain)
def test_a_moment_since_1970_is_read_in_each_unit(at: datetime, unit: int):
    moment = at.replace(tzinfo=UTC, microsecond=0)
    assert since_1970(int(moment.timestamp()) * 10**unit) == moment


def test_parts_are_told_apart_in_a_digest():
    parts = [("a", "b"), ("ab",), ("a", ["b"]), (["a", "b"],), ('a", "b',), ("b", "a"), (1, "b"), ("1", "b")]
    assert len({digest(*one) for one in parts}) == len(parts)
