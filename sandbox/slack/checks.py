"""A small language for saying what JSON may look like, and what is wrong with one that does not.

Each check takes a value and where it stands, and yields problems in Slack's own words, with the
json-pointer Slack puts behind them (docs: Block Kit, "invalid_blocks" answers).
"""

from collections.abc import Callable, Iterator, Mapping

from sandbox.slack.shapes import Json

Check = Callable[[object, str], Iterator[str]]


def at(problem: str, where: str) -> str:
    """A problem and where it stands."""
    return f"{problem} [json-pointer:{where}]"


def string(high: int, low: int = 0) -> Check:
    """Text of a certain length."""

    def check(value: object, where: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield at("must be a string", where)
        elif len(value) > high:
            yield at(f"must be less than {high + 1} characters", where)
        elif len(value) < low:
            yield at(f"must be more than {low - 1} characters", where)

    return check


def boolean(value: object, where: str) -> Iterator[str]:
    """True or false."""
    if not isinstance(value, bool):
        yield at("must be a boolean", where)


def integer(low: int, high: int) -> Check:
    """A whole number within bounds."""

    def check(value: object, where: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield at("must be an integer", where)
        elif not low <= value <= high:
            yield at(f"must be between {low} and {high}", where)

    return check


def choice(*allowed: str) -> Check:
    """One of a few words."""

    def check(value: object, where: str) -> Iterator[str]:
        if value not in allowed:
            yield at(f"must be one of {', '.join(allowed)}", where)

    return check


def anything(_value: object, _where: str) -> Iterator[str]:
    """No opinion."""
    return iter(())


def listing(item: Check, low: int, high: int) -> Check:
    """A list of so many items, each of which is checked."""

    def check(value: object, where: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield at("must be an array", where)
            return
        if len(value) > high:
            yield at(f"no more than {high} items allowed", where)
        if len(value) < low:
            yield at(f"no less than {low} items allowed", where)
        for number, one in enumerate(value):
            yield from item(one, f"{where}/{number}")

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these properties and no others."""
    known = {**required, **(optional or {})}

    def check(value: object, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield at("must be an object", where)
            return
        for name in required:
            if value.get(name) is None:
                yield at(f"missing required field: {name}", where)
        for name, one in value.items():
            if name not in known:
                yield at(f"invalid additional property: {name}", where)
            elif one is not None:
                yield from known[name](one, f"{where}/{name}")

    return check


def by_type(kinds: Mapping[str, Check], refused: str = "unsupported type") -> Check:
    """An object whose `type` decides which check it must pass."""

    def check(value: object, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield at("must be an object", where)
            return
        kind = value.get("type")
        if not isinstance(kind, str) or kind not in kinds:
            yield at(f"{refused}: {kind}", f"{where}/type")
        else:
            yield from kinds[kind](value, where)

    return check


def both(*checks: Check) -> Check:
    """All of several checks."""

    def check(value: object, where: str) -> Iterator[str]:
        for one in checks:
            yield from one(value, where)

    return check


def either(*names: str) -> Check:
    """At least one of these properties must be there."""

    def check(value: object, where: str) -> Iterator[str]:
        if isinstance(value, dict) and not any(value.get(name) for name in names):
            yield at(f"missing required field: {' or '.join(names)}", where)

    return check


def not_both(one: str, other: str) -> Check:
    """Two properties that exclude each other."""

    def check(value: object, where: str) -> Iterator[str]:
        if isinstance(value, dict) and value.get(one) and value.get(other):
            yield at(f"only one of {one} and {other} is allowed", where)

    return check


def unique(name: str, within: Callable[[Json], list[Json]]) -> Check:
    """No two of the items found `within` share a value of this property."""

    def check(value: object, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            return
        seen: set[object] = set()
        for item in within(value):
            mark = item.get(name)
            if mark is not None and mark in seen:
                yield at(f"`{name}` {mark} already exists", where)
            seen.add(mark)

    return check
