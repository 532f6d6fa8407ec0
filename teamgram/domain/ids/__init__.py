"""What things are called: peers, phone numbers, usernames."""
