"""Every measure of the benchmark runs, with numbers too small to mean anything."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench import ask, calls, click, decision, drain, ends, jobs, processes, quiet, report, sweep
from bench.databases import Database
from bench.measure import MS, Measure, Row, p50, p99, rounded
from bench.singles import singles
from bench.sizes import TINY
from bench.stage import Stage, staged
from sandbox.aws.standin import NotInstalledError, find_environment

MISSED = Measure("ask", "The floor.", (Row("an ask, p50", 2.0, 5.0, MS, "< 3 ms", met=False),), "Slow")


@pytest.fixture
def sqlite(tmp_path: Path) -> tuple[Database, ...]:
    """A place for fresh ledgers."""
    return (Database("SQLite", "", tmp_path),)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The whole product, with a dozen people and without patience."""
    try:
        find_environment()
    except NotInstalledError as missing:
        pytest.skip(str(missing))
    with staged(tmp_path_factory.mktemp("bench"), TINY.people) as running:
        running.linger_over = 0.2
        yield running


def _is_told(measure: Measure, rows: int) -> None:
    told = measure.as_json()
    assert len(told["rows"]) == rows
    assert all(row["ours"] > 0 for row in told["rows"])
    assert told["how"]


def test_percentiles_are_samples_that_were_seen():
    samples = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert (p50(samples), p99(samples)) == (3.0, 5.0)
    assert rounded(1234.5) == 1234
    assert rounded(0.012345) == 0.0123


def test_a_missed_goal_is_said_in_the_pages(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- numbers:begin -->\nold\n<!-- numbers:end -->\nafter\n")
    report.replace_block(page, report.performance([MISSED], quick=True))
    text = page.read_text()
    assert "| an ask, p50 | 2 ms | 5 ms | 2.5 | < 3 ms | **no** |" in text
    assert "old" not in text
    assert text.endswith("<!-- numbers:end -->\nafter\n")
    assert report.readme([MISSED]) == "- Slow."


def test_decision():
    _is_told(decision.measure(TINY), len(decision.RULES))


def test_sweep(sqlite: tuple[Database, ...]):
    _is_told(sweep.measure(sqlite, TINY), 2)


def test_a_mass_end_in_memory(sqlite: tuple[Database, ...]):
    rows, _ = drain.rows(sqlite, TINY.ends)
    assert rows[0].ours >= drain.ideal(TINY.ends)


@pytest.mark.slow
def test_over_the_real_processes(stage: Stage, sqlite: tuple[Database, ...]):
    with ThreadPoolExecutor(1) as beside:
        one_at_a_time = beside.submit(singles, stage, TINY)
        _is_told(processes.measure(stage, 1, ("clock",)), 2)
        floor = jobs.lateness(stage.world.redis_url, TINY.jobs)
        ended, clicked = one_at_a_time.result()
    _is_told(quiet.measure(ended, floor, TINY.apart), 2)
    _is_told(click.measure(clicked, click.in_flight(stage, TINY.in_flight), floor), 2)
    counted = calls.measure(stage, TINY)
    assert [row.ours for row in counted.rows] == [6.0, 6.0]
    _is_told(ends.measure(sqlite, stage, TINY), 2)
    _is_told(ask.measure(stage, TINY), 4)
