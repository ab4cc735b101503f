"""The rules alone: engine and Great Expectations over 500, 2,000 and 29,500 reports, each count in a fresh process.

    JINGUO_SCHEMAS=… JINGUO_NOW=… python bench/rules.py FOLDER PERIOD COUNT

The first of the small workbooks in FOLDER are read once and taken as often as it needs for COUNT. The engine is given
them in the chunks that ``collect`` makes, and the garbage is collected between them as there; the gate gets a grid of
all of them, as in ``validate_month``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import resource
import sys
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "include"))

DISTINCT_FILES = 500


def run(folder: Path, period_text: str, count: int) -> dict[str, Any]:
    """Stages engine and gate: seconds of CPU, and the MB by which the peak rose."""
    import numpy as np
    from jinguo.flow.heap import quiet_heap
    from jinguo.flow.intake.collect import CHUNK_FILES
    from jinguo.flow.office import open_office
    from jinguo.flow.predecessors import period_context
    from jinguo.periods import Period
    from jinguo.reading.report import read_report
    from jinguo.rules.batch import ReportBatch
    from jinguo.rules.engine import check_batch
    from jinguo.settings import load_settings

    settings, period = load_settings(), Period.parse(period_text)
    with open_office(settings) as office, office.warehouse.read() as conn:
        files = [path for path in sorted(folder.iterdir()) if len(path.name.split("_")[0]) == 12][:DISTINCT_FILES]
        readings = []
        for path in files:
            data = path.read_bytes()
            reading = read_report(path.name, hashlib.sha256(data).hexdigest(), data, schemas=settings.schemas)
            readings.append(dataclasses.replace(reading, normalisations=[], answers=[]))
        known = period_context(office, conn, period, [reading.unit_code for reading in readings])
        units = [office.register.by_code[reading.unit_code] for reading in readings]
        contexts = [known.check_context(office, *one, settings.now()) for one in zip(units, readings, strict=True)]
        around = {"form": office.form(period), "rulebook": office.rulebook, "register": office.register}
        check_batch(readings[:1], contexts[:1], **around)  # rules are compiled once, whatever the count

        reports = list(islice(cycle(zip(readings, contexts, strict=True)), count))
        before, started = _peak(), time.process_time()
        with quiet_heap() as collect_garbage:
            for first in range(0, count, CHUNK_FILES):
                chunk = reports[first : first + CHUNK_FILES]
                check_batch([reading for reading, _ in chunk], [context for _, context in chunk], **around)
                collect_garbage()
        engine = time.process_time() - started, _peak() - before

        from jinguo.rules.expectations import PeriodValidation

        numbers = np.stack([reading.numbers for reading, _ in reports])
        batch = ReportBatch([context.unit.code for _, context in reports], _slices_of(reports), **around)
        validation = PeriodValidation(period_text, at=settings.now(), site=settings.home / "docs")
        before, started = _peak(), time.process_time()
        validation.check_reports(batch, numbers)
        gate = time.process_time() - started, _peak() - before
    return {"stages": {"engine": engine, "gate": gate}, "peak_mb": [_peak()]}


def _slices_of(reports: list[tuple[Any, Any]]) -> Any:
    """What the gate loads its reports by, as if they came from the warehouse."""
    return lambda chosen: tuple(zip(*reports[chosen], strict=True))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
