"""The YAML files in schemas/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from jinguo.errors import SchemaError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """The document in ``path``; SchemaError when it is not YAML."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader, in C
    except yaml.YAMLError as error:
        raise SchemaError(path, "(file)", str(error).replace("\n", " "), "a YAML document") from error
