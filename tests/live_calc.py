"""LibreOffice as a clerk uses it: a workbook is opened once, values are typed, it computes, the sheets are looked at.

Opening and saving a workbook costs seconds, typing into it milliseconds. A macro in a profile of its own does the
typing and writes down what it sees; ``typed_into`` puts the same values into the same file for the pipeline.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

Typed = Mapping[tuple[str, str], object]  # (sheet, address) → number, text, date, None: emptied
_EPOCH = dt.date(1899, 12, 30).toordinal()
_MACRO = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" script:language="StarBasic">
Sub Main(jobUrl As String, resultUrl As String)
  On Error Goto Failed
  Dim fs, reader, writer, doc, sheet, cell, data, parts, i, j, n
  Dim cells(5000), kinds(5000), olds(5000)
  Dim hidden(0) As New com.sun.star.beans.PropertyValue
  hidden(0).Name = "Hidden"
  hidden(0).Value = True
  fs = createUnoService("com.sun.star.ucb.SimpleFileAccess")
  writer = createUnoService("com.sun.star.io.TextOutputStream")
  writer.setOutputStream(fs.openFileWrite(resultUrl))
  writer.setEncoding("UTF-8")
  reader = createUnoService("com.sun.star.io.TextInputStream")
  reader.setInputStream(fs.openFileRead(jobUrl))
  reader.setEncoding("UTF-8")
  n = 0
  Do While Not reader.isEOF()
    parts = Split(reader.readLine(), Chr(9))
    Select Case parts(0)
    Case "open"
      doc = StarDesktop.loadComponentFromURL(parts(1), "_blank", 0, hidden())
      doc.enableAutomaticCalculation(False)
    Case "close"
      doc.close(False)
    Case "set"
      cell = doc.Sheets.getByName(parts(1)).getCellRangeByName(parts(2))
      cells(n) = cell
      kinds(n) = cell.Type
      If cell.Type = com.sun.star.table.CellContentType.VALUE Then
        olds(n) = cell.Value
      Else
        olds(n) = cell.Formula
        If cell.Type = com.sun.star.table.CellContentType.TEXT Then olds(n) = cell.String
      End If
      n = n + 1
      If parts(3) = "number" Then
        cell.setValue(Val(parts(4)))
      ElseIf parts(3) = "text" Then
        cell.setString(parts(4))
      Else
        cell.clearContents(23)
      End If
    Case "read"
      doc.calculate()
      writer.writeString("workbook" &amp; Chr(9) &amp; parts(1) &amp; Chr(10))
      For i = 0 To doc.Sheets.Count - 1
        sheet = doc.Sheets.getByIndex(i)
        If Right(sheet.Name, 1) = "表" Or sheet.Name = "自检" Then
          cell = sheet.createCursor()
          cell.gotoEndOfUsedArea(True)
          data = cell.getDataArray()
          writer.writeString("sheet" &amp; Chr(9) &amp; sheet.Name &amp; Chr(10))
          For j = 0 To UBound(data)
            writer.writeString("row" &amp; Chr(9) &amp; Join(data(j), Chr(9)) &amp; Chr(10))
          Next j
        End If
      Next i
      Do While n &gt; 0
        n = n - 1
        If kinds(n) = com.sun.star.table.CellContentType.VALUE Then
          cells(n).setValue(olds(n))
        ElseIf kinds(n) = com.sun.star.table.CellContentType.TEXT Then
          cells(n).setString(olds(n))
        ElseIf kinds(n) = com.sun.star.table.CellContentType.FORMULA Then
          cells(n).setFormula(olds(n))
        Else
          cells(n).clearContents(23)
        End If
      Loop
    End Select
  Loop
  writer.writeString("done" &amp; Chr(10))
  writer.closeOutput()
  StarDesktop.terminate()
  Exit Sub
Failed:
  writer.writeString("failed" &amp; Chr(9) &amp; Error$ &amp; " in line " &amp; Erl &amp; Chr(10))
  writer.closeOutput()
  StarDesktop.terminate()
End Sub
</script:module>
"""


