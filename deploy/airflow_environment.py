"""The environment in which Airflow runs on one machine: the same for the demo, `make up` and the tests of the DAGs."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def airflow_environment(airflow_home: Path, *, host: str = "127.0.0.1", port: int = 8080) -> dict[str, str]:
    """Airflow's settings for a home of its own; what the operator has set in the environment wins."""
    defaults = {
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Asia/Shanghai",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{airflow_home / 'airflow.db'}",
        # Few workers: LocalExecutor forks them all at once, each some 100 MB.
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "3",
        "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "3",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__API__HOST": host,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://{host}:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{host}:{port}/execution/",
        "AIRFLOW__API__ENABLE_SWAGGER_UI": "False",
        "AIRFLOW__API__INSTANCE_NAME": "巾帼志愿服务统计",
        "AIRFLOW__API_AUTH__JWT_EXPIRATION_TIME": "28800",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,shengban:user",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(airflow_home / "passwords.json"),
        "JINGUO_PROVINCE_STAFF": "shengban",
    }
    paths = [str(PROJECT / "include"), str(PROJECT / "plugins"), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {
        **{name: os.environ.get(name) or value for name, value in defaults.items()},
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(path for path in paths if path)),
    }
