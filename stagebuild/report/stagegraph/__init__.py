"""
The stages of a Dockerfile and how environments reach them, drawn. Pure.

``picture`` says what there is to draw, ``timings`` lays a build on it; ``texttree``, ``mermaid``,
``dot`` and ``svg`` draw it, the last one with the places that ``layering`` finds.
"""
