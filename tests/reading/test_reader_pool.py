"""Reader processes: order, limits, and files that kill them."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from jinguo.errors import JinguoError
from jinguo.reading import pool as pool_module
from jinguo.reading.model import Reading
from jinguo.reading.pool import ReaderPool, ReadRequest
from jinguo.reading.wire import ReadAnswer

from .conftest import SCHEMAS

INCLUDE = Path(pool_module.__file__).parents[2]


@pytest.fixture
def requests(tmp_path, city):
    """Requests for files written on the spot: names with their bytes, None for the city's report."""

    def make(files):
        made = []
        for name, data in files:
            path = tmp_path / name
            path.write_bytes(city if data is None else data)
            made.append(ReadRequest(name, f"{len(made):064d}", path))
        return made

    return make


@pytest.fixture(scope="module")
def pool():
    with ReaderPool(SCHEMAS) as readers:
        yield readers


def far_panic():
    """A workbook whose only cell stands where no grid reaches, in a notation that the scan does not look for."""
    sheet = (
        "<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData>"
        "<row r='1'><c r='A1'><v>1</v></c></row><row r='1048576'><c r = 'XFD1048576'><v>1</v></c></row>"
        "</sheetData></worksheet>"
    )
    book = (
        "<workbook xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main' "
        "xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'>"
        "<sheets><sheet name='a' sheetId='1' r:id='r1'/></sheets></workbook>"
    )
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    relations = "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>{}</Relationships>"
    return {
        "[Content_Types].xml": "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>",
        "_rels/.rels": relations.format(
            f"<Relationship Id='r1' Type='{kind}officeDocument' Target='xl/workbook.xml'/>"
        ),
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": relations.format(
            f"<Relationship Id='r1' Type='{kind}worksheet' Target='worksheets/sheet1.xml'/>"
        ),
        "xl/worksheets/sheet1.xml": sheet,
    }


@pytest.fixture(scope="module")
def killer(tmp_path_factory):
    """Bytes that end calamine's process: seventeen billion cells asked for at once."""
    path = tmp_path_factory.mktemp("killer") / "killer.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in far_panic().items():
            archive.writestr(name, text)
    return path.read_bytes()


def test_results_come_in_order_with_names_as_given(pool, requests):
    files = [("长沙市.xlsx", None), ("照片.xlsx", b"\xff\xd8\xff"), ("空.xlsx", b""), ("again.xlsx", None)]
    readings = list(pool.read(requests(files)))
    assert [(r.file, r.status) for r in readings] == [
        ("长沙市.xlsx", "read"), ("照片.xlsx", "rejected"), ("空.xlsx", "rejected"), ("again.xlsx", "read"),
    ]  # fmt: skip
    assert np.array_equal(readings[0].numbers, readings[3].numbers, equal_nan=True)
    assert readings[0].sha256 == "0" * 64


def test_a_file_that_kills_its_reader_leaves_the_others_alone(pool, requests, killer):
    files = [(f"{number}.xlsx", killer if number in (1, 4) else None) for number in range(6)]
    readings = list(pool.read(requests(files)))
    assert [r.status for r in readings] == ["read", "rejected", "read", "read", "rejected", "read"]
    assert [p.rule_id for p in readings[1].problems] == ["D14"]


