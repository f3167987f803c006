"""A new project: the few files to begin with, commented, and never over anything that is there."""

import json
from pathlib import Path
from typing import Final

from tallystick.core.error import ProjectError
from tallystick.project.json_schema import SCHEMA_FOLDER, write_schemas
from tallystick.project.load import PROJECT_FILE

_PROJECT: Final = """\
# yaml-language-server: $schema={schema}/project.json
# A Tallystick project. Systems are described in systems/, what corresponds in mappings/.
# Secrets never stand here: write ${{env:NAME}}, ${{file:PATH}} or ${{secret:NAME}} (from .tally/secrets.yaml).
name: {name}

# Where Tallystick keeps what it knows about both sides. Another database by its address:
# state: "${{env:TALLY_STATE}}"

# Who can be asked; systems, mappings and fields name them by key:
# owners:
#   sales:
#     name: Erika Mustermann
#     email: erika@example.com

# What differs in staging or production; choose with --environment, or here:
# environment: staging
# environments:
#   staging:
#     systems:
#       crm:
#         base_url: https://sandbox.example.com/v1
"""

_IGNORED: Final = """\
# Tallystick's own state and local secrets
.tally/
"""

_SYSTEMS: Final = """\
# Systems

One file per system; its name is the system's name. Let `tally describe` write it from an API description or a database,
or write it by hand:

```yaml
# yaml-language-server: $schema=../{schema}/system.json
protocol: rest
base_url: https://api.example.com/v1
auth:
  type: bearer
  token: "${{env:CRM_TOKEN}}"
objects:
  companies:
    id: id
    list: {{method: GET, path: /companies, record: data}}
    get: {{method: GET, path: "/companies/{{id}}"}}
    create: {{method: POST, path: /companies}}
    update: {{method: PATCH, path: "/companies/{{id}}"}}
    paging: {{type: offset, limit: 100}}
    modified: updatedAt
    fields:
      name: {{type: text, required: true, max_length: 200}}
      email: {{type: text}}
```
"""

_MAPPINGS: Final = """\
# Mappings

One file per pair of objects; its name is the mapping's name. `tally map` proposes one, or write it by hand:

```yaml
# yaml-language-server: $schema=../{schema}/mapping.json
left: {{system: crm, object: companies}}
right: {{system: erp, object: partners}}
direction: both
match:
  - {{on: email, normalise: email}}
fields:
  name: {{left: name, right: partner_name}}
  email: {{left: email, right: mail, conflict: left}}
conflict: manual
on_unmatched: {{left: create, right: ask}}
on_delete: {{left: ask, right: ask}}
```
"""


def scaffold_project(folder: Path, *, name: str = "") -> tuple[Path, ...]:
    """Make a project in ``folder`` and give the files that were written, in order.

    Files that exist are left as they are. ``name`` is the folder's if none is given.

    Raises:
        ProjectError: the folder cannot be written.
    """
    schema = SCHEMA_FOLDER.as_posix()
    texts = {
        PROJECT_FILE: _PROJECT.format(
            schema=schema, name=json.dumps(name or folder.resolve().name, ensure_ascii=False)
        ),
        ".gitignore": _IGNORED,
        # Keeps state and secrets out of Git even where a .gitignore was there already.
        ".tally/.gitignore": "*\n",
        "systems/README.md": _SYSTEMS.format(schema=schema),
        "mappings/README.md": _MAPPINGS.format(schema=schema),
    }
    written = []
    try:
        (folder / ".tally").mkdir(mode=0o700, parents=True, exist_ok=True)
        for title, text in texts.items():
            path = folder / title
            path.parent.mkdir(exist_ok=True)
            try:
                with path.open("x", encoding="utf-8") as stream:
                    stream.write(text)
            except FileExistsError:
                continue
            written.append(path)
    except OSError as error:
        where = error.filename or folder
        raise ProjectError(f"{where} cannot be written: {error.strerror}", hint="choose another folder") from error
    write_schemas(folder)
    return tuple(written)
