"""What a system was described as when its file was written: kept beside it, so that corrections can be told later.

``systems/.described/NAME.json`` belongs into version control with the file itself. Nobody edits it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tallystick.core.error import ProjectError
from tallystick.project.manifest import Manifest
from tallystick.project.rewrite import replace_file


def place_of_then(folder: Path, name: str) -> Path:
    """Give the file that keeps how a system was described."""
    return folder / "systems" / ".described" / f"{name}.json"


def keep_then(folder: Path, name: str, manifest: Manifest) -> None:
    """Keep a description; one that is there is replaced.

    Raises:
        ProjectError: the file cannot be written.
    """
    path = place_of_then(folder, name)
    content = manifest.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"facts", "notes"})
    content["protocol"] = manifest.protocol
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        replace_file(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise ProjectError(
            f"the file cannot be written: {error.strerror}", hint="check its rights", place=str(path)
        ) from error


def read_then(folder: Path, name: str) -> Manifest | None:
    """Give the description that was kept; ``None`` if there is none.

    Raises:
        ProjectError: the file is damaged.
    """
    path = place_of_then(folder, name)
    if not path.is_file():
        return None
    try:
        return Manifest.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        hint = "take it from version control, or remove it: differences then count as changes"
        raise ProjectError("the description that was kept cannot be read", hint=hint, place=str(path)) from error


def fingerprint_of(manifest: Manifest) -> str:
    """Sum up what was understood of a description; how the system is reached does not count, people set it."""
    said: dict[str, Any] = manifest.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, include={"objects", "soap", "graphql"}
    )
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
