"""What was found, as JSON lines, and as the tables of docs/performance.md and the README."""

import os
import platform
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.measure import Measure, Row, rounded

ROOT: Final = Path(__file__).resolve().parent.parent
PERFORMANCE: Final = ROOT / "docs" / "performance.md"
README: Final = ROOT / "README.md"
_BLOCK: Final = re.compile(
    r"(<!-- (?:numbers|bench:\w+):begin\b[^\n]*-->\n).*?(<!-- (?:numbers|bench:\w+):end -->)", re.DOTALL
)
_HEADLINES: Final = ("ask", "click", "quiet", "ends", "sweep")


def write(measures: Sequence[Measure], *, quick: bool) -> None:
    """Fill the generated sections."""
    replace_block(PERFORMANCE, performance(measures, quick=quick))
    replace_block(README, readme(measures))


def replace_block(page: Path, text: str) -> None:
    """Put a text between the marks of a page; a page without marks is left alone."""
    before = page.read_text(encoding="utf-8")
    after = _BLOCK.sub(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", before, count=1)
    page.write_text(after, encoding="utf-8")


def performance(measures: Sequence[Measure], *, quick: bool) -> str:
    """The tables of every measure, where and when they were taken, and how to take them again."""
    parts = [_when(quick=quick), *(_section(measure) for measure in measures), _again(quick=quick)]
    return "\n\n".join(parts)


def readme(measures: Iterable[Measure]) -> str:
    """Five lines."""
    said = {measure.name: measure.headline for measure in measures}
    lines = [f"- {said[name]}." for name in _HEADLINES if said.get(name)]
    return "\n".join(lines)


def _when(*, quick: bool) -> str:
    today = datetime.now(UTC).date().isoformat()
    size = "a quick run, smaller than the numbers above" if quick else "the full size"
    return (
        f"Taken on {today}: {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}; {size}. Ratios travel to other machines, the rest does not."
    )


def _again(*, quick: bool) -> str:
    options = " --quick" if quick else ""
    return f"To take them again: `.venv/bin/python -m bench{options} --write`, with nothing else running."


def _section(measure: Measure) -> str:
    head = "| what | floor | ours | ratio | goal | met |\n| --- | ---: | ---: | ---: | --- | --- |"
    return "\n".join([f"### {measure.name}", "", measure.how, "", head, *map(_line, measure.rows)])


def _line(row: Row) -> str:
    floor = "" if row.floor is None else _said(row.floor, row.unit)
    ratio = "" if row.ratio is None else _plain(row.ratio)
    met = "yes" if row.met else "**no**"
    return f"| {row.what} | {floor} | {_said(row.ours, row.unit)} | {ratio} | {row.goal} | {met} |"


def _said(value: float, unit: str) -> str:
    return f"{_plain(value)} {unit}"


def _plain(value: float) -> str:
    return f"{rounded(value):,.6f}".rstrip("0").rstrip(".")
