"""FLOOR 4: the only file that knows every room. It opens a project and puts the parts together.

    project files -> mappings -> connectors and transports, store, compiled codecs -> pairs -> boundary -> run

Everything heavy is imported where it is needed, so that ``tally --help`` stays quick.
"""

import atexit
import contextlib
import fcntl
import gc
import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tallystick.core.error import ProjectError, StoreError

if TYPE_CHECKING:
    from tallystick.connectors.sign_in import Entrance
    from tallystick.core.brake import Permit
    from tallystick.core.ports import Boundary, Connector, Sink, Transport
    from tallystick.engine.pair import Pair
    from tallystick.engine.session import Mode, Session
    from tallystick.project.load import LoadedProject
    from tallystick.store.meter import CallMeter
    from tallystick.store.store import SqlStore


# More new objects than loading and opening make, so that the collector does not look through these.
_LOOK_AFTER: Final = 200_000


@dataclass(frozen=True, slots=True)
class System:
    """One opened system."""

    name: str
    connector: "Connector"
    transport: "Transport"


@dataclass(slots=True)
class House:
    """An opened project: its files, its systems, its own state and its pairs, parents first.

    ``alone`` tells that no other process works on this project's state (only known for SQLite). ``meters`` hold systems
    against their quota of a day, by name.
    """

    loaded: "LoadedProject"
    systems: Mapping[str, System]
    store: "SqlStore"
    pairs: "Sequence[Pair]"
    alone: bool = False
    sink: "Sink | None" = None
    meters: "Mapping[str, CallMeter]" = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The project's folder."""
        return self.loaded.folder

    @property
    def scratch_folder(self) -> Path:
        """Where scratch paper goes: beside the state, never into a shared temporary folder."""
        folder = self.folder / ".tally" / "scratch"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def boundary(self) -> "Boundary":
        """Make the boundary that performs the engine's effects for real."""
        from tallystick.engine.local import LocalBoundary

        transports = {name: system.transport for name, system in self.systems.items()}
        return LocalBoundary(
            transports,
            self.store,
            clock=time.time,  # noqa: TID251 - this is where the clock enters
            sleep=time.sleep,
            token=lambda: secrets.token_hex(8),
            sink=self.sink,
        )

    def session(
        self,
        mode: "Mode",
        *,
        approved: frozenset[int] | None = None,
        released: frozenset[str] = frozenset(),
        permit: "Permit | None" = None,
        full: bool = False,
        actor: str = "",
    ) -> "Session":
        """Begin a run; ``actor`` says who carries it out, for the audit trail."""
        from tallystick.core.brake import Permit
        from tallystick.engine.session import Session
        from tallystick.store.scratch import Scratch

        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        return Session(
            run=f"{stamp}-{secrets.token_hex(2)}",
            mode=mode,
            make_scratch=lambda: Scratch(self.scratch_folder),
            approved=approved,
            released=released,
            permit=permit or Permit(),
            full=full,
            actor=actor,
        )

    def chosen(self, names: Sequence[str]) -> "Sequence[Pair]":
        """Give the pairs of these names, parents first; all if none is named."""
        known = [p.name for p in self.pairs]
        unknown = [n for n in names if n not in known]
        if unknown:
            raise ProjectError(f"no mapping is called '{unknown[0]}'", hint=f"there are: {', '.join(known)}")
        return [p for p in self.pairs if not names or p.name in names]

    def reread(self) -> None:
        """Read the project's files again, after a mapping has learned something; the systems stay open."""
        from tallystick.project.load import load_project

        self.loaded = load_project(self.folder, environment=self.loaded.environment or None)
        self.pairs = make_pairs(self.loaded, self.systems)

    def now(self) -> float:
        """Give the time, seconds UTC."""
        return time.time()  # noqa: TID251 - this is where the clock enters

    def tidy(self) -> None:
        """Remove what has expired (journal entries, details of old runs, values and later ids of deleted records).

        Files that were taken in are archived where their system says so.
        """
        from tallystick.core.ports import Archiving
        from tallystick.store.retention import Retention

        project = self.loaded.project
        kept = Retention(former_id_days=project.tombstone_days, value_days=project.journal_days)
        self.store.purge(self.now(), kept)
        for system in self.systems.values():
            if isinstance(system.transport, Archiving):
                system.transport.put_away()


