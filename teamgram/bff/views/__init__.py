"""Domain objects written as TL, each for the one who looks."""
