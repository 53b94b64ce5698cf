"""Where to build: the named models of facility location, exact where exact can be had.

`lscp`, `mclp`, `backup` and `threshold` are the models of "reached within the limit" (with
floors, and for several `kinds` at once), `p_median` and `p_center` those of travel time,
`capacitated_…` the variants with beds. All take arrays, `Sites` that say what may stand where,
and a `Search` that says how hard to try; they give an `Answer` with its proven bound. `run`
takes a model by name and `replay` runs an answer's parameters again. How they are solved is
behind this face; HiGHS is loaded when a model is solved.
"""

from coverage.siting._answer import Alternative, Answer, Search
from coverage.siting._covers import Kinds, backup, kinds, lscp, mclp, threshold
from coverage.siting._explain import InfeasibleError, Need, Shortfall, WayOut
from coverage.siting._floor import Floor, best_floor
from coverage.siting._models import (
    MODELS,
    capacitated_lscp,
    capacitated_mclp,
    capacitated_p_median,
    p_center,
    p_median,
    replay,
    run,
)
from coverage.siting._relief import short_said
from coverage.siting._sites import Limit, Sites, per_group, too_near

__all__ = [
    "MODELS",
    "Alternative",
    "Answer",
    "Floor",
    "InfeasibleError",
    "Kinds",
    "Limit",
    "Need",
    "Search",
    "Shortfall",
    "Sites",
    "WayOut",
    "backup",
    "best_floor",
    "capacitated_lscp",
    "capacitated_mclp",
    "capacitated_p_median",
    "kinds",
    "lscp",
    "mclp",
    "p_center",
    "p_median",
    "per_group",
    "replay",
    "run",
    "short_said",
    "threshold",
    "too_near",
]
