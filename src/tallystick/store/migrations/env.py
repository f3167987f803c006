"""Runs the revisions inside the transaction that ``store.revision`` opened, so that an upgrade is all or nothing."""

from alembic import context

from tallystick.store.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transaction_per_migration=False,
)
context.run_migrations()
