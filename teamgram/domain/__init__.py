"""What is true whoever asks: users, contacts, chats, messages, presence, updates."""
