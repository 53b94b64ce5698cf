"""What `scripts/fuzz.py` feeds the command line, and how it is spoilt."""
