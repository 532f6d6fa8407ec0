"""RPCChannels: channels and supergroups."""
