"""RPCChats and RPCChatInvites: basic groups and their invite links."""
