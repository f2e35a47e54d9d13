"""What holds for every line anybody can type."""

from typing import assert_never

from hypothesis import example, given
from hypothesis import strategies as st

from bot.slack.line import (
    DidYouMean,
    Emergency,
    Empty,
    End,
    Extend,
    Filled,
    Help,
    IncidentEnded,
    IncidentNamed,
    IncidentOpened,
    Incidents,
    IncidentUnclear,
    Later,
    Line,
    Login,
    Logout,
    Mine,
    Part,
    Roles,
    Vocabulary,
    Waiting,
    Whole,
    read_line,
    write_line,
)
from policies.values import RoleName

ROLES = frozenset(map(RoleName, ("prod", "prod-db", "prod-db-readonly", "prod-logs", "ops", "ops-2-go")))
VOCABULARY = Vocabulary(ROLES)
PIECES = (
    *(
        "prod",
        "prod-db",
        "db",
        "readonly",
        "prod-db-readonly",
        "PROD_LOGS",
        "prod-db-readnoly",
        "ops",
        "2",
        "go",
    ),
    *(
        "1h",
        "1 hour",
        "30m",
        "h",
        "m",
        "90",
        "1.5h",
        "30 s",
        "1h30",
        "until",
        "till",
        "15:30",
        "tonight",
        "pm",
    ),
    *(
        "INC-42",
        "inc-7",
        "pa-7k3m",
        "<#C1|inc-42-checkout>",
        "#inc-db",
        "<https://a.pagerduty.com/incidents/Q1>",
    ),
    *("for", "<@U1>", "<@U2|ivy chen>", "<!subteam^S1|@db>", "@ivy", "and", "&amp;", "&lt;@U1&gt;"),
    *(
        "mine",
        "roles",
        "end",
        "emergency",
        "incident",
        "open",
        "extend",
        "minee",
        "all",
        "lag",
        "because",
        "—",
        "“x”",
        "`",
        ".",
        "…",
        "\u200b",
    ),
    *(
        "<https://x.io|1h>",
        "<http://1h|1h>",
        "<https://x.io| prod >",
        "\n",
        "\u202e",
        "\ud800",
        "3 days",
        "½",
    ),
    *("AKIAIOSFODNN7EXAMPLE", "xoxb-123456", "-----BEGIN"),
)
SPACES = st.sampled_from((" ", "  ", "\u00a0", "\n", ""))
pieces = st.lists(st.tuples(st.sampled_from(PIECES), SPACES).map("".join), max_size=10).map("".join)
anything = st.text(st.characters(exclude_categories=()))
lines = st.one_of(pieces, anything, st.tuples(pieces, anything).map("".join))
certain = ("prod-logs", "1h", "INC-42", "for <@U1>")
heads = st.lists(st.sampled_from((*certain, "30m", "90", "tonight", "prod-db")), max_size=5).map(" ".join)
asks = st.tuples(st.permutations(certain).map(lambda head: " ".join(head[:3])), lines).map(" ".join)


def filled_of(line: Line) -> Filled | None:
    """What the line would fill a form with; none of it for a command."""
    match line:
        case Whole():
            return Filled(line.for_user, line.role, line.duration, line.reference, line.reason)
        case Part():
            return line.filled
        case Emergency():
            return filled_of(line.ask)
        case Empty() | Mine() | Waiting() | Roles() | End() | Extend() | Help() | Login() | Logout():
            return None
        case Incidents() | IncidentNamed() | IncidentOpened() | IncidentEnded() | IncidentUnclear():
            return None
        case Later() | DidYouMean():
            return None
        case _:
            assert_never(line)


@given(lines)
@example("for")
@example("until")
@example("AKIAIOSFODNN7EXAMPLE")
@example("emergency ")
@example("incident INC-42 open")
def test_every_text_is_some_line(text: str):
    line = read_line(text, VOCABULARY)
    filled_of(line)
    if isinstance(line, Part):
        assert line.notes


@given(lines, st.frozensets(st.sampled_from(sorted(ROLES))))
def test_no_role_is_invented(text: str, roles: frozenset[RoleName]):
    filled = filled_of(read_line(text, Vocabulary(roles)))
    assert filled is None or filled.role is None or filled.role in roles


@given(heads, lines)
def test_nothing_after_the_head_changes_who_what_and_how_long(head: str, tail: str):
    alone = filled_of(read_line(f"{head} because", VOCABULARY))
    followed = filled_of(read_line(f"{head} because {tail}", VOCABULARY))
    assert alone is not None
    assert followed is not None
    assert (alone.for_user, alone.role, alone.duration) == (
        followed.for_user,
        followed.role,
        followed.duration,
    )


def whole_of(text: str) -> Whole:
    """The whole ask a line is; a plain one where it is none."""
    line = read_line(text, VOCABULARY)
    return line if isinstance(line, Whole) else Whole(None, RoleName("ops"), None, None, "lag")


@given(asks | lines)
def test_a_whole_line_has_a_reason_on_one_line(text: str):
    reason = whole_of(text).reason
    assert any(sign.isprintable() and not sign.isspace() for sign in reason)
    assert len(reason) <= 2_000
    assert not set(reason) & set("\r\n\t\0\u202e\u2028\ud800")
    reason.encode()


@given(asks | lines)
@example("prod-db for <@U1> readonly lag")
@example("1h prod-db INC-1 readonly lag")
@example("prod-logs <https://x.io|1h> lag")
def test_a_whole_line_reads_back_as_itself(text: str):
    line = whole_of(text)
    assert read_line(write_line(line), VOCABULARY) == line


@given(pieces)
def test_no_key_comes_back(text: str):
    line = read_line(f"{text} AKIAIOSFODNN7EXAMPLE", VOCABULARY)
    assert "AKIAIOSFODNN7EXAMPLE" not in repr(line)
    assert not isinstance(line, Whole)