@dataclass
class Seen:
    """What a computed workbook shows. ``rows``: by sheet; ``verdicts``: rule → verdict and place on 自检."""

    rows: dict[str, list[list[str]]] = field(default_factory=dict)

    @property
    def verdicts(self) -> dict[str, tuple[str, str]]:
        rows = self.rows["自检"]
        head = next(number for number, row in enumerate(rows) if "规则编号" in row)
        rule, verdict, place = (rows[head].index(title) for title in ("规则编号", "结论", "位置"))
        return {row[rule]: (row[verdict], row[place]) for row in rows[head + 1 :] if row[rule]}

    @property
    def cells(self) -> dict[tuple[str, str], float]:
        """The numbers on the tables' sheets."""
        return {
            (sheet, f"{_letters(column)}{row + 1}"): float(text)
            for sheet, rows in self.rows.items()
            if sheet != "自检"
            for row, values in enumerate(rows)
            for column, text in enumerate(values)
            if _NUMBER.fullmatch(text)
        }


_NUMBER = re.compile(r"-?\d+(\.\d+)?(E[+-]?\d+)?")


def computed(jobs: Sequence[tuple[Path, Mapping[str, Typed]]], folder: Path) -> dict[str, Seen]:
    """What LibreOffice shows after each typing: ``jobs`` has workbooks, each with typings by name."""
    job, result, profile = folder / "job.tsv", folder / "result.tsv", folder / "live_profile"
    job.write_text("".join(f"{line}\n" for line in _lines(jobs)), "utf-8")
    soffice = [shutil.which("soffice") or "soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless"]
    subprocess.run([*soffice, "--terminate_after_init"], check=True, capture_output=True, timeout=120)
    (profile / "user" / "basic" / "Standard" / "Module1.xba").write_text(_MACRO, "utf-8")
    call = f'macro:///Standard.Module1.Main("{job.as_uri()}","{result.as_uri()}")'
    subprocess.run([*soffice, call], check=True, capture_output=True, timeout=600)
    seen: dict[str, Seen] = {}
    *lines, last = result.read_text("utf-8").splitlines()
    assert last == "done", last
    for line in lines:
        kind, _, rest = line.partition("\t")
        if kind == "workbook":
            seen[rest] = current = Seen()
        elif kind == "sheet":
            current.rows[rest] = rows = []
        else:
            rows.append(rest.split("\t"))
    return seen


def _lines(jobs: Sequence[tuple[Path, Mapping[str, Typed]]]):
    for path, typings in jobs:
        yield f"open\t{path.as_uri()}"
        for name, typed in typings.items():
            for (sheet, address), value in typed.items():
                yield "\t".join(("set", sheet, address, *_said(value)))
            yield f"read\t{name}"
        yield "close"


def _said(value: object) -> tuple[str, str]:
    if value is None or value == "":
        return "nothing", ""
    return ("text", value) if isinstance(value, str) else ("number", repr(as_serial(value)))


def as_serial(value: object) -> object:
    return value.toordinal() - _EPOCH if isinstance(value, dt.date) else value


def typed_into(data: bytes, typed: Typed) -> bytes:
    """The workbook with these values in its cells; what formulas gave before is left as it was."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        names = re.findall(r'<sheet name="([^"]+)"', source.read("xl/workbook.xml").decode())
        parts = {f"xl/worksheets/sheet{number}.xml": name for number, name in enumerate(names, start=1)}
        for part in source.namelist():
            body = source.read(part)
            wanted = {address: value for (sheet, address), value in typed.items() if sheet == parts.get(part)}
            target.writestr(part, _typed_sheet(body.decode(), wanted).encode() if wanted else body)
    return out.getvalue()


def _typed_sheet(xml: str, typed: Mapping[str, object]) -> str:
    left = set(typed)

    def cell(match: re.Match[str]) -> str:
        if match["at"] not in typed:
            return match[0]
        left.discard(match["at"])
        value, style = typed[match["at"]], match["style"] or ""
        start = f'<c r="{match["at"]}"{style}'
        if value is None or value == "":
            return f"{start}/>"
        if isinstance(value, str):
            return f'{start} t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        return f"{start}><v>{as_serial(value)!r}</v></c>"

    xml = re.sub(r'<c r="(?P<at>[A-Z]+\d+)"(?P<style> s="\d+")?[^>]*?(?:/>|>.*?</c>)', cell, xml)
    assert not left, f"no cells {sorted(left)}"
    return xml


def _letters(column: int) -> str:
    return (chr(64 + column // 26) if column >= 26 else "") + chr(65 + column % 26)
