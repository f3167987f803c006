"""Show the plan of a run that looks at one matter only: what is taken back, answered or brought back."""

from tallystick.cli.carried_text import failure_lines
from tallystick.cli.carry import Carried
from tallystick.cli.output import Screen
from tallystick.cli.plan_text import samples, show_pair


def show_planned(screen: Screen, carried: Carried, limit: int) -> None:
    """Show what would be done in each mapping, with some lines of each."""
    made = carried.result.plan
    for of_pair in made.pairs:
        show_pair(screen, of_pair, carried.surveys.get(of_pair.pair), samples(made.operations, of_pair.pair, limit))
    for line in failure_lines(carried):
        screen.say(line)
