"""The documentation says what the code has: settings, commands, policies, links, targets, names of tests."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer.main
from pydantic_settings import BaseSettings

from bot.settings import BotSettings
from bot.slack.manifest import SCOPES
from bot.web.settings import WebSettings
from cli.main import app
from cli.person import TerminalSettings
from policies.files import FILES, FileRefused, parse
from policies.shapes import PAGERS
from workers.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
_SKIPPED = {".venv", ".venv-sandbox", ".uv", ".story", ".faults", ".demo", ".bench", "node_modules"}
PAGES = sorted(page for page in ROOT.rglob("*.md") if not _SKIPPED.intersection(page.relative_to(ROOT).parts))
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _prose(text: str) -> str:
    """The page without its fenced blocks."""
    return _FENCED.sub("", text)


# Settings ---------------------------------------------------------------------------------------------------


def _settings(kind: type[BaseSettings]) -> set[str]:
    names: set[str] = set()
    for field in kind.model_fields.values():
        alias = field.validation_alias
        assert alias is not None
        assert not isinstance(alias, str)
        names.update(str(choice) for choice in getattr(alias, "choices", ()))
    return names


EVERY_SETTING = frozenset().union(*map(_settings, (BotSettings, WebSettings, TerminalSettings)))


def _setting_rows() -> dict[str, str]:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*) \|$", _text("docs/settings.md"), re.MULTILINE)
    assert len({name for name, _ in rows}) == len(rows), "a setting has two rows"
    return dict(rows)


def test_every_setting_is_documented_and_every_documented_setting_exists():
    assert set(_setting_rows()) == EVERY_SETTING


def test_settings_are_documented_for_the_processes_that_read_them():
    _, shared, slack = _text("docs/settings.md").split("\n## ")[:3]
    assert {name for name in _settings(Settings) if f"| `{name}` |" in shared} == _settings(Settings)
    only_slack = _settings(BotSettings) - _settings(Settings)
    assert {name for name in only_slack if f"| `{name}` |" in slack} == only_slack


def test_defaults_are_said_as_they_are():
    rows = _setting_rows()
    for field in BotSettings.model_fields.values():
        (name,) = getattr(field.validation_alias, "choices", ("",))
        said = re.match(r"`([^`]*)`", rows[str(name)])
        if said:
            default = field.default
            shown = str(default).lower() if isinstance(default, bool) else str(default)
            assert said[1] == shown, name


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_setting_named_anywhere_exists(page: Path):
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:PROD_ACCESS|SLACK|REDIS|DATABASE)_[A-Z_]*[A-Z]\b", text))
    assert named <= EVERY_SETTING


# Commands ---------------------------------------------------------------------------------------------------


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 (click's, or the one typer brings along)
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(path), command
        return
    for name, one in inner.items():
        yield from _commands(one, (*path, name))


COMMANDS = dict(_commands(typer.main.get_command(app)))


def _sections() -> dict[str, str]:
    parts = re.split(r"^### `prod-access (.+?)`$", _text("docs/commands.md"), flags=re.MULTILINE)
    names = [re.sub(r" \[?[A-Z]+\]?", "", heading) for heading in parts[1::2]]
    return dict(zip(names, parts[2::2], strict=True))


def test_every_command_is_documented_and_every_documented_command_exists():
    assert set(_sections()) == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_of_a_command_is_in_its_section(name: str):
    options = {
        word
        for one in COMMANDS[name].params
        if one.param_type_name == "option"
        for word in (*one.opts, *one.secondary_opts)
    }
    section = _sections()[name]
    assert {word for word in options - {"--help"} if f"`{word}`" not in section} == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_command_named_anywhere_exists(page: Path):
    for words in re.findall(r"`prod-access ([a-z][a-z -]*)", page.read_text(encoding="utf-8")):
        said = words.split()
        assert any(said[: len(known.split())] == known.split() for known in COMMANDS), words


# Policies ---------------------------------------------------------------------------------------------------


class Example(NamedTuple):
    """A policy file shown in a page, and what it says of itself and is answered with."""

    page: str
    file: str
    refused: bool
    content: str
    answer: str


def _examples(page: str) -> list[Example]:
    blocks = _FENCED.findall(_text(page))
    found = []
    for number, (language, content) in enumerate(blocks):
        if language == "yaml":
            first = content.split("\n", 1)[0].removeprefix("# ")
            file, _, refused = first.partition(", ")
            answer = blocks[number + 1][1] if refused else ""
            found.append(Example(page, file, refused == "refused", content, answer))
    return found


EXAMPLES = [example for page in ("docs/policy.md", "README.md") for example in _examples(page)]


def _around(example: Example) -> dict[str, bytes]:
    """The files an example is read among: the first of each on its page, else the example organisation's."""
    files = {name: (ROOT / "policies/org" / name).read_bytes() for name in (*FILES, PAGERS)}
    for other in reversed(_examples(example.page)):
        if not other.refused:
            files[other.file] = other.content.encode()
    return files | {example.file: example.content.encode()}


