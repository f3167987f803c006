"""Where systems live, read from their manifests: host, port, proxy. Credentials are left behind here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from tallystick.checklist.scene import Address
from tallystick.connectors.sql_odbc_address import connection_part, is_odbc
from tallystick.connectors.tunnel import server_of
from tallystick.core.error import ProjectError
from tallystick.project.load import LoadedProject
from tallystick.project.manifest import Manifest
from tallystick.project.secrets import ProjectSecrets

_WEB_PORTS: Final = {"http": 80, "https": 443}
_DATABASE_PORTS: Final = {
    "postgresql": 5432,
    "postgres": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "mssql": 1433,
    "oracle": 1521,
}
_FILE_PORTS: Final = {"sftp": 22, "ftp": 21, "ftps": 990, "http": 80, "https": 443, "imaps": 993, "imap": 143}
_PROXY_PORT: Final = 1080


def addresses_of(loaded: LoadedProject) -> dict[str, Address]:
    """Give the address of each system of a project; one whose address cannot be read has only a note."""
    resolve = ProjectSecrets(loaded.folder).resolve
    return {name: _address(manifest, resolve) for name, manifest in loaded.manifests.items()}


def _address(manifest: Manifest, resolve: Callable[[str], str]) -> Address:
    try:
        if manifest.protocol in {"rest", "graphql", "soap", "rpc"}:
            return _through_tunnel(_web(manifest, resolve), manifest)
        if manifest.protocol == "sql":
            return _through_tunnel(_database(resolve(manifest.url)), manifest)
        if manifest.protocol == "files":
            return _folder(manifest, resolve)
    except (ProjectError, ValueError):
        return Address("", note="an address that cannot be read")
    return Address("", note="this process")


def _through_tunnel(address: Address, manifest: Manifest) -> Address:
    """Name the SSH server instead, where one stands in between: what is behind it only the service can tell."""
    if manifest.network.tunnel is None or not address.host:
        return address
    _, host, port = server_of(manifest.network.tunnel, "network.tunnel")
    return replace(address, proxy_host=host, proxy_port=port, proxy_is_opaque=True)


def _web(manifest: Manifest, resolve: Callable[[str], str]) -> Address:
    parts = urlsplit(resolve(manifest.base_url))
    proxy = urlsplit(resolve(manifest.network.proxy)) if manifest.network.proxy else None
    return Address(
        parts.hostname or "",
        parts.port or _WEB_PORTS.get(parts.scheme, 0),
        is_encrypted=parts.scheme == "https",
        ca_file=resolve(manifest.network.ca_file),
        proxy_host=(proxy.hostname or "") if proxy else "",
        proxy_port=(proxy.port or _WEB_PORTS.get(proxy.scheme, _PROXY_PORT)) if proxy else 0,
        # A SOCKS proxy does not speak the CONNECT of web proxies, and its login is not carried along here.
        proxy_is_opaque=bool(proxy and (proxy.scheme != "http" or proxy.username)),
    )


def _folder(manifest: Manifest, resolve: Callable[[str], str]) -> Address:
    parts = urlsplit(resolve(manifest.url))
    if parts.scheme == "s3":
        return Address("", note="a bucket")
    if parts.scheme not in _FILE_PORTS:
        return Address("", note="a folder on this machine")
    port, is_encrypted = parts.port or _FILE_PORTS[parts.scheme], parts.scheme == "imaps"
    ca_file = resolve(manifest.network.ca_file) if is_encrypted else ""
    return Address(parts.hostname or "", port, is_encrypted=is_encrypted, ca_file=ca_file)


def _source(url: str) -> Address:
    """Read where an ODBC connection string leads; a data source keeps it in the machine's own settings."""
    text = url.partition(":")[2]
    host = connection_part(text, "server", "servername", "hostname", "host", "address", "addr").removeprefix("tcp:")
    # SQL Server writes the port behind a comma, and the name of an instance behind a backslash.
    name, _, behind = host.partition("\\")[0].partition(",")
    port = connection_part(text, "port", "portnumber", "tcpport") or behind
    if not name or not port.isdecimal():
        return Address("", note="an ODBC data source of this machine")
    return Address(name, int(port))


def _database(url: str) -> Address:
    if is_odbc(url):
        return _source(url)
    parts = urlsplit(url)
    kind = parts.scheme.partition("+")[0]
    if kind == "sqlite":
        return Address("", note="a file on this machine")
    return Address(parts.hostname or "localhost", parts.port or _DATABASE_PORTS.get(kind, 0))
