"""The rule catalogue as data."""

from __future__ import annotations

from typing import Any

from jinguo.errors import Refused
from jinguo.forms.load import form_for
from jinguo.periods import Period
from jinguo.rules.catalogue import as_json, load_rules
from jinguo.settings import Settings


def catalogue(settings: Settings, table: str | None = None) -> list[dict[str, Any]]:
    """One row per rule, in the order of the files; those of one table where ``table`` is given."""
    rulebook = load_rules(settings.schemas)
    form = form_for(settings.schemas, Period.of_date(settings.now().date()))
    known = [item.id for item in form.tables] + ["cover"]
    if table is not None and table not in known:
        raise Refused(f"--table {table}: no such table (tables: {', '.join(known)})")
    rules = rulebook.rules if table is None else rulebook.for_table(table)
    return [as_json(rule, form) for rule in rules]
