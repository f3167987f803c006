"""One transaction on the store: the parts of ``core.ports.StoreTx`` put together."""

from tallystick.store.bindings import Bindings
from tallystick.store.calls import Calls
from tallystick.store.driver import Driver
from tallystick.store.fields import Fields
from tallystick.store.keys import Keys
from tallystick.store.legs import Legs
from tallystick.store.positions import Positions
from tallystick.store.refusals import Refusals
from tallystick.store.runs import Runs
from tallystick.store.superseded import States
from tallystick.store.trail import Trail
from tallystick.store.waiting import Waiting
from tallystick.store.writing import Writing


class Transaction(Bindings, Legs, Keys, Positions, Writing, Trail, Waiting, Runs, States, Calls, Refusals, Fields):
    """Everything that can be asked of the store inside ``commit`` or ``look``; of no use after it."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
