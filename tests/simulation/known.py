"""What is known to be wrong in the engine, so that a search goes on beyond it. Each has its story in ``test_stories``.

A repair takes the defect's name out of here; from then on the simulation fails where it shows again.
"""

KNOWN = {
    "stale read": "R-4.5: an answer older than our own write or deletion is taken for somebody's edit or restoring",
    "what is read back is taken for stored": "R-7.3: so is somebody's edit between a write and its reading back",
    "a loss beside a codec's": "R-7.2: a target's loss is not known again when our own codec had a part in it",
    "adopted without a base": "R-6.4: at a first meeting without a base, a target's own loss is written back",
    "unreadable twin": "I-16: a record with an unreadable field has no key, so its counterpart is made twice",
    "an undecodable row stops all new records": "I-16: a row without id makes a listing short for ever",
    "a twin that the run did not see": "I-5: unpaired records are not remembered from run to run",
    "a revival beside a twin": "T-63: nobody asks for the key before a record is made again, or a tomb is opened",
    "a revival without a look": "R-4.8: a record is made again from a base; its counterpart is not looked at",
    "a base of what was never sent": "I-20: a new record's base has values that its direction kept from it",
    "a create of unknown outcome is no twin": "T-60, 3: it waits for its own record only, not for others with its key",
    "a worker that sends after its lease": "R-16.2: there is no deadline for sending",
    "a field never agreed counts as changed": "I-6: so that a deletion is answered by making the record again",
    "a canary that sings when it is over": "R-4.4: it sings after the look, when the darkness may be over",
    "repeats what stands": "R-5.5: what is parked already is planned again in every run",
}
