"""A city's question put to the models of siting, and the answer as planners can use it.

`question` reads what is asked (indicator, target, model, rules). `candidates`
and `lists` say where something may be built, `filters` which of these may
stay, `field` who is reached from where. `solving` has it solved, `propose`
tells the answer, `explain` why there is none, `edits` writes it as a scenario.
"""
