"""Fetching from the operator's channels into the archive, before anything is worked on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from jinguo.errors import SettingsError
from jinguo.flow.office import open_office
from jinguo.intake.channels.definitions import load_channels
from jinguo.intake.channels.fetching import Fetched, fetch_all
from jinguo.intake.channels.model import ChannelError, Credentials
from jinguo.intake.receiving import Intake
from jinguo.settings import Settings, connection_fields

FieldsOf = Callable[[str], Mapping[str, str]]


def fetch_channels(settings: Settings, fields_of: FieldsOf = connection_fields) -> list[Fetched]:
    """One round over all channels, on record; no lock is held while a server is waited for.

    ``fields_of``: a connection's fields by its name: from the environment, or from Airflow in a DAG.
    """
    definitions = load_channels(settings.channels)
    if not definitions:
        return []
    with open_office(settings) as office:
        intake = Intake(office.archive, office.warehouse, settings.now())
        return fetch_all(definitions, intake, lambda name: _credentials(name, fields_of))


def _credentials(connection: str, fields_of: FieldsOf) -> Credentials:
    try:
        fields = dict(fields_of(connection))
    except SettingsError as error:
        raise ChannelError("misconfigured", f"connection {connection}: {error}") from None
    return Credentials(fields.pop("login", ""), fields.pop("password", ""), fields)
