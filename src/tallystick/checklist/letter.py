"""The letter that asks a system's owner for access: exactly the rights that the mappings need, and the way through.

Written from the project alone, in German or English. No request is made, and no secret is in it.
"""

from typing import Final, Literal

from tallystick.checklist.rooms.access import credentials_of, scopes_of
from tallystick.checklist.rooms.needs import needs_of, spelled
from tallystick.checklist.scene import Address, Scene, Subject

Language = Literal["de", "en"]
_SQL: Final = {"list": "SELECT", "get": "SELECT", "create": "INSERT", "update": "UPDATE", "delete": "DELETE"}
_WORDS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "subject": "Subject: access to {system} for the project {project}",
        "greeting": "Dear Sir or Madam,",
        "intro": "the project {project} keeps data of {system} in step with other systems. Please grant a user of its "
        "own these rights, and no others:",
        "list": "read lists",
        "get": "read single records",
        "create": "create",
        "update": "change",
        "delete": "delete",
        "for": "for",
        "scopes": "OAuth scopes: {scopes}",
        "grants": "As statements (put the name of the user for USER):",
        "way": "Please let connections through to {host}, port {port} (TCP), from: {source}.",
        "proxy": "They go through the proxy {proxy}.",
        "source": "[address of the machine that the runs are on]",
        "credentials": "We sign in with: {credentials}. Please send secrets over a safe way only, not by e-mail, and "
        "tell us when they expire.",
        "closing": "Kind regards",
    },
    "de": {
        "subject": "Betreff: Zugang zu {system} für das Projekt {project}",
        "greeting": "Sehr geehrte Damen und Herren,",
        "intro": "das Projekt {project} gleicht Daten von {system} mit anderen Systemen ab. Bitte erteilen Sie einem "
        "eigenen Benutzer diese Rechte, und keine weiteren:",
        "list": "Listen lesen",
        "get": "einzelne Datensätze lesen",
        "create": "anlegen",
        "update": "ändern",
        "delete": "löschen",
        "for": "für",
        "scopes": "OAuth-Scopes: {scopes}",
        "grants": "Als Anweisungen (für USER den Namen des Benutzers einsetzen):",
        "way": "Bitte geben Sie Verbindungen zu {host}, Port {port} (TCP), frei, und zwar von: {source}.",
        "proxy": "Sie laufen über den Proxy {proxy}.",
        "source": "[Adresse des Rechners, auf dem die Läufe stattfinden]",
        "credentials": "Wir melden uns an mit: {credentials}. Bitte senden Sie Geheimnisse nur auf sicherem Weg, nicht "
        "per E-Mail, und nennen Sie uns ihr Ablaufdatum.",
        "closing": "Mit freundlichen Grüßen",
    },
}
_CREDENTIALS_DE: Final = {
    "no credentials": "ohne Anmeldung",
    "a fixed key": "einem festen Schlüssel",
    "user name and password": "Benutzername und Kennwort",
    "a fixed token": "einem festen Token",
    "OAuth 2.0 client credentials": "OAuth 2.0 (Client Credentials)",
    "OAuth 2.0 refresh token": "OAuth 2.0 (Refresh Token)",
    "OAuth 2.0 service account": "OAuth 2.0 (Dienstkonto)",
    "user name and password by HTTP digest": "Benutzername und Kennwort (HTTP Digest)",
    "a shared key that signs each request": "einem gemeinsamen Schlüssel, der jede Anfrage signiert",
    "a session": "einer Sitzung",
    "credentials of the database user": "den Zugangsdaten des Datenbankbenutzers",
    "a WS-Security user name token": "einem WS-Security-Benutzernamen-Token",
}


def write_letter(scene: Scene, system: str, language: Language, source: str = "") -> str:
    """Write the request for access to one system; ``source`` is the address that firewalls will see, if known."""
    words, manifest = _WORDS[language], scene.loaded.manifests[system]
    names = {"system": system, "project": scene.loaded.project.name}
    blocks = [words["subject"].format(**names), words["greeting"], words["intro"].format(**names)]
    blocks.append("\n".join(_rights(scene, system, words)))
    if scopes := scopes_of(manifest.auth):
        blocks.append(words["scopes"].format(scopes=", ".join(scopes)))
    if manifest.protocol == "sql":
        blocks.append("\n".join([words["grants"], *_grants(scene, system)]))
    blocks += _way(scene.addresses.get(system, Address("")), words, source)
    credentials = credentials_of(manifest)
    told = _CREDENTIALS_DE[credentials] if language == "de" else credentials
    blocks += [words["credentials"].format(credentials=told), words["closing"]]
    return "\n\n".join(blocks) + "\n"


def _rights(scene: Scene, system: str, words: dict[str, str]) -> list[str]:
    manifest = scene.loaded.manifests[system]
    lines = []
    for need in needs_of(scene, system):
        call = spelled(manifest, Subject(system, need.object), need.deed)
        mappings = dict.fromkeys(reason.partition(":")[0] for reason in need.reasons)
        behind = f" ({call})" if call else ""
        lines.append(f"- {need.object}: {words[need.deed]}{behind}, {words['for']} {', '.join(mappings)}")
    return lines


def _grants(scene: Scene, system: str) -> list[str]:
    """Spell the rights as a database takes them, one statement for each table."""
    objects = scene.loaded.manifests[system].objects
    tables: dict[str, dict[str, None]] = {}
    for need in needs_of(scene, system):
        table = objects[need.object].table
        tables.setdefault(table.name if table else need.object, {})[_SQL[need.deed]] = None
    return [f"GRANT {', '.join(rights)} ON {table} TO USER;" for table, rights in tables.items()]


def _way(address: Address, words: dict[str, str], source: str) -> list[str]:
    if not address.port:
        return []
    way = words["way"].format(host=address.host, port=address.port, source=source or words["source"])
    proxy = words["proxy"].format(proxy=f"{address.proxy_host}:{address.proxy_port}") if address.proxy_host else ""
    return [f"{way} {proxy}".strip()]
