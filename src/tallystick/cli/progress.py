"""How far a run is: a bar for each mapping on a terminal, otherwise a line now and then; always on stderr.

A sink for the engine's events. It never raises and never shows values of records. What failed is told by the verb.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from tallystick.cli.output import Screen, visible
from tallystick.core.event import Decided, PageRead, Pushed, Resolved, Waiting
from tallystick.core.ports import Sink

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_EVERY_SECONDS: Final = 10.0


@contextlib.contextmanager
def shown_progress(screen: Screen) -> Iterator[Sink]:
    """Give a sink that shows the events of a run as long as it lasts."""
    if screen.quiet:
        yield _ignore
    elif sys.stderr.isatty():
        with _bars() as bars:
            yield Bars(bars)
    else:
        yield Lines(screen)


def _ignore(event: Any) -> None:
    del event


def _bars() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )


class Lines:
    """Terse lines: what waits and what was settled at once; how far reading and writing came now and then."""

    def __init__(self, screen: Screen, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen = screen
        self._clock = clock
        self._last = clock()

    def __call__(self, event: Any) -> None:
        """Take one event."""
        line = event_line(event)
        if isinstance(event, PageRead | Decided | Pushed):
            now = self._clock()
            if now - self._last < _EVERY_SECONDS:
                return
            self._last = now
        if line:
            self._screen.note(line)


def event_line(event: Any) -> str:
    """Write an event as one line."""
    match event:
        case PageRead(pair, side, _, listed, total):
            return f"{pair}: {listed:,}{f' of {total:,}' if total else ''} read on the {side}"
        case Decided(pair, count):
            return f"{pair}: {count:,} to change or to ask about so far"
        case Pushed(pair, done, total, failed):
            return f"{pair}: {done:,} of {total:,} carried out{f', {failed:,} failed' if failed else ''}"
        case Waiting(pair, seconds, reason):
            return f"{pair}: waits {seconds:,.0f} s: {reason}"
        case Resolved(pair, side, outcome):
            return f"{pair}: an earlier write on the {side} is settled: {outcome}"
        case _:
            return ""


class Bars:
    """A bar for what is being read, decided and written, by mapping."""

    def __init__(self, bars: "Progress") -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, event: Any) -> None:
        """Take one event."""
        match event:
            case PageRead(pair, side, _, listed, total):
                self._move(f"{pair}: read on the {side}", listed, total)
            case Decided(pair, count):
                self._move(f"{pair}: decided", count, None)
            case Pushed(pair, done, total, _):
                self._move(f"{pair}: carried out", done, total)
            case Waiting() | Resolved():
                self._bars.console.print(visible(event_line(event)), markup=False, highlight=False)
            case _:
                pass

    def _move(self, what: str, done: int, total: int | None) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=None)
        self._bars.update(self._tasks[what], completed=done, total=total)
