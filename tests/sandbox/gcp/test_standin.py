"""The pretend Google Cloud starts, stops, and never outlives whoever started it."""

import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

from sandbox.gcp import names
from sandbox.gcp.keys import Account
from sandbox.gcp.standin import DidNotStartError, GcpStandIn


@pytest.mark.slow
def test_by_hand_it_says_how_to_reach_it_and_ends_with_its_starter() -> None:
    process = subprocess.Popen([sys.executable, "-m", "sandbox.gcp"], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    lines = iter(process.stdout.readline, "")
    url = next(line for line in lines if "http" in line).strip().rpartition("=")[2]
    assert httpx.get(f"{url}/_sandbox/log").status_code == 200
    process.send_signal(signal.SIGKILL)
    process.communicate()
    _wait_until_gone(url)


def _wait_until_gone(url: str) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/_sandbox/log")
        except httpx.TransportError:
            return
    pytest.fail("the pretend Google Cloud outlived its starter")


def test_a_port_that_is_taken_is_said(gcp: GcpStandIn) -> None:
    port = httpx.URL(gcp.endpoint_url).port
    assert port
    with pytest.raises(DidNotStartError, match="Address already in use"), GcpStandIn(port=port):
        pytest.fail("two on one port")


def test_it_starts_with_the_standing_bindings(gcp: GcpStandIn) -> None:
    found = {(one["role"], *one["members"]) for one in gcp.bindings()}
    assert ("roles/editor", f"serviceAccount:{names.COMPUTE}") in found
    assert ("roles/logging.viewer", f"group:{names.SRE}") in found
    assert {one["resource"] for one in gcp.bindings("")} > {names.ORGANIZATION, names.FOLDER}
    assert os.path.exists(gcp.worker)  # noqa: PTH110
    assert gcp.stranger != gcp.worker


def test_a_sign_in_prints_without_its_secret() -> None:
    assert "hidden" not in repr(Account("ana", "hidden"))
