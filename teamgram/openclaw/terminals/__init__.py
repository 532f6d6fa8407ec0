"""Shells on this machine for operators who may do everything; off as shipped."""
