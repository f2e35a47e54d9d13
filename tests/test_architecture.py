"""The shape of the code: rings, no cycles, short functions, and nothing that happens by itself."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from importlinter.cli import lint_imports
from pydantic_settings import BaseSettings

from bot.settings import BotSettings
from workers.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
RINGS = ("bot", "cli", "policies", "workers")
PACKAGES = (*RINGS, "sandbox")
LONGEST = 50
CLIENTS = {
    "GcpClient",
    "AzureClient",
    "IdentityCenterClient",
    "App",
    "AwsClient",
    "BotSettings",
    "Client",
    "Ledger",
    "Popen",
    "Redis",
    "Session",
    "Settings",
    "SocketModeHandler",
    "Starlette",
    "Thread",
    "WebClient",
    "client",
    "connect",
    "create_engine",
    "from_url",
    "open_engine",
    "resource",
}
"""What makes a connection, a process, a thread, or reads the environment."""
ENVIRONMENT = {
    "workers/supervisor.py": "children get our environment and their own additions",
    "cli": "the doors pass the environment on to what they start",
    "sandbox": "the pretend world starts processes of its own",
}
PATCHES = {"setattr", "delattr", "setitem", "delitem"}


def files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module(path: Path) -> str:
    name = short(path).removesuffix(".py").replace("/", ".")
    return name.removesuffix(".__init__")


TESTS = [path for path in files("tests") if path.name.startswith("test_")]
MODULES = {module(path): path for path in files(*PACKAGES)}


def every(kind: type[ast.AST], *folders: str) -> Iterator[tuple[Path, ast.AST]]:
    for path in files(*folders):
        yield from ((path, node) for node in ast.walk(tree(path)) if isinstance(node, kind))


def dotted(node: ast.AST) -> str:
    """`a.b.c` for such an expression, an empty string for any other."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{dotted(value)}.{name}"
        case _:
            return ""


def imported(path: Path) -> set[str]:
    """The modules of ours that a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        match node:
            case ast.Import(names=names):
                found.update(alias.name for alias in names)
            case ast.ImportFrom(module=str(origin), names=names):
                inside = {f"{origin}.{alias.name}" for alias in names} & set(MODULES)
                found.update(inside or {origin})
    return found & set(MODULES)


# Rings


def test_every_ring_imports_only_what_it_may(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(ROOT)
    lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)
    assert "Contracts: 5 kept, 0 broken." in capsys.readouterr().out


def test_every_package_of_the_product_is_in_a_ring():
    here = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert here - {"bench"} == set(PACKAGES)


def test_no_module_imports_itself_by_way_of_others():
    graph = {name: imported(path) - {name} for name, path in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        pytest.fail(" → ".join(cycle.args[1]))


def test_a_cycle_would_be_found():
    with pytest.raises(CycleError):
        TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()


def test_imports_inside_functions_are_counted():
    assert "workers.clouds.aws.client" in imported(ROOT / "workers/adapters.py")


# Functions


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function from its `def`, its docstring left out."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    match function.body[0]:
        case ast.Expr(value=ast.Constant(value=str())) as docstring:
            return lines - ((docstring.end_lineno or 0) - docstring.lineno + 1)
    return lines


def functions(*folders: str) -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for kind in (ast.FunctionDef, ast.AsyncFunctionDef):
        for path, node in every(kind, *folders):
            assert isinstance(node, kind)
            yield path, node


def test_no_function_is_longer_than_a_screen():
    long = [
        f"{short(path)}:{function.lineno} {function.name} has {length(function)} lines"
        for path, function in functions(*PACKAGES, "tests")
        if length(function) > LONGEST and "migrations/versions" not in short(path)  # written by alembic
    ]
    assert long == []


# Pure rules


def calls(*folders: str) -> Iterator[tuple[Path, ast.Call, str]]:
    for path, node in every(ast.Call, *folders):
        assert isinstance(node, ast.Call)
        yield path, node, dotted(node.func)


def test_only_one_module_of_the_rules_opens_files():
    opening = re.compile(r"(^|\.)(open|read_text|read_bytes|write_text|write_bytes|iterdir|glob|rglob)$")
    found = {short(path) for path, _, name in calls("policies") if opening.search(name)}
    assert found <= {"policies/files.py"}


def test_the_rules_look_at_no_clock():
    looking = re.compile(r"(^|\.)(datetime\.(now|utcnow|today)|date\.today)$|^time\.")
    found = [
        f"{short(path)}:{call.lineno} {name}"
        for path, call, name in calls("policies")
        if looking.search(name)
    ]
    assert found == []
    assert [short(path) for path in files("policies") if "time" in plain_imports(path)] == []


def test_the_rules_draw_no_lots():
    drawing = {"random", "secrets", "uuid"}
    assert [short(path) for path in files("policies") if plain_imports(path) & drawing] == []


def plain_imports(path: Path) -> set[str]:
    """The top-level names a file imports."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        match node:
            case ast.Import(names=names):
                found.update(alias.name.split(".")[0] for alias in names)
            case ast.ImportFrom(module=str(origin)):
                found.add(origin.split(".")[0])
    return found


