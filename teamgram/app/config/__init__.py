"""YAML files, one a service, parsed once into frozen sections.

``loader.load_configuration(directory)`` is the way in; every stage receives
its own section, never the tree.
"""
