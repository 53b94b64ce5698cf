"""Maps for screen and print, and charts: one view, drawn by several hands."""
