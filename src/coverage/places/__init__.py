"""Places for rows that come from a planner's own sheets: read, placed, never guessed silently.

`coordinates` reads what stands in cells; `detect` says which datum a sheet's
coordinates are in and how sure that is; `names` matches township and village
names to units; `geocode` asks a map service, if someone asks for it. Nothing
is imported here, so that each loads only what it needs.
"""
