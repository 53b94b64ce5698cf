"""People as weighted points: from a model, from a list of places, from a grid.

`sources.demand_of` picks by the file that the user gave; `model` spreads the
township figures where there is none, `points` reads lists of villages or
buildings, `raster` grids of people. All of them return `demand.Demand`.
Nothing is imported here, so that each library loads with the module that
needs it.
"""
