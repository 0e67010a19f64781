"""
BuildKit's own protocol: a connection, a build on it, and a session that serves what the build asks.

Rooms, each built on those above it::

    wire        protocol buffers                       hpack      HTTP/2's compressed headers
    messages    BuildKit's messages                    frames     HTTP/2's frames
    loop        one thread, all sockets                http2      a connection of streams, no I/O
    endpoints   addresses -> connected sockets         grpc       calls and services on streams
    control     Solve, Status, workers                 session    what we serve to a build
    filesync    a folder, sent        filereceive  a folder, received       content    blobs

It knows endpoints and bytes: no environments, no Docker configuration, no third-party library.
docs/explanation/buildkit-protocol.md draws it for someone who has never seen it.
"""
