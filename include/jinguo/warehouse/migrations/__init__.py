"""Schema changes: Alembic, run by the program itself, one file in versions/ for each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError

from jinguo.errors import JinguoError

if TYPE_CHECKING:
    from jinguo.warehouse.engine import Warehouse


def alembic_config() -> Config:
    """Where the migrations are; the connection is given in ``attributes``, never in a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(warehouse: Warehouse) -> None:
    """Bring a warehouse to the newest schema: one transaction, so that a crash leaves the old schema whole.

    Two programs that start at once queue for the write lock; the second finds nothing to do.
    """
    config = alembic_config()
    with warehouse.write() as conn:
        config.attributes["connection"] = conn
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise JinguoError(f"the warehouse {warehouse.engine.url!r} is a newer program's: {error}") from error
