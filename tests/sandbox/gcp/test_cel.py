"""Conditions: what compiles, what grants, when it ends."""

from datetime import UTC, datetime

import pytest

from sandbox.gcp import cel, seed
from sandbox.gcp.cel import Request
from sandbox.gcp.cel_syntax import CelError, logical_operators, parse

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DATABASE = "projects/shop-prod/instances/orders"
ASKED = Request(NOON, DATABASE, "sqladmin.googleapis.com/Instance", "sqladmin.googleapis.com")
BEFORE_ONE = 'request.time < timestamp("2026-03-01T13:00:00Z")'
BEFORE_ELEVEN = "request.time < timestamp('2026-03-01T11:00:00Z')"
BROKEN = "request.time < timestamp('soon')"


@pytest.mark.parametrize(
    ("expression", "granted"),
    [
        (BEFORE_ONE, True),
        (BEFORE_ELEVEN, False),
        ('timestamp("2026-03-01T14:00:00+02:00") == request.time', True),
        ('request.time <= timestamp("2026-03-01T12:00:00Z")', True),
        ('request.time < timestamp("2026-03-01T12:00:00Z")', False),
        ('request.time >= timestamp("2026-03-01T12:00:00.5Z")', False),
        (f"!({BEFORE_ONE})", False),
        (f"{BEFORE_ELEVEN} || {BEFORE_ONE}", True),
        (f"{BEFORE_ONE} && {BEFORE_ELEVEN}", False),
        (f"{BEFORE_ELEVEN} && {BEFORE_ELEVEN} || {BEFORE_ONE}", True),
        (f"{BEFORE_ELEVEN} && ({BEFORE_ELEVEN} || {BEFORE_ONE})", False),
        (f'{BEFORE_ONE} && resource.name.startsWith("projects/shop-prod/instances/")', True),
        ("resource.name.endsWith('/payments')", False),
        ("resource.service == 'sqladmin.googleapis.com' && resource.type != 'x'", True),
        (BROKEN, False),
        (f"!({BROKEN})", False),
        (f"{BROKEN} || {BEFORE_ONE}", True),
        (f"{BEFORE_ONE} || {BROKEN}", True),
        (f"{BROKEN} && {BEFORE_ONE}", False),
        (f"!({BROKEN} && {BEFORE_ELEVEN})", True),
        ("request.time < timestamp('2026-13-01T12:00:00Z')", False),
        ("true", True),
        ("1 < 2", True),
        (r'"a\"b" == "a\"b"', True),
    ],
)
def test_a_condition_grants_or_does_not(expression: str, granted: bool) -> None:  # noqa: FBT001
    assert cel.grants(expression, ASKED) is granted


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "request",
        "request.time",
        "request.time < 1",
        "request.time <",
        f"{BEFORE_ONE} &&",
        f"({BEFORE_ONE}",
        f"{BEFORE_ONE})",
        "resource.name.startsWith(1)",
        "resource.name.startsWith()",
        "startsWith('x')",
        "resource.name.matches('x')",
        "timestamp('x').time == 'x'",
        "nothing()",
        "!'x'",
        "['a', 1].hasOnly([])",
        "['a'] < ['b']",
        "true && 'x'",
        "'unfinished",
        "request.time # comment",
        "= 1",
        "api.getAttribute('x').hasOnly(['y'])",
        "api.getAttribute('x', []).hasOnly([resource.name])",
        f"api.getAttribute('x', []).hasOnly([{', '.join(repr(str(one)) for one in range(11))}])",
    ],
)
def test_what_does_not_compile(expression: str) -> None:
    with pytest.raises(CelError):
        cel.compiled(expression)
    assert not cel.grants(expression, ASKED)


def test_a_missing_attribute_grants_nothing() -> None:
    assert not cel.grants("resource.name != 'x'", Request(NOON))


@pytest.mark.parametrize(
    ("modified", "granted"),
    [
        (None, True),
        (frozenset(), True),
        (frozenset({"roles/cloudsql.viewer", "roles/cloudsql.editor"}), True),
        (frozenset({"roles/cloudsql.viewer", "roles/owner"}), False),
    ],
)
def test_a_limit_on_granting_is_about_the_roles_a_change_touches(
    modified: frozenset[str] | None,
    granted: bool,  # noqa: FBT001
) -> None:
    assert cel.grants(seed.MAY_GRANT, Request(NOON, modified_roles=modified)) is granted


@pytest.mark.parametrize(
    ("expression", "hour"),
    [
        (BEFORE_ONE, 13),
        (f"{BEFORE_ONE} && {BEFORE_ELEVEN}", 11),
        (f"resource.name == 'x' && {BEFORE_ONE}", 13),
        ("timestamp('2026-03-01T13:00:00Z') > request.time", 13),
        (f"{BEFORE_ONE} || {BEFORE_ELEVEN}", None),
        (f"!({BEFORE_ONE})", None),
        ("request.time > timestamp('2026-03-01T13:00:00Z')", None),
        (BROKEN, None),
    ],
)
def test_when_a_condition_ends_by_itself(expression: str, hour: int | None) -> None:
    ends = cel.ends_at(expression)
    assert (ends.hour if ends else None) == hour


def test_logical_operators_are_counted() -> None:
    assert logical_operators(parse(f"!({BEFORE_ONE} && true) || false")) == 3
    assert logical_operators(parse("resource.name.startsWith('x')")) == 0
