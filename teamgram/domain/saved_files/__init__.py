"""Files that an account keeps at hand: recent and favourite stickers, GIFs, ringtones."""
