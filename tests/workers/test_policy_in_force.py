"""The policy a process goes by."""

import shutil
import threading
from pathlib import Path

import pytest

import policies
from workers.policy_in_force import FRESH_SECONDS, PolicyInForce


@pytest.fixture
def org(tmp_path: Path) -> Path:
    """A copy of the example organisation."""
    folder = tmp_path / "org"
    shutil.copytree(Path(policies.__file__).parent / "org", folder)
    return folder


def later(policy: PolicyInForce) -> PolicyInForce:
    """The same policy, when it is no longer fresh."""
    policy._read_at -= FRESH_SECONDS
    return policy


def edit(org: Path, before: str, after: str) -> None:
    rules = org / "rules.yaml"
    text = rules.read_text(encoding="utf-8")
    assert before in text
    rules.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_it_is_read_on_first_use(org: Path):
    policy = PolicyInForce(org)
    in_force = policy()
    assert in_force is not None
    assert in_force.rules
    assert policy.refusal is None


def test_while_it_is_fresh_it_is_not_read_again(org: Path):
    policy = PolicyInForce(org)
    before = policy()
    shutil.rmtree(org)
    assert policy() is before
    assert policy.refusal is None


def test_a_change_is_in_force_within_seconds(org: Path):
    policy = PolicyInForce(org)
    before = policy()
    assert before is not None
    edit(org, before.rules[0].why, "Because it was changed")
    after = later(policy)()
    assert after is not None
    assert after.rules[0].why == "Because it was changed"
    assert after.hash != before.hash


def test_files_that_did_not_change_change_nothing(org: Path):
    policy = PolicyInForce(org)
    before = policy()
    assert later(policy)() is before


def test_what_is_refused_is_not_in_force_and_what_was_right_is_kept(org: Path):
    policy = PolicyInForce(org)
    before = policy()
    edit(org, "rules:", "rulez:")
    assert later(policy)() is before
    assert "rulez" in str(policy.refusal)
    edit(org, "rulez:", "rules:")
    assert later(policy)() == before
    assert policy.refusal is None


def test_a_folder_that_goes_away_changes_nothing(org: Path):
    policy = PolicyInForce(org)
    before = policy()
    shutil.rmtree(org)
    assert later(policy)() is before
    assert policy.refusal is not None


def test_where_nothing_was_ever_right_there_is_no_policy_until_there_is(org: Path):
    edit(org, "rules:", "rulez:")
    policy = PolicyInForce(org)
    assert policy() is None
    assert later(policy)() is None
    assert policy.refusal is not None
    edit(org, "rulez:", "rules:")
    assert later(policy)() is not None
    assert policy.refusal is None


def test_a_folder_that_is_not_there_is_no_policy(tmp_path: Path):
    policy = PolicyInForce(tmp_path / "nowhere")
    assert policy() is None
    assert policy.refusal is not None


def test_many_threads_that_ask_first_get_the_same_policy(org: Path):
    policy, found = PolicyInForce(org), set()
    start = threading.Barrier(6)

    def ask() -> None:
        start.wait()
        found.add(id(policy()))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1
