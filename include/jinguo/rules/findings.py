"""A finding 审核问题: one rule failing at one place of one file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

SEVERITIES = ("error", "query", "info")
SEVERITY_NAMES = {"error": "强制", "query": "核实", "info": "提示"}


@dataclass(frozen=True)
class Finding:
    """``cell``: address of the left-hand operand, "" where the whole file is meant; ``cells``: ids of all operands.

    ``settled_by``: the record by which it asks for nothing any more (``waiver 3``, ``explanation 17``), "" for none.
    """

    rule_id: str
    severity: str
    table: str
    sheet: str
    cell: str
    cell_id: str
    cells: tuple[str, ...]
    value: str
    message: str
    settled_by: str = ""

    def as_json(self) -> dict[str, Any]:
        """The object that ``check --json`` prints; its keys are a contract."""
        shown = {**asdict(self), "cells": list(self.cells)}
        del shown["settled_by"]
        return shown
