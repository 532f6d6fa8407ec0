"""Auth keys, salts, bindings and devices, on SQL with a cache in front."""
