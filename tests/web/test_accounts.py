"""人员: an account is looked after by the level above; a new password holds at once, an ended account may nothing."""

from __future__ import annotations

import json
import os
import re
import stat

import pytest
from jinguo.flow.office import open_office
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.register.staff import import_staff
from jinguo.warehouse import audit

PAGE = "/workbench/accounts"
USERS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"


@pytest.fixture
def county(settings, tmp_path):
    """A clerk below the city."""
    file = tmp_path / "county.csv"
    file.write_text("account,role,unit_code,valid_from,valid_to\nyuhu,reporter,430302,2026-01-01,\n", "utf-8")
    import_staff(settings, file)


@pytest.fixture
def send(server, token_of):
    def post(who, path, **fields):
        return server.client(who).post(f"{PAGE}/{path}", data={"csrf": token_of(who), **fields})

    return post


@pytest.fixture
def passwords(server):
    """The password file, put back afterwards."""
    path = os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]
    yield path
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123 - Airflow's own, as a name
        json.dump(server.passwords, file)


def signs_in(server, account, password):
    return server.client().post("/auth/token", json={"username": account, "password": password}).status_code


def test_everybody_sees_the_accounts_of_her_subtree_and_may_change_those_below(server, county):
    def shown(account):
        text = server.client(account).get(PAGE).text
        return re.findall(r'<tr><th scope="row">(\w+)</th>', text), re.findall(r'aria-label="处理账号(\w+)"', text)

    assert shown("city") == (["city", "clerk", "yuhu"], ["yuhu"])
    everybody = ["office", "operator", "steward", "city", "clerk", "yuhu", "neighbour", "zhangjiajie", "gone"]
    assert shown("operator") == (everybody, [])
    assert shown("steward") == (everybody, ["city", "clerk", "yuhu", "neighbour", "zhangjiajie"])
    assert shown("office")[1] == ["steward", "city", "clerk", "yuhu", "neighbour", "zhangjiajie"]


def test_accounts_are_found_and_come_in_pages(server, settings, tmp_path):
    office = server.client("office")
    assert re.findall(r'<tr><th scope="row">(\w+)</th>', office.get(f"{PAGE}?q=4303").text) == ["city", "clerk"]
    assert "没有找到“没有”" in office.get(f"{PAGE}?q=没有").text
    file = tmp_path / "many.csv"
    lines = [f"clerk{number:03},reporter,430302,2026-01-01," for number in range(100)]
    file.write_text("\n".join(["account,role,unit_code,valid_from,valid_to", *lines]), "utf-8")
    import_staff(settings, file)
    pages = [office.get(f"{PAGE}?page={number}").text for number in (1, 2)]
    assert [text.count('<tr><th scope="row">') for text in pages] == [100, 8]


def test_a_new_password_holds_at_once_and_is_nowhere_but_in_the_file(server, settings, send, passwords):
    answer = send("steward", "password", account="clerk")
    fresh = re.search(r'id="password">([^<]+)<', answer.text)[1]
    assert answer.headers["cache-control"] == "no-store"
    assert (signs_in(server, "clerk", fresh), signs_in(server, "clerk", server.passwords["clerk"])) == (201, 401)
    assert signs_in(server, "neighbour", server.passwords["neighbour"]) == 201
    assert stat.S_IMODE(os.stat(passwords).st_mode) == 0o600  # noqa: PTH116
    with open_office(settings) as office, office.warehouse.read() as conn:
        last = list(audit.entries(conn))[-1]
    assert (last.actor, last.action, last.details) == ("steward", "reset_password", {"of": "clerk"})
    assert verify_all(settings) == []


@pytest.mark.parametrize(
    ("account", "of"),
    [
        ("clerk", "clerk"),
        ("city", "city"),
        ("city", "clerk"),
        ("city", "neighbour"),
        ("steward", "steward"),
        ("steward", "office"),
        ("office", "operator"),
        ("operator", "clerk"),
        ("office", "gone"),
        ("office", "nobody"),
    ],
)
def test_nobody_changes_an_account_that_is_not_below_her(server, send, account, of):
    before = json.dumps(server.passwords)
    assert send(account, "password", account=of).status_code == 403
    assert send(account, "end", account=of, last_day="2026-11-08").status_code == 403
    assert json.dumps(server.passwords) == before


def test_a_clerk_who_left_may_nothing_from_the_next_day_on(server, settings, send):
    clerk = server.client("clerk")
    assert send("steward", "end", account="clerk", last_day="2026-11-09").status_code == 303
    assert clerk.get("/workbench/unit/430300").status_code == 200  # her last day
    assert send("steward", "end", account="clerk", last_day="2026-11-30").status_code == 409  # never longer
    assert send("steward", "end", account="clerk", last_day="2026-11-08").status_code == 303
    assert clerk.get("/workbench/unit/430300").status_code == 403
    assert send("steward", "end", account="clerk", last_day="2026-11-08").status_code == 403  # is not in force any more
    assert "2026-11-08" in server.client("office").get(PAGE).text


def test_a_new_account_gets_its_first_password_from_the_level_above_and_signs_in_at_once(
    server, settings, send, county, passwords, monkeypatch
):
    users = os.environ[USERS].replace(",yuhu:viewer", "")  # as of the start, whatever other tests did
    monkeypatch.setenv(USERS, users)  # put back afterwards
    answer = send("city", "password", account="yuhu")
    first = re.search(r'id="password">([^<]+)<', answer.text)[1]
    monkeypatch.setenv(USERS, users)  # as in another process of the API server, or after a restart
    clerk = server.client()
    signed_in = clerk.post("/workbench/sign-in", data={"username": "yuhu", "password": first})
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/workbench/")
    assert "雨湖区" in clerk.get("/workbench/unit/430302").text
    assert clerk.get("/workbench/unit/430300").status_code == 403
    assert signs_in(server, "yuhu", first) == 201  # with Airflow itself, too


def test_nobody_signs_in_without_a_password_that_was_given(server, county, passwords, monkeypatch):
    monkeypatch.setenv(USERS, os.environ[USERS])
    for password in ("", " ", "yuhu", "None"):
        answer = server.client().post("/workbench/sign-in", data={"username": "yuhu", "password": password})
        assert answer.status_code == 401
