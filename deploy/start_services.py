"""`make up`: Airflow's services on this machine, watched until Ctrl-C; prints the address and the login."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import FrameType

from accounts import FIRST_STAFF, USERS, ensure_staff
from airflow_environment import PROJECT, airflow_environment
from jinguo.staff.logins import with_staff
from passwords import ensure_passwords

SERVICES = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
}
RESTART_SECONDS = 5
STOP_SECONDS = 20
START_SECONDS = 180


class Stopped(Exception):  # noqa: N818 - a request, not an error
    """Somebody asked us to stop."""


def main() -> int:
    home = Path(os.environ.get("JINGUO_HOME") or PROJECT / "var").expanduser().resolve()
    airflow_home = Path(os.environ.get("AIRFLOW_HOME") or home / "airflow")
    host = os.environ.get("JINGUO_HOST") or "127.0.0.1"
    port = int(os.environ.get("JINGUO_PORT") or 8080)
    environment = os.environ | airflow_environment(airflow_home, host=host, port=port) | {"JINGUO_HOME": str(home)}
    (airflow_home / "logs").mkdir(parents=True, exist_ok=True)
    airflow_home.chmod(0o700)  # Airflow leaves its database, with connections and XComs, readable to all
    (home / "inbox").mkdir(parents=True, exist_ok=True)
    users = environment[USERS] = with_staff(environment[USERS], ensure_staff(environment))
    file = Path(environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    passwords = ensure_passwords(file, users)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        print("preparing Airflow's database …", flush=True)
        _finish(running, "migrate", _start("migrate", ["db", "migrate"], environment))
        for name, arguments in SERVICES.items():
            running[name] = _start(name, arguments, environment)
        _wait_until_healthy(f"http://{host}:{port}", running)
        print(f"\n  address   http://{host}:{port}\n  workbench http://{host}:{port}/workbench/")
        print(f"{_logins(passwords)}  passwords {file}\n  inbox     {home / 'inbox'}")
        print(f"  logs      {airflow_home / 'logs'}\n\nCtrl-C stops everything.", flush=True)
        _watch(running, environment)
    except Stopped:
        print("\nstopping …", flush=True)
    finally:
        _stop_all(running)
    return 0


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def _start(name: str, arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """A service in a process group of its own, so that the workers it forks can be stopped with it."""
    with (Path(environment["AIRFLOW_HOME"]) / "logs" / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "airflow", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _finish(running: dict[str, subprocess.Popen[bytes]], name: str, process: subprocess.Popen[bytes]) -> None:
    running[name] = process
    if process.wait():
        raise SystemExit(f"{name} failed; its log says why")
    del running[name]


def _wait_until_healthy(address: str, running: dict[str, subprocess.Popen[bytes]]) -> None:
    until = time.monotonic() + START_SECONDS
    while not _is_healthy(address):
        for name, process in running.items():
            if process.poll() is not None:
                raise SystemExit(f"{name} stopped while starting; its log says why")
        if time.monotonic() > until:
            raise SystemExit(f"not healthy after {START_SECONDS} seconds; the logs say why")
        time.sleep(1)


def _is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/api/v2/monitor/health", timeout=5) as answer:  # noqa: S310 - our own
            health = json.load(answer)
    except OSError:
        return False
    return all(health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor"))


def _watch(running: dict[str, subprocess.Popen[bytes]], environment: dict[str, str]) -> None:
    """Starts a service again whenever it ends; comes back only by Stopped."""
    while True:
        time.sleep(RESTART_SECONDS)
        for name, process in running.items():
            if process.poll() is not None:
                print(f"{name} ended with status {process.returncode}; starting it again", flush=True)
                _signal_group(process, signal.SIGKILL)
                running[name] = _start(name, SERVICES[name], environment)


def _stop_all(running: dict[str, subprocess.Popen[bytes]]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for process in running.values():
        _signal_group(process, signal.SIGTERM)
    until = time.monotonic() + STOP_SECONDS
    for process in running.values():
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, until - time.monotonic()))
        _signal_group(process, signal.SIGKILL)


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    """To the service and to all that it started, also when the service itself is gone."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _logins(passwords: dict[str, str]) -> str:
    """Of the accounts of a new system; everybody else's are in the password file."""
    shown = [(account, role) for account, (role, _) in FIRST_STAFF.items() if account in passwords]
    return "".join(f"  login     {account} / {passwords[account]}   ({role})\n" for account, role in shown)


if __name__ == "__main__":
    sys.exit(main())