@contextlib.contextmanager
def open_house(
    folder: Path,
    environment: str | None = None,
    *,
    writing: bool = False,
    whole: bool = False,
    sink: "Sink | None" = None,
) -> Iterator[House]:
    """Open a project with all its systems and its state; ``writing`` takes the project's lock.

    ``whole`` asks systems for all fields of a record, where a run would ask for the mapped ones.

    Raises:
        ProjectError: the files are wrong, or a secret is missing.
        StoreError: the state cannot be used, or another process is writing.
    """
    from tallystick.project.load import load_project

    loaded = load_project(folder, environment=environment)
    with contextlib.ExitStack() as closing:
        alone = _lock(loaded, closing) if writing else False
        systems = open_systems(loaded if whole else _asked_for_less(loaded), closing)
        store = _open_state(loaded, closing)
        meters = _open_meters(loaded, systems, store, closing)
        house = House(loaded, systems, store, make_pairs(loaded, systems), alone=alone, sink=sink, meters=meters)
        if gc.get_threshold()[0] == _LOOK_AFTER:
            gc.freeze()  # what was opened stays as long as the process that spares its collector
        yield house


def spare_collector() -> None:
    """Let the garbage collector look less often; for processes that run one command and end, at their very start.

    A run makes millions of short-lived values and hardly any cycles: the collector finds nothing and costs a tenth.
    What was loaded stays to the end, and is not looked through once more when the process ends.
    """
    gc.freeze()
    gc.set_threshold(_LOOK_AFTER, 50, 50)
    atexit.register(gc.freeze)


def _asked_for_less(loaded: "LoadedProject") -> "LoadedProject":
    """Let systems that are asked field by field be asked for mapped fields only."""
    if not any(manifest.protocol == "graphql" for manifest in loaded.manifests.values()):
        return loaded
    from tallystick.project.asked import looked_at, narrow
    from tallystick.project.build import build_mappings

    looked = looked_at(build_mappings(loaded))
    return replace(loaded, manifests={name: narrow(name, each, looked) for name, each in loaded.manifests.items()})


def open_systems(loaded: "LoadedProject", closing: contextlib.ExitStack, only: Sequence[str] = ()) -> dict[str, System]:
    """Open the systems of a project (or some of them); ``closing`` closes them."""
    from tallystick.connectors.registry import open_system
    from tallystick.project.kept import settle_kept
    from tallystick.project.secrets import ProjectSecrets

    keys = ProjectSecrets(loaded.folder)
    systems: dict[str, System] = {}
    for name, manifest in loaded.manifests.items():
        if only and name not in only:
            continue
        connector, transport = open_system(name, settle_kept(manifest, loaded.folder), keys)
        closing.callback(transport.close)
        systems[name] = System(name, connector, transport)
    return systems


@contextlib.contextmanager
def open_entrance(folder: Path, environment: str | None, name: str) -> "Iterator[Entrance]":
    """Open where a person signs in to one system; no other system and no state is needed.

    Raises:
        ProjectError: the files are wrong, there is no such system, or nobody signs in to it.
    """
    from tallystick.connectors.sign_in import open_entrance
    from tallystick.project.kept import settle_kept
    from tallystick.project.load import load_project
    from tallystick.project.secrets import ProjectSecrets

    loaded = load_project(folder, environment=environment)
    manifest = loaded.manifests.get(name)
    if manifest is None:
        known = ", ".join(loaded.manifests) or "none"
        raise ProjectError(f"no system is called '{name}'", hint=f"there are: {known}", place=str(folder))
    entrance = open_entrance(name, settle_kept(manifest, loaded.folder), ProjectSecrets(loaded.folder))
    with contextlib.closing(entrance):
        yield entrance


