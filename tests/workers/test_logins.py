"""Logins in the ledger, on each database: waiting, confirmed, taken once, over by time alone."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from policies.values import PersonId
from tests.builders import ANA, BEN, HOUR, NOW, StoppedClock
from workers.ledger import logins
from workers.ledger.errors import Stale
from workers.ledger.ledger import Ledger
from workers.ledger.logins import LASTS, WAITING_MOST, WAITS, Login, LoginState

DEVICE, CODE, TOKEN = "d" * 43, "WDJBMJHT", "t" * 43
LAPTOP = "ana-laptop"


def start(ledger: Ledger, number: int = 1, *, code: str = CODE, device: str = DEVICE) -> bool:
    return ledger.retrying(
        lambda writing: logins.start(writing, f"lg-{number}", device=device, code=code, client=LAPTOP)
    )


def confirm(ledger: Ledger, person: PersonId = ANA, code: str = CODE) -> Login | None:
    return ledger.retrying(lambda writing: logins.confirm(writing, code, person))


def take(ledger: Ledger, token: str = TOKEN, device: str = DEVICE) -> Login | None:
    return ledger.retrying(lambda writing: logins.take(writing, device, token))


def whose(ledger: Ledger, token: str = TOKEN) -> Login | None:
    with ledger.reading() as reader:
        return logins.of_token(reader, token, ledger.now())


def waiting(ledger: Ledger, code: str = CODE) -> Login | None:
    with ledger.reading() as reader:
        return logins.waiting(reader, code, ledger.now())


def stored(ledger: Ledger) -> list[str]:
    with ledger.engine.connect() as connection:
        return [repr(row) for row in connection.execute(text("SELECT * FROM logins"))]


def kinds(ledger: Ledger) -> list[str]:
    with ledger.reading() as reader:
        return [entry.kind for entry in reader.entries()]


def logged_in(ledger: Ledger) -> None:
    start(ledger)
    confirm(ledger)
    take(ledger)


def test_a_login_waits_is_confirmed_and_taken(ledger: Ledger):
    start(ledger)
    assert waiting(ledger) == Login("lg-1", LoginState.WAITING, LAPTOP, None, None)
    assert confirm(ledger) == Login("lg-1", LoginState.CONFIRMED, LAPTOP, ANA, NOW + LASTS)
    taken = take(ledger)
    assert taken == Login("lg-1", LoginState.OPEN, LAPTOP, ANA, NOW + LASTS)
    assert whose(ledger) == taken
    assert kinds(ledger) == ["login.confirmed", "login.taken"]


def test_neither_the_device_code_nor_the_token_is_stored(ledger: Ledger):
    logged_in(ledger)
    (row,) = stored(ledger)
    assert DEVICE not in row
    assert TOKEN not in row
    with ledger.reading() as reader:
        assert not any(TOKEN in entry.body or DEVICE in entry.body for entry in reader.entries())


def test_starting_writes_nothing_into_the_audit_log(ledger: Ledger):
    start(ledger)
    assert kinds(ledger) == []


def test_a_code_is_good_once(ledger: Ledger):
    start(ledger)
    assert confirm(ledger, BEN) is not None
    assert confirm(ledger, ANA) is None
    assert waiting(ledger) is None
    assert kinds(ledger) == ["login.confirmed"]


def test_of_two_who_confirm_at_once_one_is_too_late(ledger: Ledger):
    start(ledger)
    found: list[Login | None] = []
    together = threading.Barrier(2)

    def try_it(person: PersonId) -> None:
        together.wait()
        found.append(confirm(ledger, person))

    threads = [threading.Thread(target=try_it, args=(person,)) for person in (ANA, BEN)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (won,) = [one for one in found if one is not None]
    assert won.person in {ANA, BEN}
    assert kinds(ledger) == ["login.confirmed"]


def test_a_code_runs_out(ledger: Ledger, clock: StoppedClock):
    start(ledger)
    clock.move(WAITS)
    assert waiting(ledger) is None
    assert confirm(ledger) is None


def test_what_was_confirmed_has_to_be_taken_in_time(ledger: Ledger, clock: StoppedClock):
    start(ledger)
    confirm(ledger)
    clock.move(WAITS)
    with ledger.reading() as reader:
        assert logins.of_device(reader, DEVICE, clock()) is None
    assert take(ledger) is None


def test_a_login_is_taken_once(ledger: Ledger):
    logged_in(ledger)
    assert take(ledger, "another token") is None
    assert whose(ledger, "another token") is None
    assert whose(ledger) is not None


def test_what_nobody_confirmed_is_not_taken(ledger: Ledger):
    start(ledger)
    assert take(ledger) is None
    assert whose(ledger) is None


def test_a_terminal_that_was_turned_away_gets_nothing(ledger: Ledger):
    start(ledger)
    assert ledger.retrying(lambda writing: logins.refuse(writing, CODE, ANA)) is not None
    assert confirm(ledger) is None
    assert take(ledger) is None
    with ledger.reading() as reader:
        found = logins.of_device(reader, DEVICE, NOW)
    assert found == Login("lg-1", LoginState.REFUSED, LAPTOP, None, None)
    assert kinds(ledger) == ["login.refused"]


def test_a_login_is_over_by_its_time_alone(ledger: Ledger, clock: StoppedClock):
    logged_in(ledger)
    clock.move(LASTS - timedelta(microseconds=1))
    assert whose(ledger) is not None
    clock.move(timedelta(microseconds=1))
    assert whose(ledger) is None


def test_a_token_that_was_never_given_is_nobodys(ledger: Ledger):
    logged_in(ledger)
    for token in ("", TOKEN[:-1], TOKEN.upper(), logins.digest(TOKEN)):
        assert whose(ledger, token) is None


def test_logging_out_ends_that_login(ledger: Ledger):
    logged_in(ledger)
    assert ledger.retrying(lambda writing: logins.end(writing, TOKEN)) is not None
    assert whose(ledger) is None
    assert ledger.retrying(lambda writing: logins.end(writing, TOKEN)) is None
    assert kinds(ledger) == ["login.confirmed", "login.taken", "login.ended"]


def test_logging_out_everywhere_ends_what_was_not_taken_yet_too(ledger: Ledger):
    logged_in(ledger)
    start(ledger, 2, code="XZXZXZXZ", device="another device")
    confirm(ledger, code="XZXZXZXZ")
    start(ledger, 3, code="QZQZQZQZ", device="bens device")
    confirm(ledger, BEN, code="QZQZQZQZ")
    assert ledger.retrying(lambda writing: logins.end_all(writing, ANA)) == 2
    assert whose(ledger) is None
    assert take(ledger, "token", "another device") is None
    assert take(ledger, "bens token", "bens device") is not None
    assert ledger.retrying(lambda writing: logins.end_all(writing, ANA)) == 0


def test_two_logins_do_not_share_a_code(ledger: Ledger):
    start(ledger)
    with pytest.raises(Stale):
        start(ledger, 2, device="another device")


def test_only_so_many_wait_and_those_that_ran_out_do_not_count(ledger: Ledger, clock: StoppedClock):
    with ledger.writing() as writing:
        for number in range(WAITING_MOST):
            assert logins.start(writing, f"lg-{number}", device=str(number), code=str(number), client="x")
    assert not start(ledger, WAITING_MOST)
    clock.move(WAITS)
    assert start(ledger, WAITING_MOST)


def test_what_is_long_over_is_forgotten_and_what_is_open_is_not(ledger: Ledger, clock: StoppedClock):
    logged_in(ledger)
    clock.move(LASTS + timedelta(days=1))
    start(ledger, 2, device="another device")
    assert len(stored(ledger)) == 2  # it is over for a day, not for longer
    clock.move(HOUR)
    start(ledger, 3, code="XZXZXZXZ", device="a third device")
    assert [row.split("'")[1] for row in stored(ledger)] == ["lg-2", "lg-3"]
