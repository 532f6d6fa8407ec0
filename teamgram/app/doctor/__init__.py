"""``teamgram doctor``: what is wrong with the configuration and this machine, and what to do about each."""
