"""A small province behind Airflow's real API server: accounts of every role, one month of reports."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import shutil
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from jinguo.demo.month import write_correction, write_month
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.office import open_office
from jinguo.flow.register.staff import import_staff, staff_of
from jinguo.periods import Period
from jinguo.settings import TIMEZONE, Settings
from jinguo.units.register import load_register

PROJECT = Path(__file__).resolve().parents[2]
OCTOBER = Period(2026, 10)
ACCOUNTS = {
    "clerk": "reporter,430300",
    "neighbour": "reporter,430400",
    "zhangjiajie": "reporter,430800",
    "city": "steward,430300",
    "steward": "steward,430000",
    "office": "office,430000",
    "operator": "operator,430000",
    "gone": "steward,430000",
    "stranger": "",
}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
REPORTING = ("430100", "430200", "430300", "430400", "430500", "430800")


@dataclass
class Server:
    """The API server's application and the passwords of its accounts."""

    app: Any
    passwords: dict[str, str]

    def client(self, account: str | None = None) -> Any:
        """A browser that follows no redirects, signed in as ``account`` or nobody."""
        from fastapi.testclient import TestClient

        client = TestClient(self.app, base_url="http://localhost", follow_redirects=False)
        if account:
            answer = client.post("/auth/token", json={"username": account, "password": self.passwords[account]})
            client.cookies.set("_token", answer.json()["access_token"])
        return client


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Airflow's API server with the project's plugins; its own home, its own accounts."""
    assert "airflow" not in sys.modules, "Airflow was imported before its home was set"
    home = tmp_path_factory.mktemp("airflow")
    users = ",".join(f"{account}:viewer" for account in ACCOUNTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PROJECT / "deploy"))
        from airflow_environment import airflow_environment
        from passwords import ensure_passwords

        for name in ("AIRFLOW_HOME", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"):
            patch.delenv(name, raising=False)
        patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", users)
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", secrets.token_urlsafe(64))
        for name, value in airflow_environment(home).items():
            patch.setenv(name, value)
        passwords = ensure_passwords(home / "passwords.json", users)
        # What Airflow and its libraries warn each other of is not ours to mend.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from airflow.api_fastapi.app import create_app
            from airflow.utils.db import initdb

            initdb()
            app = create_app(apps="core")
        yield Server(app, passwords)


@pytest.fixture(scope="session")
def filled_home(tmp_path_factory: pytest.TempPathFactory, schemas: Path) -> Settings:
    """October of six cities as the demo tells it: accepted, corrected, returned, held, waiting for an explanation."""
    home = tmp_path_factory.mktemp("home")
    now = dt.datetime(2026, 11, 3, 9, tzinfo=TIMEZONE)
    settings = Settings(home=home, warehouse_url=f"sqlite:///{home / 'warehouse.db'}", schemas=schemas, fixed_now=now)
    register = load_register(schemas)
    units = [register.by_code[code] for code in REPORTING]
    for period in (OCTOBER.previous, OCTOBER):
        write_month(settings.inbox, period, schemas=schemas, units=units)
    collect_inbox(settings)
    write_correction(settings.inbox, OCTOBER, schemas=schemas)
    settings = replace(settings, fixed_now=now.replace(day=9))
    collect_inbox(settings)
    lines = [f"{account},{line},2026-01-01," for account, line in ACCOUNTS.items() if line]
    lines = [f"{line}2026-10-31" if line.startswith("gone") else line for line in lines]
    staff = home / "staff.csv"
    staff.write_text("\n".join(["account,role,unit_code,valid_from,valid_to", *lines]), "utf-8")
    import_staff(settings, staff)
    return settings


@pytest.fixture
def settings(filled_home: Settings, tmp_path: Path) -> Settings:
    """A copy of that province, to be changed."""
    home = tmp_path / "home"
    shutil.copytree(filled_home.home, home)
    return replace(filled_home, home=home, warehouse_url=f"sqlite:///{home / 'warehouse.db'}")


@pytest.fixture
def server(airflow: Server, settings: Settings) -> Iterator[Server]:
    """The API server with the workbench of ``settings``."""
    from workbench.app import build_app

    mount = next(route for route in airflow.app.routes if getattr(route, "path", "") == "/workbench")
    lazy = mount.app
    lazy._app = build_app(settings)  # what it would make by itself at the first request, of the environment
    yield airflow
    lazy._app.state.office.close()


@pytest.fixture
def form_of() -> Callable[..., dict[str, str]]:
    """The hidden fields of a page's form, as a browser would send them."""

    def read(client: Any, address: str) -> dict[str, str]:
        text = client.get(address).text
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))

    return read


@pytest.fixture
def token_of(server: Server, settings: Settings) -> Callable[[str], str]:
    """The token that an account's own pages carry."""
    from workbench.deps import csrf_token

    def make(account: str) -> str:
        with open_office(settings) as office:
            return csrf_token(staff_of(office, account))

    return make


@pytest.fixture
def address(server: Any) -> Iterator[str]:
    """The API server on a free port of this machine."""
    running = uvicorn.Server(uvicorn.Config(server.app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what uvicorn and its libraries say of each other
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        while not running.started:
            thread.join(0.05)
            assert thread.is_alive(), "the server did not start"
        port = running.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
        running.should_exit = True
        thread.join(10)


@pytest.fixture
def browse(address: str, server: Any) -> Iterator[Callable[[str], Any]]:
    """Opens a browser of its own for an account, through Airflow's login page; errors on a page fail the test."""
    from playwright.sync_api import sync_playwright

    problems: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)

        def sign_in(account: str) -> Any:
            context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN", base_url=address)
            page = context.new_page()
            page.goto("/workbench/")
            page.fill("input[name=username]", account)
            page.fill("input[name=password]", server.passwords[account])
            page.keyboard.press("Enter")
            page.wait_for_url(re.compile("/workbench/(board|unit)"))
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
            return page

        yield sign_in
        chromium.close()
    assert problems == []
