"""Places for rows that come from a planner's own sheets: read, placed, never guessed silently.

`find` says which unit a row means, by all that it says, with `names` (names
matched to units) and `changes` (units that ceased); `coordinates` reads what
stands in cells; `detect` says which datum a sheet's coordinates are in and how
sure that is; `polygons` holds rows against county and township borders. Nothing
is imported here, so that each loads only what it needs.
"""
