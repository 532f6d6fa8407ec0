"""Forums: supergroups whose conversations have names."""
