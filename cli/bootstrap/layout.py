"""How a document is laid out to be read: short things on one line, the rest broken open."""

import json
from typing import Final

WIDTH: Final = 100


def laid_out(value: object, indent: str = "") -> str:
    """JSON of any value; every line but the first starts with the indent."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(flat) <= WIDTH or not isinstance(value, dict | list):
        return flat
    deeper = f"{indent}  "
    if isinstance(value, dict):
        opening, closing = "{}"
        items = [f"{json.dumps(name)}: {laid_out(one, deeper)}" for name, one in value.items()]
    else:
        opening, closing = "[]"
        items = [laid_out(one, deeper) for one in value]
    inside = ",\n".join(f"{deeper}{item}" for item in items)
    return f"{opening}\n{inside}\n{indent}{closing}"
