"""Starts and stops the pretend Google Cloud: one process, which follows the movable clock.

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
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

import httpx

from sandbox.aws.faults import Kind
from sandbox.clock import MovableClock
from sandbox.gcp import names
from sandbox.gcp.faults import Fault
from sandbox.gcp.keys import Account
from sandbox.gcp.settings import REAL_LAG

_CHECKOUT: Final = Path(__file__).resolve().parents[2]
_PATIENCE: Final = timedelta(seconds=20)


class DidNotStartError(RuntimeError):
    """The process ended, or stayed silent, instead of starting."""


class GcpStandIn:
    """A running pretend Google Cloud; a context manager."""

    def __init__(self, clock: MovableClock | None = None, *, port: int = 0) -> None:
        self._state = Path(tempfile.mkdtemp(prefix="sandbox-gcp-"))
        self._port = port
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
        """Where all its services are: what `client_options.api_endpoint` is set to."""
        return str(self._http.base_url).rstrip("/")

    @property
    def worker(self) -> Path:
        """The key file of the workers' service account."""
        return self.key_file(names.WORKER)

    @property
    def stranger(self) -> Path:
        """The key file of a service account that may do nothing."""
        return self.key_file(names.STRANGER)

    @property
    def operator(self) -> Account:
        """The person who may do anything, behind our back."""
        return self.person(names.OPERATOR)

    def key_file(self, email: str) -> Path:
        """A service account's key file."""
        return self._state / f"{email}.json"

    def person(self, name: str) -> Account:
        """A person's own sign-in."""
        found = json.loads((self._state / "people.json").read_text(encoding="utf-8"))
        return Account(names.email(name), found[name])

    def env(self) -> dict[str, str]:
        """What a worker needs in its environment to call it."""
        return {
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.worker),
            "PROD_ACCESS_GCP_ENDPOINT": self.endpoint_url,
            "GOOGLE_CLOUD_PROJECT": names.TOOLING,
            "NO_GCE_CHECK": "true",
        }

    def log(self, *, since: int = 0, everything: bool = False) -> list[dict[str, Any]]:
        """The mutating calls so far, or all of them, as Google saw them: see `calls.Call`."""
        asked = {"since": str(since)} | ({"all": "1"} if everything else {})
        return list(self._page("GET", "log", params=asked)["calls"])

    def activity(self, *, since: int = 0) -> list[dict[str, Any]]:
        """The audit log entries so far, in the form `entries.list` answers."""
        return list(self._page("GET", "activity", params={"since": str(since)})["entries"])

    def bindings(self, resource: str = f"projects/{names.SHOP_PROD}") -> list[dict[str, Any]]:
        """The bindings of a resource, or with "" of all: see `view.BindingView`."""
        return list(self._page("GET", "bindings", params={"resource": resource})["bindings"])

    def lingering(self, resource: str = f"projects/{names.SHOP_PROD}") -> list[dict[str, Any]]:
        """The grants that are out of the policy and still in force."""
        return list(self._page("GET", "bindings", params={"resource": resource})["lingering"])

    def break_calls(self, kind: Kind, actions: Iterable[str] = (), **rest: Any) -> int:  # noqa: ANN401
        """Puts a `faults.Fault` in force; answers its number."""
        fault = Fault(kind=kind, actions=frozenset(actions), **rest)
        return int(self._page("POST", "faults", content=fault.model_dump_json())["id"])

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, and how often each struck."""
        return list(self._page("GET", "faults")["faults"])

    def mend(self, number: int | None = None) -> None:
        """Takes a fault away; or all of them, and then settings and dates are as they were too."""
        self._page("DELETE", "faults" if number is None else f"faults/{number}")
        if number is None:
            self._page("DELETE", "dates/stopped")
            self._page("DELETE", "settings")

    def stop_dates(self) -> None:
        """From now on no date in a condition ever comes due, until `mend`."""
        self._page("PUT", "dates/stopped")

    def lag(self, grants: timedelta = REAL_LAG, removals: timedelta | None = None) -> None:
        """From now on a change of a policy is in force that much later; as late as in life by itself."""
        removal = grants if removals is None else removals
        self.settle(grant_lag_seconds=grants.total_seconds(), removal_lag_seconds=removal.total_seconds())

    def settle(self, **settings: Any) -> None:  # noqa: ANN401 - see `settings.Settings`
        """Turns some knobs, until `mend`."""
        self._page("PATCH", "settings", json=settings)

    def _page(self, method: str, page: str, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx's own
        answer = self._http.request(method, f"/_sandbox/{page}", **request)
        answer.raise_for_status()
        return dict(answer.json())

    def _start(self) -> None:
        """Starts the process and waits until it says where it listens."""
        command = [sys.executable, "-m", "sandbox.gcp", "serve", str(self._state), "--port", str(self._port)]
        ready, log = self._state / "gcp.json", self._state / "gcp.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                env=_clean(os.environ) | {"PYTHONPATH": str(_CHECKOUT)} | self.clock.env(),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _PATIENCE.total_seconds()
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise DidNotStartError(f"The pretend Google Cloud did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.01)
        self._http.base_url = f"http://127.0.0.1:{json.loads(ready.read_text(encoding='utf-8'))['port']}"


def _clean(environment: Iterable[str]) -> dict[str, str]:
    """Our environment without anybody's real Google settings, nor this interpreter's own."""
    unwanted = ("GOOGLE_", "GCLOUD_", "CLOUDSDK_", "PYTHON", "VIRTUAL_ENV", "COV_")
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
