"""What bots hear of groups."""
