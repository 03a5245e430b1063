"""All measurements by the name that a reading gives, and what their arguments may be."""

import inspect
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import get_args

from pydantic import BaseModel, create_model

from common.models import Strict
from measuring import ending, mathematics, metrics, spikes, weights
from measuring.quantities import Measured, Selection, SelectionOfMany

#: Modules of measurements; every public function that one defines is a measurement.
MODULES: tuple[ModuleType, ...] = (metrics, ending, mathematics, spikes, weights)

MEASUREMENTS: dict[str, Callable[..., Measured]] = {
    name: function
    for module in MODULES
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and not name.startswith("_")
}


def selections_of(measurement: str) -> dict[str, bool]:
    """The measurement's arguments that select runs, and whether of many lambdas."""
    parameters = inspect.signature(MEASUREMENTS[measurement]).parameters.values()
    return {
        parameter.name: kind is SelectionOfMany
        for parameter in parameters
        for kind in (Selection, SelectionOfMany)
        if kind in (parameter.annotation, *get_args(parameter.annotation))
    }


@cache
def arguments_model(measurement: str) -> type[BaseModel]:
    """The model of a measurement's arguments, as its signature has them."""
    parameters = inspect.signature(MEASUREMENTS[measurement]).parameters.values()
    fields = {
        parameter.name: (
            parameter.annotation,
            ... if parameter.default is parameter.empty else parameter.default,
        )
        for parameter in parameters
        if parameter.name != "results"
    }
    return create_model(measurement, __base__=Strict, **fields)
