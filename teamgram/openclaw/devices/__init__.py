"""Which devices are paired with this gateway, and how one proves that it is the one."""
