"""YAML, and only what is needed of it: text, whole numbers, true, false and null, in mappings and lists.

What could be misread is refused, with its line: duplicate keys, anchors, merge keys, tags, invisible
characters, a second document. `on`, `off`, `yes` and `no` are text. A document knows
the line of everything in it.
"""

import re
import unicodedata
from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple

import yaml

from policies.problems import FileRefused, Problem, Where, file_problem


class _Loader(yaml.SafeLoader):
    """Text, whole numbers, true, false and null; no anchors, no tags."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 -- the parser's own way to know no other words

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401 -- the parser's own
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(
                problem="anchors and aliases are not used here", problem_mark=event.start_mark
            )
        if getattr(event, "tag", None):
            raise yaml.MarkedYAMLError(problem="tags are not used here", problem_mark=event.start_mark)
        return super().compose_node(parent, index)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^(0|[1-9]\d*)$"), list("0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(null|~|)$"), ["n", "~", ""])


class Document(NamedTuple):
    """One file: its nodes, which know their lines, and what they say."""

    file: str
    root: yaml.Node
    data: object

    def problem(self, where: Where, text: str) -> Problem:
        """What is wrong at this place of the file, with its line."""
        return Problem(file=self.file, line=_line(self.root, where), text=text)

    def entries(self, section: str) -> Iterator[tuple[str, int]]:
        """The names of a section and the line of each: the keys of a mapping, or the ids of a list."""
        _, entries = _step(self.root, section) or (0, None)
        if isinstance(entries, yaml.MappingNode):
            yield from ((key.value, key.start_mark.line + 1) for key, _ in entries.value)
        elif isinstance(entries, yaml.SequenceNode):
            yield from ((str(_scalar_at(one, "id")), one.start_mark.line + 1) for one in entries.value)


def document(file: str, content: bytes) -> Document:
    """What a file of this name and content says.

    Raises:
        FileRefused: it is not YAML, or YAML that could be misread.
    """
    text = _text(file, content)
    try:
        root = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise FileRefused([Problem(file=file, line=line, text=str(error.problem))]) from None
    except RecursionError:
        raise FileRefused([file_problem(file, "is nested too deeply")]) from None
    if not isinstance(root, yaml.MappingNode):
        raise FileRefused([file_problem(file, "must be a mapping")])
    problems: list[Problem] = []
    data = _data(root, file, problems)
    if problems:
        raise FileRefused(problems)
    return Document(file, root, data)


def _text(file: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileRefused([Problem(file=file, line=line, text="is not UTF-8 text")]) from None
    hidden = [number for number, line in enumerate(text.split("\n"), start=1) if _has_hidden(line)]
    if hidden:
        raise FileRefused(Problem(file=file, line=line, text="has an invisible character") for line in hidden)
    return text


def _has_hidden(line: str) -> bool:
    return any(
        unicodedata.category(sign) in {"Cc", "Cf", "Co", "Zl", "Zp"} for sign in line if sign not in "\t\r"
    )


def _data(node: yaml.Node, file: str, problems: list[Problem]) -> object:
    match node:
        case yaml.MappingNode():
            return _mapping(node, file, problems)
        case yaml.SequenceNode():
            return [_data(item, file, problems) for item in node.value]
        case _:
            return _scalar(node)


def _mapping(node: yaml.MappingNode, file: str, problems: list[Problem]) -> dict[str, object]:
    data: dict[str, object] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        word = key.value if isinstance(key, yaml.ScalarNode) else ""
        if not word:
            problems.append(Problem(file=file, line=line, text="a key must be a word"))
        elif word == "<<":
            problems.append(Problem(file=file, line=line, text="merge keys are not used here"))
        elif word in data:
            problems.append(Problem(file=file, line=line, text=f'"{word}" is here twice'))
        data[word] = _data(value, file, problems)
    return data


def _scalar(node: yaml.Node) -> object:
    match node.tag.rsplit(":", 1)[-1]:
        case "int":
            return int(node.value)
        case "bool":
            return node.value == "true"
        case "null":
            return None
        case _:
            return node.value


def _line(node: yaml.Node, where: Where) -> int:
    """The line of the last step that is written down."""
    line = node.start_mark.line
    for step in where:
        found = _step(node, step)
        if found is not None:
            line, node = found
    return line + 1


def _step(node: yaml.Node, step: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        pairs = ((key, value) for key, value in node.value if key.value == step)
        return next(((key.start_mark.line, value) for key, value in pairs), None)
    inner = node.value if isinstance(node, yaml.SequenceNode) else ()
    items = (item for number, item in enumerate(inner) if step in {number, _plain(item)})
    return next(((item.start_mark.line, item) for item in items), None)


def _scalar_at(node: yaml.Node, key: str) -> Hashable:
    _, found = _step(node, key) or (0, node)
    return _plain(found)


def _plain(node: yaml.Node) -> Hashable:
    return node.value if isinstance(node, yaml.ScalarNode) else None
