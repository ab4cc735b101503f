"""Who may what: every route of the workbench against every role. A route that is not in the matrix fails the test."""

from __future__ import annotations

import re
import shutil
import warnings
from dataclasses import replace

import pytest
from jinguo.flow.intake.attachments import attach_evidence
from jinguo.flow.intake.hand_in import Upload
from jinguo.flow.month import close_period
from jinguo.flow.office import open_office
from jinguo.flow.register.staff import import_staff
from jinguo.flow.release.editions import make_release
from jinguo.flow.review.decide import decide_report
from jinguo.periods import Period
from jinguo.warehouse.submissions import latest_submissions
from jinguo.warehouse.tables import core_evidence
from sqlalchemy import select

BASE = "/workbench"
SEPTEMBER, OCTOBER = Period(2026, 9), Period(2026, 10)
OWN, NEIGHBOUR, OTHER = (f"{BASE}/unit/{code}" for code in ("430300", "430400", "430800"))
ROLES = ("clerk", "neighbour", "city", "steward", "office", "operator")
EVERYBODY = (200,) * 6
OWN_PEOPLE = (200, 403, 200, 200, 200, 200)
OVERSEERS = (403, 403, 200, 200, 200, 403)
READERS = (403, 403, 200, 200, 200, 200)
DRAFT_READERS = (403, 403, 404, 404, 200, 200)
NOT_THERE = (404,) * 6
NOT_THEIRS = (403, 403, 404, 404, 404, 404)
# address → the status for each role, in the order of ROLES; {version}: the newest of 湘潭, {evidence}: of 张家界
PAGES = {
    f"{BASE}/": (303,) * 6,
    f"{BASE}/board": EVERYBODY,
    f"{BASE}/board?page=0": (422,) * 6,
    f"{BASE}/board?state=nonsense": NOT_THERE,
    OWN: OWN_PEOPLE,
    f"{OWN}/2026-10": OWN_PEOPLE,
    f"{OWN}/2026-10?cell=t01.r26.c1": OWN_PEOPLE,
    f"{OWN}/2026-10?version=9": (404, 403, 404, 404, 404, 404),
    f"{OWN}/2026-10?cell=t99.r01.c1": (404, 403, 404, 404, 404, 404),
    f"{OWN}/2026-13": (404, 403, 404, 404, 404, 404),
    f"{OWN}/2026-11/template": OWN_PEOPLE,
    f"{OWN}/2026-10/answers": OWN_PEOPLE,
    f"{OWN}/2026-09/compare?old=1&new=2": (404, 403, 404, 404, 404, 404),
    f"{OWN}/2026-10/compare?old=1&new=7": (404, 403, 404, 404, 404, 404),
    f"{BASE}/unit/430200/2026-10/compare": (403, 403, 403, 200, 200, 200),
    f"{OWN}/2026-10/confirmation": (404, 403, 404, 404, 404, 404),
    f"{NEIGHBOUR}/2026-10/confirmation": (403, 200, 403, 200, 200, 200),
    f"{BASE}/unit/430302/2026-10": OWN_PEOPLE,
    NEIGHBOUR: (403, 200, 403, 200, 200, 200),
    f"{BASE}/unit/430000": (403, 403, 403, 200, 200, 200),
    f"{BASE}/unit/999999": NOT_THERE,
    f"{BASE}/submission/{{version}}/original": OWN_PEOPLE,
    f"{BASE}/submission/{{version}}/return": OWN_PEOPLE,
    f"{BASE}/submission/{{version}}/receipt": OWN_PEOPLE,
    f"{BASE}/submission/{{version}}/receipt-page": OWN_PEOPLE,
    f"{BASE}/submission/{{version}}/report": OWN_PEOPLE,
    f"{BASE}/submission/{{version}}/secret": NOT_THERE,
    f"{BASE}/submission/99999/receipt": NOT_THERE,
    f"{BASE}/evidence/{{evidence}}": (403, 403, 403, 200, 200, 200),
    f"{BASE}/evidence/99999": NOT_THERE,
    f"{BASE}/queue": OVERSEERS,
    f"{BASE}/returns/2026-10": OVERSEERS,
    f"{BASE}/returns/2026-10/zip": (403, 403, 404, 200, 200, 403),
    f"{BASE}/releases": READERS,
    f"{BASE}/releases/2026-09/1": READERS,
    f"{BASE}/releases/2026-09/1/workbook": READERS,
    f"{BASE}/releases/2026-09/1/bulletin": READERS,
    f"{BASE}/releases/2026-09/1/export": READERS,
    f"{BASE}/releases/2026-09/1/trace?cell=t01.r17.c4": READERS,
    f"{BASE}/releases/2026-10/1": DRAFT_READERS,
    f"{BASE}/releases/2026-10/1/workbook": DRAFT_READERS,
    f"{BASE}/releases/2026-10/1/bulletin": DRAFT_READERS,
    f"{BASE}/releases/2026-10/1/export": DRAFT_READERS,
    f"{BASE}/releases/2026-10/1/trace?cell=t01.r17.c4": DRAFT_READERS,
    f"{BASE}/releases/2026-09/1/trace?cell=t99.r17.c4": NOT_THEIRS,
    f"{BASE}/releases/2026-09/1/export?suffix=.exe": NOT_THEIRS,
    f"{BASE}/releases/2026-10/7": NOT_THEIRS,
    f"{BASE}/releases/2026-10/7/workbook": NOT_THEIRS,
    f"{BASE}/releases/2026-10/7/bulletin": NOT_THEIRS,
    f"{BASE}/releases/2026-10/7/trace?cell=t01.r01.c4": NOT_THEIRS,
    f"{BASE}/trends": (303,) * 6,
    f"{BASE}/trends/430300": OWN_PEOPLE,
    f"{BASE}/trends/430300?by_unit=true&months=24&cell=t01.r17.c4": OWN_PEOPLE,
    f"{BASE}/trends/430300?cell=t99.r01.c1": (404, 403, 404, 404, 404, 404),
    f"{BASE}/trends/430000": (403, 403, 403, 200, 200, 200),
    f"{BASE}/trends/999999": NOT_THERE,
    f"{BASE}/units": EVERYBODY,
    f"{BASE}/units?q=430302&period=2026-10": EVERYBODY,
    f"{BASE}/units?period=never": NOT_THERE,
    f"{BASE}/accounts": READERS,
    f"{BASE}/audit": (403, 403, 403, 403, 200, 200),
    f"{BASE}/health": (403, 403, 403, 403, 200, 200),
    f"{BASE}/hand-in?d=1": (404, 404, 404, 200, 200, 200),
    f"{BASE}/nothing": NOT_THERE,
}
LINE = {"rule": "x", "cell": "t01.r17.c2", "text": "", "confirmation": ""}
REASON = {"reason": "已电话核实"}
SCAN = ("files", ("扫描件.pdf", b"%PDF-1.7\n1 0 obj\n", "application/pdf"))
CHANGE = "document: x\nchanges:\n  - {rename: '430300', from: 2026-12, name: 潭州市}\n"
# address → what is sent (None: nobody may) and the status for each role. ``seen`` is that of the page as it stands,
# where the action is possible; without it the page is stale and those who may are told so (409).
ACTIONS = {
    f"{OWN}/2026-10/decision": ({"action": "accept", **REASON}, (403, 403, 403, 409, 409, 403)),
    f"{BASE}/unit/430302/2026-10/decision": (
        {"action": "declare_missing", "seen": "1:accepted", **REASON},
        (403, 403, 409, 409, 409, 403),
    ),
    f"{OWN}/2026-10/proposal": (
        {"cell": "t01.r17.c2", "value": "5", "seen": "1:accepted", **REASON},
        (403, 403, 403, 409, 409, 403),
    ),
    f"{OWN}/2026-10/waiver": (
        {"until": "2026-12-31", "seen": "1:accepted", **REASON},
        (403, 403, 403, 403, 409, 403),
    ),
    f"{OWN}/2026-10/answers": (LINE, (409, 403, 409, 403, 403, 403)),
    f"{OWN}/2026-10/evidence": ({"about": ""}, (303, 403, 303, 403, 403, 403)),
    f"{BASE}/queue": ({"action": "return", "chosen": "430800|2026-10|9:gone", **REASON}, OVERSEERS),
    f"{BASE}/accounts/end": ({"account": "clerk", "last_day": "2000-01-01"}, (403, 403, 403, 409, 409, 403)),
    f"{BASE}/accounts/password": ({"account": "yuhu"}, (403, 403, 200, 200, 200, 403)),
    f"{BASE}/hand-in": ({}, (303, 303, 303, 303, 303, 403)),
    f"{BASE}/units/change": ({}, (403, 403, 403, 403, 200, 403)),
    f"{BASE}/units": (
        {"name": "x.yaml", "text": CHANGE, "seen": "0", "decided": "true", **REASON},
        (403, 403, 403, 403, 409, 403),
    ),
}
FILES = {
    f"{OWN}/2026-10/evidence": SCAN,
    f"{BASE}/hand-in": ("files", ("随手.xlsx", b"no workbook")),
    f"{BASE}/units/change": ("file", ("变更.yaml", CHANGE.encode())),
}