def test_there_are_examples_of_every_file():
    assert {example.file for example in EXAMPLES} == {*FILES, PAGERS}


@pytest.mark.parametrize("example", [one for one in EXAMPLES if not one.refused])
def test_every_policy_shown_loads(example: Example):
    parse(_around(example))


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.refused])
def test_every_mistake_shown_is_answered_as_shown(example: Example):
    with pytest.raises(FileRefused) as refused:
        parse(_around(example))
    assert str(refused.value) == example.answer.strip()


def test_matchers_and_words_of_the_rules_are_all_explained():
    schema = _text("policies/policy.schema.json")
    text = _text("docs/policy.md")
    for model in ("Match", "Rule", "Settings", "Case"):
        block = re.search(rf'^    "{model}": \{{\n(.*?)^    \}}', schema, re.MULTILINE | re.DOTALL)
        assert block, model
        words = re.findall(r'^        "(\w+)": \{', block[1], re.MULTILINE)
        assert words
        assert {word for word in words if f"`{word}`" not in text} == set(), model


# AWS --------------------------------------------------------------------------------------------------------


def test_the_spoke_policy_shown_is_the_one_the_adapter_names():
    adapter = _text("workers/clouds/aws/leased_role.py").split('"""')[1]
    page = _text("docs/clouds/aws.md")
    spoke = re.search(r"<!-- spoke policy -->\n+```json\n(.*?)```", page, re.DOTALL)
    assert spoke
    assert set(re.findall(r'"(iam:\w+)"', spoke[1])) - {"iam:PermissionsBoundary"} == set(
        re.findall(r"`(iam:\w+)`", adapter)
    )


# Slack ------------------------------------------------------------------------------------------------------


def test_every_scope_of_the_app_is_explained_and_no_other():
    rows = set(re.findall(r"^\| `([a-z:.]+)` \|", _text("docs/slack.md"), re.MULTILINE))
    assert rows == {*SCOPES, "connections:write"}


# The pages themselves ---------------------------------------------------------------------------------------


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _prose(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_relative_links_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)\s]+)\)", _prose(page.read_text(encoding="utf-8"))):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not anchor or anchor in _anchors(there), target


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_make_targets_named_exist(page: Path):
    targets = {
        target
        for rule in re.findall(r"^([a-z][a-z -]*):(?!=)", _text("Makefile"), re.MULTILINE)
        for target in rule.split()
    }
    named = re.findall(
        r"(?:`|^)make ([a-z][a-z -]*?)(?= [A-Z]|`|\s{2,}|\n|$)", page.read_text("utf-8"), re.MULTILINE
    )
    assert {word for words in named for word in words.split()} <= targets


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_files_and_tests_named_exist(page: Path):
    text = page.read_text(encoding="utf-8")
    tests = "\n".join(one.read_text(encoding="utf-8") for one in (ROOT / "tests").rglob("test_*.py"))
    for path in re.findall(r"`((?:tests|policies|workers|bot|cli|sandbox|bench)/[\w/.-]+\.\w+)`", text):
        assert (ROOT / path).exists(), path
    for name in re.findall(r"`(test_\w+)`", text):
        assert f"def {name}(" in tests, name


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_no_page_names_a_place_of_one_machine(page: Path):
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.~/-])/(?:home|root|work|Users|tmp)/", text)
    assert "!" not in _prose(re.sub(r"<!--.*?-->|`[^`]*`|!\[", "", text, flags=re.DOTALL)), (
        "an exclamation mark"
    )


def test_the_readme_is_short():
    assert len(_text("README.md").splitlines()) < 150
