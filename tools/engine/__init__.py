"""
Private, real Docker engines on a bare Debian machine, from Debian's own packages.

    python3 tools/engine up 28.5        # engine, registry and base images
    eval "$(python3 tools/engine env 28.5)"
    docker build .

The rooms, top to bottom; a module imports from rooms above it only:

    errors      one error, worded for the person at the terminal
    specs       the tables: engines, packages
    places      where everything lies, and the lock
    state       what runs, as recorded between two calls
    processes   start, recognise and end our own processes
    api         one question to an engine over its socket
    debian      mirrors, downloads and unpacking, by the machine's apt
    toolbox     the unpacked programs of one suite, and the PATH that finds them
    stock       which packages are unpacked into which toolbox
    network     a bridge and an address block of our own for every engine
    machine     what the machine trusts and how it reaches its package registries
    oci         deterministic layers, image configs, manifests
    push        the registry's HTTP API
    registry    the docker-registry process
    images/     the base images: debian, python, node, busybox
    emulation   other processors, by qemu
    daemon      the dockerd process
    client      the docker command of an engine, with a configuration of its own
    fleet       the order of an up and a down
    own_docker  the machine's own Docker, if it has one
    report      what is printed: env, status
    cli         verbs

Standard library only, so that a machine needs nothing but Python and Debian's packages.
"""