# What would happen by itself, or unseen


def test_the_environment_is_read_in_settings_only():
    readers = {
        short(path)
        for path, node in every(ast.Attribute, *PACKAGES)
        if dotted(node) in {"os.environ", "os.getenv", "os.putenv"}
    }
    unexpected = {name for name in readers if not name.startswith(tuple(ENVIRONMENT))}
    assert unexpected == set()


def at_import(node: ast.AST) -> Iterator[ast.Call]:
    """The calls that run when a module is imported: those outside functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "__main__" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Call):
            yield child
        yield from at_import(child)


def test_nothing_is_made_when_a_module_is_imported():
    made = [
        f"{short(path)}:{call.lineno} {dotted(call.func)}"
        for path in files("bot", "cli", "sandbox", "workers")
        for call in at_import(tree(path))
        if dotted(call.func).rpartition(".")[2] in CLIENTS
    ]
    assert made == []


def test_pickles_are_never_opened():
    unpickling = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
    assert [short(path) for path in files(*PACKAGES) if plain_imports(path) & unpickling] == []


def test_text_is_never_run():
    running = {"eval", "exec", "compile", "os.system", "__import__"}
    assert [f"{short(path)}:{call.lineno}" for path, call, name in calls(*PACKAGES) if name in running] == []


def test_no_path_of_one_machine_is_written_down():
    machine = re.compile(r"/(home|root|Users|work)/\w")
    found = [
        short(path) for path in files(*PACKAGES, "tests") if machine.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


# Settings


def variables(settings: type[BaseSettings]) -> Mapping[str, str]:
    """The environment variable of each setting."""
    aliases = {name: field.validation_alias for name, field in settings.model_fields.items()}
    return {name: str(getattr(alias, "choices", ["none"])[0]) for name, alias in aliases.items()}


@pytest.mark.parametrize("settings", [Settings, BotSettings])
def test_every_setting_is_in_the_documentation(settings: type[BaseSettings]):
    page = ROOT / "docs/settings.md"
    if not page.exists():
        pytest.skip("docs/settings.md is not written yet")
    text = page.read_text(encoding="utf-8")
    assert [name for name in variables(settings).values() if f"`{name}`" not in text] == []


# Tests


def patches(path: Path) -> int:
    """How often a file puts something in the place of something else."""
    names = [dotted(node.func) for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    swapped = [name for name in names if name.rpartition(".")[2] in PATCHES and "." in name]
    return len(swapped) + sum(name.split(".")[0] in {"mock", "mocker", "patch"} for name in names)


def test_hardly_anything_is_patched():
    written = files("tests")
    count = sum(1 for _, function in functions("tests") if function.name.startswith("test_"))
    patched = {short(path): patches(path) for path in written if patches(path)}
    assert sum(patched.values()) <= 0.1 * count, patched


def sleeps(node: ast.AST, *, in_a_loop: bool = False) -> Iterator[ast.Call]:
    """The sleeps of a file that no loop looks again after."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and dotted(child.func).rpartition(".")[2] == "sleep" and not in_a_loop:
            yield child
        yield from sleeps(child, in_a_loop=in_a_loop or isinstance(child, ast.While | ast.For))


def test_no_test_sleeps_and_hopes():
    found = [f"{short(path)}:{call.lineno}" for path in TESTS for call in sleeps(tree(path))]
    assert found == []
