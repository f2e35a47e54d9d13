"""The pretend Identity Center starts, stops, and never outlives whoever started it."""

import signal
import subprocess
import sys
import time

import httpx
import pytest

from sandbox.aws.keys import Keys
from sandbox.identity_center import names
from sandbox.identity_center.standin import DidNotStartError, IdentityCenterStandIn


@pytest.mark.slow
def test_by_hand_it_says_how_to_reach_it_and_ends_with_its_starter() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.identity_center"], stdout=subprocess.PIPE, text=True
    )
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
    pytest.fail("the pretend Identity Center outlived its starter")


def test_a_port_that_is_taken_is_said(identity_center: IdentityCenterStandIn) -> None:
    port = httpx.URL(identity_center.endpoint_url).port
    assert port
    with (
        pytest.raises(DidNotStartError, match="Address already in use"),
        IdentityCenterStandIn(port=port),
    ):
        pytest.fail("two on one port")


def test_it_starts_with_what_the_engineers_have_every_day(identity_center: IdentityCenterStandIn) -> None:
    found = {(one["permission_set"], one["account"], one["name"]) for one in identity_center.assignments()}
    assert found == {
        (names.EVERYDAY, names.SHOP_PROD, names.ENGINEERS),
        (names.EVERYDAY, names.PAY_PROD, names.ENGINEERS),
    }


def test_the_workers_keys_can_be_those_of_another_stand_in() -> None:
    theirs = Keys("AKIAFROMELSEWHERE", "a secret of its own")
    with IdentityCenterStandIn(worker=theirs) as running:
        assert running.worker == theirs
        assert running.env()["AWS_ACCESS_KEY_ID"] == "AKIAFROMELSEWHERE"
        assert running.env()["PROD_ACCESS_IDENTITY_CENTER_ENDPOINT"] == running.endpoint_url
