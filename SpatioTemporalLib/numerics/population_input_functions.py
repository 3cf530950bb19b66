"""`bolus.population_input_functions` by the name that scripts of others know."""

from .bolus.population_input_functions import parker_blood_concentration

__all__ = ["parker_blood_concentration"]
