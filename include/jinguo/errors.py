"""Errors that are our own or the operator's mistake. Bad data never raises: it becomes a finding."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from pathlib import Path


class JinguoError(Exception):
    """Base of every error that the command line prints as one line."""


class SettingsError(JinguoError):
    """An environment variable has a value that cannot be used."""

    def __init__(self, name: str, value: str, accepted: str) -> None:
        super().__init__(f"{name}={value!r}: accepted is {accepted}")


class SchemaError(JinguoError):
    """A file under schemas/ says something that cannot be: names file, key, value and what is accepted."""

    def __init__(self, file: Path | str, key: str, value: object, accepted: str | Iterable[object]) -> None:
        wanted = accepted if isinstance(accepted, str) else ", ".join(str(item) for item in accepted)
        super().__init__(f"{file}: {key}: {value!r} (accepted: {wanted})")


class Refused(JinguoError):  # noqa: N818 - a word of the command-line contract, not a fault
    """A request that is understood and not allowed, for example accepting a report with errors (exit status 3)."""


class NotYours(Refused):
    """Who asks may not do this, whatever the state of things."""


class Stale(Refused):
    """The request was about a state of things that is no longer so: somebody else was faster."""


class Busy(Refused):
    """Somebody else is working on the data directory; the same request may succeed a little later."""


class RuleError(JinguoError):
    """A rule that could not be run: a mistake of ours, never of the data. Says where, and nothing that a file said."""

    def __init__(self, rule_id: str, error: Exception) -> None:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        super().__init__(f"rule {rule_id} could not be run ({type(error).__name__} in {where}); no file was judged")
        self.rule_id = rule_id
