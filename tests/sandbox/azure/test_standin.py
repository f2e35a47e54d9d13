"""The pretend Azure starts, stops, and never outlives whoever started it."""

import shutil
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from sandbox.azure import names
from sandbox.azure.standin import Application, AzureStandIn, DidNotStartError

_STARTER = """
import time
from sandbox.azure.standin import AzureStandIn
with AzureStandIn(assignment_limit=3) as azure:
    print(azure.endpoint_url, azure.ca_bundle, flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_it_ends_with_a_starter_that_is_killed() -> None:
    process = subprocess.Popen([sys.executable, "-c", _STARTER], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    url, _, bundle = process.stdout.readline().strip().partition(" ")
    trusted = ssl.create_default_context(cafile=bundle)
    settings = httpx.get(f"{url}/_sandbox/settings", verify=trusted).json()
    assert settings["assignment_limit"] == 3
    process.send_signal(signal.SIGKILL)
    process.communicate()
    _wait_until_gone(url, trusted)
    shutil.rmtree(Path(bundle).parent)


def _wait_until_gone(url: str, trusted: ssl.SSLContext) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/_sandbox/log", verify=trusted)
        except httpx.TransportError:
            return
    pytest.fail("the pretend Azure outlived its starter")


def test_what_it_cannot_be_told_is_refused() -> None:
    with pytest.raises(ValueError, match="phase_of_the_moon"):
        AzureStandIn(phase_of_the_moon=1)


def test_a_port_that_is_taken(running_azure: AzureStandIn) -> None:
    port = int(running_azure.endpoint_url.rpartition(":")[2])
    with pytest.raises(DidNotStartError, match="Address already in use"), AzureStandIn(port=port):
        pass


def test_outside_with_it_answers_nothing() -> None:
    azure = AzureStandIn()
    with pytest.raises(DidNotStartError):
        azure.log()
    azure.stop()


def test_an_application_prints_without_its_secret() -> None:
    application = Application(names.WORKER, "1", "2", "hidden")
    assert "hidden" not in repr(application)


def test_only_its_key_is_gone_from_the_disk(running_azure: AzureStandIn) -> None:
    files = {file.name for file in running_azure.ca_bundle.parent.iterdir()}
    assert "ca.pem" in files
    assert "server.pem" not in files
