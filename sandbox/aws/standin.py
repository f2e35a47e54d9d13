"""Starts and stops the pretend AWS: the emulator and the proxy in front of it, each its own process.

Both follow the movable clock, both live in their own process group, and both end when their standard input
does, which is when this process is gone, however it went.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import httpx

from sandbox.aws import names
from sandbox.aws.faults import Fault, Kind
from sandbox.aws.keys import Keys
from sandbox.clock import MovableClock

_CHECKOUT = Path(__file__).resolve().parents[2]
_PATIENCE = timedelta(seconds=20)
_EMULATOR_SETTINGS = {
    "AUTH": "true",
    "PERSIST_STATE": "0",
    "MINISTACK_REGION": names.REGION,
    "MINISTACK_ACCOUNT_ID": names.SHOP_PROD,
    "SFTP_ENABLED": "0",
    "IOT_MTLS_ENABLED": "0",
    "LOG_LEVEL": "WARNING",
    "DOCKER_HOST": "unix:///nonexistent",  # a database is a record here, never a container
}


class NotInstalledError(RuntimeError):
    """The pretend AWS has its own virtual environment, and it is not there."""


class DidNotStartError(RuntimeError):
    """A process of the pretend AWS ended, or stayed silent, instead of starting."""


def find_environment() -> Path:
    """The virtual environment ministack and the AWS command line live in."""
    for folder in (Path.cwd(), _CHECKOUT):
        if (folder / ".venv-sandbox/bin/python").exists():
            return folder / ".venv-sandbox"
    raise NotInstalledError(
        "There is no .venv-sandbox here. To make it: python3 -m venv .venv-sandbox && "
        ".venv-sandbox/bin/pip install --require-hashes -r sandbox/aws/requirements.txt"
    )


class AwsStandIn:
    """A running pretend AWS; a context manager."""

    def __init__(self, clock: MovableClock | None = None, *, port: int = 0) -> None:
        self._environment = find_environment()
        self._state = Path(tempfile.mkdtemp(prefix="sandbox-aws-"))
        self._port = port
        self._processes = ExitStack()
        self._http = httpx.Client(timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
        self.clock = clock or MovableClock(self._state / "clock")
        """The clock it follows."""

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends both processes and forgets everything they knew."""
        self._processes.close()
        self._http.close()
        shutil.rmtree(self._state, ignore_errors=True)

    @property
    def endpoint_url(self) -> str:
        """What AWS_ENDPOINT_URL is set to."""
        return str(self._http.base_url).rstrip("/")

    @property
    def environment(self) -> Path:
        """The virtual environment with the `aws` command."""
        return self._environment

    @property
    def worker(self) -> Keys:
        """The workers' user, in the tooling account."""
        return self.keys(names.TOOLING, names.WORKER)

    @property
    def operator(self) -> Keys:
        """The user who may do anything in shop-prod, behind our back."""
        return self.keys(names.SHOP_PROD, names.OPERATOR)

    @property
    def auditor(self) -> Keys:
        """The user who reads every role of shop-prod."""
        return self.keys(names.SHOP_PROD, names.AUDITOR)

    def person(self, name: str) -> Keys:
        """A person's own keys."""
        return self.keys(names.PEOPLE_ACCOUNT, name)

    def keys(self, account: str, user: str) -> Keys:
        """A seeded user's keys."""
        found = json.loads((self._state / "credentials.json").read_text(encoding="utf-8"))
        return Keys(**found[names.credential_name(account, user)])

    def env(self, keys: Keys) -> dict[str, str]:
        """What a process needs in its environment to call the pretend AWS with these keys."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": names.REGION,
            "AWS_DEFAULT_REGION": names.REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            **keys.env(),
        }

    def log(self, *, since: int = 0, everything: bool = False) -> list[dict[str, Any]]:
        """The mutating calls so far, or all of them, as AWS saw them: see `calls.Call`."""
        asked = {"since": str(since)} | ({"all": "1"} if everything else {})
        return list(self._page("GET", "log", params=asked)["calls"])

    def roles(self, path: str = names.LEASED_PATH) -> list[dict[str, Any]]:
        """The roles AWS has under a path: see `view.RoleView`."""
        return list(self._page("GET", "roles", params={"path": path})["roles"])

    def break_calls(self, kind: Kind, actions: Iterable[str] = (), **rest: Any) -> int:  # noqa: ANN401
        """Puts a `faults.Fault` in force; answers its number."""
        fault = Fault(kind=kind, actions=frozenset(actions), **rest)
        return int(self._page("POST", "faults", content=fault.model_dump_json())["id"])

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, and how often each struck."""
        return list(self._page("GET", "faults")["faults"])

    def mend(self, number: int | None = None) -> None:
        """Takes a fault away, or all of them; policy dates go on too when it is all."""
        self._page("DELETE", "faults" if number is None else f"faults/{number}")
        if number is None:
            self._page("DELETE", "dates/stopped")

    def stop_dates(self) -> None:
        """From now on no date in a policy ever comes due, until `mend`."""
        self._page("PUT", "dates/stopped")

    def _page(self, method: str, page: str, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx's own
        answer = self._http.request(method, f"/_sandbox/{page}", **request)
        answer.raise_for_status()
        return dict(answer.json())

    def _start(self) -> None:
        emulator = [str(self._environment / "bin/python"), "-P", str(Path(__file__).with_name("emulator.py"))]
        self._run("emulator", [*emulator, str(self._state)], _EMULATOR_SETTINGS)
        proxy = [sys.executable, "-m", "sandbox.aws", "proxy", str(self._state), "--port", str(self._port)]
        ready = self._run("proxy", proxy, {"PYTHONPATH": str(_CHECKOUT)})
        self._http.base_url = f"http://127.0.0.1:{ready['port']}"

    def _run(self, name: str, command: list[str], settings: dict[str, str]) -> dict[str, Any]:
        """Starts a process and waits until it says where it listens."""
        ready, log = self._state / f"{name}.json", self._state / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=_clean(os.environ) | settings | self.clock.env(),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.callback(_end, process)
        deadline = time.monotonic() + _PATIENCE.total_seconds()
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise DidNotStartError(
                    f"The {name} of the pretend AWS did not start:\n{log.read_text()[-2000:]}"
                )
            time.sleep(0.01)
        return dict(json.loads(ready.read_text(encoding="utf-8")))


def _clean(environment: Iterable[str]) -> dict[str, str]:
    """Our environment without anybody's real AWS settings, nor this interpreter's own."""
    unwanted = ("AWS_", "PYTHON", "VIRTUAL_ENV", "COV_")
    return {name: os.environ[name] for name in environment if not name.startswith(unwanted)}


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process by ending its standard input; its group is killed when that is not enough."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(timeout=3)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
