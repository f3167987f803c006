"""``tally check --calendar``: what will end by itself, the soonest first."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tallystick.cli.output import Screen
    from tallystick.cli.start import Start


def show_calendar(start: "Start", screen: "Screen", ics: Path | None) -> int:
    """Show what ends when, and write it as a calendar where one is asked for. Exit code 5 if something is over."""
    from tallystick.checklist.calendar import ending_document, gather_endings, write_calendar
    from tallystick.checklist.opening import open_scene
    from tallystick.checklist.wire import WireTransport
    from tallystick.cli.exits import CHECK, DONE
    from tallystick.wiring import open_house

    with open_house(start.folder, start.environment, whole=True) as house:
        readers = {name: system.connector for name, system in house.systems.items()}
        scene = open_scene(house.loaded, readers, house.pairs)
        endings = gather_endings(scene, house.boundary(), WireTransport())
        project, now, systems = house.loaded.project.name, house.now(), sorted(readers)
    screen.document({"project": project, "endings": [ending_document(each, now) for each in endings]})
    rows = [
        (each.day, _left(each.days_left(now)), each.system, each.what, each.source, each.owner or "-")
        for each in endings
    ]
    if rows:
        screen.table(("day", "left", "system", "what ends", "known from", "owner"), rows)
    unknown = [name for name in systems if name not in {each.system for each in endings}]
    if unknown:
        screen.say(f"nothing is known of {', '.join(unknown)}: what ends there can be written under expires")
    if ics is not None:
        _write(ics, write_calendar(endings, project, now), screen)
    return CHECK if any(each.is_over_at_the_end and each.at <= now for each in endings) else DONE


def _left(days: int) -> str:
    if days < 0:
        return "over"
    return "today" if days == 0 else f"{days:,} day{'s' if days != 1 else ''}"


def _write(path: Path, text: str, screen: "Screen") -> None:
    from tallystick.core.error import ProjectError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    except OSError as cause:
        raise ProjectError(
            f"the calendar cannot be written: {cause.strerror}", hint="check its folder", place=str(path)
        ) from cause
    screen.note(f"wrote {path}")
