"""Conditions: checked when a policy is set, evaluated at each request.

Attributes and functions: https://cloud.google.com/iam/docs/conditions-attribute-reference. What compiles is a
boolean; a timestamp that is none compiles and never grants. Evaluation absorbs errors as CEL does:
`true || error` is true, `false && error` is false, anything else with an error in it grants nothing
(https://github.com/google/cel-spec/blob/master/doc/langdef.md#logical-operators).
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from sandbox.gcp.cel_syntax import Binary, Call, CelError, ListOf, Literal, Name, Node, Not, parse

MODIFIED_GRANTS: Final = "iam.googleapis.com/modifiedGrantsByRole"
_MOST_ROLES: Final = 10
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


class Type(StrEnum):
    """The types expressions here have."""

    BOOL = "bool"
    INT = "int"
    STRING = "string"
    TIME = "timestamp"
    LIST = "list"


_LITERALS: Final[Mapping[type, Type]] = {bool: Type.BOOL, int: Type.INT, str: Type.STRING}
_NAMES: Final = {
    "request.time": Type.TIME,
    "resource.name": Type.STRING,
    "resource.type": Type.STRING,
    "resource.service": Type.STRING,
}
_Signature = tuple[Type | None, tuple[Type, ...], Type]
_FUNCTIONS: Final[Mapping[str, _Signature]] = {
    "timestamp": (None, (Type.STRING,), Type.TIME),
    "startsWith": (Type.STRING, (Type.STRING,), Type.BOOL),
    "endsWith": (Type.STRING, (Type.STRING,), Type.BOOL),
    "hasOnly": (Type.LIST, (Type.LIST,), Type.BOOL),
}


@dataclass(frozen=True)
class Request:
    """What a condition is asked about; an attribute nobody has is an error to whoever reads it."""

    time: datetime
    name: str | None = None
    type: str | None = None
    service: str | None = None
    modified_roles: frozenset[str] | None = None
    """The roles a change of a policy touches; None for any other request."""

    def named(self, path: str) -> object:
        """The value of an attribute."""
        value: object = getattr(self, path.partition(".")[2])
        if value is None:
            raise CelError(f"no such attribute here: {path}")
        return value


@lru_cache(maxsize=4096)
def compiled(expression: str) -> Node:
    """The tree of a condition; CelError when it does not compile to a boolean."""
    tree = parse(expression)
    if _type(tree) is not Type.BOOL:
        raise CelError("a condition is a boolean")
    return tree


def grants(expression: str, request: Request) -> bool:
    """Whether a condition lets a request through; one that cannot be evaluated does not."""
    try:
        return bool(_value(compiled(expression), request))
    except CelError:
        return False


def ends_at(expression: str) -> datetime | None:
    """The moment a condition stops granting by itself: the earliest `request.time < ...` that must hold."""
    return min(_ends(compiled(expression)), default=None)


def limited_roles(expression: str) -> frozenset[str]:
    """The roles a `hasOnly` of the modified grants names, or none."""
    tree = compiled(expression)
    if isinstance(tree, Call) and tree.function == "hasOnly" and isinstance(tree.arguments[0], ListOf):
        return frozenset(str(item.value) for item in tree.arguments[0].items if isinstance(item, Literal))
    return frozenset()


def _ends(node: Node) -> Iterator[datetime]:
    match node:
        case Binary("&&", left, right):
            yield from (*_ends(left), *_ends(right))
        case Binary("<" | "<=", Name("request.time"), Call("timestamp", None, (Literal(str(text)),))):
            yield from _moments(text)
        case Binary(">" | ">=", Call("timestamp", None, (Literal(str(text)),)), Name("request.time")):
            yield from _moments(text)


def _moments(text: str) -> Iterator[datetime]:
    try:
        yield _timestamp(text)
    except CelError:
        return


def _type(node: Node) -> Type:
    match node:
        case Literal(value):
            found = _LITERALS[type(value)]
        case ListOf(items):
            found = _type_of_list(items)
        case Name(path):
            found = _type_of_name(path)
        case Call():
            found = _type_of_call(node)
        case Not(operand):
            found = _expected(operand, Type.BOOL)
        case Binary():
            found = _type_of_binary(node)
    return found


def _type_of_list(items: tuple[Node, ...]) -> Type:
    if len(set(map(_type, items))) > 1:
        raise CelError("the items of a list have one type")
    return Type.LIST


def _type_of_name(path: str) -> Type:
    if path not in _NAMES:
        raise CelError(f"undeclared reference to {path!r}")
    return _NAMES[path]


def _type_of_call(call: Call) -> Type:
    if call.function == "getAttribute" and call.target == Name("api"):
        return _type_of_attribute(call)
    if call.function not in _FUNCTIONS:
        raise CelError(f"undeclared reference to {call.function!r}")
    target, arguments, result = _FUNCTIONS[call.function]
    if (call.target is None) != (target is None) or len(call.arguments) != len(arguments):
        raise CelError(f"no such overload of {call.function!r}")
    for node, wanted in zip(call.arguments, arguments, strict=True):
        _expected(node, wanted)
    if call.target is not None and target is not None:
        _expected(call.target, target)
    if call.function == "hasOnly":
        _check_roles(call.arguments[0])
    return result


def _type_of_attribute(call: Call) -> Type:
    match call.arguments:
        case (Literal(str()), ListOf(())):
            return Type.LIST
    raise CelError("api.getAttribute takes the name of an attribute and []")


def _check_roles(roles: Node) -> None:
    """At most ten string constants: https://cloud.google.com/iam/docs/setting-limits-on-granting-roles."""
    if not isinstance(roles, ListOf) or not all(isinstance(item, Literal) for item in roles.items):
        raise CelError("hasOnly takes a list of constants")
    if len(roles.items) > _MOST_ROLES:
        raise CelError(f"hasOnly takes at most {_MOST_ROLES} roles")


