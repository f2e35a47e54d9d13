"""A person uses what they were given: takes a session from the access portal, and really calls AWS with it.

`sandbox.aws.use.People` makes the calls, at the address of this stand-in; here is the way in.
"""

from typing import Any

from sandbox.aws import use
from sandbox.aws.keys import Keys
from sandbox.aws.use import Allowed, NotAnsweredError, Refused
from sandbox.identity_center import names

__all__ = ["Allowed", "NotAnsweredError", "People", "Refused"]

_NO_KEYS = Keys("unsigned", "unsigned")
"""The portal's calls carry a token instead of a signature."""


class People(use.People):
    """People's side of Identity Center; a context manager around the process that makes their calls."""

    def open(self, token: str, permission_set: str, account: str = names.SHOP_PROD) -> Keys | Refused:
        """A session of a permission set, as the portal gives it: keep it, and it lives on."""
        params: dict[str, Any] = {"roleName": permission_set, "accountId": account, "accessToken": token}
        answer = self._ask(_NO_KEYS, "sso", "get_role_credentials", params)
        if isinstance(answer, Refused):
            return answer
        found = answer["roleCredentials"]
        return Keys(found["accessKeyId"], found["secretAccessKey"], found["sessionToken"])

    def can_use(self, token: str, permission_set: str, account: str = names.SHOP_PROD) -> bool:
        """Whether a person can start to use a permission set in an account now, by really doing it."""
        session = self.open(token, permission_set, account)
        return isinstance(session, Keys) and isinstance(self.read(session), Allowed)
