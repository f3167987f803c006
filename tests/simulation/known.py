"""What is known to be wrong in the engine, so that a search goes on beyond it: the defect's name, and what it breaks.

Nothing is. Whoever finds a defect that cannot be mended at once names it here, meets it with ``World.known`` where the
judge sees it, and tells its story in ``test_stories``; the repair takes all three away.
"""

KNOWN: dict[str, str] = {}
