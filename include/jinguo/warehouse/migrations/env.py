"""Alembic's environment: it runs on the connection that migrations.upgrade passes in."""

from alembic import context

from jinguo.warehouse.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # true of SQLite too, because the engine begins transactions itself
)
with context.begin_transaction():
    context.run_migrations()
