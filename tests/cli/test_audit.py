"""The log is followed from its first entry to its last, and whatever was done to it is named."""

import json
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text

from bot.asking import Wish
from bot.desk import Desk
from policies.values import PersonId, RoleName
from tests.cli.conftest import ProdAccess
from workers.ledger.ledger import Ledger

ENTRIES = 6
COPY = "INSERT INTO events SELECT {seq}, at, kind, body, prev, hash, request FROM events WHERE seq = {old}"


@pytest.fixture
def written(desk: Desk) -> None:
    """Three requests, each asked and withdrawn."""
    for who in ("ana", "chloe", "dev"):
        person = PersonId(who)
        answer = desk.ask(Wish(person, person, RoleName("prod-db-readonly"), None, None, "lag"))
        desk.withdraw(person, answer.view.request.id)  # type: ignore[union-attr]


def test_an_empty_log_holds(prod_access: ProdAccess):
    assert prod_access("audit", "verify") == (0, "0 entries, each follows from the one before it.\n", "")


@pytest.mark.usefixtures("written")
def test_a_log_as_it_was_written_holds(prod_access: ProdAccess, ledger: Ledger):
    ran = prod_access("audit", "verify")
    assert (ran.code, ran.out) == (0, f"{ENTRIES} entries, each follows from the one before it.\n")
    found = json.loads(prod_access("audit", "verify", "--json").out)
    with ledger.reading() as reader:
        assert found == {"ok": True, "entries": ENTRIES, "head": reader.head()[1], "problem": None}


def change(*statements: str) -> Callable[[Connection], None]:
    """A change by hand of somebody who can write the database."""

    def make(connection: Connection) -> None:
        for statement in statements:
            connection.execute(text(statement))

    return make


@pytest.mark.parametrize(
    ("done", "why"),
    [
        (
            change("UPDATE events SET body = replace(body, 'chloe', 'zoe') WHERE seq = 3"),
            "entry 3 was changed after it was written",
        ),
        (
            change("UPDATE events SET at = '2026-01-01T00:00:00.000000Z' WHERE seq = 2"),
            "entry 2 was changed after it was written",
        ),
        (
            change("UPDATE events SET kind = 'request.denied' WHERE seq = 6"),
            "entry 6 was changed after it was written",
        ),
        (
            change("DELETE FROM events WHERE seq = 4"),
            "entry 4 is missing or out of order: entry 5 stands there",
        ),
        (
            change("DELETE FROM events WHERE seq = 1"),
            "entry 1 is missing or out of order: entry 2 stands there",
        ),
        (
            change("DELETE FROM events WHERE seq > 4"),
            "the log ends at entry 4, but entry 6 was written",
        ),
        (
            change("DELETE FROM events"),
            "the log ends at entry 0, but entry 6 was written",
        ),
        (
            change(COPY.format(seq=7, old=2)),
            "entry 7 does not follow from the entry before it",
        ),
        (
            change(
                "UPDATE events SET seq = 99 WHERE seq = 6",
                "UPDATE events SET seq = 6 WHERE seq = 5",
                COPY.format(seq=5, old=2),
                "UPDATE events SET seq = 7 WHERE seq = 99",
            ),
            "entry 5 does not follow from the entry before it",
        ),
        (
            change(
                "UPDATE events SET seq = 99 WHERE seq = 3",
                "UPDATE events SET seq = 3 WHERE seq = 4",
                "UPDATE events SET seq = 4 WHERE seq = 99",
            ),
            "entry 3 does not follow from the entry before it",
        ),
    ],
    ids=[
        "edited",
        "dated back",
        "another kind",
        "one deleted",
        "the first deleted",
        "the end cut off",
        "emptied",
        "one added",
        "one inserted",
        "reordered",
    ],
)
@pytest.mark.usefixtures("written")
def test_whatever_was_done_to_the_log_is_named(
    prod_access: ProdAccess, ledger: Ledger, done: Callable[[Connection], None], why: str
):
    with ledger.engine.begin() as connection:
        change("DROP TRIGGER events_no_update", "DROP TRIGGER events_no_delete")(connection)
        done(connection)
    ran = prod_access("audit", "verify")
    assert (ran.code, ran.out) == (1, f"The log is broken: {why}.\n")
    found = json.loads(prod_access("audit", "verify", "--json").out)
    assert (found["ok"], found["problem"]) == (False, why)


@pytest.mark.usefixtures("written")
def test_the_database_itself_refuses_to_change_the_log(ledger: Ledger):
    for statement in ("UPDATE events SET kind = 'x' WHERE seq = 1", "DELETE FROM events WHERE seq = 1"):
        with (
            pytest.raises(Exception, match="the audit log is append-only"),
            ledger.engine.begin() as connection,
        ):
            connection.execute(text(statement))


def test_a_log_that_cannot_be_read_is_one_sentence(prod_access: ProdAccess, ledger: Ledger):
    with ledger.engine.begin() as connection:
        connection.execute(text("ALTER TABLE events RENAME TO elsewhere"))
    ran = prod_access("audit", "verify")
    assert (ran.code, ran.err) == (2, "prod-access: the ledger's database cannot be reached\n")
