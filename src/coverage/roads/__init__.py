"""Road networks: one structure, many sources."""
