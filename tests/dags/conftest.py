"""One Airflow home for all tests of the DAGs of a session. Nothing of a configured Airflow is touched."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of an Airflow that was imported after its environment was set; its database is still to be made."""
    assert "airflow" not in sys.modules, "Airflow was imported before its home was set"
    home = tmp_path_factory.mktemp("airflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PROJECT / "deploy"))
        from airflow_environment import airflow_environment

        for name in ("AIRFLOW_HOME", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "JINGUO_PROVINCE_STAFF"):
            patch.delenv(name, raising=False)
        for name, value in airflow_environment(home).items():
            patch.setenv(name, value)
        # What Airflow warns of while it is imported concerns Airflow.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import airflow.api_fastapi.app
            import airflow.dag_processing.dagbag  # noqa: F401
        logging.getLogger().setLevel(logging.WARNING)
        yield home


@pytest.fixture(scope="session")
def bag(airflow_home: Path) -> SimpleNamespace:
    """Our DAGs by id, and what could not be imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from airflow.dag_processing.dagbag import DagBag

        found = DagBag(str(PROJECT / "dags"))
    return SimpleNamespace(dags=found.dags, import_errors=found.import_errors)
