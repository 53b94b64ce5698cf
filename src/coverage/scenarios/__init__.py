"""Scenarios: a few edits to a city in a small readable file, and what they change."""
