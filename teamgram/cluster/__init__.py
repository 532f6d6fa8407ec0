"""The interfaces carried across processes."""
