"""One call as a handler sees it, and its parameters, checked as AWS documents them."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from sandbox.identity_center.callers import Caller
from sandbox.identity_center.center import Center
from sandbox.identity_center.errors import invalid

_MOST: Final = 100
_SHAPES: Final = {
    "AccountId": r"\d{12}",
    "AccountAssignmentCreationRequestId": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "AccountAssignmentDeletionRequestId": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "IdentityStoreId": r"d-[0-9a-f]{10}",
    "InstanceArn": r"arn:aws(-[a-z]{1,5}){0,3}:sso:::instance/(sso)?ins-[a-zA-Z0-9-.]{16}",
    "PermissionSetArn": (
        r"arn:aws(-[a-z]{1,5}){0,3}:sso:::permissionSet/(sso)?ins-[a-zA-Z0-9-.]{16}/ps-[a-zA-Z0-9-./]{16}"
    ),
    "PrincipalId": r"([0-9a-f]{10}-|)[A-Fa-f0-9]{8}(-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}",
    "PrincipalType": r"USER|GROUP",
    "ResourceArn": r".{10,2048}",
    "TargetId": r"\d{12}",
    "TargetType": r"AWS_ACCOUNT",
    "UserId": r"([0-9a-f]{10}-|)[A-Fa-f0-9]{8}(-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}",
}
"""What each parameter looks like (https://docs.aws.amazon.com/singlesignon/latest/APIReference/)."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Asked:
    """A call: to what, by whom, when, with what."""

    center: Center
    caller: Caller
    now: datetime
    body: Mapping[str, Any]

    def word(self, name: str) -> str:
        """A parameter that must be there and look right."""
        value = self.body.get(name)
        if not isinstance(value, str) or not re.fullmatch(_SHAPES[name], value):
            raise invalid(
                f"1 validation error detected: Value at '{name[0].lower()}{name[1:]}' failed to satisfy "
                f"constraint: Member must satisfy regular expression pattern: {_SHAPES[name]}"
            )
        return value

    def page(self, items: Sequence[Item]) -> tuple[Sequence[Item], dict[str, str]]:
        """The items of the page that is asked for, and the token of the next."""
        most = self.body.get("MaxResults", _MOST)
        if not isinstance(most, int) or not 1 <= most <= _MOST:
            raise invalid("MaxResults must be between 1 and 100")
        first = _place(self.body.get("NextToken"))
        end = first + min(most, self.center.settings.page)
        more = {"NextToken": base64.b64encode(str(end).encode()).decode()} if end < len(items) else {}
        return items[first:end], more


def _place(token: object) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b64decode(str(token)))
    except ValueError as error:
        raise invalid("The token is invalid.") from error
