"""One room per question of the check list: a probe that asks the systems, and a judge that knows only the facts."""
