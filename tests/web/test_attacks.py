"""What somebody who means harm, or a broken program, sends; each of these once did something else."""

from __future__ import annotations

import pytest
from jinguo.flow.intake.hand_in import bare_name

BASE = "/workbench"
PAGE = f"{BASE}/unit/430300/2026-10"
HUGE = "9" * 23
ENGLISH = ("Too many", "Missing", "Not Found", "Internal", "Method Not Allowed")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"{BASE}/board?period=9999-12", 404),
        (f"{BASE}/board?period=0001-01", 404),
        (f"{BASE}/board?page={HUGE}", 422),
        (f"{BASE}/unit/430300/9999-12", 404),
        (f"{BASE}/unit/430300/0001-01/template", 404),
        (f"{PAGE}?version={HUGE}", 422),
        (f"{PAGE}/compare?old={HUGE}", 422),
        (f"{BASE}/submission/{HUGE}/original", 404),
        (f"{BASE}/submission/-1/original", 404),
        (f"{BASE}/submission/2147483648/original", 404),
        (f"{BASE}/evidence/{HUGE}", 404),
        (f"{BASE}/hand-in?d={HUGE}", 422),
        (f"{BASE}/releases/2026-10/{HUGE}", 404),
        (f"{BASE}/audit?before={HUGE}", 422),
        (f"{BASE}/trends/430300?period=9999-12", 404),
        (f"{BASE}/units?period=9999-12", 404),
        (f"{BASE}/static/..%2fdeps.py", 404),
        (f"{BASE}/board?q=' OR 1=1--", 200),
        (f"{BASE}/units?q=%00%25", 200),
    ],
)
def test_an_address_of_nonsense_is_a_sentence(server, address, status):
    answer = server.client("office").get(address)
    assert answer.status_code == status
    if status != 200:
        assert 'role="alert"' in answer.text
        assert not any(words in answer.text for words in ENGLISH)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"])
def test_other_methods_do_nothing(server, method):
    answer = server.client("office").request(method, f"{BASE}/board", headers={"content-length": "0"})
    assert (answer.status_code, "这个地址不能这样用" in answer.text) == (405, True)


@pytest.mark.parametrize(
    ("media", "body", "status"),
    [
        ("application/json", b'{"action":"accept"}', 403),
        ("text/xml", b"<a/>", 403),
        ("multipart/form-data", b"x", 400),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % number for number in range(1001)), 400),
        ("application/x-www-form-urlencoded", b"csrf=%ff&action=%00", 403),
    ],
    ids=["json", "xml", "no boundary", "too many fields", "no text"],
)
def test_a_body_that_is_no_form_of_ours_is_a_sentence(server, media, body, status):
    answer = server.client("office").post(f"{PAGE}/decision", content=body, headers={"content-type": media})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert not any(words in answer.text for words in ENGLISH)


def test_a_body_without_a_length_is_not_read(server):
    answer = server.client("office").post(f"{BASE}/hand-in", content=iter([b"x"]))
    assert (answer.status_code, 'role="alert"' in answer.text) == (411, True)
    both = {"content-length": "1", "transfer-encoding": "chunked"}
    assert server.client("office").post(f"{BASE}/hand-in", content=b"x", headers=both).status_code == 411


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("..", "未命名"),
        ("../..", "未命名"),
        (".", "未命名"),
        ("/", "未命名"),
        ("a\r\nX-Evil: 1.xlsx", "aX-Evil: 1.xlsx"),
        ("\u202egnp.xlsx", "gnp.xlsx"),
        ("a\0b.xlsx", "ab.xlsx"),
        ("C:\\报表\\十月.xlsx", "十月.xlsx"),
    ],
)
def test_a_name_is_one_line_of_visible_letters(name, kept):
    assert bare_name(name) == kept


def test_a_file_called_like_a_folder_is_a_file(server, token_of):
    client = server.client("clerk")
    answer = client.post(f"{BASE}/hand-in", data={"csrf": token_of("clerk")}, files=[("files", ("..", b"x"))])
    assert answer.status_code == 303
    assert "<h2>未命名</h2>" in client.get(answer.headers["location"]).text


def test_what_people_type_has_no_control_characters(server, form_of):
    """PostgreSQL keeps no NUL; nobody means one."""
    client = server.client("steward")
    fields = {**form_of(client, PAGE), "action": "return", "reason": "请\0核对"}
    answer = client.post(f"{PAGE}/decision", data=fields)
    assert (answer.status_code, "“理由”没有填" in answer.text) == (422, True)


