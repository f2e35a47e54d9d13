"""How words are compared: signs that look alike are alike in the head, and kept in the reason."""

from datetime import timedelta

import pytest

from bot.slack.line import Vocabulary, Whole, read_line
from policies.values import RoleName

VOCABULARY = Vocabulary(frozenset({RoleName("prod-db-readonly"), RoleName("prod-logs")}))


def read(text: str) -> Whole:
    """The whole ask."""
    line = read_line(text, VOCABULARY)
    assert isinstance(line, Whole)
    return line


@pytest.mark.parametrize(
    "role",
    [
        "prod–db—readonly",
        "prod‑db‐readonly",
        "prod-db\u200b-readonly",
        "prod\u00a0db\u00a0readonly",
        "ｐｒｏｄ－ｄｂ－ｒｅａｄｏｎｌｙ",
        "“prod-db-readonly”",
        "„prod-db-readonly‟",
        "`*prod-db-readonly*`",
        '"prod-db-readonly."',
        "prod_db readonly",
        "\u2067prod-db-readonly\u2069",
    ],
)
def test_a_role_however_it_is_spelled(role: str):
    assert read(f"{role} lag").role == "prod-db-readonly"


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("1h", 60),
        ("1 h", 60),
        ("1\u00a0hour", 60),
        ("2 hrs", 120),
        ("2 hours.", 120),
        ("1hr", 60),
        ("45 min", 45),
        ("45 Minutes", 45),
        ("1h30m", 90),
        ("1h30 m", 90),
        ("1h 30m", 90),
        ("1 h 30 min", 90),
        ("1.5h", 90),
        ("1.5 h", 90),
        ("600s", 10),
        ("1d", 1440),
        ("2 days", 2880),
        ("1d 2h 30m", 1590),
        ("`30m`", 30),
    ],
)
def test_a_duration_however_it_is_written(written: str, minutes: int):
    line = read(f"prod-logs {written} errors")
    assert (line.duration, line.reason) == (timedelta(minutes=minutes), "errors")


@pytest.mark.parametrize("written", ["0h", "0.4s", "40000d", "1h30", "1½h", "1h,", "one hour"])
def test_what_is_no_duration(written: str):
    line = read_line(f"prod-logs {written} of errors", VOCABULARY)
    filled = line if isinstance(line, Whole) else getattr(line, "filled", None)
    assert filled is not None
    assert (filled.duration, filled.reason) == (None, f"{written} of errors")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("‘curly’ “quotes” – and — dashes…", "‘curly’ “quotes” – and — dashes…"),
        ("R&amp;D &lt;b&gt; &amp;lt;", "R&D <b> &lt;"),
        ("see <https://example.com/a?b=1&amp;c=2>", "see https://example.com/a?b=1&c=2"),
        ("see <http://example.com|example.com>", "see example.com"),
        (
            "see <https://example.com|the page>",
            "see https://example.com (the page)",
        ),
        ("mail <mailto:a@example.com|a@example.com>", "mail a@example.com"),
        ("nbsp\u00a0and  two spaces", "nbsp\u00a0and  two spaces"),
        ("ﬁne ① family 👨\u200d👩\u200d👧", "ﬁne ① family 👨\u200d👩\u200d👧"),
        ("*bold* `code` _it_ @channel", "*bold* `code` _it_ @channel"),
        ("<!channel> <!subteam^S1|@db> &lt;!here&gt;", "<!channel> <!subteam^S1|@db> <!here>"),
    ],
)
def test_the_reason_is_kept_as_typed(sent: str, kept: str):
    assert read(f"prod-logs 1h {sent}").reason == kept


@pytest.mark.parametrize("reason", ["\u200b", "\u3164", "\u2800", "- …", "“”", "."])
def test_signs_alone_are_no_reason(reason: str):
    assert not isinstance(read_line(f"prod-logs 1h {reason}", VOCABULARY), Whole)


@pytest.mark.parametrize("reason", ["🔥", "遅延", "42"])
def test_a_picture_or_a_number_can_be_one(reason: str):
    assert read(f"prod-logs 1h {reason}").reason == reason
