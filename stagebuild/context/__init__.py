"""
What an engine may see of a build context: ``.dockerignore`` files, patterns, the walk.

Rooms, each built on those above it::

    filestat     one entry of a tree            paths        Go's filepath.Clean
    goglob       Go's path.Match                goregexp     Go's regular expressions, in Python's
    patterns     lists of patterns, matched     ignorefile   .dockerignore files, read
    followpaths  paths, their links followed    walk         a folder, walked through patterns
    folder       a folder that can be sent

The rules are those of moby/patternmatcher and tonistiigi/fsutil, which buildx applies to a context;
docs/reference/dockerignore.md tells them in plain words. `ignorefile.read_ignorefile`, `walk` and
`folder` touch files; everything else takes values and returns values.
"""
