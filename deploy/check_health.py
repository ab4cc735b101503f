"""A container's health check: exit status 0 when the part named is healthy, by the API server's own account."""

from __future__ import annotations

import json
import os
import sys
import urllib.request


def is_healthy(part: str, address: str) -> bool:
    """``part``: metadatabase, scheduler or dag_processor. False when the API server does not answer."""
    try:
        with urllib.request.urlopen(f"{address}/api/v2/monitor/health", timeout=8) as answer:  # noqa: S310 - our own
            return json.load(answer)[part]["status"] == "healthy"
    except OSError:
        return False


if __name__ == "__main__":
    execution_api = os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
    sys.exit(0 if is_healthy(sys.argv[1], execution_api.removesuffix("/execution/")) else 1)
