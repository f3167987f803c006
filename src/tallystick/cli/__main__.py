"""``python -m tallystick.cli`` is ``tally``."""

from tallystick.cli.main import main

main()
