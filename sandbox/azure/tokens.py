"""Access tokens: issued, read back, and refused when they are not what a part of Azure wants.

Refusals of the Resource Manager: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting,
codes ExpiredAuthenticationToken, InvalidAuthenticationTokenAudience, InvalidAuthenticationToken,
AuthenticationFailed.
"""

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.azure import names
from sandbox.azure.directory import Principal
from sandbox.azure.errors import AzureError
from sandbox.azure.timing import stamp

AUDIENCES = {
    "arm": (names.ARM_AUDIENCE, "https://management.core.windows.net"),
    "graph": (names.GRAPH_AUDIENCE, "00000003-0000-0000-c000-000000000000"),
    "blob": (names.STORAGE_AUDIENCE,),
}


@dataclass(frozen=True)
class Caller:
    """Who a token says is calling."""

    id: str
    name: str
    claims: Mapping[str, Any]


class Tokens:
    """The tenant's tokens, signed with a key nobody else has."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._key = secrets.token_bytes(32)

    def issue(self, who: Principal, audience: str, lifetime: int) -> tuple[str, int]:
        """A token for somebody, and when it expires."""
        issued = int(self._now().timestamp())
        claims: dict[str, Any] = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{names.TENANT}/",
            "iat": issued,
            "nbf": issued,
            "exp": issued + lifetime,
            "oid": who.id,
            "tid": names.TENANT,
            "uti": uuid.uuid4().hex,
            **_identity(who),
        }
        head = _packed({"typ": "JWT", "alg": "HS256"}) + "." + _packed(claims)
        return f"{head}.{self._signature(head)}", claims["exp"]

    def name(self, authorization: str) -> str:
        """Who a request says it is from, for the log; empty when nobody can tell."""
        try:
            claims = self._claims(authorization)
        except AzureError:
            return ""
        return str(claims.get("upn") or claims.get("app_displayname"))

    def caller(self, authorization: str, service: str) -> Caller:
        """Who is calling a part of Azure; AzureError 401 when the token is not for that."""
        claims = self._claims(authorization)
        if claims["aud"].rstrip("/") not in AUDIENCES[service]:
            raise _challenge("InvalidAuthenticationTokenAudience", _wrong_audience(claims["aud"], service))
        expires = datetime.fromtimestamp(claims["exp"], self._now().tzinfo)
        if expires <= self._now():
            raise _challenge(
                "ExpiredAuthenticationToken",
                f"The access token expiry UTC time '{stamp(expires)}' is earlier than current UTC time "
                f"'{stamp(self._now())}'.",
            )
        return Caller(claims["oid"], str(claims.get("upn") or claims["appid"]), claims)

    def _claims(self, authorization: str) -> dict[str, Any]:
        if not authorization:
            raise _challenge(
                "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
            )
        head, _, signature = authorization.removeprefix("Bearer ").rpartition(".")
        if not hmac.compare_digest(signature, self._signature(head)):
            raise _challenge("InvalidAuthenticationToken", "The access token is invalid.")
        return dict(json.loads(base64.urlsafe_b64decode(head.partition(".")[2] + "==")))

    def _signature(self, head: str) -> str:
        return _base64(hmac.digest(self._key, head.encode(), hashlib.sha256))


def _identity(who: Principal) -> dict[str, Any]:
    if who.kind == "User":
        return {"upn": who.name, "idtyp": "user", "appid": "04b07795-8ddb-461a-bbee-02f9e1bf7b46"}
    return {
        "appid": who.app_id,
        "app_displayname": who.name,
        "idtyp": "app",
        "roles": list(who.app_roles),
    }


def _wrong_audience(audience: str, service: str) -> str:
    allowed = "','".join(AUDIENCES[service])
    return (
        f"The access token has been obtained for wrong audience or resource '{audience}'. "
        f"It should exactly match with one of the allowed audiences '{allowed}'."
    )


def _challenge(code: str, message: str) -> AzureError:
    authority = f'authorization_uri="https://login.windows.net/{names.TENANT}"'
    challenge = f'Bearer {authority}, error="invalid_token", error_description="{message}"'
    return AzureError(401, code, message, {"WWW-Authenticate": challenge})


def _packed(value: Mapping[str, Any]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
