"""A marked copy of an .xlsx: cells filled and commented, a list of problems put in; the rest of its parts untouched."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import unescape

from jinguo.review.patching import relations as rel
from jinguo.review.patching.cells import SheetCells, unselect_tab
from jinguo.review.patching.markup import (
    MAIN_NAMESPACES,
    UnsupportedError,
    attribute,
    attribute_text,
    children,
    drop_attribute,
    escape,
    find_element,
    find_root,
    set_attribute,
    start_tag,
    with_prefix,
)
from jinguo.review.patching.notes import Comments, NoteBoxes
from jinguo.review.patching.package import Package
from jinguo.review.patching.styles import MARK_COLOURS, NO_FILL, Styles, solid_fill

_WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_VML_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_RELATION_ID = re.compile(rb"""\s[\w.-]+:id\s*=\s*["']([^"']+)["']""")
_HEAD_SIZE = 4096  # the views of a sheet stand near its beginning


@dataclass(frozen=True)
class Mark:
    """One failing cell: ``severity`` decides the colour, ``note`` is the comment. One mark a cell."""

    sheet: str
    address: str
    severity: str
    note: str


# (sheet, address) → the fill that the cell has when it is not marked
Fills = Mapping[tuple[str, str], str]
# What draws the list of problems: the shared formats, the main namespace and the original fills → the sheet's XML
DrawList = Callable[[Styles, bytes, Fills], bytes]


@dataclass
class _Sheet:
    name: str
    part: str
    relation_id: str
    number: int  # sheetId


@dataclass
class _Paint:
    """Formats with a mark's fill, and back. ``stained``: formats that carry a mark of an earlier return."""

    styles: Styles
    stained: set[int]
    recorded: Fills
    originals: dict[tuple[str, str], str]

    def mark(self, place: tuple[str, str], severity: str, base: int) -> int:
        self.originals[place] = self._own_fill(place, base)
        return self.styles.with_fill(base, solid_fill(MARK_COLOURS[severity]))

    def clean(self, place: tuple[str, str], base: int) -> int:
        return self.styles.with_fill(base, self._own_fill(place, base))

    def _own_fill(self, place: tuple[str, str], base: int) -> str:
        return self.recorded.get(place, NO_FILL) if base in self.stained else self.styles.fill_of(base)


def mark_workbook(
    source: bytes,
    marks: Sequence[Mark],
    *,
    list_sheet: str,
    cover_sheet: str,
    draw_list: DrawList,
    recorded: Callable[[], Fills],
) -> bytes:
    """``source`` marked. ``recorded``: reads the fills that an earlier return noted; asked only when there was one.

    UnsupportedError: something in the file is not understood, and nothing was done.
    """
    book = _Book(Package(source))
    book.drop_active_content()
    originals = book.mark_sheets(marks, list_sheet, recorded)
    book.put_list(list_sheet, cover_sheet, partial(draw_list, book.styles, book.namespace, originals))
    return book.finish()


