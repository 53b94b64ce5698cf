"""A city's question put to the models of siting, and the answer as planners can use it.

`question` reads what is asked (indicator, target, model, rules), `candidates`
and `filters` say where something may be built, `fix` what must stay or go,
`field` who is reached from where, `propose` has it solved and tells the
answer, `explain` why there is none, `edits` writes it as a scenario.
"""
