"""The names of a unit: what follows from its official name, and the aliases under which files may name it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jinguo.units.register import normalise_name
from jinguo.units.tables import Line, Tables

_ENDINGS = "市县区州"


def names_for(name: str, given: Mapping[str, str], *, before: Mapping[str, str] | None = None) -> dict[str, str]:
    """The columns of units.csv that hold names. What is not ``given`` follows from the name as it did ``before``, or
    by the register's habit (芙蓉区: 芙蓉, 芙蓉区妇女联合会, 芙蓉区妇联)."""
    is_long = len(name) > 2 and name[-1] in _ENDINGS
    names = {
        "name": name,
        "short_name": name[:-1] if is_long else name,
        "org_name": f"{name}妇女联合会",
        "org_short": f"{name}妇联",
    }
    if before and name == before["name"]:
        names |= {key: before[key] for key in names}
    return names | {key: given[key] for key in (*names, "category") if given.get(key)}


def add_aliases(tables: Tables, unit: Line) -> None:
    """The unit's own names as aliases beside those that it had: old names still mean it."""
    short, name = unit["short_name"], unit["name"]
    forms = {
        "官方全称": name,
        "简称": short,
        "妇联全称": unit["org_name"],
        "妇联简称": unit["org_short"],
        "简称+妇联": f"{short}妇联",
        "简称+妇女联合会": f"{short}妇女联合会",
    }
    known = {(normalise_name(line["alias"]), line["code"]) for line in tables.lines["aliases"]}
    for kind, alias in forms.items():
        key = normalise_name(alias), unit["code"]
        if alias and key not in known:
            known.add(key)
            values = {"alias": alias, "code": unit["code"], "kind": kind, "ambiguous": "false"}
            tables.lines["aliases"].append(Line(values))


def mark_ambiguous(aliases: Iterable[Line]) -> None:
    """Sets the flag of every alias: whether it means more than one code."""
    lines = list(aliases)
    meant: dict[str, set[str]] = {}
    for line in lines:
        meant.setdefault(normalise_name(line["alias"]), set()).add(line["code"])
    for line in lines:
        line["ambiguous"] = str(len(meant[normalise_name(line["alias"])]) > 1).lower()
