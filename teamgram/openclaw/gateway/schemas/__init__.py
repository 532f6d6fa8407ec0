"""Shapes of request parameters: ``methods.json`` (made by ``tools/gen_openclaw_schemas.py``) and what checks them."""
