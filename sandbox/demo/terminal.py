"""The lines a message prints, run in a person's terminal as they are.

`aws` is installed beside the pretend AWS. `gcloud` runs where it is installed, told where the pretend Google
Cloud is and cut off from the real one. `az` never runs: nothing but its own configuration says where it
calls. For what does not run, the same call is made without it, and the output says so.
"""

import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from policies.people import Person
from policies.values import PersonId
from sandbox.aws.commandline import CommandLine
from sandbox.aws.keys import Keys
from sandbox.demo.ports import NotPossibleError, Tried
from sandbox.world import World

CLOUD_OF: Final = {"aws": "aws", "gcloud": "gcp", "az": "azure"}
"""The cloud of each program."""
_GCLOUD: Final = re.compile(r"gcloud sql instances list --project [a-z0-9-]+")
"""What the pretend Google Cloud can answer as gcloud asks it."""
_NOWHERE: Final = "http://127.0.0.1:9"
_PATIENCE: Final = 60


class Shown(NamedTuple):
    """What a terminal shows, and whether the last line succeeded."""

    output: str
    ok: bool


class Terminals:
    """One for each person, with a configuration of its own that is thrown away at the end."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._aws: dict[PersonId, CommandLine] = {}
        self._lock = threading.Lock()

    def aws(self, person: Person, keys: Keys, lines: Sequence[str]) -> Shown:
        """Lines for AWS, with the person's keys."""
        with self._lock:
            terminal = self._aws.get(person.id)
            if terminal is None:
                terminal = self._aws[person.id] = CommandLine(self._world.aws, keys).__enter__()
        ran = terminal.run(*lines)
        return Shown((ran.output + ran.errors).strip(), ran.status == 0)

    def gcloud(self, token: str, line: str) -> Shown:
        """A line for Google Cloud, signed in with the person's token."""
        with tempfile.TemporaryDirectory(prefix="person-") as home:
            Path(home, "token").write_text(token, encoding="ascii")
            done = subprocess.run(
                line.split(),
                env=_gcloud_env(home, self._world.gcp.endpoint_url),
                cwd=home,
                capture_output=True,
                text=True,
                timeout=_PATIENCE,
                check=False,
            )
        return Shown(f"{done.stdout}{done.stderr}".strip(), done.returncode == 0)

    def close(self) -> None:
        """Throw away what they kept."""
        for terminal in self._aws.values():
            terminal.__exit__(None, None, None)


def program_of(lines: Sequence[str]) -> str:
    """The program of the last line; NotPossibleError when no message prints such lines."""
    program = lines[-1].partition(" ")[0] if lines else ""
    if program not in CLOUD_OF:
        raise NotPossibleError(f"{program or 'Nothing'} is not among the programs that messages print.")
    return program


def runs(program: str, line: str) -> bool:
    """Whether the program itself can run this line here."""
    match program:
        case "aws":
            return True
        case "gcloud":
            return shutil.which("gcloud") is not None and _GCLOUD.fullmatch(line) is not None
        case _:
            return False


def instead(program: str, person: Person, tried: Tried) -> Shown:
    """What is shown where a program does not run, and the call was made without it."""
    verdict = "allowed" if tried.allowed else f"refused {tried.code}".strip()
    said = f"\n{tried.message}" if tried.message else ""
    ran = f"({program} does not run here. The same call was made with {person.name}'s own token.)"
    return Shown(f"{ran}\n{tried.call}: {verdict}{said}", tried.allowed)


def _gcloud_env(home: str, endpoint: str) -> dict[str, str]:
    """A configuration of its own; whatever it would ask anywhere else, it asks nobody."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": home,
        "CLOUDSDK_CONFIG": home,
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": f"{home}/token",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL": f"{endpoint}/",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
        "HTTPS_PROXY": _NOWHERE,
        "NO_PROXY": "127.0.0.1",
    }
