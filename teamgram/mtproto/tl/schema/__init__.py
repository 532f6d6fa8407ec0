"""The generated schema text; ``tools/gen_tl.py`` writes it, ``teamgram.mtproto.tl.registry`` reads it."""
