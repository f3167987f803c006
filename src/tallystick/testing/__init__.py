"""For authors of connectors: twins, conformance suite, project tests."""
