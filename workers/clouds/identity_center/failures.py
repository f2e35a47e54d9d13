"""Why an operation failed: AWS says it later, in words, and here the words become codes.

The words are those seen in public: issues of terraform-provider-aws (#19341, #26807), of
aws-samples/iam-identity-center-team (#522) and of avlcloudtechnologies/terraform-aws-sso (#15), and
https://docs.aws.amazon.com/singlesignon/latest/userguide/troubleshooting.html. AWS promises none of them, so
what is not understood is tried again: a start until its time is over, an end for ever. The words themselves
name people and accounts, and go no further than this.
"""

import re
from typing import Final, NamedTuple

from workers.clouds.cloud import Again, CloudError, Refused

_LATER: Final = "identity_center_failed"


class _Reason(NamedTuple):
    words: "re.Pattern[str]"
    code: str
    final: bool
    """Trying again will not change it."""


def _reason(words: str, code: str, *, final: bool) -> _Reason:
    return _Reason(re.compile(words, re.IGNORECASE), code, final)


_REASONS: Final = (
    _reason(r"assignee .* not found in directory", "assignee_not_in_directory", final=True),
    _reason(r"access ?denied|not authorized", "identity_center_may_not_use_iam", final=True),
    _reason(r"quota|limit ?exceeded", "iam_role_quota", final=True),
    _reason(r"\b404 status error", "identity_center_not_found", final=True),
    _reason(
        r"longer than usual|unable to complete|internal|try again", "identity_center_not_now", final=False
    ),
)


def failure(reason: str, *, start: bool) -> CloudError:
    """What a failed operation means; an end is never given up, whatever the reason."""
    for known in _REASONS:
        if known.words.search(reason):
            return Refused(known.code) if known.final and start else Again(known.code)
    return Again(_LATER)
