"""The policy files, checked before they are in force."""

import json
import shutil
from pathlib import Path

import pytest

import policies
from tests.cli.conftest import ProdAccess


@pytest.fixture
def org(tmp_path: Path) -> Path:
    """A copy of the example organisation to spoil."""
    return Path(shutil.copytree(Path(policies.__file__).parent / "org", tmp_path / "org"))


def spoil(org: Path, file: str, before: str, after: str) -> int:
    """Change the first such words of a file; the line they stand on."""
    path = org / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    return text[: text.index(before)].count("\n") + 1


def test_the_example_organisation_is_fine(prod_access: ProdAccess):
    ran = prod_access("policy", "check")
    assert ran.code == 0
    assert ran.out.splitlines()[-1].startswith("The policy is fine: 5 roles, 12 rules, 22 cases. ")
    found = json.loads(prod_access("policy", "check", "--json").out)
    assert found["ok"] is True
    assert len(found["policy"]) == 64


def test_a_misspelt_matcher_is_refused_where_it_stands(prod_access: ProdAccess, org: Path):
    line = spoil(org, "rules.yaml", "requester_in", "requster_in")
    ran = prod_access("policy", "check", str(org))
    assert ran.code == 1
    assert ran.out.startswith(f"rules.yaml:{line}")
    assert "requster_in" in ran.out
    assert "requester_in" in ran.out.replace("requster_in", "")
    found = json.loads(prod_access("policy", "check", str(org), "--json").out)
    assert found["ok"] is False
    assert found["problems"][0].startswith(f"rules.yaml:{line}")


def test_every_problem_is_named(prod_access: ProdAccess, org: Path):
    first = spoil(org, "roles.yaml", "risk: low", "risk: lowish")
    second = spoil(org, "roles.yaml", "channel: C0DB", "chanel: C0DB")
    ran = prod_access("policy", "check", str(org))
    assert ran.code == 1
    assert f"roles.yaml:{first}" in ran.out
    assert f"roles.yaml:{second}" in ran.out


def test_the_cases_beside_the_rules_are_asked(prod_access: ProdAccess):
    ran = prod_access("policy", "test")
    assert ran.code == 0
    assert ran.out.splitlines()[0] == "passed: anybody reads logs at night"
    assert ran.out.splitlines()[-1] == "22 of 22 cases answered as they should."
    assert len(json.loads(prod_access("policy", "test", "--json").out)["passed"]) == 22


def test_a_case_that_is_answered_otherwise_is_refused(prod_access: ProdAccess, org: Path):
    spoil(org, "rules.yaml", "for: 30m, expect: allow", "for: 30m, expect: refuse")
    ran = prod_access("policy", "test", str(org))
    assert ran.code == 1
    assert "security reads logs" in ran.out


def test_a_folder_that_is_not_there_is_one_sentence(prod_access: ProdAccess, tmp_path: Path):
    ran = prod_access("policy", "check", str(tmp_path / "nowhere"))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"prod-access: there is no folder {tmp_path / 'nowhere'}. Name the one that holds rules.yaml.\n"
    )


def test_an_empty_folder_is_no_policy(prod_access: ProdAccess, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    ran = prod_access("policy", "check", PROD_ACCESS_ORG=str(tmp_path / "empty"))
    assert ran.code == 1
    assert "people.yaml" in ran.out
