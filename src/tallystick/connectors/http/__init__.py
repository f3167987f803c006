"""The one way to speak HTTP: transport, authentication, paging, limits."""
