"""Who calls: access tokens, the token endpoint, and tokens a service account signs for itself.

google-auth's service-account credentials come in two ways. Inside a gapic client they sign a JWT and send it
as the token (https://google.aip.dev/auth/4111); elsewhere they exchange an assertion at the key file's
`token_uri` (https://developers.google.com/identity/protocols/oauth2/service-account#httprest). People have
refresh tokens.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from google.auth import exceptions, jwt

from sandbox.gcp.directory import Directory
from sandbox.gcp.errors import GoogleError, error_info
from sandbox.gcp.names import CLOUD_PLATFORM

HOUR: Final = timedelta(hours=1)
_SKEW: Final = timedelta(minutes=5)
_GOOGLE_AUDIENCE: Final = "https://oauth2.googleapis.com/token"
_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_READ_ONLY: Final = "https://www.googleapis.com/auth/cloud-platform.read-only"
SCOPES: Final = frozenset({CLOUD_PLATFORM, _READ_ONLY, "https://www.googleapis.com/auth/sqlservice.admin"})
_TIMEFRAME: Final = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your "
    "iat and exp values in the JWT claim."
)


class OAuthError(Exception):
    """What the token endpoint refuses, as RFC 6749 has it."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


@dataclass(frozen=True)
class Caller:
    """Whose token it is."""

    email: str
    scopes: frozenset[str]
    expires_at: datetime
    delegation: tuple[str, ...] = field(default=())
    """Who made it, when it is a token of a service account made by somebody else."""


class Tokens:
    """Every token handed out, and the keys that make more."""

    def __init__(self, directory: Directory, certificates: Mapping[str, Mapping[str, str]]) -> None:
        self._directory = directory
        self._certificates = certificates
        self._issued: dict[str, Caller] = {}
        self._refresh: dict[str, str] = {}

    def refresh_token(self, email: str) -> str:
        """A person's refresh token: what signs them in for good."""
        token = f"1//sandbox-{secrets.token_urlsafe(24)}"
        self._refresh[token] = email
        return token

    def issue(self, caller: Caller) -> str:
        """A new access token."""
        token = f"ya29.sandbox-{secrets.token_urlsafe(32)}"
        self._issued[token] = caller
        return token

    def exchange(self, form: Mapping[str, str], now: datetime) -> dict[str, Any]:
        """The token endpoint's answer to a form."""
        match form.get("grant_type"):
            case "refresh_token":
                caller = self._refreshed(form.get("refresh_token", ""), now)
            case grant if grant == _JWT_BEARER:
                caller = self._asserted(form.get("assertion", ""), now)
            case other:
                raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {other}")
        seconds = int((caller.expires_at - now).total_seconds())
        scope = " ".join(sorted(caller.scopes))
        return {
            "access_token": self.issue(caller),
            "expires_in": seconds,
            "token_type": "Bearer",
            "scope": scope,
        }

    def caller(self, authorization: str, now: datetime) -> Caller:
        """Whose call it is; 401 when the token is nobody's, or not any more."""
        token = authorization.removeprefix("Bearer ").strip()
        if not token:
            raise _unauthenticated(
                "CREDENTIALS_MISSING", "Request is missing required authentication credential."
            )
        caller = self._issued.get(token) or self._self_signed(token, now)
        if caller is None or caller.expires_at <= now:
            raise _unauthenticated("ACCESS_TOKEN_EXPIRED" if caller else "ACCESS_TOKEN_TYPE_UNSUPPORTED")
        account = self._directory.service_accounts.get(caller.email)
        if account is not None and account.disabled:
            raise _unauthenticated("ACCOUNT_STATE_INVALID")
        return caller

    def _refreshed(self, token: str, now: datetime) -> Caller:
        if token not in self._refresh:
            raise OAuthError("invalid_grant", "Bad Request")
        return Caller(self._refresh[token], frozenset({CLOUD_PLATFORM}), now + HOUR)

    def _asserted(self, assertion: str, now: datetime) -> Caller:
        claims = self._verified(assertion)
        if claims is None:
            raise OAuthError("invalid_grant", "Invalid JWT Signature.")
        if not _short_lived(claims, now):
            raise OAuthError("invalid_grant", _TIMEFRAME)
        if claims.get("aud") != _GOOGLE_AUDIENCE:
            raise OAuthError("invalid_grant", "Invalid JWT: Failed audience check.")
        scopes = frozenset(str(claims.get("scope", "")).split())
        if not scopes or not scopes <= SCOPES:
            raise OAuthError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return Caller(str(claims["iss"]), scopes, now + HOUR)

    def _self_signed(self, token: str, now: datetime) -> Caller | None:
        """A token a service account signed for itself: with scopes, or an audience, as good as all."""
        claims = self._verified(token) if token.count(".") == 2 else None  # noqa: PLR2004 - a JWT's parts
        if claims is None or claims.get("iss") != claims.get("sub"):
            return None
        issued, ends = _dates(claims)
        if issued > now + _SKEW or ends - issued > HOUR:
            return None
        scopes = frozenset(str(claims.get("scope", "")).split()) or frozenset({CLOUD_PLATFORM})
        return Caller(str(claims["iss"]), scopes, ends)

    def _verified(self, token: str) -> Mapping[str, Any] | None:
        """The claims of a JWT one of our keys signed; dates are looked at elsewhere."""
        try:
            _, claims, _, _ = jwt._unverified_decode(token)  # type: ignore[no-untyped-call]  # noqa: SLF001
            certificates = self._certificates.get(str(claims.get("iss")))
            if certificates is None:
                return None
            jwt.decode(token, certs=dict(certificates), clock_skew_in_seconds=10**10)  # type: ignore[no-untyped-call]
        except (ValueError, exceptions.GoogleAuthError):
            return None
        return dict(claims)


def require_scope(caller: Caller, *, changes: bool) -> None:
    """A token is good for what its scopes say: cloud-platform for all, read-only for reads."""
    good = {CLOUD_PLATFORM} if changes else {CLOUD_PLATFORM, _READ_ONLY}
    if not caller.scopes & good:
        info = error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com")
        message = "Request had insufficient authentication scopes."
        raise GoogleError("PERMISSION_DENIED", message, [info], why=" ".join(caller.scopes))


def _short_lived(claims: Mapping[str, Any], now: datetime) -> bool:
    issued, ends = _dates(claims)
    return issued - _SKEW <= now < ends + _SKEW and ends - issued <= HOUR


def _dates(claims: Mapping[str, Any]) -> tuple[datetime, datetime]:
    issued, ends = (datetime.fromtimestamp(int(claims.get(name, 0)), UTC) for name in ("iat", "exp"))
    return issued, ends


def _unauthenticated(reason: str, start: str = "") -> GoogleError:
    """https://cloud.google.com/docs/authentication/troubleshoot-adc for the words."""
    message = (
        "Expected OAuth 2 access token, login cookie or other valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    first = start or "Request had invalid authentication credentials."
    return GoogleError("UNAUTHENTICATED", f"{first} {message}", [error_info(reason, "googleapis.com")])
