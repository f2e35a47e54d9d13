"""A person uses what they were given: really calls Google, with a token of their own, and says what it said.

`Allowed` and `Refused` are Google's words about a real read of a database's description, or a real restart. A
Google that cannot be reached, or that throttles, is neither: `NotAnsweredError`.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

import httpx

from sandbox.gcp import names
from sandbox.gcp.keys import Account

_SAYS_NOTHING: Final = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Allowed:
    """Google did it; what was seen."""

    seen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """Google would not."""

    code: str
    message: str


class NotAnsweredError(RuntimeError):
    """Google said nothing, which says nothing about access."""


class People:
    """People's side of Google Cloud; a context manager around the connection their calls go over."""

    def __init__(self, endpoint_url: str) -> None:
        self._http = httpx.Client(
            base_url=endpoint_url, timeout=10, limits=httpx.Limits(max_keepalive_connections=0)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.close()

    def sign_in(self, account: Account) -> str:
        """An access token for an hour, as `gcloud auth print-access-token` gives it."""
        form = {"grant_type": "refresh_token", "refresh_token": account.refresh_token, "client_id": "gcloud"}
        answer = self._send("POST", "/token", data=form)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def read(self, token: str, project: str = names.SHOP_PROD) -> Allowed | Refused:
        """Lists the databases of a project: what `roles/cloudsql.viewer` is for."""
        answer = self.call(token, "GET", f"/v1/projects/{project}/instances")
        if isinstance(answer, Refused):
            return answer
        return Allowed(tuple(database["name"] for database in answer["items"]))

    def restart(
        self, token: str, database: str = names.DATABASES[0], project: str = names.SHOP_PROD
    ) -> Allowed | Refused:
        """Restarts a database: what `roles/cloudsql.editor` is for."""
        answer = self.call(token, "POST", f"/v1/projects/{project}/instances/{database}/restart")
        return answer if isinstance(answer, Refused) else Allowed((str(answer["targetId"]),))

    def call(self, token: str, method: str, path: str, **body: Any) -> dict[str, Any] | Refused:  # noqa: ANN401
        """Any other call: what it answered."""
        answer = self._send(method, path, headers={"Authorization": f"Bearer {token}"}, json=body)
        if answer.status_code in _SAYS_NOTHING:
            raise NotAnsweredError(answer.text)
        try:
            found = dict(answer.json())
        except ValueError as error:
            raise NotAnsweredError(answer.text) from error
        return _refusal(found["error"]) if answer.is_error else found

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        try:
            return self._http.request(method, path, **request)
        except httpx.TransportError as error:
            raise NotAnsweredError(str(error)) from error


def _refusal(error: dict[str, Any]) -> Refused:
    """The status, or in the older form the reason."""
    code = error.get("status") or error["errors"][0]["reason"]
    return Refused(str(code), str(error["message"]))
