"""Service circles: the area from which a facility is reached within a limit."""
