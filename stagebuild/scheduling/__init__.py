"""
Which build of a run does what when, and what becomes of it.

``phases`` says what a build does before its gates have passed and after, ``schedule`` who may begin
(both pure), ``solving`` runs one phase on a backend, and ``running`` has the threads.
"""
