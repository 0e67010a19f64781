"""
A run as one value, whoever tells it: its events, the document of ``--json``, or the history.

``witness`` makes the document of a run from its events; ``reading`` makes the value from the
document; ``enriching`` adds what the history knows. Every report is made of the value. Pure.
"""
