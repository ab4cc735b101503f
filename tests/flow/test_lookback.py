"""What a report is compared with comes out of the warehouse: earlier months, neighbours, the units below."""

import datetime as dt
import hashlib

import numpy as np
import pytest
from jinguo.flow.lookback import look_back
from jinguo.forms.model import SCALE
from jinguo.periods import Period
from jinguo.reading.model import CellState, ListLine, Reading, TableReading
from jinguo.rules.catalogue import load_rules
from jinguo.rules.frame import Applicability
from jinguo.settings import TIMEZONE
from jinguo.units.register import load_register
from jinguo.warehouse.deliveries import record_deliveries
from jinguo.warehouse.engine import open_warehouse
from jinguo.warehouse.records import Delivery, NewSubmission
from jinguo.warehouse.submissions import accept, insert_submissions

NOW = dt.datetime(2027, 1, 4, 9, tzinfo=TIMEZONE)
DECEMBER = Period(2026, 12)
VOLUNTEERS = "t01.r17.c4"


class Desk:
    """Puts reports in force whose every cell holds one number, and looks around."""

    def __init__(self, warehouse, schemas, form):
        self.warehouse, self.form = warehouse, form
        self.register, self.rulebook = load_register(schemas), load_rules(schemas)

    def accept(self, code, period, number, *, communities=None, is_accepted=True):
        unit = self.register.by_code[code]
        na = Applicability(self.form, unit.unit_type, period).na_mask
        reading = Reading(
            file=f"{code}.xlsx",
            sha256=hashlib.sha256(f"{code} {period} {number}".encode()).hexdigest(),
            status="read",
            unit_code=code,
            period=str(period),
            tables={"t05": TableReading("t05", "05表", is_ticked=communities == {})},
            numbers=np.where(na, np.nan, number * float(SCALE)),
            states=np.where(na, CellState.NA, CellState.NUMBER).astype(np.uint8),
            lists={
                "t05": [ListLine(n, 8 + n, {1: v, 2: k}) for n, (k, v) in enumerate((communities or {}).items(), 1)]
            },
        )
        with self.warehouse.write() as conn:
            (delivery,) = record_deliveries(conn, [Delivery(reading.sha256, 1, reading.file, "folder", NOW, NOW)])
            state = "received" if is_accepted else "returned"
            new = NewSubmission(unit.unit_id, period.key, self.form, "own", delivery, state, True, reading)
            ids = insert_submissions(conn, [new], at=NOW)
            if is_accepted:
                accept(conn, ids, at=NOW)

    def look(self, code, period=DECEMBER, *before):
        wanted = {code: [self.register.by_code[each] for each in (code, *before)]}
        around = {"form": self.form, "register": self.register, "rulebook": self.rulebook}
        with self.warehouse.read() as conn:
            found = look_back(conn, period, wanted, **around)
        return found.of(code)


@pytest.fixture
def desk(warehouse_url, schemas, form):
    warehouse = open_warehouse(warehouse_url)
    yield Desk(warehouse, schemas, form)
    warehouse.close()


def volunteers(found):
    return [None if np.isnan(value) else value / SCALE for value in found["history"][VOLUNTEERS]]


def test_a_unit_s_twelve_months_newest_first_with_gaps_and_without_what_is_not_accepted(desk):
    for months, number in ((1, 11), (3, 13), (12, 22), (13, 23)):
        desk.accept("430100", DECEMBER.plus(-months), number)
    desk.accept("430100", DECEMBER.plus(-2), 12, is_accepted=False)
    desk.accept("430100", DECEMBER, 10)
    desk.accept("430200", DECEMBER.previous, 99)
    found = desk.look("430100")
    assert volunteers(found) == [11, None, 13, *[None] * 8, 22]
    assert set(found["history"]) == set(desk.rulebook.history_cells)
    assert found["same_month_last_year"][desk.form.cell_by_id["t06.r01.c1"].index] == 22 * SCALE


def test_a_corrected_month_counts_as_corrected(desk):
    desk.accept("430100", DECEMBER.previous, 11)
    desk.accept("430100", DECEMBER.previous, 12)
    assert volunteers(desk.look("430100"))[:2] == [12, None]


def test_who_has_no_past_has_no_history(desk):
    desk.accept("430100", DECEMBER, 10)
    assert desk.look("430100") == {}


def test_merged_units_are_added(desk):
    desk.accept("43Z101", DECEMBER.previous, 5)
    desk.accept("43Z102", DECEMBER.previous, 7)
    assert volunteers(desk.look("43Z101", DECEMBER, "43Z102"))[0] == 12


def test_last_quarter_s_communities_are_known_at_a_quarter_s_end_where_a_list_was_kept(desk):
    september = Period(2026, 9)
    desk.accept("430100", september, 9, communities={"430102001001": "甲社区"})
    desk.accept("430200", september, 9, communities={})
    desk.accept("430300", september, 9)
    assert desk.look("430100")["last_communities"] == {"430102001001": "甲社区"}
    assert desk.look("430200")["last_communities"] == {}
    assert "last_communities" not in desk.look("430300")
    assert "last_communities" not in desk.look("430100", Period(2026, 11))


def test_peers_are_the_accepted_units_of_one_type_under_one_unit(desk):
    for code, number in (("430100", 1), ("430200", 2), ("430300", 3), ("43Z001", 4), ("430102", 5)):
        desk.accept(code, DECEMBER, number)
    desk.accept("430400", DECEMBER, 6, is_accepted=False)
    found = desk.look("430100")
    assert (found["peers"][VOLUNTEERS] / SCALE).tolist() == [2, 3]
    assert found["peer_names"] == ("株洲市妇联", "湘潭市妇联")
    assert "peers" not in desk.look("43Z001")


def test_the_units_below_are_added_and_the_missing_named(desk):
    below = [unit for unit in desk.register.units if unit.parent_code == "430700" and unit.is_valid(DECEMBER)]
    owing = [unit for unit in below if unit.unit_type != "zone"]
    assert "children" not in desk.look("430700")
    for unit in owing[:-1]:
        desk.accept(unit.code, DECEMBER, 1, communities={f"{unit.code}001001": unit.name})
    children = desk.look("430700")["children"]
    assert (children.count, children.missing) == (len(owing) - 1, (owing[-1].org_short,))
    desk.accept(owing[-1].code, DECEMBER, 1)
    children = desk.look("430700")["children"]
    assert (children.count, children.missing) == (len(owing), ())
    index = {cell_id: desk.form.cell_by_id[cell_id].index for cell_id in ("t01.r05.c4", VOLUNTEERS)}
    own = sum(unit.unit_type == "own" for unit in owing)  # the office has no villages
    assert children.numbers[index[VOLUNTEERS]] == len(owing) * SCALE
    assert children.numbers[index["t01.r05.c4"]] == (len(owing) - own) * SCALE
    assert len(children.communities) == len(owing) - 1


def test_the_province_itself_has_no_children_here(desk):
    desk.accept("430100", DECEMBER, 1)
    assert "children" not in desk.look("43000Z")
