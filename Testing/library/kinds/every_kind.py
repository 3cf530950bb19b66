"""An analysis of another package, of visits, a point and a region, that gives reports and several images."""

import numpy as np

from SpatioTemporalLib.data import Display, FollowUp, LabelMap, Map, Point, Report, Table
from SpatioTemporalLib.declare import Input, Output, analysis


@analysis(
    id="dummy.every_kind",
    title="Every kind",
    citation="own definition",
    inputs=[
        Input("visits", FollowUp, unit="HU", min_visits=2, help="Any visits."),
        Input("point", Point, optional=True, help="Any place."),
        Input("region", LabelMap, optional=True, own_grid=True, help="Any region."),
    ],
    outputs=[
        Output("brighter", Map, "HU", help="One more.", display=Display(symbol="HU+1"), several=True),
        Output("lesion", LabelMap, help="The mask of each visit.", several=True, optional=True),
        Output("visits_table", Table, help="One row a visit."),
        Output("report", Report, help="What was seen."),
    ],
)
def every_kind(visits, point=None, region=None, *, parameters, context):
    """Adds one to every visit, and says where the point is."""
    context.progress(0.5, "adding")
    images = [visit.images["image"] for visit in visits.visits]
    return {
        "brighter": {n: Map(i.values + 1, i.geometry, i.unit) for n, i in enumerate(images, start=1)},
        "lesion": {n: visit.mask for n, visit in enumerate(visits.visits, start=1) if visit.mask is not None},
        "visits_table": Table(
            {"day": visits.days.tolist(), "mean": [float(np.mean(i.values)) for i in images]}, {"day": "d"}
        ),
        "report": Report("Every kind", f"<!DOCTYPE html><p>{point or 'nowhere'} é {region or 'everywhere'}</p>"),
    }
