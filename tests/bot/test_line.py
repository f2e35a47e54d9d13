"""What each line of the grammar means: the rows and the ambiguities of the description, one by one."""

from datetime import timedelta

import pytest

from bot.slack.line import (
    ChooseDuration,
    Command,
    DidYouMean,
    DurationHasNoUnit,
    Emergency,
    Empty,
    End,
    Extend,
    Filled,
    GroupMention,
    Help,
    IncidentEnded,
    IncidentLine,
    IncidentNamed,
    IncidentOpened,
    Incidents,
    IncidentUnclear,
    Later,
    Line,
    Mine,
    Note,
    Part,
    PersonUnknown,
    ReasonMentionsDuration,
    ReasonMissing,
    ReasonTooLong,
    RoleMissing,
    Roles,
    RoleUnknown,
    SecondRole,
    SecretInReason,
    Vocabulary,
    Waiting,
    Whole,
    read_line,
    write_line,
)
from policies.values import IncidentId, RoleName

READONLY, WRITE, LOGS = RoleName("prod-db-readonly"), RoleName("prod-db-write"), RoleName("prod-logs")
ADMIN, OPERATOR = RoleName("prod-admin"), RoleName("prod-operator")
VOCABULARY = Vocabulary(frozenset({READONLY, WRITE, LOGS, ADMIN, OPERATOR}))
HALF_HOUR, HOUR = timedelta(minutes=30), timedelta(hours=1)


def read(text: str, *, roles: str = "", vocabulary: Vocabulary = VOCABULARY) -> Line:
    """The line as read with the example roles, or with others."""
    return read_line(text, Vocabulary(frozenset(map(RoleName, roles.split()))) if roles else vocabulary)


def whole(
    reason: str,
    *,
    role: RoleName = READONLY,
    duration: timedelta | None = None,
    reference: str | None = None,
    for_user: str | None = None,
) -> Whole:
    """A complete ask."""
    return Whole(for_user, role, duration, reference, reason)


def part(text: str) -> Part:
    """The part that was understood."""
    line = read(text)
    assert isinstance(line, Part)
    return line


def notes(text: str) -> tuple[Note, ...]:
    """The notes of a line that opens the form."""
    return part(text).notes


# The rows


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u200b \u2060"])
def test_nothing_is_empty(text: str):
    assert read(text) == Empty()


def test_a_whole_line_is_asked_at_once():
    expected = whole("replication lag", duration=HOUR, reference="INC-42")
    assert read("prod-db-readonly 1h INC-42 replication lag") == expected


def test_without_a_duration_it_is_the_default_of_the_role():
    assert read("prod-db-readonly replication lag") == whole("replication lag")


@pytest.mark.parametrize(
    ("text", "duration"),
    [("prod-db-readonly", None), ("prod-db-readonly 1h", HOUR), ("prod-db-readonly —", None)],
)
def test_a_reason_may_be_missing(text: str, duration: timedelta | None):
    reason = text.partition(" ")[2] if duration is None else ""
    assert part(text) == Part(Filled(role=READONLY, duration=duration, reason=reason), (ReasonMissing(),))


def test_the_closest_role_is_selected():
    expected = Filled(role=READONLY, duration=HOUR, reason="lag")
    assert part("prod-db-readnoly 1h lag") == Part(expected, (RoleUnknown("prod-db-readnoly", (READONLY,)),))


def test_of_two_near_roles_none_is_selected_and_both_are_named():
    line = read("db-read-ax 1h lag", roles="db-read-ab db-read-ac")
    assert isinstance(line, Part)
    assert line.filled == Filled(duration=HOUR, reason="lag")
    (note,) = line.notes
    assert isinstance(note, RoleUnknown)
    assert note.typed == "db-read-ax"
    assert set(note.closest) == {"db-read-ab", "db-read-ac"}


@pytest.mark.parametrize(
    "head",
    ["PROD_DB_Readonly 1H", "`prod-db-readonly` *1h*", '"prod-db-readonly" ‘1h’', "prod-db-readonly. 1h."],
)
def test_case_underscores_and_wrapping_do_not_matter(head: str):
    assert read(f"{head} lag") == whole("lag", duration=HOUR)


def test_head_words_are_joined_and_the_reason_keeps_its_signs():
    expected = whole("“replication lag” — see INC-42", duration=HOUR, reference="INC-42")
    assert read("prod db readonly 1 hour “replication lag” — see INC-42") == expected


