"""The methods, a family a module: decode, ask the domain, draw."""
