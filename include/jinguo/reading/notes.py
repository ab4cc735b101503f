"""What is noted while a file is read: problems and normalisations, each with its place."""

from __future__ import annotations

from dataclasses import dataclass, field

from jinguo.reading.model import Normalisation, Problem
from jinguo.reading.numbers import Refusal, written

LONGEST_QUOTE = 120  # characters of a cell's text in a finding: a sentence stays one


@dataclass
class Notes:
    """Collected in the order of reading; ``at`` names the table and sheet that the next notes belong to."""

    problems: list[Problem] = field(default_factory=list)
    normalisations: list[Normalisation] = field(default_factory=list)
    table: str = ""
    sheet: str = ""

    def at(self, table: str, sheet: str) -> None:
        self.table, self.sheet = table, sheet

    def problem(self, rule_id: str, address: str = "", cell_id: str = "", value: object = "", **details: str) -> None:
        quoted = {name: quote(text) for name, text in details.items()}
        self.problems.append(
            Problem(
                rule_id, self.table, self.sheet, address, cell_id, quote(written(value)), {"cell": address, **quoted}
            )
        )

    def refuse(self, refusal: Refusal, address: str, cell_id: str, value: object) -> None:
        self.problem(refusal.rule_id, address, cell_id, value, **refusal.details)

    def normalise(self, address: str, cell_id: str, raw: object, value: str, how: str) -> None:
        self.normalisations.append(Normalisation(self.sheet, address, cell_id, written(raw), value, how))


def quote(text: str, longest: int = LONGEST_QUOTE) -> str:
    """A cell's text as a finding repeats it; the whole of it stands in the file."""
    return text if len(text) <= longest else text[:longest] + "…"
