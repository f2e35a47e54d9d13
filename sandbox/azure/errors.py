"""How each part of Azure says no."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from sandbox.azure.wire import Answer, json_answer


@dataclass
class AzureError(Exception):
    """A refusal: HTTP's status, Azure's code and words."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def answer(self, service: str) -> Answer:
        """The refusal in the words of the part that refuses."""
        if service == "blob":
            return Answer(self.status, self._xml(), {"Content-Type": "application/xml"} | dict(self.headers))
        body = {"entra": self._entra, "graph": self._graph}.get(service, self._arm)()
        return json_answer(body, self.status, {"x-ms-failure-cause": "gateway"} | dict(self.headers))

    def _arm(self) -> dict[str, Any]:
        """https://learn.microsoft.com/azure/azure-resource-manager/management/common-deployment-errors."""
        return {"error": {"code": self.code, "message": self.message}}

    def _graph(self) -> dict[str, Any]:
        """https://learn.microsoft.com/graph/errors."""
        inner = {"request-id": str(uuid.uuid4()), "client-request-id": str(uuid.uuid4())}
        return {"error": {"code": self.code, "message": self.message, "innerError": inner}}

    def _entra(self) -> dict[str, Any]:
        """https://learn.microsoft.com/entra/identity-platform/reference-error-codes."""
        trace = str(uuid.uuid4())
        number = self.message.partition(":")[0].removeprefix("AADSTS")
        return {
            "error": self.code,
            "error_description": f"{self.message} Trace ID: {trace}",
            "error_codes": [int(number)] if number.isdigit() else [],
            "trace_id": trace,
            "correlation_id": trace,
        }

    def _xml(self) -> bytes:
        """https://learn.microsoft.com/rest/api/storageservices/status-and-error-codes2."""
        code, message = escape(self.code), escape(self.message)
        return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


def not_found(kind: str, name: str) -> AzureError:
    """What is asked for is not there."""
    return AzureError(404, f"{kind}NotFound", f"The {kind} '{name}' is not found.")


def read_json(body: bytes) -> dict[str, Any]:
    """A request's body, which must be a JSON object."""
    try:
        found = json.loads(body)
    except ValueError as error:
        raise AzureError(400, "InvalidRequestContent", f"The request content was invalid: {error}") from error
    if not isinstance(found, dict):
        raise AzureError(400, "InvalidRequestContent", "The request content was not a JSON object.")
    return found
