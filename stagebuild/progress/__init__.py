"""BuildKit's status stream -> typed events; and the grammar of its vertex names."""