def test_a_far_cell_in_a_near_row_is_left_out_when_the_file_is_read_again(pool, requests, city):
    """It ends the first reader, which believes the number of the last row; the second looks at every cell."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(city)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            body = source.read(name)
            if name == "xl/worksheets/sheet2.xml":
                body = body.replace(b"</row>", b'<c r="XFD1048576"><v>1</v></c></row>', 1)
            target.writestr(name, body)
    (reading,) = pool.read(requests([("far.xlsx", buffer.getvalue())]))
    assert (reading.status, [(p.rule_id, p.sheet) for p in reading.problems]) == ("read", [("D33", "01表")])


def test_many_batches_with_a_killer_in_the_first(requests, killer, monkeypatch):
    monkeypatch.setattr(pool_module, "BATCH_FILES", 2)
    files = [(f"{number}.xlsx", killer if number == 1 else b"%PDF") for number in range(9)]
    with ReaderPool(SCHEMAS, workers=2) as readers:
        assert [r.file for r in readers.read(requests(files))] == [name for name, _ in files]


def test_a_reader_killed_from_outside_is_replaced(requests):
    with ReaderPool(SCHEMAS) as readers:
        made = requests([("1.xlsx", None), ("2.xlsx", None)])
        (first,) = readers.read(made[:1])
        os.kill(readers._workers[0].process.pid, signal.SIGKILL)
        (second,) = readers.read(made[1:])
    assert (first.status, second.status) == ("read", "read")


def test_the_watchdog_ends_a_reader_that_takes_too_long(requests, monkeypatch):
    with ReaderPool(SCHEMAS) as readers:
        made = requests([("1.xlsx", None), ("2.xlsx", None), ("3.xlsx", None)])
        list(readers.read(made[:1]))
        os.kill(readers._workers[0].process.pid, signal.SIGSTOP)
        monkeypatch.setattr(pool_module, "SECONDS_PER_FILE", 0.2)
        slow, other = readers.read(made[1:])
    assert (slow.status, [p.rule_id for p in slow.problems]) == ("rejected", ["D14"])
    assert other.status == "read"


def test_requests_are_drawn_as_results_are_taken(pool, requests):
    (request,) = requests([("1.xlsx", b"%PDF")])
    drawn = 0

    def endless():
        nonlocal drawn
        while True:
            drawn += 1
            yield request

    readings = pool.read(endless())
    next(readings)
    assert drawn <= pool_module.BATCH_FILES * (pool_module.BATCHES_AHEAD + 1)
    readings.close()


def test_a_pool_is_usable_after_a_reading_was_given_up(requests):
    with ReaderPool(SCHEMAS) as readers:
        started = readers.read(requests([(f"{number}.xlsx", b"%PDF") for number in range(4)]))
        next(started)
        started.close()
        assert [r.file for r in readers.read(requests([("9.xlsx", None)]))] == ["9.xlsx"]


def test_a_file_gone_from_the_archive_is_our_own_mistake(pool, tmp_path):
    with pytest.raises(JinguoError, match="No such file"):
        list(pool.read([ReadRequest("a.xlsx", "0" * 64, tmp_path / "gone")]))


def test_a_reader_that_does_not_start_is_our_own_mistake(requests, tmp_path):
    with ReaderPool(tmp_path) as readers, pytest.raises(JinguoError, match="does not start"):
        list(readers.read(requests([("1.xlsx", None)])))


def run(*lines):
    environment = {"PYTHONPATH": str(INCLUDE), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", "\n".join(lines)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()


def test_a_reader_starts_without_the_heavy_libraries():
    loaded = run(
        "import sys, pathlib, jinguo.reading.worker as w",
        f"w._import_readers(*map(pathlib.Path, ({str(SCHEMAS)!r}, {str(SCHEMAS / 'units')!r})))",
        "print(*{name.partition('.')[0] for name in sys.modules})",
    )
    assert not {"pandas", "openpyxl", "xlsxwriter", "sqlalchemy", "great_expectations"} & set(loaded)
    assert "python_calamine" in loaded


def test_a_confined_process_writes_no_files_and_has_bounded_memory(tmp_path):
    said = run(
        "import os, resource, jinguo.reading.worker as w",
        f"file = os.open({str(tmp_path / 'x')!r}, os.O_CREAT | os.O_WRONLY)",
        "w.confine()",
        "print(resource.getrlimit(resource.RLIMIT_AS)[0] == w.MEMORY_BYTES)",
        "try:",
        "    os.write(file, b'x')",
        "except OSError as error:",
        "    print(error.errno == 27)",
        "print(resource.getrlimit(resource.RLIMIT_CORE))",
        "print('NoNewPrivs:\\t1' in open('/proc/self/status').read())",
    )
    assert said == ["True", "True", "(0,", "0)", "True"]


def test_our_own_mistake_in_one_file_is_logged_without_its_content(requests, caplog):
    (request,) = requests([("1.xlsx", None)])
    answer = ReadAnswer(Reading("1.xlsx", request.sha256, "rejected"), fault="KeyError at cells.py:1")
    assert pool_module._reading(request, answer).status == "rejected"
    assert caplog.messages == [f"reading {request.sha256}: KeyError at cells.py:1"]
