"""What an agent or a device may do only when a person has said so, and what an agent asks a person."""
