"""What older layers call for: objects changed on the way out (downgrades, defaults, fallbacks) and in (upgrades)."""
