"""From a description or a live database to a manifest."""
