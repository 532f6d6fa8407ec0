"""Agent sessions and their transcripts."""
