"""The lease of a pair: one run at a time, and no state change by a run that lost it (SYNC-SPEC 16)."""

from collections.abc import Callable
from dataclasses import dataclass

from tallystick.core.error import StoreError
from tallystick.core.ports import Flow
from tallystick.core.state import StoreTx
from tallystick.engine import effects

LEASE_SECONDS = 60.0
MARGIN_SECONDS = 5.0  # before the lease ends nothing is sent any more


@dataclass(slots=True)
class Fence:
    """A held lease. ``check`` belongs at the start of every transaction that changes state (R-3.3)."""

    pair: str
    owner: str
    number: int
    renewed: float

    def check(self, tx: StoreTx) -> None:
        """Raise ``StoreError`` if somebody else took the pair over."""
        tx.check_fence(self.pair, self.number)

    def left(self, now: float) -> float:
        """How many seconds something may still be sent under this lease."""
        return self.renewed + LEASE_SECONDS - MARGIN_SECONDS - now


def take_lease(pair: str, *, alone: bool) -> Flow[Fence]:
    """Take the lease of a pair.

    ``alone`` tells that no other process can be at work (it holds the project's lock), so a lease left by a dead run is
    taken over at once. Raises ``StoreError`` if another run is at work.
    """
    owner = yield from effects.fresh()
    now = yield from effects.now()
    number = yield from effects.commit(lambda tx: tx.acquire_lease(pair, owner, now, LEASE_SECONDS, steal=alone))
    if number is None:
        raise StoreError(
            f"another run is at work on '{pair}'",
            hint="wait until it ends; a lease left by a crash expires within a minute",
        )
    return Fence(pair, owner, number, now)


def keep_lease(fence: Fence | None, beside: Callable[[StoreTx], None] | None = None) -> Flow[None]:
    """Renew the lease when a third of its time is gone; belongs wherever a run may take long (R-16.1).

    ``beside`` is done in the same transaction: what is worth keeping of long work costs no commit of its own.
    Raises ``StoreError`` if somebody else took the pair over. Without a fence (a plan) there is nothing to keep.
    """
    if fence is None:
        return
    now = yield from effects.now()
    if now - fence.renewed < LEASE_SECONDS / 3:
        return

    def renew(tx: StoreTx) -> None:
        fence.check(tx)
        tx.acquire_lease(fence.pair, fence.owner, now, LEASE_SECONDS)
        if beside is not None:
            beside(tx)

    yield from effects.commit(renew)
    fence.renewed = now


def release_lease(fence: Fence) -> Flow[None]:
    """Give the lease back."""
    yield from effects.commit(lambda tx: tx.release_lease(fence.pair, fence.owner))
