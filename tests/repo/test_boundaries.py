"""Who may import what, how large a file may grow, and what the project must never contain."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LIBRARY = PROJECT / "include" / "jinguo"
MIGRATIONS = LIBRARY / "warehouse" / "migrations"


def python_files(*folders: str) -> list[Path]:
    return [file for folder in folders for file in sorted((PROJECT / folder).rglob("*.py"))]


def imports(file: Path) -> set[str]:
    """Every module that a file imports, wherever in it."""
    modules = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
    return modules


def roots(file: Path) -> set[str]:
    return {module.split(".")[0] for module in imports(file)}


@pytest.mark.parametrize("file", python_files("include"), ids=lambda file: str(file.relative_to(LIBRARY)))
def test_the_library_knows_nothing_of_airflow_or_the_web(file):
    assert roots(file) & {"airflow", "fastapi", "starlette", "jinguo_plugin"} == set()
    if "great_expectations" in roots(file):
        assert file == LIBRARY / "rules" / "expectations.py"


@pytest.mark.parametrize("file", python_files("dags", "plugins"), ids=lambda file: file.stem)
def test_dags_and_plugins_hold_no_domain_logic(file):
    forbidden = {
        "pandas",
        "numpy",
        "sqlalchemy",
        "openpyxl",
        "xlsxwriter",
        "python_calamine",
        "great_expectations",
        "yaml",
    }
    assert roots(file) & forbidden == set()


# The reader pool hands PATH and the like on to its child processes; it takes no setting from there.
ENVIRONMENT_READERS = {"settings.py", "reading/pool.py"}


def test_only_settings_read_the_environment():
    readers = {
        str(file.relative_to(LIBRARY))
        for file in python_files("include")
        if re.search(r"os\.environ|getenv", file.read_text("utf-8"))
    }
    assert readers == ENVIRONMENT_READERS


@pytest.mark.parametrize(
    "file",
    python_files("include", "dags", "plugins", "deploy", "bench", "tests"),
    ids=lambda file: str(file.relative_to(PROJECT)),
)
def test_no_module_grows_out_of_hand(file):
    assert len(file.read_text("utf-8").splitlines()) <= 600


@pytest.mark.parametrize(
    "file", python_files("include", "dags", "plugins", "deploy"), ids=lambda file: str(file.relative_to(PROJECT))
)
def test_no_function_grows_out_of_hand(file):
    """A function that only holds tasks (a DAG) is measured by its file."""
    if file.is_relative_to(MIGRATIONS) or file.parent.name == "dags":
        return
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(node.body) > 1
            start = node.body[1].lineno if has_docstring else node.lineno
            assert node.end_lineno - start < 45, f"{file.name}: {node.name}"


@pytest.fixture(scope="module")
def tracked_texts() -> dict[str, str]:
    """What is in the repository (or would be), by path: text files only."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    )
    texts = {}
    for name in filter(None, listing.stdout.split("\0")):
        path = PROJECT / name
        if path.suffix in {".png", ".xlsx", ".xls", ".bin", ".ttf"} or not path.is_file():
            continue
        texts[name] = path.read_text("utf-8")
    return texts


def test_no_machine_and_no_registry_is_named(tracked_texts):
    """Paths of somebody's machine and hosts of package registries do not belong into a repository."""
    machine = re.compile("/" + r"(?:work|root|home/\w+)/\w|/" + r"opt/(?:pypi|wheels)")
    registry = re.compile(
        r"pypi\." + r"org|pythonhosted\." + r"org|--(?:extra-)?index-url|registry\." + r"npmjs|deb\." + "debian"
    )
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in tracked_texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if machine.search(line) or registry.search(line)
    ]
    assert found == []


def test_nothing_is_left_for_later(tracked_texts):
    words = re.compile(
        "TO"
        + r"DO|FIX"
        + r"ME|X"
        + r"XX\b|NotImplemented"
        + r"Error\(|pytest\.mark\."
        + r"(?:skip|xfail)|pytest\."
        + "skip"
    )
    found = [
        f"{name}:{number}"
        for name, text in tracked_texts.items()
        if name.endswith(".py")
        for number, line in enumerate(text.splitlines(), 1)
        if words.search(line)
    ]
    assert found == []


def test_every_requirement_has_a_version_and_hashes():
    wanted = {
        re.split(r"[\[=<>;]", line.split("#")[0].strip())[0].lower()
        for line in (PROJECT / "requirements.in").read_text("utf-8").splitlines()
        if line.split("#")[0].strip()
    }
    locked = (PROJECT / "requirements.txt").read_text("utf-8")
    pins = re.findall(
        r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==\S+(.*)$((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+)", locked, re.M
    )
    assert wanted <= {name for name, *_ in pins}
    assert len(pins) == len(re.findall(r"^[a-z0-9]", locked, re.M))


def test_every_requirement_has_a_reason():
    for line in (PROJECT / "requirements.in").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            assert re.search(r"# \S", line), line
