"""The log: one line of JSON each time, whatever is in it, and no secrets."""

import io
import json
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import redirect_stderr

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from workers.logs import redact, start_logging

CANARIES = (
    "xoxb-1234-5678-abcDEF",
    "xoxp-wordOfMouth",
    "xoxe.xoxp-1-Mi0yLTEy",
    "xapp-1-A0-12-abc",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "Bearer abc.DEF-123_~+/==",
    "bearer eyJhbGciOi",
    "redis://:wordOfMouth@redis.example:6379/0",
    "postgresql://ledger:wordOfMouth@db/ledger",
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBg that was cut",
)
TELLING = ("abcDEF", "Mi0yLTEy", "IOSFODNN7", "abc.DEF", "eyJ", "wordOfMouth", "MIIE")
WORDS = st.text(max_size=20)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.tuples(WORDS), inner, max_size=3),
    max_leaves=6,
)
log = structlog.get_logger("tests")


class Lines:
    """What was logged."""

    def __init__(self, written: io.StringIO) -> None:
        self._written = written

    def read(self) -> list[dict[str, object]]:
        """The lines, each of them JSON."""
        return [json.loads(line) for line in self._written.getvalue().splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What our logging writes; the machine's own is back afterwards."""
    handlers, level = logging.root.handlers, logging.root.level
    logging.root.handlers = []
    with redirect_stderr(io.StringIO()) as written:
        start_logging("worker grant-aws", "INFO")
    yield Lines(written)
    logging.captureWarnings(capture=False)
    logging.root.handlers = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_line_says_what_when_how_bad_and_in_which_process(lines: Lines):
    log.info("claim_lost", holding="role/x", claim=3)
    (line,) = lines.read()
    assert line.pop("timestamp")
    assert line == {
        "event": "claim_lost",
        "level": "info",
        "process": "worker grant-aws",
        "holding": "role/x",
        "claim": 3,
    }


def test_what_is_below_the_level_is_not_written(lines: Lines):
    log.debug("quiet")
    logging.getLogger("a.library").info("quiet")
    assert lines.read() == []


def test_a_librarys_warning_is_a_line_like_any_other(lines: Lines):
    logging.getLogger("a.library").warning("lost %s\nand found", "connection")
    (line,) = lines.read()
    assert (line["event"], line["level"], line["process"]) == (
        "lost connection\nand found",
        "warning",
        "worker grant-aws",
    )


def test_a_warning_of_pythons_own_is_a_line_like_any_other(lines: Lines):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("this will go away", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    (line,) = lines.read()
    assert "this will go away" in str(line["event"])


@pytest.mark.parametrize("of_ours", [True, False])
def test_an_exception_is_told_within_its_line(lines: Lines, *, of_ours: bool):
    try:
        int("two\nlines with xoxb-wordOfMouth")
    except ValueError:
        if of_ours:
            log.exception("broke")
        else:
            logging.getLogger("a.library").exception("broke")
    (line,) = lines.read()
    assert "ValueError" in str(line["exception"])
    assert "wordOfMouth" not in str(line)


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("of_ours", [True, False])
def test_a_secret_is_never_written(lines: Lines, canary: str, *, of_ours: bool):
    text = f"before {canary} after"
    if of_ours:
        log.warning("seen", text=text)
        log.warning("seen", deep=[{"where": text}], error=ValueError(text))
        log.warning(text)
    else:
        logging.getLogger("a.library").warning(text)
        logging.getLogger("a.library").warning("seen %s", {"where": text})
    written = json.dumps(lines.read())
    assert "[secret]" in written
    assert not any(word in written for word in TELLING)


def test_what_is_no_secret_stays():
    fields = {"event": "asked", "url": "https://slack.com/api/", "arn": "arn:aws:iam::1:role/x", "n": 1.5}
    assert redact(None, "info", dict(fields)) == fields


@given(st.dictionaries(WORDS.filter(lambda name: not name.startswith("_")), ANYTHING, max_size=3))
def test_whatever_it_is_told_a_line_is_one_line_of_json(fields: dict[str, object]):
    line = structlog.processors.JSONRenderer()(None, "info", redact(None, "info", fields))
    assert isinstance(line, str)
    assert len(line.splitlines()) == 1
    assert set(json.loads(line)) == set(fields)


def test_lines_of_many_threads_do_not_mix(lines: Lines):
    def talk(number: int) -> None:
        for turn in range(20):
            log.info("talk", number=number, turn=turn, text="long " * 50)

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines.read()) == 160
