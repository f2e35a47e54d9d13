"""Reads an organisation's policy from its folder, and refuses what is not clearly right.

    people.yaml   people and groups            roles.yaml    the role catalogue
    clouds.yaml   accounts and how to reach    rules.yaml    settings, windows, rules and their cases

Nothing is guessed: unknown words, names nobody has, duplicate keys, anchors, merge keys, tags and durations
without a unit are refused, all at once, each with its file and line. `on`, `off`, `yes` and `no` are text.
The cases beside the rules must be answered as they expect, or the files are not loaded.

This is the only module of the ring that opens files.

```
PolicyError
└── FileRefused      what is wrong, as one line per problem: `rules.yaml:41: unknown word "requster_in". ...`
```
"""

import json
import re
import stat
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar, assert_never

import yaml
from pydantic import BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails

from policies.approval import ApprovalSlot, can_fill
from policies.catalogue import AwsAccount, Catalogue, Clouds, Role
from policies.decision import Allow, Ask, AskSomeone, Decision, Refuse, decide
from policies.facts import gather
from policies.people import NAME_PATTERN, Group, People, Person, clashes, did_you_mean, unknown
from policies.rules import Case, Effect, Match, Mode, Place, Policy, Rule, Settings
from policies.values import GroupName, PersonId, PolicyError, RoleName, Value
from policies.window import Window, say_duration

__all__ = [
    "FILES",
    "FileRefused",
    "Policy",
    "PolicySource",
    "Problem",
    "lint",
    "load",
    "parse",
    "read",
    "schema_text",
]

PEOPLE, ROLES, RULES, CLOUDS = FILES = ("people.yaml", "roles.yaml", "rules.yaml", "clouds.yaml")
"""The files of an organisation's policy."""

_LARGEST = 1_000_000
_SHOWN = 60

Where = tuple[int | str, ...]


class Problem(Value):
    """One thing that is wrong, and where."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        """The problem as an editor can jump to it: `rules.yaml:41: ...`."""
        return f"{self.file}:{self.line}: {self.text}"


class FileRefused(PolicyError):
    """The organisation's files cannot be loaded; its text is one line per problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        unique = set(problems)
        self.problems = tuple(sorted(unique, key=lambda one: (one.file, one.line, one.text)))
        super().__init__("\n".join(map(str, self.problems)))


# Reading ---------------------------------------------------------------------------------------------------


def load(folder: Path, *, others_may_write: bool = False) -> Policy:
    """The policy in this folder.

    Raises:
        FileRefused: something in the files, or who may write them, is not right.
    """
    return parse(read(folder, others_may_write=others_may_write))


def read(folder: Path, *, others_may_write: bool = False) -> dict[str, bytes]:
    """The bytes of the four files; refused where group or others may write them, unless that is allowed.

    Raises:
        FileRefused: a file is missing, unreadable, too large, or could be changed by others.
    """
    problems: list[Problem] = []
    contents: dict[str, bytes] = {}
    if not others_may_write and _open_to_others(folder):
        problems.append(_file_problem(folder.name, "group or others may write in this folder"))
    for name in FILES:
        try:
            contents[name] = _read_one(folder / name, others_may_write=others_may_write)
        except OSError as error:
            problems.append(_file_problem(name, f"cannot be read: {error.strerror}"))
        except FileRefused as refused:
            problems.extend(refused.problems)
    if problems:
        raise FileRefused(problems)
    return contents


def _read_one(path: Path, *, others_may_write: bool) -> bytes:
    content = path.read_bytes()
    if not others_may_write and _open_to_others(path):
        raise FileRefused([_file_problem(path.name, "group or others may write this file")])
    if len(content) > _LARGEST:
        raise FileRefused([_file_problem(path.name, "is larger than 1 MB")])
    return content


