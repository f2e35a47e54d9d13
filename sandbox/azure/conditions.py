"""Conditions on role assignments: the part of the language that delegation and dates need.

https://learn.microsoft.com/azure/role-based-access-control/conditions-format. What is not here (`Exists`,
numbers, custom security attributes) is refused, not guessed.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase

VERSION = "2.0"
_TOKEN = re.compile(r"\s*(@\w+\[[^\]]+\]|'[^']*'|&&|\|\||[(){},!]|[\w.:/*-]+)")
_ANY_OF = ("ForAnyOfAnyValues:", "ForAllOfAnyValues:")


class ConditionError(ValueError):
    """A condition nobody can read."""


@dataclass(frozen=True)
class Facts:
    """What a condition is asked about: an action, and attributes by `source:name` in lower case."""

    action: str
    attributes: Mapping[str, str] = field(default_factory=dict)


Condition = Callable[[Facts], bool]


def parse(text: str) -> Condition:
    """A condition that can be asked, or ConditionError."""
    reading = _Reading(list(_tokens(text)))
    condition = reading.either()
    reading.end()
    return condition


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise ConditionError(f"unreadable at {text[at : at + 20]!r}")
        yield found[1]
        at = found.end()


class _Reading:
    """The tokens of a condition, read from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = [*tokens, ""]
        self._at = 0

    def end(self) -> None:
        """Nothing is left."""
        if self._tokens[self._at]:
            raise ConditionError(f"unexpected {self._tokens[self._at]!r}")

    def either(self) -> Condition:
        """Parts joined by OR."""
        parts = [self._both()]
        while self._took("OR", "||"):
            parts.append(self._both())
        return lambda facts: any(part(facts) for part in parts)

    def _both(self) -> Condition:
        parts = [self._one()]
        while self._took("AND", "&&"):
            parts.append(self._one())
        return lambda facts: all(part(facts) for part in parts)

    def _one(self) -> Condition:
        if self._took("!", "NOT"):
            inner = self._one()
            return lambda facts: not inner(facts)
        if self._took("("):
            inside = self.either()
            self._expect(")")
            return inside
        return self._action() if self._took("ActionMatches") else self._comparison()

    def _action(self) -> Condition:
        pattern = self._values()[0].lower()
        return lambda facts: fnmatchcase(facts.action.lower(), pattern)

    def _comparison(self) -> Condition:
        attribute = self._next()
        found = re.fullmatch(r"@(Request|Resource|Environment)\[(?:.*:)?(\w+)\]", attribute)
        if found is None:
            raise ConditionError(f"not an attribute: {attribute!r}")
        key = f"{found[1]}:{found[2]}".lower()
        compare = _comparer(self._next())
        values = self._values()
        return lambda facts: key in facts.attributes and compare(facts.attributes[key], values)

    def _values(self) -> list[str]:
        if not self._took("{"):
            return [self._value()]
        values = [self._value()]
        while self._took(","):
            values.append(self._value())
        self._expect("}")
        return values

    def _value(self) -> str:
        token = self._next()
        if not re.fullmatch(r"'[^']*'|[\w.:/*-]+", token):
            raise ConditionError(f"not a value: {token!r}")
        return token.strip("'")

    def _next(self) -> str:
        token = self._tokens[self._at]
        if not token:
            raise ConditionError("it ends too early")
        self._at += 1
        return token

    def _took(self, *wanted: str) -> bool:
        took = self._tokens[self._at].upper() in {token.upper() for token in wanted}
        self._at += took
        return took

    def _expect(self, token: str) -> None:
        if not self._took(token):
            raise ConditionError(f"{token!r} is missing")


def _comparer(operator: str) -> Callable[[str, list[str]], bool]:
    name = operator
    for prefix in _ANY_OF:
        name = name.removeprefix(prefix)
    if name not in _COMPARERS:
        raise ConditionError(f"unknown operator {operator!r}")
    return _COMPARERS[name]


def _same(value: str, values: list[str]) -> bool:
    return value in values


def _same_in_any_case(value: str, values: list[str]) -> bool:
    return value.lower() in {one.lower() for one in values}


def _before(value: str, values: list[str]) -> bool:
    return any(datetime.fromisoformat(value) < datetime.fromisoformat(one) for one in values)


def _after(value: str, values: list[str]) -> bool:
    return any(datetime.fromisoformat(value) > datetime.fromisoformat(one) for one in values)


_COMPARERS: dict[str, Callable[[str, list[str]], bool]] = {
    "GuidEquals": _same_in_any_case,
    "GuidNotEquals": lambda value, values: not _same_in_any_case(value, values),
    "StringEquals": _same,
    "StringNotEquals": lambda value, values: not _same(value, values),
    "StringEqualsIgnoreCase": _same_in_any_case,
    "DateTimeLessThan": _before,
    "DateTimeGreaterThan": _after,
}
