"""Runs the migrations over the connection that `workers.ledger.migrate` hands in."""

from alembic import context

from workers.ledger.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