class _Book:
    def __init__(self, package: Package) -> None:
        self.package = package
        main = [r.part for r in rel.relations(package, "") if r.kind == "officeDocument"]
        if len(main) != 1:
            raise UnsupportedError("no workbook part, or several")
        self.part = main[0]
        self.data = package.xml(self.part)
        self.root = find_root(self.data, self.part, b"workbook")
        self.namespace = self.root.namespace
        if self.namespace not in MAIN_NAMESPACES:
            raise UnsupportedError(f"namespace {self.namespace!r}")
        self.relationships = MAIN_NAMESPACES[self.namespace]
        self.relations = {relation.id: relation for relation in rel.relations(package, self.part)}
        styles = [r.part for r in self.relations.values() if r.kind == "styles"]
        if len(styles) != 1:
            raise UnsupportedError("no styles part, or several")
        self.styles_part = styles[0]
        self.styles = Styles(package.xml(self.styles_part), self.styles_part)
        self.sheets = self._read_sheets()

    def _name(self, name: str) -> bytes:
        return self.root.prefix + name.encode()

    def _read_sheets(self) -> list[_Sheet]:
        start, end = self._sheets_span()
        sheets = []
        for _, first, last in children(self.data, start, end):
            tag = start_tag(self.data[first:last])
            match = _RELATION_ID.search(tag)
            relation = self.relations.get(match[1].decode()) if match else None
            if relation is None or "macrosheet" in relation.kind.lower():
                raise UnsupportedError("a sheet without its part, or a macro sheet")
            sheets.append(
                _Sheet(
                    name=attribute_text(tag, b"name") or "",
                    part=relation.part if relation.kind == "worksheet" else "",
                    relation_id=relation.id,
                    number=int(attribute(tag, b"sheetId") or b"0"),
                )
            )
        return sheets

    def _sheets_span(self) -> tuple[int, int]:
        found = find_element(self.data, self._name("sheets"), self.part)
        if found is None:
            raise UnsupportedError("no sheets")
        return found[1], found[2]

    def drop_active_content(self) -> None:
        """Macros and links to other files are not sent back; cells keep the values that the links had last."""
        for name in self.package.names():
            if "vbaproject" in name.lower() and not name.endswith(".rels"):
                rel.drop_part(self.package, name)
        links = [relation for relation in self.relations.values() if relation.kind == "externalLink"]
        for relation in links:
            rel.drop_part(self.package, relation.part)
        gone = {
            relation.id
            for relation in self.relations.values()
            if not (relation.is_external or relation.part in self.package)
        }
        rel.drop_relations(self.package, self.part, gone)
        rel.set_content_type(self.package, self.part, _WORKBOOK_TYPE)
        if links:
            self._drop_links()

    def _drop_links(self) -> None:
        found = find_element(self.data, self._name("externalReferences"), self.part)
        if found:
            self.data = self.data[: found[0]] + self.data[found[3] :]
        name = re.escape(self._name("definedName"))
        self.data = re.sub(rb"<" + name + rb"\s[^<>]*>[^<]*\[\d+\][^<]*</" + name + rb">", b"", self.data)
        for sheet in self.sheets:
            if sheet.part:
                data = self.package.xml(sheet.part)
                without = _without_external_formulas(data, find_root(data, sheet.part, b"worksheet").prefix, sheet.part)
                if without != data:
                    self.package.write(sheet.part, without)
        self._drop_calculation_chain()

    def _drop_calculation_chain(self) -> None:
        chain = [r for r in self.relations.values() if r.kind == "calcChain"]
        for relation in chain:
            rel.drop_part(self.package, relation.part)
        rel.drop_relations(self.package, self.part, {relation.id for relation in chain})

    def mark_sheets(self, marks: Sequence[Mark], list_sheet: str, recorded: Callable[[], Fills]) -> Fills:
        """Mark cells, and take back what an earlier return marked. Gives each marked cell's own fill."""
        stained = self.styles.marked_formats()
        was_returned = bool(stained) or any(sheet.name == list_sheet for sheet in self.sheets)
        paint = _Paint(self.styles, stained, recorded() if was_returned else {}, {})
        for index, sheet in enumerate(self.sheets, start=1):
            wanted = {mark.address: mark for mark in marks if mark.sheet == sheet.name}
            if sheet.part and sheet.name != list_sheet and (wanted or was_returned):
                self._mark_sheet(sheet, index, wanted, paint)
        return paint.originals

    def _mark_sheet(self, sheet: _Sheet, index: int, wanted: Mapping[str, Mark], paint: _Paint) -> None:
        data = self.package.xml(sheet.part)
        cells = SheetCells(data, sheet.part)
        stale = set(cells.marked(paint.stained)) - set(wanted) if paint.stained else set()
        marking = {a: partial(paint.mark, (sheet.name, a), mark.severity) for a, mark in wanted.items()}
        cleaning = {address: partial(paint.clean, (sheet.name, address)) for address in stale}
        cells.restyle(marking | cleaning)
        self._comment(sheet, index, cells, {mark.address: mark.note for mark in wanted.values()})
        if cells.to_bytes() != data:
            self.package.write(sheet.part, cells.to_bytes(), is_proved=cells.is_proved)

    def _comment(self, sheet: _Sheet, index: int, cells: SheetCells, notes: Mapping[str, str]) -> None:
        """Comments and their boxes; parts that a sheet has are extended, others made."""
        related = rel.relations(self.package, sheet.part)
        part = next((r.part for r in related if r.kind == "comments"), "")
        if not part and not notes:
            return
        comments = Comments(self.package.xml(part) if part else None, part, self.namespace)
        if not notes and not any(comment.is_ours for comment in comments.comments):
            return
        removed, added = comments.replace_ours(notes)
        if not part:
            part = rel.free_name(self.package, "xl/comments{}.xml")
            rel.add_override(self.package, part, _COMMENTS_TYPE)
            rel.add_relation(self.package, sheet.part, type_uri=f"{self.relationships}/comments", target=part)
        self.package.write(part, comments.to_bytes())
        drawing_id = cells.legacy_drawing()
        drawing = next((r.part for r in related if r.id == drawing_id), "") if drawing_id else ""
        if drawing_id and drawing not in self.package:
            raise UnsupportedError(f"{sheet.part}: its legacyDrawing is missing")
        boxes = NoteBoxes(self.package.read(drawing) if drawing else None, drawing or sheet.part, index)
        boxes.remove(removed)
        boxes.add(added)
        if not drawing:
            drawing = rel.free_name(self.package, "xl/drawings/vmlDrawing{}.vml")
            rel.set_default(self.package, "vml", _VML_TYPE)
            type_uri = f"{self.relationships}/vmlDrawing"
            relation_id = rel.add_relation(self.package, sheet.part, type_uri=type_uri, target=drawing)
            cells.set_legacy_drawing(relation_id, self.relationships)
        self.package.write(drawing, boxes.to_bytes(), is_proved=True)  # VML need not be well-formed

    def put_list(self, name: str, cover_sheet: str, draw: Callable[[], bytes]) -> None:
        """The list of problems: in the place of an earlier one, else behind the cover; the tab that opens."""
        names = [sheet.name for sheet in self.sheets]
        if name in names:
            position = names.index(name)
            self._clear_sheet(self.sheets[position], position)
            part = self.sheets[position].part
        else:
            position = names.index(cover_sheet) + 1 if cover_sheet in names else 0
            part = self._insert_sheet(name, position)
        self.package.write(part, draw())
        self._open_at(position)
        for sheet in self.sheets:
            if sheet.part and sheet.part != part:
                self._unselect(sheet.part)

    def _clear_sheet(self, sheet: _Sheet, position: int) -> None:
        if not sheet.part:
            raise UnsupportedError(f"{sheet.name} is not a worksheet")
        for relation in rel.relations(self.package, sheet.part):
            if relation.kind in ("comments", "vmlDrawing", "table", "printerSettings") and not relation.is_external:
                rel.drop_part(self.package, relation.part)
        self.package.drop(rel.rels_part(sheet.part))
        self._drop_calculation_chain()
        name = re.escape(self._name("definedName"))
        local = rb"<" + name + rb"""\s[^<>]*localSheetId\s*=\s*["']%d["'][^<>]*>[^<]*</""" % position
        self.data = re.sub(local + name + rb">", b"", self.data)
        self.data = self._edit_sheet_tag(position, lambda tag: drop_attribute(tag, b"state"))

    def _edit_sheet_tag(self, position: int, edit: Callable[[bytes], bytes]) -> bytes:
        start, end = self._sheets_span()
        _, first, last = list(children(self.data, start, end))[position]
        return self.data[:first] + edit(self.data[first:last]) + self.data[last:]

    def _insert_sheet(self, name: str, position: int) -> str:
        part = rel.free_name(self.package, "xl/worksheets/sheet{}.xml")
        rel.add_override(self.package, part, _SHEET_TYPE)
        type_uri = f"{self.relationships}/worksheet"
        relation_id = rel.add_relation(self.package, self.part, type_uri=type_uri, target=part)
        number = max(sheet.number for sheet in self.sheets) + 1
        element = with_prefix(
            f'<sheet xmlns:r="{self.relationships}" name="{escape(name)}" sheetId="{number}" r:id="{relation_id}"/>',
            self.root.prefix,
        )
        start, end = self._sheets_span()
        starts = [first for _, first, _ in children(self.data, start, end)]
        offset = starts[position] if position < len(starts) else end
        self.data = self.data[:offset] + element + self.data[offset:]
        self._shift_local_names(position)
        self.sheets.insert(position, _Sheet(name, part, relation_id, number))
        return part

    def _shift_local_names(self, position: int) -> None:
        """Names that belong to one sheet say which by its position."""

        def shifted(match: re.Match[bytes]) -> bytes:
            index = int(match[2])
            return match[1] + str(index + (index >= position)).encode()

        self.data = re.sub(rb"""(\slocalSheetId\s*=\s*["'])(\d+)""", shifted, self.data)

    def _open_at(self, position: int) -> None:
        found = find_element(self.data, self._name("bookViews"), self.part)
        if found is None:
            start = find_element(self.data, self._name("sheets"), self.part)[0]
            views = with_prefix(f'<bookViews><workbookView activeTab="{position}"/></bookViews>', self.root.prefix)
            self.data = self.data[:start] + views + self.data[start:]
            return
        _, inner, inner_end, _ = found
        views = b""
        for _, first, last in children(self.data, inner, inner_end):
            element = self.data[first:last]
            tag = start_tag(element)
            opened = set_attribute(drop_attribute(tag, b"firstSheet"), b"activeTab", str(position).encode())
            views += opened + element[len(tag) :]
        self.data = self.data[:inner] + views + self.data[inner_end:]

    def _unselect(self, part: str) -> None:
        """Two selected tabs would take every entry twice."""
        head = self.package.read(part, at_most=_HEAD_SIZE)
        if b"tabSelected" not in head and b"sheetData" in head:
            return
        data = self.package.read(part)
        end = data.find(b"sheetData")
        unselected = unselect_tab(data, end)
        if unselected != data:
            self.package.write(part, unselected)

    def finish(self) -> bytes:
        self.package.write(self.part, self.data)
        self.package.write(self.styles_part, self.styles.to_bytes())
        return self.package.to_bytes()


