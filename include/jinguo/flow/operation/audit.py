"""Proof that nothing was changed behind our back."""

from __future__ import annotations

from jinguo.flow.intake.quarantine import archived_files
from jinguo.flow.office import open_office
from jinguo.flow.release.edition_files import damaged_releases
from jinguo.settings import Settings
from jinguo.warehouse import audit


def verify_all(settings: Settings) -> list[str]:
    """What is broken, in words: the audit chain, archived and quarantined files that are not as they came, published
    files that are not those of their manifest."""
    with open_office(settings) as office:
        with office.warehouse.read() as conn:
            problems = list(audit.verify(conn))
            known = archived_files(office, conn)
        problems += [f"archive: {sha256} is not there as it came" for sha256 in office.archive.damaged(known)]
        problems += [f"quarantine: {sha256} cannot be opened as it came" for sha256 in office.quarantine.damaged()]
        return problems + damaged_releases(office)
