"""What comes from the internet: asked for with patience, never half, its licence kept."""
