"""Starts and stops the pretend Azure: one process, over TLS, on the loopback.

It follows the movable clock, lives in its own process group, and ends when its standard input does, which is
when this process is gone, however it went.
"""

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import httpx

from sandbox.azure import names
from sandbox.azure.faults import Fault, Kind
from sandbox.azure.settings import Settings
from sandbox.clock import MovableClock

_CHECKOUT = Path(__file__).resolve().parents[2]
_PATIENCE = timedelta(seconds=20)


class DidNotStartError(RuntimeError):
    """The pretend Azure ended, or stayed silent, instead of starting."""


@dataclass(frozen=True)
class Application:
    """What an application signs in with; the secret stays out of every printed form."""

    name: str
    client_id: str
    object_id: str
    client_secret: str = field(repr=False)
    tenant_id: str = names.TENANT


class AzureStandIn:
    """A running pretend Azure; a context manager. `settings` are those of `settings.Settings`."""

    def __init__(
        self,
        clock: MovableClock | None = None,
        *,
        port: int = 0,
        **settings: Any,  # noqa: ANN401 - checked by Settings
    ) -> None:
        self._settings = Settings(**settings)
        self._state = Path(tempfile.mkdtemp(prefix="sandbox-azure-"))
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._http: httpx.Client | None = None
        self._secrets: dict[str, str] = {}
        self.endpoint_url = ""
        """Where all of Azure is: both PROD_ACCESS_AZURE_ENDPOINT and AZURE_AUTHORITY_HOST."""
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
        if self._http:
            self._http.close()
        if self._process:
            _end(self._process)
        shutil.rmtree(self._state, ignore_errors=True)

    @property
    def ca_bundle(self) -> Path:
        """The certificate to trust: REQUESTS_CA_BUNDLE, or `connection_verify`."""
        return self._state / "ca.pem"

    @property
    def worker(self) -> Application:
        """The workers' application; PIM is open to it."""
        return self.application(names.WORKER)

    @property
    def direct_worker(self) -> Application:
        """The workers' application with the least it can have: no PIM."""
        return self.application(names.DIRECT_WORKER)

    @property
    def operator(self) -> Application:
        """The application that may do anything, behind our back."""
        return self.application(names.OPERATOR)

    def application(self, name: str) -> Application:
        """A seeded application."""
        client_id, object_id = names.APPLICATIONS[name]
        return Application(name, client_id, object_id, self._secrets[name])

    def env(self, application: Application) -> dict[str, str]:
        """What a process needs in its environment to call the pretend Azure as an application."""
        return {
            "AZURE_TENANT_ID": application.tenant_id,
            "AZURE_CLIENT_ID": application.client_id,
            "AZURE_CLIENT_SECRET": application.client_secret,
            "AZURE_AUTHORITY_HOST": self.endpoint_url,
            "PROD_ACCESS_AZURE_ENDPOINT": self.endpoint_url,
            "REQUESTS_CA_BUNDLE": str(self.ca_bundle),
        }

    def log(self, *, since: int = 0, everything: bool = False) -> list[dict[str, Any]]:
        """The mutating calls so far, or all of them, as Azure saw them: see `calls.Call`."""
        asked = {"since": str(since)} | ({"all": "1"} if everything else {})
        return list(self._page("GET", "log", params=asked)["calls"])

    def assignments(self) -> list[dict[str, Any]]:
        """The role assignments there are, standing ones too: see `view.assignments`."""
        return list(self._page("GET", "assignments")["assignments"])

    def activity(self) -> list[dict[str, Any]]:
        """The activity log, whole and at once."""
        return list(self._page("GET", "activity")["records"])

    def configure(self, **changed: Any) -> None:  # noqa: ANN401 - checked by Settings
        """Changes some of `settings.Settings`, until `mend`."""
        self._page("PATCH", "settings", content=Settings(**changed).model_dump_json(exclude_unset=True))

    def forget_assignments(self) -> None:
        """Only the standing assignments are left, as if there had never been others; the logs stay."""
        self._page("DELETE", "assignments")

    def add_principal(self, principal_id: str, kind: str = "User", **rest: str) -> None:
        """Somebody new in the directory, as of now."""
        self._page("POST", "principals", json={"id": principal_id, "kind": kind, **rest})

    def remove_principal(self, principal_id: str) -> None:
        """Somebody is gone from the directory; what was assigned to them stays."""
        self._page("DELETE", f"principals/{principal_id}")

    def break_calls(self, kind: Kind, actions: Iterable[str] = (), **rest: Any) -> int:  # noqa: ANN401
        """Puts a `faults.Fault` in force; answers its number."""
        fault = Fault(kind=kind, actions=frozenset(actions), **rest)
        return int(self._page("POST", "faults", content=fault.model_dump_json())["id"])

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, and how often each struck."""
        return list(self._page("GET", "faults")["faults"])

    def mend(self, number: int | None = None) -> None:
        """Takes a fault away; or all of them, and then dates go on and settings are what they were."""
        self._page("DELETE", "faults" if number is None else f"faults/{number}")
        if number is None:
            self._page("DELETE", "dates/stopped")
            self._page("DELETE", "settings")

    def stop_dates(self) -> None:
        """From now on no PIM window ends and no date in a condition comes due, until `mend`."""
        self._page("PUT", "dates/stopped")

    def _page(self, method: str, page: str, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx's own
        if self._http is None:
            raise DidNotStartError("The pretend Azure answers only inside `with`.")
        answer = self._http.request(method, f"/_sandbox/{page}", **request)
        answer.raise_for_status()
        return dict(answer.json())

    def _start(self) -> None:
        log = self._state / "azure.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                self._command(),
                env=_clean(os.environ) | {"PYTHONPATH": str(_CHECKOUT)} | self.clock.env(),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        ready = self._wait(self._process, log)
        self._secrets = ready["secrets"]
        self.endpoint_url = f"https://127.0.0.1:{ready['port']}"
        self._http = httpx.Client(
            base_url=self.endpoint_url,
            verify=ssl.create_default_context(cafile=str(self.ca_bundle)),
            timeout=10,
            trust_env=False,
        )

    def _command(self) -> list[str]:
        settings = self._settings.model_dump_json(exclude_unset=True)
        serve = ["-m", "sandbox.azure", "serve", str(self._state)]
        return [sys.executable, *serve, "--port", str(self._port), "--settings", settings]

    def _wait(self, process: "subprocess.Popen[bytes]", log: Path) -> dict[str, Any]:
        """Waits until it says where it listens."""
        ready, deadline = self._state / "ready.json", time.monotonic() + _PATIENCE.total_seconds()
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise DidNotStartError(f"The pretend Azure did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.01)
        return dict(json.loads(ready.read_text(encoding="utf-8")))


def _clean(environment: Iterable[str]) -> dict[str, str]:
    """Our environment without anybody's real Azure settings, nor this interpreter's own."""
    unwanted = ("AZURE_", "PYTHON", "VIRTUAL_ENV", "COV_", "REQUESTS_CA_BUNDLE", "SSL_CERT_")
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
