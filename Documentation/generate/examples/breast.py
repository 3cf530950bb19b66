"""The breast examination that is shipped, with the lesion and the T1 map made from it."""

from __future__ import annotations

from dataclasses import replace

import SpatioTemporalLib as st
from SpatioTemporalLib.sample_data import sample_file

from .offer import Offer, offered

SAMPLES = "Resources/SampleData/"


@offered(st.Series)
def breast() -> Offer:
    series = st.read_series(sample_file("breast_dce.seq.nrrd"))
    lesion = st.run("segmentation.enhancing_tissue", series=series, most_regions=1).regions
    values = {
        "series": series,
        "mask": replace(lesion, name="lesion"),
        "t1_map": st.run("kinetics.variable_flip_angle_t1", stack=flip_angles().values["stack"]).t1,
        "aif": st.read_curve(sample_file("breast_plasma.csv")),
    }
    return Offer(
        "One slice of the breast examination that is shipped; the lesion was segmented by enhancement.",
        values,
        {"curve_is": "plasma", "relaxivity": 4.5, "durations": (60.0, 120.0, 300.0)},
        {"series": f"{SAMPLES}breast_dce.seq.nrrd", "aif": f"{SAMPLES}breast_plasma.csv"},
    )


@offered(
    "segmentation.enhancing_tissue",
    "segmentation.functional_tumour_volume",
    "segmentation.angiovolume",
)
def whole_slice() -> Offer:
    series = breast().values["series"]
    files = {"series": f"{SAMPLES}breast_dce.seq.nrrd"}
    return Offer("One slice of the breast examination that is shipped.", {"series": series}, files=files)


@offered(st.ImageStack)
def flip_angles() -> Offer:
    stack = st.read_stack(sample_file("breast_vfa.nii.gz"))
    story = "The ten flip angles of the breast examination that is shipped."
    return Offer(story, {"stack": stack}, files={"stack": f"{SAMPLES}breast_vfa.nii.gz"})
