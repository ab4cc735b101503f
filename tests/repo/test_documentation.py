"""What the documents name exists, and what exists is documented: settings, make targets, commands, folders."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text("utf-8")
DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
CODE = [
    file for folder in ("include", "dags", "plugins", "deploy") for file in sorted((PROJECT / folder).rglob("*.py"))
]
MAKEFILE = (PROJECT / "Makefile").read_text("utf-8")


def test_every_setting_is_in_the_readme_and_every_setting_there_exists():
    named = set(re.findall(r"\bJINGUO_[A-Z_]*[A-Z]\b", README))
    used = {name for file in CODE for name in re.findall(r"[\"'](JINGUO_[A-Z_]*[A-Z])[\"']", file.read_text("utf-8"))}
    assert named == used


def test_the_settings_of_compose_are_documented_where_they_are():
    compose = (PROJECT / "docker-compose.yaml").read_text("utf-8")
    assert "make env" in compose
    assert "PYTHON_IMAGE" in compose.split("services:")[0]


def test_every_make_target_that_a_document_names_exists():
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.M))
    for document in DOCUMENTS:
        named = set(re.findall(r"`(?:[^`\n]* )?make ([a-z]+)[^`]*`|^make ([a-z]+)", document.read_text("utf-8"), re.M))
        assert {name for pair in named for name in pair if name} <= targets, document.name


@pytest.mark.parametrize("target", ["setup", "demo", "test", "fuzz", "up", "env", "bench", "lock", "lint"])
def test_every_make_target_is_explained(target):
    assert re.search(rf"^{target}:.*## \S", MAKEFILE, re.M)


@pytest.mark.parametrize("target", ["demo", "test", "up", "env", "bench"])
def test_the_targets_for_newcomers_are_in_the_readme(target):
    assert f"make {target}" in README


@pytest.fixture(scope="module")
def commands() -> set[str]:
    """The sub-commands of `python -m jinguo`, as it lists them itself."""
    help_text = subprocess.run(
        [sys.executable, "-m", "jinguo", "--help"],
        cwd=PROJECT,
        env={"PYTHONPATH": str(PROJECT / "include"), "TERM": "dumb", "COLUMNS": "100", "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    listed = help_text.split("Commands", 1)[1]
    return set(re.findall(r"^[│|\s]*([a-z][a-z-]+)\s{2,}", listed, re.M))


def test_every_command_is_documented_and_every_documented_command_exists(commands):
    named = {name for document in DOCUMENTS for name in re.findall(r"-m jinguo ([a-z]+)", document.read_text("utf-8"))}
    assert named <= commands
    assert commands <= set(re.findall(r"-m jinguo ([a-z]+)", README))


def test_every_file_that_a_document_links_to_is_there():
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:\s]+)\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_dag_file_is_named_in_the_documents():
    text = "\n".join(document.read_text("utf-8") for document in DOCUMENTS)
    assert [file.stem for file in sorted((PROJECT / "dags").glob("*.py")) if file.stem not in text] == []
