"""The shape of the files: which words each of them knows, and what is said where another one is written.

The models say what is right. Here they are put together to files, and to one JSON Schema for editors;
and what they refuse is said in the words of somebody who wrote the file.
"""

import json
import re
from functools import partial
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails

from policies.catalogue import Role
from policies.entitlements import Place
from policies.entitlements.aws import AwsAccount
from policies.entitlements.azure import AzureScope
from policies.entitlements.gcp import GcpResource
from policies.entitlements.identity_center import IdentityCenterAccount
from policies.incident import PagerName
from policies.pagers import PagerSetup, Schedule, Service
from policies.people import NAME_PATTERN, Group, Person, did_you_mean
from policies.problems import Problem, Where
from policies.rota import Rota
from policies.rules import Case, Rule, Settings
from policies.strict_yaml import Document
from policies.values import GroupName, PersonId, RoleName, Value
from policies.window import Window

PEOPLE, ROLES, RULES, CLOUDS = FILES = ("people.yaml", "roles.yaml", "rules.yaml", "clouds.yaml")
"""The files of an organisation's policy."""
PAGERS = "pagers.yaml"
"""A file that may be missing: an organisation may have no pagers."""

_SHOWN = 60


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


class PeopleFile(Value):
    """`people.yaml`: people and the groups they are in."""

    people: Annotated[dict[PersonId, Person], _keyed("id")]
    groups: Annotated[dict[GroupName, Group], _keyed("name")]


class RolesFile(Value):
    """`roles.yaml`: the role catalogue."""

    roles: Annotated[dict[RoleName, Role], _keyed("name")]


class RulesFile(Value):
    """`rules.yaml`: settings, windows, rules and their cases."""

    settings: Settings = Settings()
    windows: Annotated[dict[str, Window], _keyed("name")] = Field(default_factory=dict)
    rules: tuple[Rule, ...]
    cases: tuple[Case, ...] = ()


class CloudsFile(Value):
    """`clouds.yaml`: accounts, projects and subscriptions, and how to reach them."""

    aws: Annotated[dict[str, AwsAccount], _keyed("alias")] = Field(default_factory=dict)
    identity_center: Annotated[dict[str, IdentityCenterAccount], _keyed("alias")] = Field(
        default_factory=dict
    )
    gcp: Annotated[dict[str, GcpResource], _keyed("alias")] = Field(default_factory=dict)
    azure: Annotated[dict[str, AzureScope], _keyed("alias")] = Field(default_factory=dict)

    def places(self, cloud: str) -> dict[str, Place]:
        """Every place in one cloud, by its alias."""
        return dict(getattr(self, cloud.replace("-", "_")))


class PagersFile(Value):
    """`pagers.yaml`: pagers, who is on call, and what a page may lead to."""

    pagers: Annotated[dict[PagerName, PagerSetup], _keyed("name")] = Field(default_factory=dict)
    schedules: Annotated[dict[str, Schedule], _keyed("name")] = Field(default_factory=dict)
    services: Annotated[dict[str, Service], _keyed("name")] = Field(default_factory=dict)
    rotas: Annotated[dict[str, Rota], _keyed("name")] = Field(default_factory=dict)


class Parts(NamedTuple):
    """The files that have the right shape so far."""

    people: PeopleFile | None
    roles: RolesFile | None
    rules: RulesFile | None
    clouds: CloudsFile | None
    pagers: PagersFile | None = None


_SHAPES: dict[str, type[Value]] = {
    PEOPLE: PeopleFile,
    ROLES: RolesFile,
    RULES: RulesFile,
    CLOUDS: CloudsFile,
    PAGERS: PagersFile,
}
_KEYS = {
    "Person": "id",
    "Group": "name",
    "Role": "name",
    "Window": "name",
    "AwsAccount": "alias",
    "IdentityCenterAccount": "alias",
    "GcpResource": "alias",
    "AzureScope": "alias",
    "PagerSetup": "name",
    "Schedule": "name",
    "Service": "name",
    "Rota": "name",
}


def schema() -> dict[str, Any]:
    """The JSON Schema of the files, for editors; each file holds its own part of it."""
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


def shaped(document: Document | None, shape: type[Shape], problems: list[Problem]) -> Shape | None:
    """What a document says, in this shape; None where it has another one, with the problems added."""
    if document is None:
        return None
    try:
        return shape.model_validate(document.data, by_alias=True, by_name=False)
    except ValidationError as refused:
        errors = _own(refused.errors(include_url=False))
        problems.extend(document.problem(error["loc"], _say(error)) for error in errors)
    return None


def _own(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without what only follows from another: entries that are wrong do not make their list too short."""
    places = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if error["type"] != "too_short" or not any(_is_inside(place, error["loc"]) for place in places)
    ]


def _is_inside(place: Where, whole: Where) -> bool:
    return len(place) > len(whole) and place[: len(whole)] == whole


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
            said = facts.get("tag", error["input"])
            text = f"{_shown(said)} is not one of {', '.join(wanted)}{did_you_mean(str(said), wanted)}"
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
    nodes = _resolved(whole, whole)
    for step in where[:-1]:
        nodes = [inner for node in nodes for inner in _inside(node, step, whole)] or nodes
    return {word for node in nodes for word in node.get("properties", ())}


def _inside(node: dict[str, Any], step: int | str, whole: dict[str, Any]) -> list[dict[str, Any]]:
    inner = node.get("properties", {}).get(step) or node.get("items") or node.get("additionalProperties")
    return _resolved(inner, whole) if inner else []


def _resolved(node: dict[str, Any], whole: dict[str, Any]) -> list[dict[str, Any]]:
    """The node itself, or what it refers to, or all it may be."""
    if "$ref" in node:
        return _resolved(whole["$defs"][node["$ref"].rsplit("/", 1)[-1]], whole)
    options = node.get("anyOf") or node.get("oneOf")
    return [inner for option in options for inner in _resolved(option, whole)] if options else [node]