@pytest.mark.parametrize(
    ("written", "duration"), [("8h", timedelta(hours=8)), ("10s", timedelta(seconds=10))]
)
def test_too_long_and_too_short_are_for_the_policy_to_say(written: str, duration: timedelta):
    assert read(f"prod-db-readonly {written} lag") == whole("lag", duration=duration)


def test_a_number_has_no_unit():
    assert part("prod-db-readonly 90 lag") == Part(
        Filled(role=READONLY, reason="lag"), (DurationHasNoUnit("90"),)
    )


def test_a_number_after_a_duration_starts_the_reason():
    assert read("prod-db-readonly 1h 500 errors") == whole("500 errors", duration=HOUR)


@pytest.mark.parametrize(
    ("reason", "mentioned"),
    [
        ("queries slower than 30s", "30s"),
        ("slow for 1h30m, again", "1h30m"),
        ("about 1,5 hours behind", "1,5 hours"),
        ("for 2h please", "2h"),
        ("lag until 15:30", "until 15:30"),
    ],
)
def test_a_duration_in_the_reason_is_never_obeyed(reason: str, mentioned: str):
    expected = Part(Filled(role=READONLY, reason=reason), (ReasonMentionsDuration(mentioned),))
    assert part(f"prod-db-readonly {reason}") == expected


def test_with_a_duration_in_the_head_the_reason_may_speak_of_another():
    assert read("prod-db-readonly 1h slower than 30s") == whole("slower than 30s", duration=HOUR)


@pytest.mark.parametrize("reason", ["p99 of 30ms", "version 1.2.3 days", "shard5m is slow"])
def test_what_is_no_duration_is_not_mentioned_as_one(reason: str):
    assert read(f"prod-db-readonly {reason}") == whole(reason)


def test_one_role_per_request():
    expected = Part(Filled(role=READONLY, duration=HOUR, reason="lag"), (SecondRole(LOGS),))
    assert part("prod-db-readonly prod-logs 1h prod logs prod-db-readonly lag") == expected


def test_a_role_after_an_unknown_one_is_the_second():
    unknown = RoleUnknown("prod-db-readnoly", (READONLY,))
    assert notes("prod-db-readnoly prod-logs 1h lag") == (unknown, SecondRole(LOGS))


@pytest.mark.parametrize("person", ["<@U1>", "<@U1|ivy>", "<@U1|ivy chen>", "<@U1>,"])
def test_on_behalf_of_somebody(person: str):
    expected = whole("restart workers", role=OPERATOR, duration=HALF_HOUR, reference="INC-42", for_user="U1")
    assert read(f"for {person} prod-operator 30m INC-42 restart workers") == expected
    assert read(f"prod-operator INC-42 30m for {person} restart workers") == expected


@pytest.mark.parametrize(
    ("people", "first"),
    [
        ("for <!subteam^S1|@db>", None),
        ("for <!here>", None),
        ("for <@U1> <@U2>", "U1"),
        ("for <@U1> and <@U2>", "U1"),
        ("for <@U1> for <@U2>", "U1"),
        ("for <@U1>,<@U2>", None),
    ],
)
def test_one_person_at_a_time(people: str, first: str | None):
    filled = Filled(role=OPERATOR, duration=HALF_HOUR, reason="restart", for_user=first)
    assert part(f"prod-operator 30m {people} restart") == Part(filled, (GroupMention(),))


def test_the_same_person_twice_is_one():
    assert read("for <@U1> prod-logs for <@U1|ivy> and so on") == whole("and so on", role=LOGS, for_user="U1")


@pytest.mark.parametrize("name", ["@ivy", "&lt;@U9&gt;"])
def test_an_unlinked_name_is_not_silently_the_asker(name: str):
    (note,) = notes(f"prod-operator 30m for {name} restart")
    assert isinstance(note, PersonUnknown)


def test_the_first_note_about_people_stays():
    assert notes("for <!here> for @ivy prod-logs errors") == (GroupMention(),)


@pytest.mark.parametrize("reason", ["for the migration", "for"])
def test_for_without_a_mention_starts_the_reason(reason: str):
    assert read(f"prod-logs 1h {reason}") == whole(reason, role=LOGS, duration=HOUR)


def test_pasted_lines_become_one():
    text = "prod-db-readonly 1h first\r\nsecond\tthird\u2028fourth\x07 \u202eltr\u200f\ud800"
    assert read(text) == whole("first second third fourth ltr", duration=HOUR)


def test_a_reason_of_2000_characters_is_whole():
    assert read(f"prod-logs 1h {'x' * 2_000}") == whole("x" * 2_000, role=LOGS, duration=HOUR)


