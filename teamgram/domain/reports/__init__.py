"""What people report: kept for the operator, who decides."""
