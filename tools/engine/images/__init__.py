"""The base images, made from Debian's and npm's packages and pushed straight to the registry."""
