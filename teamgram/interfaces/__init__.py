"""What crosses between stages: protocols and frozen dataclasses, nothing that runs."""
