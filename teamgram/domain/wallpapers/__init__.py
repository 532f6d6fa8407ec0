"""Chat backgrounds that users make: public to whoever knows their link, at hand of whom they please."""
