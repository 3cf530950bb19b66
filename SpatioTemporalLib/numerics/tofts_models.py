"""`kinetics.tofts_models` by the name that scripts of others know."""

from .kinetics.tofts_models import extended_tofts_concentration

__all__ = ["extended_tofts_concentration"]
