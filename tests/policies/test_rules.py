"""What a rule may say, and what a policy is the same as."""

import pytest
from pydantic import ValidationError

from policies.rules import Case, Policy
from policies.values import RoleName
from tests.policies.builders import OFFICE_HOURS, policy, role, rule, yes_from

CASE = {"name": "a case", "who": "ana", "role": "prod-logs", "for": "1h", "expect": "allow"}


def test_an_allow_rule_cannot_make_longer_easier():
    with pytest.raises(ValidationError, match="asking for longer would be easier"):
        rule("odd", match={"longer_than": "1h"})


def test_a_guardrail_without_any_limit_is_refused():
    with pytest.raises(ValidationError, match="needs approvals or max_duration"):
        rule("empty", "require")


@pytest.mark.parametrize(
    "more", [{"max_duration": "1h"}, {"approvals": [yes_from("a")]}, {"answer_within": "1h"}]
)
def test_a_deny_only_denies(more: dict[str, object]):
    with pytest.raises(ValidationError, match="a deny rule has no"):
        rule("mixed", "deny", **more)


def test_the_same_groups_are_asked_once_in_a_rule():
    with pytest.raises(ValidationError, match="raise the count instead"):
        rule("twice", approvals=[yes_from("a", "b"), yes_from("b", "a")])


@pytest.mark.parametrize(
    "match",
    [
        {"requster_in": ["a"]},
        {"requester_in": []},
        {"role_risk": ["huge"]},
        {"longer_than": "90"},
        {"role": "x"},
    ],
)
def test_a_match_that_is_not_clearly_right_is_refused(match: dict[str, object]):
    with pytest.raises(ValidationError):
        rule("wrong", match=match)


@pytest.mark.parametrize("count", [0, 11, True, "1"])
def test_a_count_is_a_small_whole_number(count: object):
    with pytest.raises(ValidationError):
        rule("wrong", approvals=[{"from": ["a"], "count": count}])


def test_a_case_says_from_only_where_somebody_is_asked():
    with pytest.raises(ValidationError, match="from belongs to a case that expects ask"):
        Case.model_validate(CASE | {"from": ["db-oncall"]})


def test_a_case_without_a_moment_is_asked_on_a_wednesday_at_noon():
    assert f"{Case.model_validate(CASE).at:%A %H:%M %Z}" == "Wednesday 12:00 UTC"


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValidationError, match="needs a time zone"):
        Case.model_validate(CASE | {"at": "2026-01-07T12:00:00"})


def test_the_hash_ignores_the_order_of_rules_and_of_names():
    first, second = rule("a", match={"requester_in": ["x", "y"]}), rule("b", "deny")
    again = rule("a", match={"requester_in": ["y", "x", "x"]})
    assert policy(first, second).hash == policy(second, again).hash


def test_the_hash_ignores_cases_and_lines_but_not_what_decides():
    plain = policy(rule("a"))
    with_cases = Policy(**{**dict(plain), "cases": (Case.model_validate(CASE),)})
    assert with_cases.hash == plain.hash
    assert policy(rule("a"), shortest_duration="1m").hash != plain.hash


def test_rules_are_found_by_role_name_risk_and_environment():
    given = policy(
        rule("by-name", match={"role": ["prod-logs"]}),
        rule("by-risk", match={"role_risk": ["high", "critical"]}),
        rule("by-environment", match={"environment": ["staging"]}),
        rule("always"),
        roles=[role("prod-logs"), role("prod-operator", "high")],
    )
    assert [one.id for one in given.rules_for(RoleName("prod-logs"))] == ["always", "by-name"]
    assert [one.id for one in given.rules_for(RoleName("prod-operator"))] == ["always", "by-risk"]
    assert given.rules_for(RoleName("unknown")) == ()


def test_a_policy_finds_its_windows_and_knows_no_places_of_its_own():
    assert policy().window("office-hours") == OFFICE_HOURS
    assert policy(rule("a")).place("a") is None


def test_a_policy_survives_json():
    given = policy(rule("a", approvals=[yes_from("db-oncall")], max_duration="2h"), rule("b", "deny"))
    assert Policy.model_validate_json(given.model_dump_json()) == given


def test_durations_carry_their_unit_in_json():
    assert '"max_duration":"2h"' in rule("a", max_duration="2h").model_dump_json()
