"""Configuration: TOML -> Project, with the place of every key."""
