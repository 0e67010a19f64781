"""docker buildx as a subprocess."""
