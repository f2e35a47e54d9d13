"""A person uses what they were given: really calls Azure, with their own token, and says what Azure said.

`Allowed` and `Refused` are Azure's words about a real call. Reading a list that shows only what one may see
(resource groups, for one) is never the question: it is answered to everybody, empty. An Azure that cannot be
reached is neither: `NotAnsweredError`.

A person signs in once, as with `az login`, and keeps the token; it lives for an hour, longer than some access
does, and role assignments are looked up with every call.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from azure.core import PipelineClient
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core.exceptions import ARMErrorFormat

from sandbox.azure import names

_BLOBS = f"/blob/{names.STORAGE_ACCOUNT}/{names.CONTAINER}?restype=container&comp=list"
_SERVERS = f"{names.GROUP_SCOPE}/providers/Microsoft.DBforPostgreSQL/flexibleServers"
_XML_ERROR = re.compile(r"<Code>(\w+)</Code><Message>([^<]*)")


@dataclass(frozen=True)
class Allowed:
    """Azure did it; what was seen."""

    seen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """Azure would not."""

    code: str
    message: str


@dataclass(frozen=True)
class Token:
    """A person's own token, for one part of Azure; it stays out of every printed form."""

    person: str
    expires_on: int
    token: str = field(repr=False)


class NotAnsweredError(RuntimeError):
    """Azure said nothing, which says nothing about access."""


class People:
    """People's side of Azure; a context manager around their connections."""

    def __init__(self, endpoint_url: str, ca_bundle: Path) -> None:
        self._client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
            endpoint_url,
            connection_verify=str(ca_bundle),
            retry_total=0,
            connection_timeout=3,
            read_timeout=10,
        )

    def __enter__(self) -> Self:
        self._client.__enter__()
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def sign_in(self, person: str, audience: str = names.ARM_AUDIENCE) -> Token:
        """A person's token, as `az login` gets it: keep it, and it is the live session at the end."""
        request = HttpRequest("POST", f"/_sandbox/tokens/{person}", json={"audience": audience})
        found = self._send(None, request).json()
        return Token(person, found["expires_on"], found["token"])

    def read(self, token: Token) -> Allowed | Refused:
        """Lists the database servers of `prod`: what Reader on the resource group is for."""
        answer = self.call(token, "GET", _SERVERS)
        return answer if isinstance(answer, Refused) else Allowed(_names(answer.seen))

    def read_database(self, token: Token) -> Allowed | Refused:
        """Reads one database server: what a role on the resource itself is enough for."""
        return self.call(token, "GET", names.DATABASE_SCOPE)

    def restart(self, token: Token) -> Allowed | Refused:
        """Restarts the database server."""
        return self.call(token, "POST", f"{names.DATABASE_SCOPE}/restart")

    def read_reports(self, token: Token) -> Allowed | Refused:
        """Lists the exported reports, with a token for storage: the data plane."""
        answer = self._answered(token, HttpRequest("GET", _BLOBS))
        return answer if isinstance(answer, Refused) else Allowed((names.REPORT,))

    def call(
        self, token: Token, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Allowed | Refused:
        """Any other call to the Resource Manager; what was seen is the answer's text."""
        request = HttpRequest(method, path, params={"api-version": "2024-08-01"}, json=body)
        return self._answered(token, request)

    def _answered(self, token: Token, request: HttpRequest) -> Allowed | Refused:
        answer = self._send(token, request)
        try:
            answer.raise_for_status()
        except HttpResponseError:
            return _refused(answer)
        return Allowed((answer.text(),))

    def _send(self, token: Token | None, request: HttpRequest) -> HttpResponse:
        request.url = self._client.format_url(request.url)
        if token:
            request.headers["Authorization"] = f"Bearer {token.token}"
        try:
            return self._client.send_request(request)
        except AzureError as error:
            raise NotAnsweredError(str(error)) from error


def _names(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(server["name"] for text in texts for server in json.loads(text)["value"])


def _refused(answer: HttpResponse) -> Refused:
    if found := _XML_ERROR.search(answer.text()):
        return Refused(found[1], found[2])
    error = HttpResponseError(response=answer, error_format=ARMErrorFormat).error
    code, message = (error.code, error.message) if error else (None, None)
    return Refused(code or str(answer.status_code), message or answer.text())
