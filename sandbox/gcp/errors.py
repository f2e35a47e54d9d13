"""Google's JSON errors.

The envelope is `google.rpc.Status` under "error": https://cloud.google.com/apis/design/errors#http_mapping;
what google-api-core makes of each is measured in the reference, "Error classes": over REST the class follows
the HTTP status, so 409 is `Conflict`, never `Aborted`.
"""

from http import HTTPStatus
from typing import Any, Final

Details = list[dict[str, Any]]

_HTTP: Final = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
_RPC: Final = {"INVALID_ARGUMENT": 3, "NOT_FOUND": 5, "PERMISSION_DENIED": 7, "ABORTED": 10}
INVALID: Final = "Request contains an invalid argument."
"""What Google says of most arguments it refuses, without saying which."""


class GoogleError(Exception):
    """An answer that is an error."""

    def __init__(self, status: str, message: str, details: Details | None = None, *, why: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details or []
        self.why = why
        """What Google does not say: for the stand-in's own log."""

    @property
    def http(self) -> int:
        """The HTTP status it comes with."""
        return _HTTP[self.status]

    @property
    def rpc(self) -> dict[str, Any]:
        """The status as an audit log entry has it (google.rpc.Code)."""
        return {"code": _RPC.get(self.status, 2), "message": self.message}

    def body(self) -> dict[str, Any]:
        """The answer."""
        return envelope(self.http, self.status, self.message, self.details)


class LegacyError(GoogleError):
    """The older form Cloud SQL Admin answers with: reasons instead of a status."""

    def __init__(self, status: str, message: str, reason: str) -> None:
        super().__init__(status, message, why=reason)
        self.reason = reason

    def body(self) -> dict[str, Any]:
        """The answer."""
        item = {"message": self.message, "domain": "global", "reason": self.reason}
        return {"error": {"code": self.http, "message": self.message, "errors": [item]}}


def envelope(code: int, status: str, message: str, details: Details | None = None) -> dict[str, Any]:
    """An error answer."""
    error = {"code": code, "message": message, "status": status}
    return {"error": error | ({"details": details} if details else {})}


def error_info(reason: str, domain: str, **metadata: str) -> dict[str, Any]:
    """The machine-readable part (google.rpc.ErrorInfo)."""
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return {"@type": kind, "reason": reason, "domain": domain, "metadata": metadata}


def invalid(message: str = INVALID, why: str = "") -> GoogleError:
    """A request that can never be right."""
    return GoogleError("INVALID_ARGUMENT", message, why=why)


def denied(permission: str) -> GoogleError:
    """A caller who may not, or a resource that is not there: Google does not say which.

    https://cloud.google.com/resource-manager/reference/rest/v3/projects/getIamPolicy
    """
    message = "The caller does not have permission"
    return GoogleError("PERMISSION_DENIED", message, why=f"{permission} is not granted")


def reason(http: int) -> str:
    """The words after a status."""
    return HTTPStatus(http).phrase
