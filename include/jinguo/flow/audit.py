"""Proof that nothing was changed behind our back."""

from __future__ import annotations

from jinguo.flow.office import open_office
from jinguo.settings import Settings
from jinguo.warehouse import audit


def verify_all(settings: Settings) -> list[str]:
    """What is broken, in words: the audit chain, then archived files whose bytes no longer fit their name."""
    with open_office(settings) as office:
        with office.warehouse.read() as conn:
            problems = list(audit.verify(conn))
        problems += [f"archive: {sha256} does not match its content" for sha256 in office.archive.damaged()]
        return problems
