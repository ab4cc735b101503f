"""Everything that one run needs, opened once: settings, definitions, warehouse, archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from jinguo.errors import SchemaError
from jinguo.forms.load import form_for
from jinguo.forms.model import Form
from jinguo.intake.archive import Archive
from jinguo.intake.quarantine import Quarantine
from jinguo.periods import Period
from jinguo.review.policy import ReviewPolicy, load_policy
from jinguo.rules.catalogue import RuleBook, load_rules
from jinguo.settings import Settings
from jinguo.units.register import Register, load_register
from jinguo.warehouse.engine import Warehouse, open_warehouse


@dataclass(frozen=True)
class Office:
    """The definitions in force and the stores that belong to one ``JINGUO_HOME``."""

    settings: Settings
    rules: RuleBook | None = None  # other rules than those in force

    @cached_property
    def register(self) -> Register:
        return load_register(self.settings.schemas, self.settings.register)

    @cached_property
    def rulebook(self) -> RuleBook:
        return self.rules or load_rules(self.settings.schemas)

    @cached_property
    def policy(self) -> ReviewPolicy:
        return load_policy(self.settings.schemas)

    @cached_property
    def warehouse(self) -> Warehouse:
        self.settings.home.mkdir(parents=True, exist_ok=True)
        return open_warehouse(self.settings.warehouse_url)

    @cached_property
    def archive(self) -> Archive:
        return Archive(self.settings.archive)

    @cached_property
    def quarantine(self) -> Quarantine:
        return Quarantine.of(self.settings)

    def renew_register(self) -> None:
        """Forgets a register that is no longer the one in force; a run keeps what it began with and never asks."""
        known = self.__dict__.get("register")
        if known is not None and known.folder != self.settings.register:
            del self.__dict__["register"]

    def form(self, period: Period) -> Form:
        return form_for(self.settings.schemas, period)

    def known_form(self, period: Period) -> Form | None:
        """The form of a period, None before the first one."""
        try:
            return self.form(period)
        except SchemaError:
            return None

    def close(self) -> None:
        """Gives the database connections back; an Office that never opened one has nothing to close."""
        if "warehouse" in self.__dict__:
            self.warehouse.engine.dispose()


@contextmanager
def open_office(settings: Settings, *, rules: RuleBook | None = None) -> Iterator[Office]:
    """An Office that closes its connections at the end; ``rules`` None: those in force."""
    office = Office(settings, rules)
    try:
        yield office
    finally:
        office.close()
