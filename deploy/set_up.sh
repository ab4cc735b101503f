#!/bin/bash
# The virtual environment $1 with the pinned packages. Run again, it only adds what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}

find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 python3.14; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Python 3.11 or newer is needed and was not found; name one: make setup PYTHON=/path/to/python3" >&2
    return 1
}

# A checkout that was moved has an interpreter that no longer starts its own packages.
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    echo "setting up $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
fi

install_with_uv() {
    "$venv/bin/python" -m pip install -qq --require-hashes -r deploy/requirements-uv.txt || return
    # uv does not read pip's configuration: hand it the one setting that a mirror needs.
    local index
    index=$("$venv/bin/python" -m pip config get global.index-url 2>/dev/null || true)
    index=${PIP_INDEX_URL:-$index}
    UV_SYSTEM_CERTS=true ${index:+env UV_DEFAULT_INDEX="$index"} \
        "$venv/bin/uv" pip install --quiet --compile-bytecode --python "$venv/bin/python" \
        --require-hashes -r requirements.txt
}

if ! install_with_uv; then
    echo "uv could not install; trying pip, which takes some minutes longer" >&2
    "$venv/bin/python" -m pip install -q --require-hashes -r requirements.txt
fi
# Compiled once here: machines whose environment forbids bytecode files would compile Airflow anew at every start.
"$venv/bin/python" -m compileall -q include plugins
