"""schemas/release/workbook.yaml → the words and the look of the consolidated workbook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinguo.errors import SchemaError
from jinguo.forms.documents import read_yaml
from jinguo.release.layout import release_file


@dataclass(frozen=True)
class Design:
    """One field for each key of the file."""

    title: str
    compiler: str
    edition: str
    edition_states: Mapping[str, str]
    draft_warning: str
    fonts: Mapping[str, str]
    colours: Mapping[str, str]
    number_formats: Mapping[int, str]
    marks: Mapping[str, str]
    sheets: Mapping[str, str]
    coverage: str
    coverage_none_left_out: str
    coverage_left_out: str
    coverage_below: str
    legend: str
    noted: str
    provisional: Mapping[str, str]
    comparison: Mapping[str, Any]
    review: Mapping[str, str]
    charts: Mapping[str, Any]
    demonstration: Mapping[str, Any]
    notes: tuple[str, ...]
    span: Mapping[str, Any]
    sources: Mapping[str, str]


@lru_cache(maxsize=8)
def load_design(schemas: Path, form_version: str) -> Design:
    """The design for figures on a version of the form; SchemaError names a key that is missing or unknown."""
    path = release_file(schemas, form_version, "workbook.yaml")
    raw = read_yaml(path)
    names = {field.name for field in fields(Design)}
    for key in names ^ set(raw):
        raise SchemaError(path, key, raw.get(key), sorted(names))
    return Design(**{**raw, "notes": tuple(raw["notes"])})
