"""What builds: the protocol, and one package per way to drive an engine."""