def test_a_longer_reason_opens_the_form_with_its_beginning():
    filled = Filled(role=LOGS, duration=HOUR, reason="x" * 2_000)
    assert part(f"prod-logs 1h {'x' * 2_001}") == Part(filled, (ReasonTooLong(2_001),))


def test_the_length_of_a_reason_is_counted_as_typed():
    reason = "&lt;" * 2_000
    assert read(f"prod-logs 1h x{reason[4:]}") == whole("x" + "<" * 1_999, role=LOGS, duration=HOUR)


SECRETS = [
    "AKIAIOSFODNN7EXAMPLE",
    "key:ASIAIOSFODNN7EXAMPLE.",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "-----BEGIN RSA PRIVATE KEY-----",
    "—–BEGIN OPENSSH PRIVATE KEY",
    "xoxb-123-456-abc",
    "xoxb-123456",
    "xoxp-1",
    "xapp-1-A1",
    "AK\u200bIAIOSFODNN7EXAMPLE",
    "ghp_16C7e42F292c6912E7",
    "github_pat_11ABCDEFG",
    "glpat-abcdefghij",
    "<https://hooks.slack.com/services/T1/B1/x|webhook>",
    "postgres://app:hunter2@db.internal/shop",
    "eyJhbGciOiJI.eyJzdWIiOiIx",
    "password=hunter2",
    "aws_secret_access_key = abc",
    "<https://example.com|AKIAIOSFODNN7EXAMPLE>",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_key_is_never_echoed(secret: str):
    expected = Part(Filled(role=READONLY, duration=HOUR), (SecretInReason(),))
    assert part(f"prod-db-readonly 1h lag with {secret} and more") == expected
    assert part(f"prod-db-readonly 1h {secret}") == expected


@pytest.mark.parametrize("secret", SECRETS)
def test_a_key_comes_back_from_no_other_line_either(secret: str):
    assert part(secret) == Part(Filled(), (SecretInReason(), RoleMissing()))
    assert read(f"end {secret}") == End("…")
    assert read(f"roles db {secret}") == Roles("…")
    filled = Filled(role=RoleName("prod-operator"))
    assert read(f"emergency prod-operator {secret}") == Emergency(Part(filled, (SecretInReason(),)))
    assert read(f"minee {secret}") == DidYouMean(Command.MINE)


@pytest.mark.parametrize(
    "reason", ["commit 3fa9c1b2d4e5f60718293a4b5c6d7e8f90a1b2c3", "rotate ASIAPACIFIC keys", "see xoxb docs"]
)
def test_what_only_resembles_a_key_is_a_reason(reason: str):
    assert read(f"prod-logs 1h {reason}") == whole(reason, role=LOGS, duration=HOUR)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("end", None),
        ("END.", None),
        ("end pa-7k3m", "pa-7k3m"),
        ("end `PA-7K3M`.", "pa-7k3m"),
        ("end all", "all"),
        ("end prod-logs", "prod-logs"),
        ("end Prod DB readonly", "prod-db-readonly"),
        ("end all of it", "all of it"),
        ("end R&amp;D", "R&D"),
    ],
)
def test_end(text: str, target: str | None):
    assert read(text) == End(target)


@pytest.mark.parametrize(
    ("text", "target", "minutes"),
    [
        ("extend", None, None),
        ("extend 30m", None, 30),
        ("EXTEND 1 hour 30 min.", None, 90),
        ("extend pa-7K3M", "pa-7k3m", None),
        ("extend pa-7k3m 20m", "pa-7k3m", 20),
        ("extend 20 min pa-7k3m", "pa-7k3m", 20),
        ("extend prod-db-readonly 1h", "prod-db-readonly", 60),
        ("extend 1 h Prod DB readonly", "prod-db-readonly", 60),
        ("extend prod db readonly 1h30m", "prod-db-readonly", 90),
        ("extend 30", "30", None),
        ("extend it by a lot", "it by a lot", None),
        ("extend it 30m please", "it 30m please", None),
        ("extend 30m 1h", "1h", 30),
        ("extend R&amp;D 5m", "R&D", 5),
    ],
)
def test_extend(text: str, target: str | None, minutes: int | None):
    duration = timedelta(minutes=minutes) if minutes else None
    assert read(text) == Extend(target, duration)


