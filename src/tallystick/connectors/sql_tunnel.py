"""Databases behind an SSH server: their address is led to a forwarded port, which is open before anybody connects."""

from typing import Any, Final

from sqlalchemy import URL, Engine, event

from tallystick.connectors.sql_table import dialect_of
from tallystick.connectors.tunnel import LOOPBACK, Tunnel
from tallystick.core.error import ProjectError
from tallystick.project.manifest_tunnel import SshTunnel

_PORTS: Final = {"postgresql": 5432, "mysql": 3306, "mssql": 1433, "oracle": 1521}


def lead_through(spec: SshTunnel, address: URL, place: str, *, wait: float) -> tuple[URL, Tunnel]:
    """Give the address that leads through the tunnel, and the tunnel.

    Raises:
        ProjectError: the database has no address that could be led elsewhere.
    """
    dialect = dialect_of(address.get_backend_name())
    if dialect not in _PORTS:
        raise ProjectError(
            "network.tunnel is for databases that are reached by host and port",
            hint="for ODBC let ssh forward a port, and name that in the data source",
            place=place,
        )
    tunnel = Tunnel(spec, place, wait=wait, target=(address.host or LOOPBACK, address.port or _PORTS[dialect]))
    if dialect == "postgresql":
        # Its driver connects there and holds the certificate against the name all the same.
        return address.set(port=tunnel.port).update_query_dict({"hostaddr": LOOPBACK}), tunnel
    return address.set(host=LOOPBACK, port=tunnel.port), tunnel


def open_before_connecting(engine: Engine, tunnel: Tunnel) -> None:
    """Let the tunnel be open whenever the engine makes a connection."""

    def opened(*_: Any) -> None:
        tunnel.open()

    event.listen(engine, "do_connect", opened)
