"""The manifest 清单 of a published edition: what went in and what came out, each with its sha256."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jinguo.files import file_sha256
from jinguo.periods import Period, Span, stamp
from jinguo.release.model import Edition
from jinguo.warehouse.records import SubmissionRow


def manifest_name(period: Period | Span, number: int) -> str:
    """``湘妇志_202610_第1版_清单.json``."""
    return f"湘妇志_{stamp(period)}_第{number}版_清单.json"


def manifest_bytes(
    edition: Edition, *, rules: str, submissions: Mapping[int, SubmissionRow], outputs: Iterable[Path]
) -> bytes:
    """The manifest as written: the same edition and the same outputs give the same bytes.

    ``rules``: fingerprint of the rule set at the freeze; ``submissions``: the rows of the members, by id. What went
    into a quarter or year are editions of its months, whose own manifests name the files.
    """
    figures = edition.figures
    inputs = _months(edition) if edition.months else _submissions(edition, submissions)
    content = {
        "edition": f"{edition.period}-{edition.number}",
        "period": str(edition.period),
        "number": edition.number,
        "revises": edition.revises,
        "frozen_hash": edition.frozen_hash,
        "frozen_at": edition.frozen_at.isoformat(),
        "published_by": edition.published_by,
        "published_at": edition.published_at.isoformat() if edition.published_at else None,
        "form": {"id": figures.form.id, "version": figures.form.version},
        "rules": rules,
        "inputs": inputs,
        "left_out": [{"unit_code": r.unit.code, "state": r.state, "reason": r.note} for r in figures.left_out],
        "outputs": [{"name": path.name, "sha256": file_sha256(path)} for path in outputs],
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _submissions(edition: Edition, submissions: Mapping[int, SubmissionRow]) -> list[dict[str, Any]]:
    rows = [(report, submissions[report.submission_id]) for report in edition.figures.members]
    return [
        {
            "unit_code": report.unit.code,
            "unit_name": report.unit.org_short,
            "version": row.version,
            "sha256": row.sha256,
            "received_at": row.received_at.isoformat(),
            **({"state": report.state, "reason": report.note} if report.is_provisional else {}),
        }
        for report, row in rows
    ]


def _months(edition: Edition) -> list[dict[str, Any]]:
    return [
        {
            "edition": f"{base.period}-{base.edition}",
            "frozen_hash": base.frozen_hash,
            "manifest": manifest_name(base.period, base.edition or 0),
        }
        for base in edition.months
    ]


def lacks_files(manifest: Path) -> bool:
    """Whether the manifest or a file that it names is not there. What stands in them is for ``damage`` to say."""
    try:
        outputs = json.loads(manifest.read_text("utf-8"))["outputs"]
        return not all(manifest.with_name(item["name"]).exists() for item in outputs)
    except FileNotFoundError:
        return True
    except (ValueError, KeyError):
        return False


def intact_files(manifest: Path, sha256: str) -> frozenset[str]:
    """The names of the files beside a manifest that are as it says; none where itself is not as on record."""
    if not manifest.exists() or file_sha256(manifest) != sha256:
        return frozenset()
    outputs: list[dict[str, Any]] = json.loads(manifest.read_text("utf-8"))["outputs"]
    there = ((item, manifest.with_name(item["name"])) for item in outputs)
    return frozenset(item["name"] for item, path in there if path.exists() and file_sha256(path) == item["sha256"])


def damage(manifest: Path, sha256: str) -> list[str]:
    """What is no longer as it was published, in words: the manifest (on record: ``sha256``), a file beside it.

    A file that was taken away is no damage: the edition writes it again, byte for byte.
    """
    if not manifest.exists():
        return []
    if file_sha256(manifest) != sha256:
        return [f"release: {manifest.name} is not as it was published"]
    outputs: list[dict[str, Any]] = json.loads(manifest.read_text("utf-8"))["outputs"]
    return [
        f"release: {item['name']} is not as it was published"
        for item in outputs
        if (path := manifest.with_name(item["name"])).exists() and file_sha256(path) != item["sha256"]
    ]
