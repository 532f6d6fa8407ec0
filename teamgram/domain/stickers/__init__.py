"""Sticker sets and sets of custom emoji: made by users, public, installed by whom they please."""
