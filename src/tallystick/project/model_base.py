"""What every model of the project files has in common."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """The base of every model in project files: frozen, and no unknown keys."""

    # Validators are built when first used: importing the models must not cost the start of every verb.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
