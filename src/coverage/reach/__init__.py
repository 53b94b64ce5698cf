"""People reached: who gets to a facility in time, and the circles drawn around it."""
