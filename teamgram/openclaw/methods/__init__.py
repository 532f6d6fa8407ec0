"""The core's methods, one module a family; the agents' stand beside them."""
