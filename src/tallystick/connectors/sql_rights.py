"""What our database user may do with a table, and what it may do besides: asked of the catalogue, never tried out."""

from typing import Any, Final

from sqlalchemy import Connection, text

from tallystick.connectors.sql_table import TableShape
from tallystick.core.ports import Rights

_DEEDS: Final = {"SELECT": ("list", "get"), "INSERT": ("create",), "UPDATE": ("update",), "DELETE": ("delete",)}
_POSTGRES: Final = """
SELECT
  has_any_column_privilege(c.oid, 'SELECT') AS "SELECT", has_any_column_privilege(c.oid, 'INSERT') AS "INSERT",
  has_any_column_privilege(c.oid, 'UPDATE') AS "UPDATE", has_table_privilege(c.oid, 'DELETE') AS "DELETE",
  r.rolsuper AS "is a superuser", r.rolcreatedb AS "may create databases", r.rolcreaterole AS "may create users",
  r.rolbypassrls AS "passes by row security", r.rolreplication AS "may replicate the whole database",
  pg_has_role(c.relowner, 'MEMBER') AS "owns the table, so may change and drop it",
  has_schema_privilege(c.relnamespace, 'CREATE') AS "may create tables in the schema",
  has_table_privilege(c.oid, 'TRUNCATE') AS "may empty the table at once",
  has_table_privilege(c.oid, 'TRIGGER') AS "may create triggers on the table",
  pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on' AS is_read_only
FROM pg_class c JOIN pg_roles r ON r.rolname = current_user WHERE c.oid = CAST(:name AS regclass)"""
_OWNING: Final = frozenset({"is a superuser", "owns the table, so may change and drop it"})
# The roles that are switched on count too; who may read the mysql tables sees the rights of others as well.
_MYSQL: Final = """
SELECT privilege_type FROM information_schema.user_privileges WHERE grantee = :user
UNION SELECT concat(privilege_type, ' schema') FROM information_schema.schema_privileges
  WHERE grantee = :user AND coalesce(nullif(:schema, ''), database()) LIKE table_schema
UNION SELECT concat(privilege_type, ' table') FROM information_schema.table_privileges
  WHERE grantee = :user AND table_schema = coalesce(nullif(:schema, ''), database()) AND table_name = :name
UNION SELECT concat(privilege_type, ' table') FROM information_schema.column_privileges
  WHERE grantee = :user AND table_schema = coalesce(nullif(:schema, ''), database()) AND table_name = :name"""
_USAGE: Final = "USAGE"


def rights_of(connection: Connection, shape: TableShape) -> Rights | None:
    """Give what the catalogue says of our rights on a table; ``None`` where the system does not tell."""
    match shape.dialect:
        case "postgresql":
            return _postgres(connection, shape)
        case "mysql":
            return _mysql(connection, shape)
        case _:
            return None


def _postgres(connection: Connection, shape: TableShape) -> Rights:
    told: dict[str, Any] = dict(connection.execute(text(_POSTGRES), {"name": shape.qualified}).mappings().one())
    is_read_only = bool(told.pop("is_read_only"))
    granted = frozenset(deed for right, deeds in _DEEDS.items() if told.pop(right) for deed in deeds)
    excess = [name for name, has in told.items() if has]
    # What follows from these needs no line of its own.
    if _OWNING & set(excess):
        excess = [name for name in excess if name in _OWNING or not name.endswith("the table")]
    return Rights(granted, tuple(excess), is_read_only)


def _mysql(connection: Connection, shape: TableShape) -> Rights | None:
    user, host, is_read_only = connection.execute(
        text("SELECT substring_index(current_user(), '@', 1), substring_index(current_user(), '@', -1), @@read_only")
    ).one()
    named = {"user": f"'{user}'@'{host}'", "schema": shape.schema, "name": shape.name}
    rows = {row[0] for row in connection.execute(text(_MYSQL), named)}
    if _roles(connection):
        return None  # what a role grants is listed under its own name, and roles may hold roles
    granted = frozenset(
        deed for right, deeds in _DEEDS.items() if rows & {right, f"{right} schema", f"{right} table"} for deed in deeds
    )
    servers = sorted(right for right in rows if not right.endswith((" schema", " table")) and right != _USAGE)
    others = sorted(
        right.rpartition(" ")[0]
        for right in rows
        if right.endswith((" schema", " table")) and right.split()[0] not in _DEEDS
    )
    excess = [f"holds {', '.join(servers)} on the whole server"] if servers else []
    excess += [f"holds {', '.join(dict.fromkeys(others))}"] if others else []
    passes = {"SUPER", "READ_ONLY ADMIN", "READ ONLY ADMIN", "CONNECTION_ADMIN"} & rows
    return Rights(granted, tuple(excess), bool(is_read_only) and not passes)


def _roles(connection: Connection) -> bool:
    """Whether a role is switched on for this connection."""
    return str(connection.execute(text("SELECT current_role()")).scalar() or "NONE").upper() != "NONE"
