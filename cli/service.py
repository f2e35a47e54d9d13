"""The web API as a person's terminal calls it: over https, never redirected, and every answer checked."""

import secrets
from http import HTTPStatus
from typing import Final, TypeVar

import httpx
from pydantic import ValidationError

from bot.web.shapes import (
    Answered,
    AskAccess,
    EndAccess,
    LoginStarted,
    LoginTaken,
    Me,
    Mine,
    Outcome,
    Problem,
    Sent,
    StartLogin,
    TakeLogin,
    Usable,
    UseAccess,
)
from cli.output import CannotDo, NotNow, SaysNo

_SECONDS: Final = 10.0
_IT_IS_NOT_SO: Final = {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.GONE}
_ASK_AGAIN: Final = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

Shape = TypeVar("Shape", bound=Answered)


class Service:
    """The calls of the web API, with or without a login.

    Every call raises CannotDo when it could not be asked or answered, the login being over included.
    """

    def __init__(self, address: str, token: str = "") -> None:
        self.address = address
        self._token = token

    def start_login(self, client: str) -> LoginStarted:
        """Ask to be somebody's."""
        return self._answered("POST", "/login", LoginStarted, StartLogin(client=client))

    def take_login(self, device_code: str) -> LoginTaken | None:
        """The login once it was confirmed; None while it waits. SaysNo when there will be none."""
        response = self._call("POST", "/login/token", TakeLogin(device_code=device_code))
        return None if response.status_code == HTTPStatus.ACCEPTED else self._read(response, LoginTaken)

    def me(self) -> Me:
        """Whose login it is."""
        return self._answered("GET", "/login", Me)

    def log_out(self) -> None:
        """End this login."""
        self._call("DELETE", "/login")

    def mine(self) -> Mine:
        """What is held and waited for."""
        return self._answered("GET", "/requests", Mine)

    def ask(self, line: str) -> Outcome:
        """Ask with a line, as it is typed in Slack."""
        told = AskAccess(line=line, operation=secrets.token_hex(16))
        return self._answered("POST", "/requests", Outcome, told)

    def end(self, target: str | None) -> Outcome:
        """End a request, a role, everything, or the one thing that runs."""
        return self._answered("POST", "/end", Outcome, EndAccess(target=target))

    def use(self, told: UseAccess) -> Usable:
        """What may be used now. SaysNo when nothing fits, or several do."""
        return self._answered("POST", "/access", Usable, told)

    def _answered(self, method: str, path: str, shape: type[Shape], told: Sent | None = None) -> Shape:
        return self._read(self._call(method, path, told), shape)

    def _call(self, method: str, path: str, told: Sent | None = None) -> httpx.Response:
        response = self._send(method, path, told)
        if response.is_success:
            return response
        if response.status_code in _IT_IS_NOT_SO:
            raise SaysNo(self._why(response))
        if response.status_code in _ASK_AGAIN:
            wait = response.headers.get("Retry-After", "")
            raise NotNow(self._why(response), float(wait) if wait.isascii() and wait.isdigit() else 0.0)
        raise CannotDo(self._why(response))

    def _send(self, method: str, path: str, told: Sent | None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        body = told.model_dump_json() if told else None
        by_proxy = self.address.startswith(
            "https:"
        )  # what is sent to ourselves in the clear goes to no other
        try:
            with httpx.Client(timeout=_SECONDS, headers=headers, trust_env=by_proxy) as client:
                return client.request(method, f"{self.address}{path}", content=body)
        except httpx.HTTPError as error:
            raise CannotDo(f"{self.address} cannot be reached: {type(error).__name__}.") from error

    def _read(self, response: httpx.Response, shape: type[Shape]) -> Shape:
        try:
            return shape.model_validate_json(response.content)
        except ValidationError as error:
            raise CannotDo(f"what answers at {self.address} is not prod-access.") from error

    def _why(self, response: httpx.Response) -> str:
        try:
            return Problem.model_validate_json(response.content).problem
        except ValidationError:
            return f"{self.address} answers {response.status_code}, and not as prod-access does."