def _open_meters(
    loaded: "LoadedProject", systems: Mapping[str, System], store: "SqlStore", closing: contextlib.ExitStack
) -> "dict[str, CallMeter]":
    """Hold the calls to systems against their quotas of a day; systems of one account share one."""
    from tallystick.core.quota import Metered
    from tallystick.store.meter import CallMeter

    meters: dict[str, CallMeter] = {}
    of_account: dict[str, CallMeter] = {}
    for name, system in systems.items():
        limits = loaded.manifests[name].limits
        if not (limits.per_day or limits.reserve) or not isinstance(system.transport, Metered):
            continue
        account = limits.account or name
        if account not in of_account:
            clock = time.time  # noqa: TID251 - this is where the clock enters
            of_account[account] = CallMeter(store, account, limits.per_day, limits.reserve, clock)
            closing.callback(of_account[account].close)
        meters[name] = of_account[account]
        system.transport.hold_against(meters[name])
    return meters


def _open_state(loaded: "LoadedProject", closing: contextlib.ExitStack) -> "SqlStore":
    from tallystick.project.secrets import ProjectSecrets
    from tallystick.store.store import open_store

    url = ProjectSecrets(loaded.folder).resolve(state_url(loaded))
    store = open_store(url)
    closing.callback(store.close)
    return store


def state_url(loaded: "LoadedProject") -> str:
    """Where the project's state is; a relative SQLite file lies in the project's folder."""
    chosen = loaded.project.environments.get(loaded.environment or "")
    url = (chosen.state if chosen else "") or loaded.project.state
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith("sqlite:////"):
        return prefix + str((loaded.folder / url.removeprefix(prefix)).resolve())
    return url


def _lock(loaded: "LoadedProject", closing: contextlib.ExitStack) -> bool:
    """Take the project's lock file, which the operating system frees when a process dies.

    Only an embedded state is used from one machine, so only there the lock proves that a lease belongs to a dead run.
    """
    if not state_url(loaded).startswith("sqlite"):
        return False
    path = loaded.folder / ".tally" / "lock"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    closing.callback(os.close, file)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise StoreError(
            "another process is writing in this project", hint="wait until it ends", place=str(loaded.folder)
        ) from None
    return True


def make_pairs(loaded: "LoadedProject", systems: Mapping[str, System]) -> "list[Pair]":
    """Compile the project's mappings and put the pairs together, parents first."""
    from tallystick.core.compile import compile_mapping
    from tallystick.engine.pair import make_pair
    from tallystick.project.build import build_mappings
    from tallystick.project.fingerprint import mapping_fingerprint, scope_fingerprint

    pairs: list[Pair] = []
    for mapping in build_mappings(loaded):
        ends = (systems[mapping.left.system].connector, systems[mapping.right.system].connector)
        prints = (mapping_fingerprint(mapping), scope_fingerprint(mapping))
        days = loaded.project.journal_days
        pairs.append(make_pair(mapping, ends, compile_mapping(mapping), prints, journal_days=days))
    return pairs


@dataclass(frozen=True, slots=True)
class State:
    """A project's files and its own state, without any system."""

    loaded: "LoadedProject"
    store: "SqlStore"

    def now(self) -> float:
        """Give the time, seconds UTC."""
        return time.time()  # noqa: TID251 - this is where the clock enters


@contextlib.contextmanager
def open_state(folder: Path, environment: str | None = None) -> Iterator[State]:
    """Open a project's files and its own state; no secret but the state's own is needed.

    Raises:
        ProjectError: the files are wrong.
        StoreError: the state cannot be used.
    """
    from tallystick.project.load import load_project

    loaded = load_project(folder, environment=environment)
    with contextlib.ExitStack() as closing:
        yield State(loaded, _open_state(loaded, closing))
