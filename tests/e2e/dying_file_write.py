"""Runs the command line in this process, which kills itself while it replaces the n-th file.

    python dying_file_write.py WHEN N ARGUMENTS...

``WHEN`` is ``half`` (the temporary file has half of its bytes), ``before`` or ``after`` the rename.
"""

import os
import signal
import sys
from pathlib import Path

from tallystick.cli.main import run_command
from tallystick.connectors.files_place import LocalPlace

when, number, *arguments = sys.argv[1:]
count = 0
replace_file, replace_path = LocalPlace.replace, Path.replace


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def half(content):
    for at, part in enumerate(content):
        if at:
            die()
        yield part


def counted(place, seen, content):
    global count  # noqa: PLW0603 - the whole process is one counter
    count += 1
    if count != int(number):
        return replace_file(place, seen, content)
    if when == "half":
        return replace_file(place, seen, half(content))
    Path.replace = dying_rename
    return replace_file(place, seen, content)


def dying_rename(path, target):
    if when == "after":
        replace_path(path, target)
    die()


LocalPlace.replace = counted
sys.exit(run_command(arguments))
