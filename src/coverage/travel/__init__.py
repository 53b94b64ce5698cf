"""Travel times over a road network, access legs included: one meaning of time.

`prepare` turns a road network and a profile into a graph of seconds;
`access` finds the ways onto the streets; `times` answers nearest, reach,
matrix and node times; `route` explains one answer; `barriers` close or slow
streets. Nothing is imported here: two modules bear the name of their
function, and SciPy should load with the module that needs it.
"""
