"""The language of conditions."""

import pytest

from sandbox.azure.conditions import ConditionError, Facts, parse

DELETE = Facts("Microsoft.Authorization/roleAssignments/delete")


def _ask(text: str, **attributes: str) -> bool:
    found = {f"request:{name.lower()}": value for name, value in attributes.items()}
    return parse(text)(Facts("write", found))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@Request[a:Kind] StringEquals 'User'", True),
        ("@Request[a:Kind] StringEquals 'user'", False),
        ("@Request[a:Kind] StringEqualsIgnoreCase 'user'", True),
        ("@Request[a:Kind] StringNotEquals 'Group'", True),
        ("@Request[a:Id] GuidEquals AB-1", True),
        ("@Request[a:Id] ForAnyOfAnyValues:GuidEquals {cd-2, ab-1}", True),
        ("@Request[a:Id] ForAnyOfAnyValues:GuidNotEquals {cd-2, ab-1}", False),
        ("@Request[a:Missing] StringNotEquals 'x'", False),
        ("@Resource[a:Kind] StringEquals 'User'", False),
        ("!(@Request[a:Kind] StringEquals 'User')", False),
        ("NOT @Request[a:Kind] StringEquals 'Group'", True),
        ("@Request[a:Kind] StringEquals 'Group' OR @Request[a:Kind] StringEquals 'User'", True),
        ("@Request[a:Kind] StringEquals 'Group' || @Request[a:Kind] StringEquals 'User'", True),
        ("@Request[a:Kind] StringEquals 'Group' AND @Request[a:Kind] StringEquals 'User'", False),
        ("@Request[a:Kind] StringEquals 'User' && @Request[a:Id] GuidEquals ab-1", True),
        ("ActionMatches{'wr*'}", True),
        ("@Request[a:At] DateTimeLessThan '2026-01-02T00:00:00Z'", True),
        ("@Request[a:At] DateTimeGreaterThan '2026-01-02T00:00:00Z'", False),
    ],
)
def test_what_holds(text: str, expected: bool) -> None:  # noqa: FBT001 - a row of the table
    assert _ask(text, Kind="User", Id="ab-1", At="2026-01-01T00:00:00+00:00") is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "(",
        "ActionMatches{'a'",
        "ActionMatches{'a'} OR",
        "ActionMatches{'a'} ActionMatches{'b'}",
        "Kind StringEquals 'User'",
        "@Request[Kind] Resembles 'User'",
        "@Request[Kind] StringEquals (",
        "@Request[Kind] StringEquals ? 'User'",
    ],
)
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(ConditionError):
        parse(text)


def test_an_action_is_matched_whole_in_any_case() -> None:
    assert parse("ActionMatches{'microsoft.authorization/ROLEASSIGNMENTS/delete'}")(DELETE)
    assert not parse("ActionMatches{'Microsoft.Authorization/roleAssignments'}")(DELETE)