@pytest.mark.parametrize(
    ("text", "word", "rest"),
    [
        ("why prod-admin", Command.WHY, "prod-admin"),
    ],
)
def test_words_without_an_answer_yet(text: str, word: Command, rest: str):
    assert read(text) == Later(word, rest)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("incident", Incidents()),
        ("incident LIST", Incidents()),
        ("incident inc-42", IncidentNamed(IncidentId("INC-42"))),
        ("incident INC-42 end", IncidentEnded(IncidentId("INC-42"))),
        ("incident end `INC-42`.", IncidentEnded(IncidentId("INC-42"))),
        (
            "incident INC-42 open SEV2 checkout is down, R&amp;D too",
            IncidentOpened(IncidentId("INC-42"), "sev2", "checkout is down, R&D too"),
        ),
        ("incident open INC-42 checkout", IncidentOpened(IncidentId("INC-42"), None, "checkout")),
        ("incident INC-42 open", IncidentUnclear()),
        ("incident INC-42 open sev2", IncidentUnclear()),
        ("incident INC-42 end now", IncidentUnclear()),
        ("incident end", IncidentUnclear()),
        ("incident checkout", IncidentUnclear()),
        ("incident INC-42 is over", IncidentUnclear()),
    ],
)
def test_incidents(text: str, meant: IncidentLine):
    assert read(text) == meant


def test_an_emergency_is_an_ask_after_its_word():
    role = RoleName("prod-operator")
    whole = Whole(None, role, None, "INC-42", "R&D  waits")
    assert read("emergency prod-operator INC-42 R&amp;D  waits") == Emergency(whole)
    assert read("emergency prod-operator") == Emergency(Part(Filled(role=role), (ReasonMissing(),)))


def test_a_word_is_later_until_the_vocabulary_has_it_and_it_can_be_answered():
    assert read("mine", vocabulary=Vocabulary(frozenset(), frozenset())) == Later(Command.MINE, "")
    everything = Vocabulary(frozenset(), frozenset(Command))
    assert read("why prod-admin", vocabulary=everything) == Later(Command.WHY, "prod-admin")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("mine", Mine()),
        ("Waiting.", Waiting()),
        ("help", Help()),
        ("roles", Roles("")),
        ("roles  prod  db", Roles("prod  db")),
        ("roles R&amp;D", Roles("R&D")),
    ],
)
def test_words_with_an_answer(text: str, line: Line):
    assert read(text) == line


# The ambiguities


@pytest.mark.parametrize(
    ("text", "line"), [("mine prod-logs 1h x", Mine()), ("help me with prod-logs", Help())]
)
def test_a_first_word_that_is_ours_is_that_word(text: str, line: Line):
    assert read(text) == line


def test_our_words_are_only_ours_in_front():
    assert read("prod-logs mine is gone") == whole("mine is gone", role=LOGS)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("minee", Command.MINE),
        ("wating", Command.WAITING),
        ("role", Command.ROLES),
        ("role db", Command.ROLES),
        ("hlep", Command.HELP),
    ],
)
def test_near_a_word(text: str, word: Command):
    assert read(text) == DidYouMean(word)


@pytest.mark.parametrize("text", ["foo bar baz", "minee is what they said", "hlep us", "prod is down", "x"])
def test_near_nothing_everything_is_the_reason(text: str):
    assert part(text) == Part(Filled(reason=text), (RoleMissing(),))


def test_a_word_that_has_no_answer_yet_is_not_suggested():
    assert part("whyy") == Part(Filled(reason="whyy"), (RoleMissing(),))
    assert read("emergancy") == DidYouMean(Command.EMERGENCY)


def test_a_word_near_a_role_is_not_taken_for_a_command():
    line = read("minee", roles="minne")
    assert isinstance(line, Part)
    assert line.filled.role == "minne"


def test_head_without_a_role():
    assert notes("1h") == (RoleMissing(), ReasonMissing())
    assert part("1h INC-42 lag").filled == Filled(duration=HOUR, reference="INC-42", reason="lag")


@pytest.mark.parametrize(
    "typed",
    [
        "1h 2h",
        "30m 1h",
        "1h 60m",
        "1h30m 20m",
        "90 1h",
        "until 15:30",
        "till 3pm",
        "until 3 pm",
        "until tomorrow",
        "1h until 15:30",
        "tonight",
        "tomorrow",
    ],
)
def test_two_durations_or_a_moment(typed: str):
    expected = Part(Filled(role=READONLY, reason="lag"), (ChooseDuration(typed),))
    assert part(f"prod-db-readonly {typed} lag") == expected


def test_a_third_duration_starts_the_reason():
    expected = Part(Filled(role=READONLY, reason="3h lag"), (ChooseDuration("1h 2h"),))
    assert part("prod-db-readonly 1h 2h 3h lag") == expected


