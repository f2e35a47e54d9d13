"""Starts and stops the pretend Identity Center: one process, which follows the movable clock.

It ends when its standard input does, which is when this process is gone, however it went.
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
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

import httpx

from sandbox.aws.faults import Kind
from sandbox.aws.keys import Keys
from sandbox.clock import MovableClock
from sandbox.identity_center import names
from sandbox.identity_center.faults import Fault

_CHECKOUT: Final = Path(__file__).resolve().parents[2]
_PATIENCE: Final = timedelta(seconds=20)


class DidNotStartError(RuntimeError):
    """The process ended, or stayed silent, instead of starting."""


class IdentityCenterStandIn:
    """A running pretend Identity Center; a context manager."""

    def __init__(
        self, clock: MovableClock | None = None, *, port: int = 0, worker: Keys | None = None
    ) -> None:
        """`worker`: keys that are the workers' here too, as a worker has one set of AWS keys."""
        self._state = Path(tempfile.mkdtemp(prefix="sandbox-identity-center-"))
        self._port = port
        self._worker = worker
        self._process: subprocess.Popen[bytes] | None = None
        self._http = httpx.Client(timeout=10, limits=httpx.Limits(max_keepalive_connections=0))
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
        """Ends the process and forgets everything it knew."""
        if self._process is not None:
            _end(self._process)
        self._http.close()
        shutil.rmtree(self._state, ignore_errors=True)

    @property
    def endpoint_url(self) -> str:
        """Where all its services are, sts among them."""
        return str(self._http.base_url).rstrip("/")

    @property
    def worker(self) -> Keys:
        """The workers' user."""
        return Keys(**self._known("worker"))

    @property
    def operator(self) -> Keys:
        """The user who may do anything in Identity Center, behind our back."""
        return Keys(**self._known("operator"))

    def person(self, name: str) -> str:
        """The token of a person's sign-in to the access portal."""
        return str(self._known("portal")[names.user_id(name)])

    def _known(self, what: str) -> Any:  # noqa: ANN401 - any JSON
        return json.loads((self._state / "credentials.json").read_text(encoding="utf-8"))[what]

    def env(self) -> dict[str, str]:
        """What a worker needs in its environment to call it."""
        return {
            "PROD_ACCESS_IDENTITY_CENTER_ENDPOINT": self.endpoint_url,
            "AWS_REGION": names.REGION,
            "AWS_DEFAULT_REGION": names.REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            **self.worker.env(),
        }

    def log(self, *, since: int = 0, everything: bool = False) -> list[dict[str, Any]]:
        """The mutating calls so far, or all of them, as AWS saw them: see `calls.Call`."""
        asked = {"since": str(since)} | ({"all": "1"} if everything else {})
        return list(self._page("GET", "log", params=asked)["calls"])

    def assignments(self) -> list[dict[str, Any]]:
        """Who is assigned what, and what is on its way: see `view.AssignmentView`."""
        return list(self._page("GET", "assignments")["assignments"])

    def break_calls(self, kind: Kind, actions: Iterable[str] = (), **rest: Any) -> int:  # noqa: ANN401
        """Puts a `faults.Fault` in force; answers its number."""
        fault = Fault(kind=kind, actions=frozenset(actions), **rest)
        return int(self._page("POST", "faults", content=fault.model_dump_json())["id"])

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, and how often each struck."""
        return list(self._page("GET", "faults")["faults"])

    def mend(self, number: int | None = None) -> None:
        """Takes one fault away, or all of them."""
        self._page("DELETE", "faults" if number is None else f"faults/{number}")

    def renew(self) -> None:
        """Mends everything; assignments, people, permission sets and settings are as at the start."""
        self.mend()
        self._page("DELETE", "world")

    def settle(self, **settings: Any) -> None:  # noqa: ANN401 - see `settings.Settings`
        """Turns some knobs, until `renew`."""
        self._page("PATCH", "settings", json=settings)

    def _page(self, method: str, page: str, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx's own
        answer = self._http.request(method, f"/_sandbox/{page}", **request)
        answer.raise_for_status()
        return dict(answer.json())

    def _start(self) -> None:
        """Starts the process and waits until it says where it listens."""
        if self._worker is not None:
            (self._state / "worker.json").write_text(json.dumps(asdict(self._worker)), encoding="utf-8")
        command = [sys.executable, "-m", "sandbox.identity_center", "serve", str(self._state)]
        ready, log = self._state / "ready.json", self._state / "server.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*command, "--port", str(self._port)],
                env=_clean(os.environ) | {"PYTHONPATH": str(_CHECKOUT)} | self.clock.env(),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _PATIENCE.total_seconds()
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text()[-2000:]
                raise DidNotStartError(f"The pretend Identity Center did not start:\n{said}")
            time.sleep(0.01)
        self._http.base_url = f"http://127.0.0.1:{json.loads(ready.read_text(encoding='utf-8'))['port']}"


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
