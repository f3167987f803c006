"""The rules of the sync core that are taken out one at a time, and for each the test that must notice (T6, Q3).

``old`` stands once in the module and is replaced by ``new``; what then is missing is said in ``removed``.
"""

from decisions import DECISIONS
from driving import DRIVING

MUTANTS = (*DECISIONS, *DRIVING)
