"""schemas/review/policy.yaml → which explanations count without a steward, and how long they are remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinguo.errors import SchemaError
from jinguo.forms.documents import read_yaml
from jinguo.rules.catalogue import load_rules


@dataclass(frozen=True)
class Memory:
    """How long an accepted explanation is remembered (reporting months after its own), and how far the value may move
    from the one explained (per cent)."""

    months: int
    band_pct: int


@dataclass(frozen=True)
class ReviewPolicy:
    """``automatic``: rules whose explanations need no steward. ``by_rule``: where memory is not the ``usual`` one."""

    automatic: frozenset[str]
    usual: Memory
    by_rule: Mapping[str, Memory]

    def memory_of(self, rule_id: str) -> Memory:
        return self.by_rule.get(rule_id, self.usual)


@lru_cache(maxsize=8)
def load_policy(schemas: Path) -> ReviewPolicy:
    """The policy in force; SchemaError where it names a rule that asks for no explanation, or an impossible number."""
    path = schemas / "review" / "policy.yaml"
    raw = read_yaml(path)
    remembered = raw["remembered"]
    usual = {"months": remembered["months"], "band_pct": remembered["band_pct"]}
    queries = {rule.id for rule in load_rules(schemas).rules if rule.severity == "query"}
    _accept(path, "automatic", raw["automatic"], queries)
    _accept(path, "remembered.rules", remembered["rules"], queries)
    return ReviewPolicy(
        automatic=frozenset(raw["automatic"]),
        usual=_memory(path, "remembered", usual),
        by_rule={
            rule_id: _memory(path, f"remembered.rules.{rule_id}", usual | own)
            for rule_id, own in remembered["rules"].items()
        },
    )


def _accept(path: Path, key: str, rule_ids: Iterable[str], queries: set[str]) -> None:
    for rule_id in rule_ids:
        if rule_id not in queries:
            raise SchemaError(path, key, rule_id, sorted(queries))


def _memory(path: Path, key: str, values: Mapping[str, object]) -> Memory:
    for name, value in values.items():
        if name not in ("months", "band_pct"):
            raise SchemaError(path, key, name, "months, band_pct")
        if not isinstance(value, int) or value < 0:
            raise SchemaError(path, f"{key}.{name}", value, "a whole number from 0")
    return Memory(**values)