def _open_to_others(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _file_problem(file: str, text: str) -> Problem:
    return Problem(file=file, line=1, text=text)


class PolicySource:
    """The policy in force: read once, read again when asked, and kept while what is read is refused."""

    def __init__(self, read_files: Callable[[], Mapping[str, bytes]]) -> None:
        self._read_files = read_files
        self._seen: Mapping[str, bytes] | None = read_files()
        self._current = parse(self._seen)
        self._last_refusal: FileRefused | None = None

    @classmethod
    def of_folder(cls, folder: Path, *, others_may_write: bool = False) -> "PolicySource":
        """A source that reads this folder.

        Raises:
            FileRefused: there is nothing to start with.
        """
        return cls(partial(read, folder, others_may_write=others_may_write))

    @property
    def current(self) -> Policy:
        """The last policy that was right."""
        return self._current

    @property
    def last_refusal(self) -> FileRefused | None:
        """Why the files as they are now are not in force; None when they are."""
        return self._last_refusal

    def refresh(self) -> bool:
        """Read again; True when another policy is in force now. What is refused changes nothing."""
        try:
            return self._take(self._read_files())
        except FileRefused as refused:
            self._seen, self._last_refusal = None, refused
            return False

    def _take(self, contents: Mapping[str, bytes]) -> bool:
        if contents == self._seen:
            return False
        before = self._current.hash
        self._current = parse(contents)
        self._seen, self._last_refusal = contents, None
        return self._current.hash != before


# YAML, and only what is needed of it -----------------------------------------------------------------------


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


class _Document(NamedTuple):
    """One file: its nodes, which know their lines, and what they say."""

    file: str
    root: yaml.Node
    data: object

    def problem(self, where: Where, text: str) -> Problem:
        return Problem(file=self.file, line=_line(self.root, where), text=text)


def _document(file: str, content: bytes) -> _Document:
    text = _text(file, content)
    try:
        root = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise FileRefused([Problem(file=file, line=line, text=str(error.problem))]) from None
    except RecursionError:
        raise FileRefused([_file_problem(file, "is nested too deeply")]) from None
    if not isinstance(root, yaml.MappingNode):
        raise FileRefused([_file_problem(file, "must be a mapping")])
    problems: list[Problem] = []
    data = _data(root, file, problems)
    if problems:
        raise FileRefused(problems)
    return _Document(file, root, data)


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


def _plain(node: yaml.Node) -> Hashable:
    return node.value if isinstance(node, yaml.ScalarNode) else None


# The shape of the files ------------------------------------------------------------------------------------


def _with_key(field: str, written: object) -> object:
    """Give each entry of a mapping its own key as a field."""
    if not isinstance(written, dict):
        return written
    for key, body in written.items():
        if isinstance(body, dict) and field in body:
            raise ValueError(f'the {field} of "{key}" is its key and is not written again')
    return {key: {**body, field: key} if isinstance(body, dict) else body for key, body in written.items()}


def _keyed(field: str) -> BeforeValidator:
    return BeforeValidator(partial(_with_key, field))


class _PeopleFile(Value):
    people: Annotated[dict[PersonId, Person], _keyed("id")]
    groups: Annotated[dict[GroupName, Group], _keyed("name")]


class _RolesFile(Value):
    roles: Annotated[dict[RoleName, Role], _keyed("name")]


class _RulesFile(Value):
    settings: Settings = Settings()
    windows: Annotated[dict[str, Window], _keyed("name")] = Field(default_factory=dict)
    rules: tuple[Rule, ...]
    cases: tuple[Case, ...] = ()


class _CloudsFile(Value):
    aws: Annotated[dict[str, AwsAccount], _keyed("alias")]


_SHAPES: dict[str, type[Value]] = {
    PEOPLE: _PeopleFile,
    ROLES: _RolesFile,
    RULES: _RulesFile,
    CLOUDS: _CloudsFile,
}
_KEYS = {"Person": "id", "Group": "name", "Role": "name", "Window": "name", "AwsAccount": "alias"}


def schema() -> dict[str, Any]:
    """The JSON Schema of the four files, for editors; each file holds its own part of it."""
    properties: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    for shape in _SHAPES.values():
        part = shape.model_json_schema()
        properties.update(part["properties"])
        definitions.update(part["$defs"])
    for name, key in _KEYS.items():
        del definitions[name]["properties"][key]
        definitions[name]["required"].remove(key)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The policy files of prod-access",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": definitions,
    }