@pytest.fixture(scope="module")
def played(filled_home, tmp_path_factory):
    """The province with a published edition, a draft and a scan; the numbers that stand in addresses of it."""
    home = tmp_path_factory.mktemp("played") / "home"
    shutil.copytree(filled_home.home, home)
    settings = replace(filled_home, home=home, warehouse_url=f"sqlite:///{home / 'warehouse.db'}")
    with warnings.catch_warnings(action="ignore"):  # what great_expectations says at its import
        decide_report(settings, "430300", SEPTEMBER, action="exclude", reason="未说明", actor="office")
        close_period(settings, str(SEPTEMBER))
        make_release(settings, SEPTEMBER, approver="office")
    make_release(settings, OCTOBER)
    staff = home / "county.csv"
    staff.write_text("account,role,unit_code,valid_from,valid_to\nyuhu,reporter,430302,2026-01-01,\n", "utf-8")
    import_staff(settings, staff)
    with open_office(settings) as office:
        clerk, other = office.register.by_code["430300"], office.register.by_code["430800"]
        scan = Upload("扫描件.pdf", b"%PDF-1.7\n1 0 obj\n")
        attach_evidence(office, other, OCTOBER, [scan], rule_id="", cell_id="", actor="zhangjiajie", patience=5.0)
        with office.warehouse.read() as conn:
            version = latest_submissions(conn, OCTOBER.key)[clerk.unit_id].id
            return settings, {"version": version, "evidence": conn.scalar(select(core_evidence.c.id))}