def _type_of_binary(node: Binary) -> Type:
    if node.sign in {"&&", "||"}:
        return _expected(node.left, _expected(node.right, Type.BOOL))
    left = _type(node.left)
    if left is not _type(node.right):
        raise CelError(f"no such overload of {node.sign!r}")
    if left in {Type.BOOL, Type.LIST} and node.sign not in {"==", "!="}:
        raise CelError(f"{left} has no {node.sign!r}")
    return Type.BOOL


def _expected(node: Node, wanted: Type) -> Type:
    if _type(node) is not wanted:
        raise CelError(f"{wanted} expected")
    return wanted


def _value(node: Node, request: Request) -> Any:  # noqa: ANN401 - any CEL value
    found: Any
    match node:
        case Literal(value):
            found = value
        case ListOf(items):
            found = [_value(item, request) for item in items]
        case Name(path):
            found = request.named(path)
        case Call():
            found = _call(node, request)
        case Not(operand):
            found = not _value(operand, request)
        case Binary("&&" | "||"):
            found = _joined(node, request)
        case Binary(sign, left, right):
            found = _COMPARED[sign](_value(left, request), _value(right, request))
    return found


def _joined(node: Binary, request: Request) -> bool:
    """The operand that decides alone wins over an error of the other one."""
    deciding = node.sign == "||"
    try:
        left = bool(_value(node.left, request))
    except CelError:
        if bool(_value(node.right, request)) == deciding:
            return deciding
        raise
    return left if left == deciding else bool(_value(node.right, request))


def _call(call: Call, request: Request) -> Any:  # noqa: ANN401 - any CEL value
    match call:
        case Call("getAttribute", _, (Literal(name), _)):
            modified = request.modified_roles if name == MODIFIED_GRANTS else None
            return sorted(modified or ())
        case Call("timestamp", None, (text,)):
            return _timestamp(_value(text, request))
        case Call(function, Literal() | Name() | Call() | ListOf() as target, (argument,)):
            return _method(function, _value(target, request), _value(argument, request))
        case _:
            raise CelError(f"{call.function} cannot be called")


def _method(function: str, target: Any, argument: Any) -> bool:  # noqa: ANN401 - any CEL value
    if function == "hasOnly":
        return bool(set(target) <= set(argument))
    return bool(target.startswith(argument) if function == "startsWith" else target.endswith(argument))


def _timestamp(text: str) -> datetime:
    if not _RFC3339.fullmatch(text):
        raise CelError(f"no timestamp: {text!r}")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise CelError(f"no timestamp: {text!r}") from error
