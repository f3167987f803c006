"""Revision 4: indexes of the bindings that a run asks for each time and of which there are few."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_FEW = {
    "binding_dormant": "state = 'dormant'",
    "binding_left_absent": "left_absent_since IS NOT NULL",
    "binding_right_absent": "right_absent_since IS NOT NULL",
}


def upgrade() -> None:
    """Add the indexes."""
    for name, condition in _FEW.items():
        where = sa.text(condition)
        op.create_index(name, "binding", ["pair"], sqlite_where=where, postgresql_where=where)
