"""Where a database notes what changed, for tables that keep no time of change that can be relied on."""

from pydantic import Field

from tallystick.project.model_base import Model


class ChangesSpec(Model):
    """A table in which triggers note every change of the object's rows; `tally capture` prints what makes it."""

    log: str = Field("tally_changes", min_length=1)
    """The table's name. Several objects of one database may share it."""
    schema_name: str = Field("", alias="schema")
    model_config = Model.model_config | {"populate_by_name": True}
