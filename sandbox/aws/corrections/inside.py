"""ministack's own names, to read and to replace, and the shapes its handlers share."""

from collections.abc import Callable, Mapping, MutableMapping
from importlib import import_module
from typing import Any
from xml.sax.saxutils import escape

Params = MutableMapping[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[Params], Answer]
Rule = Callable[[Params], Answer | None]


def inside(module: str) -> dict[str, Any]:
    """The names of a ministack module; setting one replaces it for every later call."""
    return vars(import_module(f"ministack.{module}"))


def param(params: Mapping[str, Any], name: str) -> str:
    """One parameter of a query request, empty when it is not given."""
    value = params.get(name, "")
    return str(value[0] if isinstance(value, list) else value)


def refusal(status: int, code: str, message: str, service: str = "iam") -> Answer:
    """An error answer in the form IAM and STS give it."""
    answer: Answer = inside("services.iam")["_error"](status, code, escape(message), ns=service)
    return answer


def guarded(handler: Handler, rule: Rule) -> Handler:
    """The handler, asked only when the rule has nothing against it."""

    def guard(params: Params) -> Answer:
        return rule(params) or handler(params)

    return guard


def account() -> str:
    """The account this request works in."""
    return str(inside("core.responses")["get_account_id"]())


def find(kind: str, account_id: str, name: str) -> dict[str, Any] | None:
    """A stored user (`_users`) or role (`_roles`)."""
    found: dict[str, Any] | None = inside("services.iam")[kind].get_scoped(account_id, None, name)
    return found


def own_role(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """The role a request names, in the caller's account."""
    return find("_roles", account(), param(params, "RoleName"))
