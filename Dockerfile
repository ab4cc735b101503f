# One image for all services. Legacy builder syntax only, so that it also builds where there is no BuildKit.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
ARG POSTGRES_IMAGE=postgres:16-bookworm

# Backups need pg_dump in the server's version: it comes from the server's own image.
FROM ${POSTGRES_IMAGE} AS postgres
USER root
COPY deploy/copy_postgres_client.sh /
RUN bash /copy_postgres_client.sh /opt/postgresql

FROM ${PYTHON_IMAGE}

ENV PATH=/opt/venv/bin:/opt/postgresql/bin:$PATH \
    PYTHONPATH=/opt/jinguo/include:/opt/jinguo/plugins \
    PYTHONUNBUFFERED=1 \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/jinguo/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/jinguo/plugins \
    JINGUO_HOME=/var/lib/jinguo \
    JINGUO_SCHEMAS=/opt/jinguo/schemas
WORKDIR /opt/jinguo

COPY --from=postgres /opt/postgresql /opt/postgresql
COPY requirements.txt deploy/requirements-uv.txt deploy/
RUN python3 -m venv /opt/venv \
    && pip install --no-cache-dir --quiet --require-hashes -r deploy/requirements-uv.txt \
    && UV_SYSTEM_CERTS=true uv pip install --no-cache --quiet --python /opt/venv/bin/python --compile-bytecode \
       --require-hashes -r deploy/requirements.txt

COPY include include
COPY plugins plugins
COPY schemas schemas
COPY dags dags
COPY deploy deploy

# Volumes take over the owner of the folder that they cover: without these lines the services could not write to them.
RUN useradd --create-home --uid 50000 jinguo \
    && mkdir -p /opt/airflow/logs /var/lib/jinguo /var/backups/jinguo \
    && chown -R jinguo /opt/airflow /var/lib/jinguo /var/backups/jinguo
USER jinguo
VOLUME ["/opt/airflow", "/var/lib/jinguo", "/var/backups/jinguo"]
