"""Where canaries may be made: in systems that an environment of kind staging has to itself; and that none stays.

A system with the same address there as elsewhere is the one that people work in, whatever the environment is called.
"""

from collections.abc import Mapping

from tallystick.checklist.scene import Cage, Subject, Writer
from tallystick.core.error import Error, ProjectError
from tallystick.core.ports import Call, Flow, NotThere
from tallystick.project.load import LoadedProject, load_project
from tallystick.project.manifest import Manifest

_KIND = "mark a test environment with kind: staging under environments in tally.yaml, and name it with --environment"


def open_cage(loaded: LoadedProject, writers: Mapping[str, Writer], mark: str) -> Cage:
    """Allow writing to the systems that are for tests only; the others are told with the reason.

    Raises:
        ProjectError: the environment is not marked as staging.
    """
    environments = loaded.project.environments
    here = environments.get(loaded.environment)
    if here is None or here.kind != "staging":
        name = (
            f"the environment '{loaded.environment}'" if loaded.environment else "what is used without an environment"
        )
        raise ProjectError(f"canaries are not made in production, and {name} is not marked as staging", hint=_KIND)
    real = ["", *(name for name, each in environments.items() if each.kind == "production")]
    others = {name: load_project(loaded.folder, environment=name).manifests for name in real}
    shut = {}
    for system, manifest in loaded.manifests.items():
        shared = [name for name, manifests in others.items() if _address(manifests[system]) == _address(manifest)]
        if shared:
            where = f"in the environment '{shared[-1]}'" if shared[-1] else "in systems/, without an environment"
            shut[system] = f"{system} has the same address {where}"
    return Cage(mark, {name: each for name, each in writers.items() if name not in shut}, shut)


def _address(manifest: Manifest) -> str:
    return manifest.base_url or manifest.url


def sweep(cage: Cage) -> Flow[None]:
    """Remove what is left of the canaries; what cannot be removed stays in the cage's list."""
    for subject in list(cage.alive):
        for record_id in list(cage.alive[subject]):
            yield from remove(cage, subject, record_id)


def remove(cage: Cage, subject: Subject, record_id: str) -> Flow[str]:
    """Remove one canary; give why that failed, or nothing."""
    writer = cage.writers[subject.system]
    try:
        found = yield Call(subject.system, writer.get(subject.object, record_id))
        if not isinstance(found, NotThere) and not found.deleted:
            yield Call(subject.system, writer.delete(subject.object, record_id, found.version))
    except Error as failure:
        return str(failure)
    cage.alive[subject].remove(record_id)
    return ""
