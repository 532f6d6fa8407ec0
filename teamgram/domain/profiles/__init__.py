"""What people show of themselves in pictures."""
