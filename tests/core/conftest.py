import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings

sys.path.insert(0, str(Path(__file__).parent))

# For mutation testing: the same few examples each time, so that a mutant costs little and is judged alike.
settings.register_profile(
    "mutants",
    derandomize=True,
    max_examples=25,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