def test_until_something_is_no_duration():
    expected = Part(Filled(role=READONLY, reason="until the failover"), (ChooseDuration("until"),))
    assert part("prod-db-readonly until the failover") == expected
    assert read("prod-db-readonly 1h until the failover") == whole("until the failover", duration=HOUR)


def test_the_first_reference_wins_and_others_stay_in_the_reason():
    assert read("prod-logs INC-42 CHG-118 errors") == whole("CHG-118 errors", role=LOGS, reference="INC-42")
    assert read("prod-logs after CHG-118, INC-42") == whole(
        "after CHG-118, INC-42", role=LOGS, reference="CHG-118"
    )


@pytest.mark.parametrize(
    ("typed", "reference"),
    [
        ("INC-42", "INC-42"),
        ("inc_42.", "INC-42"),
        ("chg–118", "CHG-118"),
        ("<https://acme.pagerduty.com/incidents/Q1A2>", "https://acme.pagerduty.com/incidents/Q1A2"),
        (
            "<http://Acme.PagerDuty.com/incidents/Q1A2?x=1&amp;y|Q1>",
            "https://acme.pagerduty.com/incidents/Q1A2",
        ),
        (
            "<https://app.incident.io/acme/incidents/42|the incident>",
            "https://app.incident.io/acme/incidents/42",
        ),
        (
            "<http://app.incident.io/a/incidents/4|app.incident.io/a/incidents/4>",
            "https://app.incident.io/a/incidents/4",
        ),
        ("<#C1|inc-42-checkout>", "INC-42"),
        ("<#C1|inc-42>", "INC-42"),
        ("<#C1|inc-checkout>", "#inc-checkout"),
        ("<#C1|inc-2026-11-12-checkout>", "#inc-2026-11-12-checkout"),
        ("#inc-42-checkout", "INC-42"),
    ],
)
def test_what_a_reference_looks_like(typed: str, reference: str):
    assert read(f"prod-logs {typed} 1h errors") == whole(
        "errors", role=LOGS, duration=HOUR, reference=reference
    )


@pytest.mark.parametrize(
    ("reason", "reference"),
    [
        ("see (INC-42)", "INC-42"),
        ("see “INC-42”.", "INC-42"),
        ("it is https://jira.example.com/browse/CHG-118", "CHG-118"),
        ("as in (https://acme.pagerduty.com/incidents/Q1)", "https://acme.pagerduty.com/incidents/Q1"),
        ("as in #inc-42-checkout.", "INC-42"),
    ],
)
def test_a_reference_in_the_reason_is_linked(reason: str, reference: str):
    assert read(f"prod-logs {reason}") == whole(reason, role=LOGS, reference=reference)


@pytest.mark.parametrize(
    "reason",
    [
        "<https://evilpagerduty.com/incidents/Q1> down",
        "<#C1|general> is full of it",
        "<#C1|> says so",
        "pa-2345 once more",
        "errors in utf-8",
        "us-east-1 is slow",
        "ABC-1234567890123 is no ticket",
    ],
)
def test_what_no_reference_looks_like(reason: str):
    line = read(f"prod-logs {reason}")
    assert isinstance(line, Whole)
    assert line.reference is None


def test_a_person_in_the_reason_is_text():
    assert read("prod-logs 1h <@U2> asked me for it") == whole(
        "<@U2> asked me for it", role=LOGS, duration=HOUR
    )


def test_a_shorter_role_inside_a_longer_one_is_not_guessed():
    line = read("prod db admin password", roles="prod-db prod-db-admin")
    expected = Filled(reason="admin password")
    assert line == Part(
        expected, (RoleUnknown("prod db admin", (RoleName("prod-db"), RoleName("prod-db-admin"))),)
    )


def test_a_near_role_may_be_several_words():
    line = part("prod db readnoly 1h lag")
    assert line.notes == (RoleUnknown("prod db readnoly", (READONLY,)),)
    assert line.filled == Filled(role=READONLY, duration=HOUR, reason="lag")


def test_without_any_role_everything_is_the_reason():
    empty = Vocabulary(frozenset())
    assert read("prod-logs 1h x", vocabulary=empty) == Part(
        Filled(reason="prod-logs 1h x"), (RoleMissing(), ReasonMentionsDuration("1h"))
    )


def test_a_whole_line_is_written_as_it_is_read():
    text = "prod-operator for <@U1> 1h30m INC-42 R&amp;D is &lt;down&gt;"
    line = read(text)
    assert isinstance(line, Whole)
    assert line.reason == "R&D is <down>"
    assert write_line(line) == text
    assert write_line(whole("lag")) == "prod-db-readonly lag"
