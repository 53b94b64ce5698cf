"""Where to build: the named models of facility location, exact where exact can be had.

`cover` holds the models of "reached within the limit" (LSCP, MCLP, backup,
threshold, floors, several kinds), `median` and `center` those of travel time,
`beds` the variants with capacities. All take arrays, a `problem.Sites` that
says what may stand where, and give an `answer.Answer` with its proven bound.
`solve.run` takes a model by name and `solve.replay` runs an answer's
parameters again. Nothing is imported here: SciPy should load with the module
that needs it, and HiGHS only when a model is solved.
"""
