"""How older tables become the newest ones; read by alembic, one file a revision in ``versions``."""