@pytest.mark.parametrize("about", ["<b>|x", "KQ-001|" + "a" * 90, "BN-101|t01.r01.c4"])
def test_evidence_stands_beside_a_question_that_was_asked_or_beside_the_report(server, token_of, about):
    scan = ("扫描件.pdf", b"%PDF-1.7\n1 0 obj\n", "application/pdf")
    data = {"csrf": token_of("clerk"), "about": about}
    answer = server.client("clerk").post(f"{PAGE}/evidence", data=data, files=[("files", scan)])
    assert (answer.status_code, "不在问题清单里" in answer.text) == (409, True)


def test_our_own_mistake_is_a_sentence_with_the_headers_and_stands_in_the_log(server, monkeypatch):
    from fastapi.testclient import TestClient
    from workbench import routes_board

    def fail(*args, **named):
        raise RuntimeError("broken")

    monkeypatch.setattr(routes_board, "make_board", fail)
    client = server.client("office")
    with pytest.raises(RuntimeError, match="broken"):
        client.get(f"{BASE}/board")
    quiet = TestClient(server.app, base_url="http://localhost", raise_server_exceptions=False, cookies=client.cookies)
    answer = quiet.get(f"{BASE}/board")
    assert (answer.status_code, "系统出错了" in answer.text, "broken" in answer.text) == (500, True, False)
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_who_has_left_is_out_also_with_the_old_cookie(server):
    client = server.client("office")
    assert '<a href="/workbench/sign-out" class="leave">退出</a>' in client.get(f"{BASE}/board").text
    old = client.cookies["_token"]
    answer = client.get(f"{BASE}/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}/sign-in")
    client.cookies.set("_token", old)
    assert client.get(f"{BASE}/board").status_code == 303


def test_passwords_cannot_be_tried_without_end(server):
    from fastapi.testclient import TestClient
    from jinguo_front_door import MOST_FAILURES

    client = TestClient(server.app, base_url="http://localhost", client=("192.0.2.7", 50000))
    wrong = {"username": "office", "password": "guess"}
    answers = [client.post("/auth/token", json=wrong).status_code for _ in range(MOST_FAILURES + 1)]
    assert answers == [401] * MOST_FAILURES + [429]
    right = {"username": "office", "password": server.passwords["office"]}
    own = client.post(f"{BASE}/sign-in", data=right)
    assert (own.status_code, "登录失败次数过多，请一分钟后再试。" in own.text) == (429, True)
    refused = client.post("/auth/token", json=right)
    assert (refused.status_code, refused.json()["detail"]) == (429, "登录失败次数过多，请一分钟后再试。")
    assert server.client().post("/auth/token", json=right).status_code == 201  # somebody else, elsewhere


def test_airflows_own_pages_are_not_sniffed_and_not_framed_by_others(server):
    headers = server.client().get("/auth/login").headers
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "SAMEORIGIN")


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("/workbench/queue?x=1", "/workbench/queue?x=1"),
        ("", "/workbench/"),
        ("http://evil.example/", "/workbench/"),
        ("//evil.example/workbench/", "/workbench/"),
        ("/workbench\\@evil.example", "/workbench/"),
        ("/workbench/\r\nX-Evil: 1", "/workbench/"),
        ("javascript:alert(1)", "/workbench/"),
    ],
)
def test_after_the_login_a_page_of_ours_is_opened_and_no_script_reads_the_token(server, wanted, target):
    data = {"username": "office", "password": server.passwords["office"]}
    answer = server.client().post(f"{BASE}/sign-in", params={"next": wanted}, data=data)
    assert (answer.status_code, answer.headers["location"]) == (303, target)
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("_token=")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_wrong_password_is_a_sentence_and_another_site_cannot_sign_somebody_in(server):
    wrong = server.client().post(f"{BASE}/sign-in", data={"username": "<b>", "password": "x"})
    assert (wrong.status_code, "账号或密码不对" in wrong.text, "<b>" in wrong.text) == (401, True, False)
    assert "set-cookie" not in wrong.headers
    assert server.client().post(f"{BASE}/sign-in", data={}).status_code == 401
    data = {"username": "office", "password": server.passwords["office"]}
    foreign = server.client().post(f"{BASE}/sign-in", data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert (foreign.status_code, "set-cookie" in foreign.headers) == (403, False)
    assert "script-src 'self'" in server.client().get(f"{BASE}/sign-in").headers["content-security-policy"]


def test_the_way_back_after_the_login_stays_here(server):
    assert server.client().get("/api/v2/auth/login?next=http://evil.example/").status_code == 400
    assert server.client("office").get(f"{BASE}/?next=http://evil.example/").headers["location"] == f"{BASE}/board"
