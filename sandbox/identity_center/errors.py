"""What AWS answers when it does not do something, in the form of each of its protocols."""

import json
from enum import StrEnum
from http import HTTPStatus
from xml.sax.saxutils import escape

from sandbox.aws import wire


class Protocol(StrEnum):
    """How a service speaks."""

    JSON = "json"
    """sso-admin and identitystore."""
    QUERY = "query"
    """sts and rds."""
    REST = "rest"
    """The access portal."""


class AwsError(Exception):
    """An answer that is an error."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def answer(self, protocol: Protocol) -> bytes:
        """The error as a service of this protocol answers it."""
        if protocol is Protocol.QUERY:
            error = f"<Type>Sender</Type><Code>{self.code}</Code><Message>{escape(self.message)}</Message>"
            return xml(
                self.status,
                f"<ErrorResponse><Error>{error}</Error><RequestId>sandbox</RequestId></ErrorResponse>",
            )
        return wire.answer(
            self.status,
            HTTPStatus(self.status).phrase,
            json.dumps({"__type": self.code, "message": self.message}).encode(),
            "application/x-amz-json-1.1",
        )


def invalid(message: str) -> AwsError:
    """A parameter that can never be right."""
    return AwsError("ValidationException", message)


def not_found(message: str) -> AwsError:
    """Something that is named and is not there."""
    return AwsError("ResourceNotFoundException", message)


def denied(who: str, action: str, resource: str) -> AwsError:
    """A caller who may not."""
    return AwsError(
        "AccessDeniedException",
        f"User: {who} is not authorized to perform: {action} on resource: {resource}",
    )


def xml(status: int, text: str) -> bytes:
    """An answer of a query service."""
    return wire.answer(status, HTTPStatus(status).phrase, text.encode(), "text/xml")
