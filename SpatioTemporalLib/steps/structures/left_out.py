"""A patient's graph with a lesion or a structure left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .graph_arrays import LESION_FEATURES, GraphArrays, scan_features

LN_VOLUME = LESION_FEATURES.index("ln volume")


def without_lesion(graph: GraphArrays, place: int) -> GraphArrays:
    """The graph without one lesion at any visit; what is told of all lesions together follows."""
    seen, lesions = graph.seen.copy(), graph.lesions.copy()
    near, at = graph.near.copy(), graph.at.copy()
    seen[:, place], lesions[:, place], at[:, place] = False, np.nan, np.nan
    near[:, place], near[:, :, place] = 0.0, 0.0
    volumes = np.where(seen, np.exp(lesions[..., LN_VOLUME]), np.nan)
    scans = scan_features(graph.days, volumes, seen)
    return replace(graph, seen=seen, lesions=lesions, near=near, at=at, scans=scans)


def without_organ(graph: GraphArrays, place: int) -> GraphArrays:
    """The graph without one structure; distances of lesions to it stay as they are known."""
    drawn, organs = graph.drawn.copy(), graph.organs.copy()
    drawn[:, place], organs[:, place] = False, np.nan
    return replace(graph, drawn=drawn, organs=organs)
