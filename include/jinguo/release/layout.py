"""Where the words, the look and the definitions of a release stand."""

from __future__ import annotations

from pathlib import Path


def release_file(schemas: Path, form_version: str, name: str) -> Path:
    """``schemas/release/<form version>/<name>`` where a version of the form has a file of its own, else
    ``schemas/release/<name>``: they name cells, and a version may call them otherwise."""
    own = schemas / "release" / form_version / name
    return own if own.exists() else schemas / "release" / name
