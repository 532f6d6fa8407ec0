"""Sticker sets, custom emoji, and stickers and GIFs at hand."""
