"""The `aws` lines we print, run as they are printed.

What a person pastes into a terminal is run by a shell of its own, with the real AWS command line, the
person's keys in the environment and a configuration file that is theirs alone and thrown away.
"""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sandbox.aws.keys import Keys
from sandbox.aws.standin import AwsStandIn
from sandbox.aws.use import Allowed, NotAnsweredError, Refused

_REFUSAL = re.compile(r"An error occurred \((\w+)\) when calling the \w+ operation(?: \(.*\))?: (.*)")


@dataclass(frozen=True)
class Ran:
    """How a line went."""

    line: str
    status: int
    output: str
    errors: str

    @property
    def outcome(self) -> Allowed | Refused:
        """What AWS said; raises when the line failed without AWS saying anything."""
        if self.status == 0:
            return Allowed((self.output.strip(),))
        refusal = _REFUSAL.search(self.errors)
        if refusal is None:
            raise NotAnsweredError(f"{self.line!r} failed: {self.errors.strip()}")
        return Refused(refusal[1], refusal[2])


class CommandLine:
    """A person's terminal; a context manager around their own configuration."""

    def __init__(self, aws: AwsStandIn, keys: Keys) -> None:
        self._aws = aws
        self._keys = keys
        self._home = Path()

    def __enter__(self) -> Self:
        self._home = Path(tempfile.mkdtemp(prefix="person-"))
        return self

    def __exit__(self, *_error: object) -> None:
        shutil.rmtree(self._home, ignore_errors=True)

    def run(self, *lines: str) -> Ran:
        """Runs lines exactly as they are, one after the other; answers how the last one went."""
        ran = [self._one(line) for line in lines]
        return ran[-1]

    def _one(self, line: str) -> Ran:
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            env=self._env(),
            cwd=self._home,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Ran(line, done.returncode, done.stdout, done.stderr)

    def _env(self) -> dict[str, str]:
        """The keys go into the credentials file, where a profile's `source_profile` finds them."""
        self._write_credentials()
        settings = {name: value for name, value in self._aws.env(self._keys).items() if "KEY" not in name}
        settings.pop("AWS_SESSION_TOKEN", None)
        return {
            "PATH": f"{self._aws.environment / 'bin'}:/usr/bin:/bin",
            "HOME": str(self._home),
            "AWS_CONFIG_FILE": str(self._home / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self._home / "credentials"),
            "AWS_PAGER": "",
            **settings,
            **self._aws.clock.env(),
        }

    def _write_credentials(self) -> None:
        if (self._home / "credentials").exists():
            return
        lines = [f"{name.lower()} = {value}" for name, value in self._keys.env().items()]
        (self._home / "credentials").write_text("\n".join(["[default]", *lines, ""]), encoding="utf-8")
