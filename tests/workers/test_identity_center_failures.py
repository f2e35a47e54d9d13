"""Why an operation failed, in codes."""

import pytest

from workers.clouds.cloud import Again, CloudError, Refused
from workers.clouds.identity_center.failures import failure

ANA = "99671a2b3c-52f244a6-257b-5fc6-acff-f4a82a5ed010"
MAY_NOT = (
    "Received a 403 status error: Access denied by IAM. Please check your policy, or wait for role "
    "propagation to complete. IAM Error: User: arn:aws:sts::123456789012:assumed-role/x is not "
    "authorized to perform: iam:ListRolePolicies"
)
TAKES_LONG = (
    "AWS SSO is unable to complete your request at this time. Obtaining permissions to manage your AWS "
    "account '123456789012' takes longer than usual. Please try again in a few minutes."
)
SAID: list[tuple[str, str, type[CloudError]]] = [
    (
        f"Received a 404 status error: the USER assignee {ANA} was not found in directory d-99671a2b3c",
        "assignee_not_in_directory",
        Refused,
    ),
    (MAY_NOT, "identity_center_may_not_use_iam", Refused),
    ("Cannot exceed quota for RolesPerAccount: 1000", "iam_role_quota", Refused),
    (
        "Received a 404 status error: the account assignment was not found",
        "identity_center_not_found",
        Refused,
    ),
    (TAKES_LONG, "identity_center_not_now", Again),
    ("An unexpected internal service exception was encountered", "identity_center_not_now", Again),
    ("words that nobody has seen yet", "identity_center_failed", Again),
    ("", "identity_center_failed", Again),
]


@pytest.mark.parametrize(("reason", "code", "meaning"), SAID)
def test_a_reason_is_a_code_and_says_whether_a_start_is_tried_again(
    reason: str, code: str, meaning: type[CloudError]
):
    found = failure(reason, start=True)
    assert (type(found), found.problem) == (meaning, code)


@pytest.mark.parametrize(("reason", "code", "_meaning"), SAID)
def test_an_end_is_never_given_up(reason: str, code: str, _meaning: type[CloudError]):
    found = failure(reason, start=False)
    assert (type(found), found.problem) == (Again, code)


@pytest.mark.parametrize(("reason", "_code", "_meaning"), SAID)
def test_the_words_themselves_go_no_further(reason: str, _code: str, _meaning: type[CloudError]):
    assert ANA not in str(failure(reason, start=True))
    assert "123456789012" not in str(failure(reason, start=True))
