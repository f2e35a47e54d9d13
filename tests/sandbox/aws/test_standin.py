"""The pretend AWS starts, stops, and never outlives whoever started it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from sandbox.aws import standin
from sandbox.aws.keys import Keys
from sandbox.aws.standin import AwsStandIn, NotInstalledError

_STARTER = """
import os, sys, time
from sandbox.aws.standin import AwsStandIn
with AwsStandIn() as aws:
    print(aws.endpoint_url, flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.usefixtures("aws")
def test_it_ends_with_a_starter_that_is_killed() -> None:
    process = subprocess.Popen([sys.executable, "-c", _STARTER], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    url = process.stdout.readline().strip()
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
    pytest.fail("the pretend AWS outlived its starter")


def test_without_its_environment_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(standin, "_CHECKOUT", tmp_path)
    with pytest.raises(NotInstalledError, match="To make it: python3 -m venv"):
        standin.find_environment()


def test_the_environment_of_a_caller_is_all_it_needs(aws: AwsStandIn) -> None:
    ask = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    done = subprocess.run(
        [sys.executable, "-c", ask],
        env={"PATH": os.environ["PATH"]} | aws.env(aws.worker) | aws.clock.env(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().endswith(":user/prod-access-worker")


def test_keys_print_without_their_secrets() -> None:
    keys = Keys("AKIA", "hidden", "hidden too")
    assert "hidden" not in repr(keys)
    assert json.loads(json.dumps(keys.env()))["AWS_SESSION_TOKEN"] == "hidden too"
