"""The agents, in the folders of the package."""
