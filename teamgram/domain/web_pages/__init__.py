"""Pages that links in messages lead to: fetched from public addresses only, and shown in a few words."""
