"""The part of the Common Expression Language that conditions here are written in: from text to a tree.

Grammar: https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax, without arithmetic, maps, the
ternary operator and macros.
"""

import re
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<number>\d+)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<sign>&&|\|\||[<>=!]=|[<>!().,\[\]])
    )""",
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(r"\\(.)")
_COMPARISONS: Final = frozenset({"<", "<=", ">", ">=", "==", "!="})


class CelError(ValueError):
    """An expression that does not compile, or cannot be evaluated."""


@dataclass(frozen=True)
class Literal:
    """A string, a number, true or false."""

    value: str | int | bool


@dataclass(frozen=True)
class ListOf:
    """A list."""

    items: tuple["Node", ...]


@dataclass(frozen=True)
class Name:
    """A dotted name: `request.time`."""

    path: str


@dataclass(frozen=True)
class Call:
    """A function, or a method of `target`."""

    function: str
    target: "Node | None"
    arguments: tuple["Node", ...]


@dataclass(frozen=True)
class Not:
    """`!x`."""

    operand: "Node"


@dataclass(frozen=True)
class Binary:
    """`x && y`, `x || y` or a comparison."""

    sign: str
    left: "Node"
    right: "Node"


Node = Literal | ListOf | Name | Call | Not | Binary


def parse(text: str) -> Node:
    """The tree of an expression."""
    parser = _Parser(_tokens(text))
    tree = parser.alternatives()
    if not parser.at_end:
        raise CelError(f"unexpected {parser.peek!r}")
    return tree


def logical_operators(node: Node) -> int:
    """How many of `&&`, `||` and `!` an expression has."""
    match node:
        case Binary(sign, left, right):
            return (sign in {"&&", "||"}) + logical_operators(left) + logical_operators(right)
        case Not(operand):
            return 1 + logical_operators(operand)
        case Call(_, target, arguments):
            return sum(map(logical_operators, [*arguments, *([target] if target else [])]))
        case _:
            return 0


def _tokens(text: str) -> list[str]:
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None:
            raise CelError(f"unexpected character at {at}: {text[at : at + 10]!r}")
        found.append(token[0].strip())
        at = token.end()
    return found


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._tokens)

    @property
    def peek(self) -> str:
        return "" if self.at_end else self._tokens[self._at]

    def alternatives(self) -> Node:
        tree = self._conjunction()
        while self._took("||"):
            tree = Binary("||", tree, self._conjunction())
        return tree

    def _conjunction(self) -> Node:
        tree = self._comparison()
        while self._took("&&"):
            tree = Binary("&&", tree, self._comparison())
        return tree

    def _comparison(self) -> Node:
        left = self._unary()
        if self.peek in _COMPARISONS:
            return Binary(self._next(), left, self._unary())
        return left

    def _unary(self) -> Node:
        return Not(self._unary()) if self._took("!") else self._selected()

    def _selected(self) -> Node:
        tree = self._primary()
        while self._took("."):
            name = self._next()
            if self._took("("):
                tree = Call(name, tree, self._until(")"))
            elif isinstance(tree, Name):
                tree = Name(f"{tree.path}.{name}")
            else:
                raise CelError(f"nothing has a field {name!r}")
        return tree

    def _primary(self) -> Node:
        token = self._next()
        if token == "(":
            tree = self.alternatives()
            self._expect(")")
            return tree
        if token == "[":
            return ListOf(self._until("]"))
        return self._named(token) if token[0].isalpha() or token[0] == "_" else _constant(token)

    def _named(self, token: str) -> Node:
        if token in {"true", "false"}:
            return Literal(token == "true")
        return Call(token, None, self._until(")")) if self._took("(") else Name(token)

    def _until(self, closing: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self._took(closing):
            if found:
                self._expect(",")
            found.append(self.alternatives())
        return tuple(found)

    def _next(self) -> str:
        if self.at_end:
            raise CelError("the expression stops too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _took(self, token: str) -> bool:
        taken = self.peek == token
        self._at += taken
        return taken

    def _expect(self, token: str) -> None:
        if not self._took(token):
            raise CelError(f"{token!r} expected, not {self.peek!r}")


def _constant(token: str) -> Literal:
    if token[0] in "\"'":
        return Literal(_ESCAPE.sub(r"\1", token[1:-1]))
    if token.isdigit():
        return Literal(int(token))
    raise CelError(f"unexpected {token!r}")
