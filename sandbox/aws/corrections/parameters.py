"""Parameters outside their limits are refused, as the service's own model states them.

botocore checks only that they are there and long enough; IAM and STS check lengths, values, patterns and
choices (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html and its neighbours), and the
limits are in the model botocore carries.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader

from sandbox.aws.corrections.inside import Answer, Params, guarded, inside, param, refusal


def correct() -> None:
    """From now on every IAM handler checks its parameters first. STS does so in `assume`."""
    handlers = inside("services.iam")["_IAM_HANDLERS"]
    for action, handler in handlers.items():
        handlers[action] = guarded(handler, lambda params: violation("iam", params))


def violation(service: str, params: Params) -> Answer | None:
    """The refusal these parameters deserve, or None."""
    model = _model(service)
    operation = model["operations"].get(param(params, "Action"), {})
    shape = operation.get("input", {}).get("shape")
    problems = list(_structure(model["shapes"], shape, params, "")) if shape else []
    if not problems:
        return None
    count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
    return refusal(400, "ValidationError", count + "; ".join(problems), service)


@cache
def _model(service: str) -> dict[str, Any]:
    model: dict[str, Any] = Loader().load_service_model(service, "service-2")
    return model


def _structure(shapes: Mapping[str, Any], shape: str, params: Params, prefix: str) -> Iterator[str]:
    for name, member in shapes[shape].get("members", {}).items():
        yield from _member(shapes, member["shape"], params, f"{prefix}{name}")


def _member(shapes: Mapping[str, Any], shape: str, params: Params, name: str) -> Iterator[str]:
    kind = shapes[shape]["type"]
    if kind == "structure":
        yield from _structure(shapes, shape, params, f"{name}.")
    elif kind == "list":
        yield from _list(shapes, shape, params, name)
    elif name in params:
        yield from _scalar(shapes[shape], param(params, name), name)


def _list(shapes: Mapping[str, Any], shape: str, params: Params, name: str) -> Iterator[str]:
    count = 0
    while any(key.startswith(f"{name}.member.{count + 1}") for key in params):
        count += 1
        yield from _member(shapes, shapes[shape]["member"]["shape"], params, f"{name}.member.{count}")
    if count > shapes[shape].get("max", count):
        yield _problem(name, f"have length less than or equal to {shapes[shape]['max']}")


def _scalar(shape: Mapping[str, Any], value: str, name: str) -> Iterator[str]:
    is_text = shape["type"] == "string"
    size = len(value) if is_text else _number(value)
    what = "length" if is_text else "value"
    if size < shape.get("min", size):
        yield _problem(name, f"have {what} greater than or equal to {shape['min']}")
    if size > shape.get("max", size):
        yield _problem(name, f"have {what} less than or equal to {shape['max']}")
    if "enum" in shape and value not in shape["enum"]:
        yield _problem(name, f"satisfy enum value set: [{', '.join(shape['enum'])}]")
    if "pattern" in shape and not _pattern(shape["pattern"]).fullmatch(value):
        yield _problem(name, f"satisfy regular expression pattern: {shape['pattern']}")


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return 0


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    """The model's Java pattern for Python: its letter, number and space classes are the Unicode ones."""
    unicode_classes = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": " \u00a0\u2000-\u200a\u3000"}
    python = pattern
    for java, here in unicode_classes.items():
        python = python.replace(java, here)
    return re.compile(python, 0 if r"\p{" in pattern else re.ASCII)


def _problem(name: str, must: str) -> str:
    return f"Value at '{name[:1].lower()}{name[1:]}' failed to satisfy constraint: Member must {must}"
