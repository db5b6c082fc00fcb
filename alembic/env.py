"""Runs the steps on the connection that `app.storage.migrate` hands over; its owner begins and commits."""

from alembic import context

from app.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
