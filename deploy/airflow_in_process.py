"""Airflow in one process: its database, our DAGs and its API, no services. For the demo and the tests of the DAGs."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import warnings
from pathlib import Path
from typing import Any

from airflow_environment import PROJECT, airflow_environment
from passwords import ensure_passwords

SIGN_SECONDS = 60
POLL_SECONDS = 0.2


class RunFailed(Exception):  # noqa: N818 - says what happened
    """A DAG run did not end as it should."""


class InProcessAirflow:
    """One Airflow home, ready to run DAGs. Only one to a process: Airflow reads its environment when it is imported."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o700)
        os.environ.update(airflow_environment(home))
        self.passwords = ensure_passwords(
            Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]),
            os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"],
        )
        # What Airflow and its libraries warn each other of is not ours to mend.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from airflow.dag_processing.dagbag import DagBag
            from airflow.utils.db import initdb

            logging.getLogger("alembic").setLevel(logging.WARNING)
            initdb()
            bag = DagBag(str(PROJECT / "dags"))
        if bag.import_errors:
            raise RunFailed(json.dumps(bag.import_errors, indent=1))
        self.dags = bag.dags
        for dag in self.dags.values():
            for task in dag.tasks:
                task.retries = 0  # nobody waits a minute here: what fails, fails
        self._client: Any = None

    def run(
        self,
        dag_id: str,
        *,
        period: str | None = None,
        accept: tuple[str, ...] = ("success",),
        mark_success: str | None = None,
    ) -> str:
        """Runs all tasks of a DAG to their end; the run's state. RunFailed when it is none of ``accept``.

        ``mark_success``: tasks that are only marked as done, as somebody may do by hand (a regular expression).
        """
        conf = {"period": period} if period else None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            state = self.dags[dag_id].test(run_conf=conf, mark_success_pattern=mark_success).state.value
        if state not in accept:
            raise RunFailed(f"{dag_id} {period or ''}: {state}")
        return state

    def run_signed(
        self, dag_id: str, *, period: str, account: str, option: str = "Approve", accept: tuple[str, ...] = ("success",)
    ) -> str:
        """As ``run``, while ``account`` logs in, finds the request to sign and answers it through Airflow's API."""
        problems: list[Exception] = []

        def answer() -> None:
            try:
                self._answer_request(dag_id, account, option)
            except Exception as problem:  # carried over to the thread that waits
                problems.append(problem)

        self._api()  # made here: importing in a thread while DAGs run would meet half-imported modules
        signer = threading.Thread(target=answer, daemon=True)
        signer.start()
        state = self.run(dag_id, period=period, accept=accept)
        signer.join()
        if problems:
            raise problems[0]
        return state

    def _api(self) -> Any:
        if self._client is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from airflow.api_fastapi.app import create_app
                from fastapi.testclient import TestClient

                self._client = TestClient(create_app(apps="core"), base_url="http://localhost")
        return self._client

    def _answer_request(self, dag_id: str, account: str, option: str) -> None:
        client = self._api()
        login = client.post("/auth/token", json={"username": account, "password": self.passwords[account]})
        headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
        where = f"/api/v2/dags/{dag_id}/dagRuns/~/hitlDetails"
        until = time.monotonic() + SIGN_SECONDS
        while time.monotonic() < until:
            waiting = client.get(where, params={"response_received": "false"}, headers=headers).json()
            for request in waiting.get("hitl_details", ()):
                task = request["task_instance"]
                if task["state"] == "awaiting_input":
                    self._patch(client, task, headers, option)
                    return
            time.sleep(POLL_SECONDS)
        raise RunFailed(f"{dag_id}: no request to sign within {SIGN_SECONDS} seconds")

    @staticmethod
    def _patch(client: Any, task: dict[str, Any], headers: dict[str, str], option: str) -> None:
        answer = client.patch(
            f"/api/v2/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}"
            f"/{task['map_index']}/hitlDetails",
            json={"chosen_options": [option]},
            headers=headers,
        )
        answer.raise_for_status()
