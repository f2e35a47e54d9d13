"""Microsoft Graph: looking a user up, exactly.

https://learn.microsoft.com/graph/api/user-get, https://learn.microsoft.com/graph/api/user-list; an
application needs User.Read.All.
"""

import re
from collections.abc import Callable
from typing import Any

from sandbox.azure.azure import Azure
from sandbox.azure.directory import Principal
from sandbox.azure.errors import AzureError
from sandbox.azure.wire import Answer, Request, json_answer

_EQUALS = re.compile(r"(id|mail|userPrincipalName|displayName) eq '((?:[^']|'')*)'")
_ANY = re.compile(r"(otherMails|proxyAddresses)/any\((\w+):\s*\2 eq '((?:[^']|'')*)'\)")
_USER = re.compile(r"/v1\.0/users(?:/([^/]+))?")
_SHOWN = ("id", "displayName", "userPrincipalName", "mail")


def is_graph(request: Request) -> bool:
    """Whether a request is for Graph."""
    return request.path.startswith("/v1.0/")


def answer(azure: Azure, request: Request) -> Answer:
    """The page's answer, or AzureError."""
    caller = azure.tokens.caller(request.headers.get("authorization", ""), "graph")
    found = _USER.fullmatch(request.path)
    if found is None or request.method != "GET":
        raise AzureError(400, "BadRequest", f"Resource not found for the segment '{request.path}'.")
    if "User.Read.All" not in caller.claims.get("roles", ()):
        message = "Insufficient privileges to complete the operation."
        raise AzureError(403, "Authorization_RequestDenied", message)
    if found[1]:
        return json_answer(_selected(_one(azure, found[1]), request))
    wanted = _reader(request.query.get("$filter", ""))
    users = [_selected(user, request) for user in azure.directory.users() if wanted(user.json())]
    return json_answer({"value": users[: int(request.query.get("$top", "100"))]})


def _one(azure: Azure, name: str) -> Principal:
    """By object id or user principal name; a guest's `#` arrives quoted or not at all."""
    known = (one for one in azure.directory.users() if name.lower() in {one.id, one.name.lower()})
    found = next(known, None)
    if found is None:
        raise AzureError(
            404,
            "Request_ResourceNotFound",
            f"Resource '{name}' does not exist or one of its queried reference-property objects are not "
            "present.",
        )
    return found


def _reader(text: str) -> Callable[[dict[str, Any]], bool]:
    if not text:
        return lambda _: True
    if equals := _EQUALS.fullmatch(text.strip()):
        name, value = equals[1], _unquoted(equals[2])
        return lambda user: str(user[name] or "").lower() == value
    if anything := _ANY.fullmatch(text.strip()):
        name, value = anything[1], _unquoted(anything[3])
        return lambda user: value in {one.lower() for one in user[name]}
    raise AzureError(400, "Request_UnsupportedQuery", f"Unsupported or invalid query filter clause: {text}.")


def _unquoted(text: str) -> str:
    return text.replace("''", "'").lower()


def _selected(user: Principal, request: Request) -> dict[str, Any]:
    wanted = request.query.get("$select", ",".join(_SHOWN)).split(",")
    return {name: value for name, value in user.json().items() if name in wanted}