@pytest.fixture
def settings(played, tmp_path):
    """A copy of it, to be changed."""
    home = tmp_path / "home"
    shutil.copytree(played[0].home, home)
    return replace(played[0], home=home, warehouse_url=f"sqlite:///{home / 'warehouse.db'}")


@pytest.mark.parametrize("role", ROLES)
def test_pages_by_role(server, played, role):
    client, numbers = server.client(role), played[1]
    wanted = {address: statuses[ROLES.index(role)] for address, statuses in PAGES.items()}
    assert {address: client.get(address.format(**numbers)).status_code for address in wanted} == wanted


@pytest.mark.parametrize("role", ROLES)
def test_actions_by_role(server, settings, token_of, form_of, role):
    client, steward, token = server.client(role), server.client("steward"), token_of(role)
    found = {}
    for address, (data, _) in ACTIONS.items():
        page = address.rpartition("/")[0]
        seen = form_of(steward, page).get("seen", "") if page.endswith("2026-10") else ""
        files = [FILES[address]] if address in FILES else None
        found[address] = client.post(address, data={"seen": seen, **data, "csrf": token}, files=files).status_code
    assert found == {address: statuses[ROLES.index(role)] for address, (_, statuses) in ACTIONS.items()}


def test_every_route_is_in_the_matrix(airflow, settings):
    """In it with somebody who may: an address at which everybody is refused proves nothing of a route."""
    from workbench.app import build_app

    def is_served(addresses, route):
        return any(route.path_regex.fullmatch(re.split(r"\?", each)[0].removeprefix(BASE)) for each in addresses)

    opened = [address for address, statuses in PAGES.items() if {200, 303} & set(statuses)]
    routes = [route for route in build_app(settings).routes if hasattr(route, "dependant")]
    assert len(routes) > 30
    assert [route.path for route in routes if "GET" in route.methods and not is_served(opened, route)] == []
    assert [route.path for route in routes if "POST" in route.methods and not is_served(ACTIONS, route)] == []
    assert {method for route in routes for method in route.methods} <= {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("account", ["stranger", "gone"])
def test_a_login_without_a_line_in_force_opens_and_does_nothing(server, account):
    client = server.client(account)
    assert {client.get(address.format(version=1, evidence=1)).status_code for address in PAGES} <= {403, 404}
    assert {client.post(address, data=data).status_code for address, (data, _) in ACTIONS.items()} == {403}
    answer = client.get(f"{BASE}/board")
    assert answer.status_code == 403
    assert f"账号“{account}”不在人员名单中" in answer.text


def test_without_a_login_every_page_leads_to_it_and_back_and_no_action_is_done(server):
    client = server.client()
    for address in PAGES:
        if address == f"{BASE}/nothing":
            continue
        answer = client.get(address.format(version=1, evidence=1))
        assert answer.status_code == 303, address
        assert answer.headers["location"].startswith("/workbench/sign-in?next=/workbench/"), address
    assert {client.post(address, data=data).status_code for address, (data, _) in ACTIONS.items()} == {401}
