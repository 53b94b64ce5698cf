"""Draws: how far a figure may be from the truth, by stated assumptions and a seed."""