def _without_external_formulas(data: bytes, prefix: bytes, part: str) -> bytes:
    """A sheet whose cells keep the last values of formulas that look into other files."""
    name = re.escape(prefix)
    formula = re.compile(rb"<" + name + rb"f(?=[\s/>])([^<>]*?)(?:/>|>([^<]*)</" + name + rb"f>)")
    shared = {
        attribute(match[1], b"si")
        for match in formula.finditer(data)
        if attribute(match[1], b"t") == b"shared" and _looks_outside(match[2] or b"")
    } - {None}

    def kept(match: re.Match[bytes]) -> bytes:
        is_shared = attribute(match[1], b"t") == b"shared" and attribute(match[1], b"si") in shared
        return b"" if is_shared or _looks_outside(match[2] or b"") else match[0]

    cleaned = formula.sub(kept, data)
    rest = re.compile(rb"<(?:[\w.-]+:)?(?:formula1?2?|f)(?=[\s>])[^<>]*>([^<]*)</")
    if any(_looks_outside(match[1]) for match in rest.finditer(cleaned)):
        raise UnsupportedError(f"{part}: a rule that looks into another file")
    return cleaned


def _looks_outside(formula: bytes) -> bool:
    return bool(re.search(r"\[\d+\]", unescape(formula.decode("utf-8"))))
