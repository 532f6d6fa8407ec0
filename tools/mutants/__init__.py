"""Small wrongs in checks that security rests on, each of which some test must notice: ``make mutants``.

``list/*.toml`` has the mutants, a file for a subject (docs/testing.md says how to add one), ``mutant.py`` reads them
and puts them into a copy of the tree, ``trying.py`` runs their tests there, ``__main__.py`` is the command.
"""
