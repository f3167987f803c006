"""Runs the command line in this process, which kills itself at the n-th transaction of its own state.

    python dying_tally.py WHEN N FILE ARGUMENTS...

``WHEN`` is ``before`` or ``after`` the transaction; ``N`` 0 never kills. The count goes to ``FILE`` in the end.
"""

import os
import signal
import sys
from pathlib import Path

from tallystick.cli.main import run_command
from tallystick.store.store import SqlStore

when, number, file, *arguments = sys.argv[1:]
count = 0
commit = SqlStore.commit


def counted(store, work):
    global count  # noqa: PLW0603 - the whole process is one counter
    count += 1
    dies = count == int(number)
    if dies and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    answer = commit(store, work)
    if dies:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer


SqlStore.commit = counted
code = run_command(arguments)
Path(file).write_text(str(count))
sys.exit(code)
