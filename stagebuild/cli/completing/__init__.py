"""
Completion scripts for shells, made from the parsers.

``words`` is what there is to complete; ``bash``, ``zsh`` and ``fish`` write it down. The scripts
ask ``stagebuild completion environments`` and ``stages`` for what only the project knows.
"""
