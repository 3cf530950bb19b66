"""The few array operations in which numpy and torch differ, so that one solver runs on both.

Code that takes arrays of either kind asks `namespace` for the module and uses
the functions that both spell alike; torch accepts numpy's ``axis``.
"""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np


def namespace(array) -> ModuleType:
    """``torch`` for a tensor, ``numpy`` for anything else; torch is never imported here."""
    torch = sys.modules.get("torch")
    return torch if torch is not None and isinstance(array, torch.Tensor) else np


def like(values: np.ndarray | None, array):
    """A numpy array as an array of the kind, and on the device, of another; float64 stays float64."""
    if values is None or namespace(array) is np:
        return values
    return namespace(array).as_tensor(values, device=array.device)


def as_numpy(array) -> np.ndarray:
    """Any array as numpy, copied from a device where it lies on one."""
    return array if namespace(array) is np else array.detach().cpu().numpy()


def clipped(array, low, high):
    """The array within a lower bound and an upper one, each a number or an array."""
    if namespace(array) is np:
        return np.clip(array, low, high)
    torch = namespace(array)
    raised = array.clamp(min=low) if isinstance(low, (int, float)) else torch.maximum(array, low)
    return raised.clamp(max=high) if isinstance(high, (int, float)) else torch.minimum(raised, high)


def empty(shape: tuple[int, ...], array):
    """An array of that shape, of the type, kind and device of another, holding anything."""
    return np.empty(shape, array.dtype) if namespace(array) is np else array.new_empty(shape)


def contiguous(array):
    """The array with its last axis densest in memory."""
    return np.ascontiguousarray(array) if namespace(array) is np else array.contiguous()


def copied(array):
    """The same values in memory of their own."""
    return array.copy() if namespace(array) is np else array.clone()


def places(condition):
    """(m,) indices where an (n,) condition holds."""
    found = condition.nonzero()
    return found[0] if namespace(condition) is np else found[:, 0]


def taken(array, places):
    """Elements of the last axis at (m,) whole numbers; numpy's own indexing takes several times as long."""
    return np.take(array, places, axis=-1) if namespace(array) is np else array.index_select(-1, places)


def whole(array):
    """The array's values as whole numbers that can index, rounded towards zero."""
    return array.astype(np.intp) if namespace(array) is np else array.long()


def chosen(conditions: list, values: list, default):
    """numpy's ``select`` for both kinds: the value of the first condition that holds, in the default's type."""
    xp = namespace(default)
    result = default
    for condition, value in zip(reversed(conditions), reversed(values)):
        result = xp.where(condition, xp.full_like(default, int(value)), result)
    return result
