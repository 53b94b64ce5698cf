"""Every model by its name, and answers run again from their parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coverage.errors import InputError, UnknownNameError
from coverage.messages import Said
from coverage.siting.answer import digest
from coverage.siting.beds import capacitated_lscp, capacitated_mclp, capacitated_p_median
from coverage.siting.center import p_center
from coverage.siting.cover import backup, lscp, mclp, threshold
from coverage.siting.median import p_median
from coverage.siting.problem import Sites

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coverage.siting.answer import Answer

MODELS = (
    "lscp",
    "mclp",
    "backup",
    "threshold",
    "p_median",
    "p_center",
    "capacitated_mclp",
    "capacitated_lscp",
    "capacitated_p_median",
)


def run(
    model: str,
    matrix: Any,
    people: Any,
    sites: Sites,
    *,
    beds: Any = None,
    **options: Any,
) -> Answer:
    """Solve a model by name.

    Args:
        model: One of `MODELS`.
        matrix: (candidates, points) coverage, or times for the models of travel time.
        people: (points,).
        sites: The candidates and their rules.
        beds: (candidates,) for the models with capacities.
        options: Of the model.

    Raises:
        UnknownNameError: If there is no such model.
        InputError: If the input cannot be meant.
    """
    if model not in MODELS:
        raise UnknownNameError(
            Said(
                f"没有选址模型 {model!r}，可选 {', '.join(MODELS)}",
                f"there is no siting model {model!r}; there are {', '.join(MODELS)}",
            )
        )
    if model == "lscp":
        return lscp(matrix, sites, people=people, **options)
    if model == "p_center":
        options.pop("gap", None)
        return p_center(matrix, sites, people=people, **options)
    plain: dict[str, Callable[..., Answer]] = {
        "mclp": mclp,
        "backup": backup,
        "threshold": threshold,
        "p_median": p_median,
    }
    if model in plain:
        return plain[model](matrix, people, sites, **options)
    if beds is None:
        raise InputError(
            Said(
                "带容量的模型需要每个候选点的床位数",
                "a model with capacities needs the beds of every candidate",
            )
        )
    with_beds: dict[str, Callable[..., Answer]] = {
        "capacitated_mclp": capacitated_mclp,
        "capacitated_lscp": capacitated_lscp,
        "capacitated_p_median": capacitated_p_median,
    }
    return with_beds[model](matrix, people, sites, beds, **options)


def replay(parameters: Mapping[str, Any], matrix: Any, people: Any, *, beds: Any = None) -> Answer:
    """Run an answer's parameters again on the same arrays.

    Raises:
        InputError: If the arrays are not those that were asked about.
    """
    model = parameters["model"]
    inputs = (matrix, people, beds) if model.startswith("capacitated") else (matrix, people)
    if digest(*inputs) != parameters["input"]:
        raise InputError(
            Said("数据与当初求解时不同", "these are not the arrays the answer was found on")
        )
    sites = Sites.from_dict(parameters["sites"])
    return run(model, matrix, people, sites, beds=beds, **parameters["options"])
