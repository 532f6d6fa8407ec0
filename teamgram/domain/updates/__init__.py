"""What happened to a user's account: events, their log (pts), differences and the live fan-out."""
