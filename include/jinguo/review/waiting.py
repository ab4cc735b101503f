"""Whose turn it is: for every report that is not settled, the unit that has to act next. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_ABOVE = ("held", "quarantined")  # only a person of the level above can decide
_SETTLED = ("accepted", "excluded")


@dataclass(frozen=True)
class Turn:
    """Where one unit's report stands. ``state``: of its newest version, or ``missing``; ``is_answered``: what it was
    asked has been explained; ``is_stale``: its report in force has been overtaken by those below; ``below``: the codes
    of the units that report to it."""

    receiver: str
    state: str
    is_answered: bool = False
    is_stale: bool = False
    below: Sequence[str] = ()


def is_open(turn: Turn) -> bool:
    """Whether somebody still has to do something about a unit's own report."""
    return turn.state not in _SETTLED or turn.is_stale


def open_below(code: str, turns: Mapping[str, Turn]) -> list[str]:
    """The units that report to ``code`` and are not settled, in their order."""
    return [below for below in turns[code].below if below in turns and is_open(turns[below])]


def waits_for(code: str, turns: Mapping[str, Turn]) -> str | None:
    """The code of the unit that has to act next for ``code``'s report; None: nobody.

    A unit that has sent nothing waits for the first of those below that are not settled: it cannot sum what has not
    come. Those above decide what is held and what was explained; everything else is the unit's own to put right.
    """
    turn = turns[code]
    if not is_open(turn):
        return None
    if turn.state == "missing" and (waiting := open_below(code, turns)):
        return waits_for(waiting[0], turns)
    if turn.state in _ABOVE or (turn.state == "awaiting_explanation" and turn.is_answered):
        return turn.receiver
    return code