def schema_text() -> str:
    """The content of `policies/policy.schema.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


Shape = TypeVar("Shape", bound=Value)


def _shaped(document: _Document | None, shape: type[Shape], problems: list[Problem]) -> Shape | None:
    if document is None:
        return None
    try:
        return shape.model_validate(document.data, by_alias=True, by_name=False)
    except ValidationError as refused:
        errors = refused.errors(include_url=False)
        problems.extend(document.problem(error["loc"], _say(error)) for error in errors)
    return None


def _say(error: ErrorDetails) -> str:
    """A refusal of the models, in the words of somebody who wrote the file."""
    where, given, facts = error["loc"], _shown(error["input"]), error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            text = f'unknown word "{where[-1]}"{did_you_mean(str(where[-1]), _words_at(where))}'
        case "missing":
            text = f'"{where[-1]}" is missing'
        case "value_error":
            text = str(facts["error"])
        case "enum" | "literal_error" | "union_tag_invalid":
            wanted = re.findall(r"'([^']+)'", str(facts.get("expected") or facts.get("expected_tags")))
            text = f"{given} is not one of {', '.join(wanted)}{did_you_mean(str(error['input']), wanted)}"
        case "string_type":
            text = f"{given} must be text; write it in quotes"
        case "string_pattern_mismatch" if facts["pattern"] == NAME_PATTERN:
            text = f"{given} is not a name; use small letters, digits and hyphens"
        case _:
            text = f"{given}: {error['msg'][:1].lower()}{error['msg'][1:]}"
    return text


def _shown(given: object) -> str:
    text = json.dumps(given, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _words_at(where: Where) -> set[str]:
    """The words the files know at this place."""
    whole = schema()
    nodes = _open(whole, whole)
    for step in where[:-1]:
        nodes = [inner for node in nodes for inner in _inside(node, step, whole)] or nodes
    return {word for node in nodes for word in node.get("properties", ())}


def _inside(node: dict[str, Any], step: int | str, whole: dict[str, Any]) -> list[dict[str, Any]]:
    inner = node.get("properties", {}).get(step) or node.get("items") or node.get("additionalProperties")
    return _open(inner, whole) if inner else []


def _open(node: dict[str, Any], whole: dict[str, Any]) -> list[dict[str, Any]]:
    """The node itself, or what it refers to, or all it may be."""
    if "$ref" in node:
        return _open(whole["$defs"][node["$ref"].rsplit("/", 1)[-1]], whole)
    options = node.get("anyOf") or node.get("oneOf")
    return [inner for option in options for inner in _open(option, whole)] if options else [node]


# The names in them, and the cases --------------------------------------------------------------------------

_Found = Iterator[tuple[str, Where, str]]


class _Parts(NamedTuple):
    """The files that have the right shape so far."""

    people: _PeopleFile | None
    roles: _RolesFile | None
    rules: _RulesFile | None
    clouds: _CloudsFile | None


def parse(contents: Mapping[str, bytes]) -> Policy:
    """The policy these files hold, by file name.

    Raises:
        FileRefused: naming everything that is wrong, sorted by file and line.
    """
    problems: list[Problem] = []
    documents = _documents(contents, problems)
    parts = _Parts(
        people=_shaped(documents.get(PEOPLE), _PeopleFile, problems),
        roles=_shaped(documents.get(ROLES), _RolesFile, problems),
        rules=_shaped(documents.get(RULES), _RulesFile, problems),
        clouds=_shaped(documents.get(CLOUDS), _CloudsFile, problems),
    )
    problems.extend(documents[file].problem(where, text) for file, where, text in _misfits(parts))
    people, roles, rules, clouds = parts
    if problems or people is None or roles is None or rules is None or clouds is None:
        raise FileRefused(problems)
    policy = Policy(
        people=People(people=tuple(people.people.values()), groups=tuple(people.groups.values())),
        catalogue=Catalogue(roles=tuple(roles.roles.values())),
        clouds=Clouds(aws=tuple(clouds.aws.values())),
        rules=rules.rules,
        windows=tuple(rules.windows.values()),
        settings=rules.settings,
        cases=rules.cases,
        places=tuple(_places(documents)),
    )
    failures = [
        documents[RULES].problem(("cases", number), text)
        for number, case in enumerate(policy.cases)
        if (text := _failure(policy, case))
    ]
    if failures:
        raise FileRefused(failures)
    return policy


def _documents(contents: Mapping[str, bytes], problems: list[Problem]) -> dict[str, _Document]:
    documents: dict[str, _Document] = {}
    for file in FILES:
        try:
            documents[file] = _document(file, contents[file])
        except FileRefused as refused:
            problems.extend(refused.problems)
    return documents


def _places(documents: Mapping[str, _Document]) -> Iterator[Place]:
    for file, section in ((PEOPLE, "groups"), (ROLES, "roles"), (RULES, "windows"), (RULES, "rules")):
        for name, node in _entries(documents[file].root, section):
            yield Place(section=section, name=name, file=file, line=node.start_mark.line + 1)


def _entries(root: yaml.Node, section: str) -> Iterator[tuple[str, yaml.Node]]:
    """The names of a section and where each is written: the keys of a mapping, or the ids of a list."""
    _, entries = _step(root, section) or (0, None)
    if isinstance(entries, yaml.MappingNode):
        yield from ((key.value, key) for key, _ in entries.value)
    elif isinstance(entries, yaml.SequenceNode):
        yield from ((str(_scalar_at(entry, "id")), entry) for entry in entries.value)


def _scalar_at(node: yaml.Node, key: str) -> Hashable:
    _, found = _step(node, key) or (0, node)
    return _plain(found)


def _misfits(parts: _Parts) -> _Found:
    people, roles, rules, clouds = parts
    if people:
        found = clashes(people.people.values(), people.groups.values())
        yield from ((PEOPLE, where, text) for where, text in found)
    if clouds:
        yield from _shared_ids(clouds)
    if roles and clouds:
        yield from _strange_accounts(roles, clouds)
    if roles and rules:
        yield from _too_short(roles, rules)
    if rules:
        yield from _twice(rules)
        yield from _strange_names(parts, rules)


def _shared_ids(clouds: _CloudsFile) -> _Found:
    seen: set[str] = set()
    for alias, account in clouds.aws.items():
        if account.id in seen:
            yield CLOUDS, ("aws", alias, "id"), f"account {account.id} is here twice"
        seen.add(account.id)


def _strange_accounts(roles: _RolesFile, clouds: _CloudsFile) -> _Found:
    for name, role in roles.roles.items():
        for number, entitlement in enumerate(role.entitlements):
            where = ("roles", name, "entitlements", number)
            account = clouds.aws.get(entitlement.account)
            if account is None:
                yield ROLES, (*where, "account"), unknown("AWS account", entitlement.account, clouds.aws)
                continue
            for policy in entitlement.policies:
                if f"::{account.id}:" not in policy and "::aws:" not in policy:
                    text = f"{policy} is not in account {account.alias} ({account.id})"
                    yield ROLES, (*where, "policies", policy), text


def _too_short(roles: _RolesFile, rules: _RulesFile) -> _Found:
    shortest = rules.settings.shortest_duration
    text = f"is shorter than the shortest duration, {say_duration(shortest)}"
    for name, role in roles.roles.items():
        for word in ("default_duration", "max_duration"):
            if getattr(role, word) < shortest:
                yield ROLES, ("roles", name, word), f"{word} {text}"
    for number, rule in enumerate(rules.rules):
        if rule.max_duration and rule.max_duration < shortest:
            yield RULES, ("rules", number, "max_duration"), f"max_duration {text}"


def _twice(rules: _RulesFile) -> _Found:
    for section, names in (
        ("rules", [str(rule.id) for rule in rules.rules]),
        ("cases", [case.name for case in rules.cases]),
    ):
        for number, name in enumerate(names):
            if name in names[:number]:
                yield RULES, (section, number), f'"{name}" is here twice'


class _Named(NamedTuple):
    """A name in the rules, what it should be the name of, and where it stands."""

    kind: str
    name: str
    where: Where


def _strange_names(parts: _Parts, rules: _RulesFile) -> _Found:
    known: dict[str, Iterable[str]] = {"window": rules.windows}
    if parts.people:
        known |= {"group": parts.people.groups, "person": parts.people.people}
    if parts.roles:
        environments = {role.environment for role in parts.roles.roles.values()}
        known |= {"role": parts.roles.roles, "environment": environments}
    for kind, name, where in _names(rules):
        if kind in known and name not in known[kind]:
            yield RULES, where, unknown(kind, name, known[kind])


def _names(rules: _RulesFile) -> Iterator[_Named]:
    yield from _each("group", rules.settings.may_ask_for_others, ("settings", "may_ask_for_others"))
    yield from _each("group", rules.settings.may_end, ("settings", "may_end"))
    for number, rule in enumerate(rules.rules):
        yield from _matched(rule.match, ("rules", number, "match"))
        for place, approvals in enumerate(rule.approvals):
            yield from _each("group", approvals.groups, ("rules", number, "approvals", place, "from"))
    for number, case in enumerate(rules.cases):
        yield from _in_case(case, ("cases", number))


def _matched(match: Match, where: Where) -> Iterator[_Named]:
    for word, kind in (
        ("requester_in", "group"),
        ("not_requester_in", "group"),
        ("role", "role"),
        ("environment", "environment"),
        ("inside_window", "window"),
        ("outside_window", "window"),
    ):
        yield from _each(kind, getattr(match, word) or (), (*where, word))


def _in_case(case: Case, where: Where) -> Iterator[_Named]:
    yield _Named("person", case.who, (*where, "who"))
    if case.on_behalf_of:
        yield _Named("person", case.on_behalf_of, (*where, "on_behalf_of"))
    yield _Named("role", case.role, (*where, "role"))
    yield from _each("group", case.groups or (), (*where, "from"))


def _each(kind: str, names: Iterable[str], where: Where) -> Iterator[_Named]:
    return (_Named(kind, name, (*where, name)) for name in names)


def _failure(policy: Policy, case: Case) -> str | None:
    """How the answer differs from what the case expects, or nothing."""
    beneficiary = case.on_behalf_of or case.who
    ask = Ask(requester=case.who, beneficiary=beneficiary, role=case.role, duration=case.duration)
    decision = decide(ask, gather(policy, case.who, beneficiary, case.at), policy)
    wanted = f"{case.expect}{_from(case.groups)}"
    if decision.answer == case.expect and (case.groups is None or case.groups == _asked(decision)):
        return None
    return f'case "{case.name}" expects {wanted}, but the answer is {_answer(decision)}'


def _asked(decision: Decision) -> tuple[GroupName, ...]:
    slots: Sequence[ApprovalSlot] = decision.slots if isinstance(decision, AskSomeone) else ()
    return tuple(sorted({group for slot in slots for group in slot.groups}))


def _answer(decision: Decision) -> str:
    match decision:
        case Allow():
            return f"allow, by rule {decision.rule}"
        case AskSomeone():
            return f"ask{_from(_asked(decision))}, by rule {decision.rule}"
        case Refuse():
            return f"refuse: {decision.reasons[0]}"
        case _:
            assert_never(decision)


def _from(groups: Iterable[str] | None) -> str:
    return f" from {', '.join(groups)}" if groups else ""


# What is allowed and still looks wrong ---------------------------------------------------------------------


def lint(policy: Policy) -> tuple[Problem, ...]:
    """What loads and still deserves a look: paths nobody can use or answer, names that nothing uses."""
    found = [
        *(("rules", rule.id, text) for rule in policy.rules for text in _doubts(rule, policy)),
        *(("groups", name, "no rule uses this group") for name in _unused_groups(policy)),
        *(("roles", name, "no rule gives this role to anybody") for name in _closed_roles(policy)),
    ]
    warnings = [_warning(policy, section, name, text) for section, name, text in found]
    return tuple(sorted(warnings, key=lambda one: (one.file, one.line, one.text)))


def _warning(policy: Policy, section: str, name: str, text: str) -> Problem:
    place = policy.place(name, section)
    return Problem(
        file=place.file if place else section, line=place.line if place else 0, text=f"{name}: {text}"
    )


def _doubts(rule: Rule, policy: Policy) -> Iterator[str]:
    if not _can_be_answered(rule, policy):
        yield "its approvals need more people than its groups have"
    if rule.effect is Effect.ALLOW:
        yield from _unreachable(rule, policy)
        yield from _too_wide(rule, policy)
    elif not _roles_of(rule, policy):
        yield "it matches no role"


def _can_be_answered(rule: Rule, policy: Policy) -> bool:
    slots = [ApprovalSlot(groups=one.groups, count=one.count) for one in rule.approvals]
    people = policy.people
    return can_fill(slots, ((person.id, people.groups_of(person.id)) for person in people.people))


def _roles_of(rule: Rule, policy: Policy) -> list[Role]:
    return [role for role in policy.catalogue.roles if rule.match.covers(role)]


def _unreachable(rule: Rule, policy: Policy) -> Iterator[str]:
    roles = _roles_of(rule, policy)
    if not roles:
        yield "it matches no role"
    groups = rule.match.requester_in
    if groups and not any(policy.people.members(group) for group in groups):
        yield "nobody is in its groups"
    denies = [other for other in policy.rules if other.effect is Effect.DENY and _always(other)]
    if roles and all(any(deny.match.covers(role) for deny in denies) for role in roles):
        yield "a deny rule closes it for every role"


def _too_wide(rule: Rule, policy: Policy) -> Iterator[str]:
    if rule.max_duration is None:
        return
    for role in _roles_of(rule, policy):
        caps = [(role.max_duration, "the role")]
        caps += [
            (guardrail.max_duration, f"rule {guardrail.id}")
            for guardrail in policy.rules_for(role.name)
            if guardrail.effect is Effect.REQUIRE and guardrail.max_duration and _always(guardrail)
        ]
        cap, by = min(caps)
        if rule.max_duration > cap:
            most = f"{role.name} is given for at most {say_duration(cap)} by {by}"
            yield f"it says {say_duration(rule.max_duration)}, but {most}"


def _always(rule: Rule) -> bool:
    """Whether the rule looks at nothing but the role."""
    match = rule.match
    conditions = (match.requester_in, match.not_requester_in, match.longer_than)
    return rule.mode is Mode.ENFORCE and not any((*conditions, match.inside_window, match.outside_window))


def _unused_groups(policy: Policy) -> Iterator[GroupName]:
    used = set(policy.settings.may_ask_for_others) | set(policy.settings.may_end)
    for rule in policy.rules:
        used.update(rule.match.requester_in or (), rule.match.not_requester_in or ())
        used.update(group for approvals in rule.approvals for group in approvals.groups)
    return (group.name for group in policy.people.groups if group.name not in used)


def _closed_roles(policy: Policy) -> Iterator[RoleName]:
    for role in policy.catalogue.roles:
        if not any(rule.effect is Effect.ALLOW for rule in policy.rules_for(role.name)):
            yield role.name
