"""Puts each bug into a copy of the code and runs the test that must find it; one JSON object a line.

    python -m tests.mutants.run [WORD…]        only the bugs whose name holds one of the words

First every one of these tests must pass as the code is. Exit code 1 when one does not, or a bug is not found.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.mutants.bugs import BUGS, Bug

ROOT: Final = Path(__file__).resolve().parents[2]
_PARTS: Final = ("bot", "cli", "policies", "sandbox", "tests", "workers", "pyproject.toml")
_FAILED: Final = 1
"""What pytest ends with when a test failed; anything else says that it did not run."""


def main(words: Sequence[str]) -> int:
    """Run; 0 when every bug was found."""
    bugs = [bug for bug in BUGS if not words or any(word in bug.name for word in words)]
    with tempfile.TemporaryDirectory(prefix="prod-access-mutants-") as place:
        copy = _copy(Path(place))
        clean = _pytest(copy, sorted({bug.test for bug in bugs}))
        _tell(step="as it is", ok=clean == 0)
        found = [_found(copy, bug) for bug in bugs]
    _tell(step="mutants", ok=clean == 0 and all(found), bugs=len(bugs), found=sum(found))
    return 0 if clean == 0 and all(found) else 1


def _copy(place: Path) -> Path:
    for part in _PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, place / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, place / part)
    for environment in (".venv", ".venv-sandbox"):
        (place / environment).symlink_to(ROOT / environment)
    return place


def _found(copy: Path, bug: Bug) -> bool:
    started = time.monotonic()
    file = copy / bug.file
    text = file.read_text(encoding="utf-8")
    if text.count(bug.old) != 1:
        _tell(step=bug.name, ok=False, why=f"{bug.file} holds that line {text.count(bug.old)} times")
        return False
    file.write_text(text.replace(bug.old, bug.new), encoding="utf-8")
    code = _pytest(copy, [bug.test])
    file.write_text(text, encoding="utf-8")
    seconds = round(time.monotonic() - started, 1)
    _tell(step=bug.name, ok=code == _FAILED, test=bug.test.rpartition("::")[2], seconds=seconds)
    return code == _FAILED


def _pytest(copy: Path, tests: Iterable[str]) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *tests]
    env = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=copy, env=env, capture_output=True, check=False).returncode


def _tell(**facts: object) -> None:
    print(json.dumps(facts), flush=True)  # noqa: T201 (the runner's output)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
