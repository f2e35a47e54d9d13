"""Logging in at a terminal: whoever Slack says confirmed the code is who the terminal becomes."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from policies.people import People
from tests.bot.slack_bench import Bench, said, sentence, whisper, with_
from tests.bot.terminal_bench import Terminal, confirm
from workers.ledger.logins import LASTS, WAITS


@pytest.fixture
def terminal(bench: Bench) -> Terminal:
    return Terminal(bench)


def without(bench: Bench, who: str) -> None:
    """Somebody leaves."""
    assert bench.in_force is not None
    people = bench.in_force.people
    left = tuple(
        person.model_copy(update={"active": False}) if person.id == who else person
        for person in people.people
    )
    bench.in_force = with_(bench.in_force, people=People(people=left, groups=people.groups))


def test_a_code_typed_and_confirmed_in_slack_logs_the_terminal_in(bench: Bench, terminal: Terminal):
    code = terminal.starts()
    assert terminal.takes().status_code == 202
    assert bench.ana.types(f"/prod-access login {code}", "C0DB").acked
    asked = whisper(bench.ana)
    assert sentence(asked) == (
        'A terminal that calls itself "ana-laptop" asks to be you for 12 h. Confirm only if you ran '
        "prod-access login there just now. Did somebody send you this code? Press Not me."
    )
    assert asked.buttons == ("It is me", "Not me")
    assert terminal.takes().status_code == 202  # looking confirms nothing
    bench.ana.clicks("It is me", asked)
    confirmed = sentence(whisper(bench.ana, "Confirmed"))
    assert confirmed == ("Confirmed. That terminal is you until {02:02 UTC}. To end it: /prod-access logout")
    taken = terminal.takes().json
    assert (taken["person"], taken["name"], taken["ends_at"]) == ("ana", "Ana Ruiz", "2026-11-25T02:02:11Z")
    assert terminal.get("/login").json == {name: taken[name] for name in ("person", "name", "ends_at")}
    assert bench.kinds() == ["login.confirmed", "login.taken"]
    assert (bench.body("login.confirmed")["by"], bench.body("login.taken")["person"]) == ("ana", "ana")


def test_the_login_belongs_to_whoever_confirms_it(bench: Bench, terminal: Terminal):
    confirm(bench, "ben", terminal.starts("ana-laptop"))
    assert terminal.takes().json["name"] == "Ben Okafor"


@pytest.mark.parametrize("typed", ["{code}", "{lower}", "{bare}", " {spaced} ", "`{code}`", "{code}."])
def test_a_code_is_read_however_it_is_typed(bench: Bench, terminal: Terminal, typed: str):
    code = terminal.starts()
    spelled = {"lower": code.lower(), "bare": code.replace("-", ""), "spaced": code.replace("-", " ")}
    confirm(bench, "ana", typed.format(code=code, **spelled))
    assert terminal.takes().status_code == 200


def test_a_second_confirmation_comes_too_late(bench: Bench, terminal: Terminal):
    code = terminal.starts()
    for person in (bench.ana, bench.ben):
        person.types(f"/prod-access login {code}", "C0DB")
    bench.ben.clicks("It is me", whisper(bench.ben, "asks to be you"))
    bench.ana.clicks("It is me", whisper(bench.ana, "asks to be you"))
    assert sentence(whisper(bench.ana, "No terminal")) == (
        "No terminal waits for that code. A code is good once, for 10 min: run prod-access login again."
    )
    assert terminal.takes().json["person"] == "ben"
    assert bench.kinds() == ["login.confirmed", "login.taken"]


def test_a_code_is_good_once(bench: Bench, terminal: Terminal):
    confirm(bench, "ana", code := terminal.starts())
    bench.ana.types(f"/prod-access login {code}", "C0DB")
    assert whisper(bench.ana, "No terminal").buttons == ()


@pytest.mark.parametrize("code", ["BCDF-GHJK", "nonsense", "'; DROP TABLE logins", "BCDFGHJKBCDFGHJK"])
def test_a_code_that_nobody_was_given_is_nobodys(bench: Bench, code: str):
    bench.ana.types(f"/prod-access login {code}", "C0DB")
    assert sentence(whisper(bench.ana)).startswith("No terminal waits for that code.")
    assert bench.entries() == []


def test_a_forged_press_confirms_nothing(bench: Bench, terminal: Terminal):
    terminal.starts()
    bench.press("login_confirm", "BCDFGHJK")
    whisper(bench.ben, "No terminal waits for that code.")
    assert terminal.takes().status_code == 202


def test_the_word_alone_says_what_is_missing(bench: Bench):
    bench.ana.types("/prod-access login", "C0DB")
    assert sentence(whisper(bench.ana)) == (
        "The code is missing. Type the one your terminal shows: /prod-access login WDJB-MJHT"
    )


def test_a_code_runs_out_before_and_after_it_is_confirmed(bench: Bench, terminal: Terminal):
    code = terminal.starts()
    bench.clock.move(WAITS)
    bench.ana.types(f"/prod-access login {code}", "C0DB")
    whisper(bench.ana, "No terminal waits for that code.")
    assert terminal.takes().status_code == 410
    confirm(bench, "ana", terminal.starts())
    bench.clock.move(WAITS)
    answer = terminal.takes()
    assert (answer.status_code, answer.json["problem"]) == (
        410,
        "The code was not confirmed in time, or its login was taken already. Run: prod-access login",
    )


def test_not_me_turns_the_terminal_away(bench: Bench, terminal: Terminal):
    confirm(bench, "ana", terminal.starts(), "Not me")
    assert sentence(whisper(bench.ana, "got nothing")) == (
        "That terminal got nothing. If somebody sent you the code, tell #platform-help."
    )
    answer = terminal.takes()
    assert (answer.status_code, answer.json["problem"]) == (
        410,
        "You said in Slack that it was not you, so this terminal got nothing.",
    )
    assert bench.kinds() == ["login.refused"]


def test_a_token_is_handed_out_once(bench: Bench, terminal: Terminal):
    terminal.logs_in()
    assert terminal.takes().status_code == 410
    again = terminal.another()
    again.device = terminal.device
    assert again.takes().status_code == 410
    assert terminal.get("/login").status_code == 200
    assert bench.kinds().count("login.taken") == 1


def test_a_stranger_confirms_nothing(bench: Bench, terminal: Terminal):
    code = terminal.starts()
    bench.press("login_confirm", code.replace("-", ""), user={"id": "U0PIA", "team_id": "T0PARTNER"})
    assert terminal.takes().status_code == 202
    assert bench.kinds() == ["stranger.refused"]


def test_whoever_confirms_is_asked_of_slack_anew(bench: Bench, terminal: Terminal):
    code = terminal.starts()
    bench.ana.types(f"/prod-access login {code}", "C0DB")
    asked = len(bench.calls("users.info"))
    bench.ana.clicks("It is me", whisper(bench.ana))
    assert len(bench.calls("users.info")) == asked + 1


def test_a_login_ends_after_its_time(bench: Bench, terminal: Terminal):
    terminal.logs_in()
    bench.clock.move(LASTS - timedelta(seconds=1))
    assert terminal.get("/login").status_code == 200
    bench.clock.move(timedelta(seconds=1))
    answer = terminal.get("/login")
    assert (answer.status_code, answer.json["problem"]) == (
        401,
        "You are not logged in, or not any more. Run: prod-access login",
    )


def test_whoever_left_is_logged_out_at_once(bench: Bench, terminal: Terminal):
    terminal.logs_in()
    without(bench, "ana")
    for answer in (terminal.get("/login"), terminal.get("/requests"), terminal.use()):
        assert answer.status_code == 401


def test_whoever_left_between_confirming_and_taking_gets_nothing(bench: Bench, terminal: Terminal):
    confirm(bench, "ana", terminal.starts())
    without(bench, "ana")
    assert terminal.takes().status_code == 410


def test_without_rules_nobody_is_anybody(bench: Bench, terminal: Terminal):
    terminal.logs_in()
    bench.in_force = None
    answer = terminal.get("/login")
    assert (answer.status_code, answer.json["problem"]) == (
        503,
        "No rules are in force, so nothing can be asked or used.",
    )
    assert terminal.get("/health").status_code == 200


def test_logging_out_ends_this_terminal_alone(terminal: Terminal):
    terminal.logs_in()
    other = terminal.another().logs_in()
    assert terminal.delete("/login").status_code == 204
    assert terminal.get("/login").status_code == 401
    assert other.get("/login").status_code == 200


def test_logout_in_slack_ends_every_terminal(bench: Bench, terminal: Terminal):
    terminal.logs_in()
    other, bens = terminal.another().logs_in(), terminal.another().logs_in("ben")
    bench.ana.types("/prod-access logout", "C0DB")
    assert sentence(whisper(bench.ana, "Logged out")) == "Logged out: 2 terminals of yours."
    assert (terminal.get("/login").status_code, other.get("/login").status_code) == (401, 401)
    assert bens.get("/login").status_code == 200
    bench.ana.types("/prod-access logout", "C0DB")
    whisper(bench.ana, "No terminal of yours is logged in.")


def test_while_the_ledger_is_away_nothing_is_confirmed_and_that_is_said(bench: Bench, terminal: Terminal):
    code = terminal.starts()
    bench.ana.types(f"/prod-access login {code}", "C0DB")
    asked = whisper(bench.ana)
    with bench.table_away("logins"):
        bench.ana.clicks("It is me", asked)
        whisper(bench.ana, "Nothing changed")
        answer = terminal.takes()
    assert (answer.status_code, answer.json["problem"]) == (
        503,
        "The ledger cannot be reached, so nothing was done. Try again in a minute.",
    )
    assert terminal.takes().status_code == 202


def test_what_a_terminal_calls_itself_is_shown_as_its_own_words(bench: Bench, terminal: Terminal):
    code = terminal.starts("<!channel> *Approved*\u202e\nby <https://evil.example|IT>" + "x" * 100)
    bench.ana.types(f"/prod-access login {code}", "C0DB")
    asked = whisper(bench.ana)
    assert asked.pings == ()
    (section, _buttons) = asked.blocks
    assert section["text"]["type"] == "plain_text"
    assert said(asked).startswith(
        'A terminal that calls itself "<!channel> *Approved* by <https://evil.example|IT>xxxxxxxxx…" asks'
    )


def test_a_terminal_without_a_name_is_called_so(bench: Bench, terminal: Terminal):
    bench.ana.types(f"/prod-access login {terminal.starts(' ')}", "C0DB")
    assert 'calls itself "a terminal without a name" asks' in said(whisper(bench.ana))


def test_no_secret_is_stored_logged_or_told_in_slack(bench: Bench, terminal: Terminal):
    with capture_logs() as logs:
        terminal.logs_in()
        terminal.ask("prod-db-readonly 1h INC-42 replication lag")
        bench.tell()
    for secret in (terminal.token, terminal.device):
        for place in (bench.everything_stored(), repr(bench.calls()), repr(logs)):
            assert secret not in place


def test_too_many_logins_at_once_are_put_off(bench: Bench, terminal: Terminal):
    for _ in range(30):
        terminal.starts()
    answer = terminal.post("/login", client="x")
    assert (answer.status_code, answer.json["problem"]) == (
        429,
        "Too many logins were started just now. Try again in a moment.",
    )
    assert int(answer.headers["Retry-After"]) >= 1
    bench.clock.move(timedelta(seconds=1))
    terminal.starts()
