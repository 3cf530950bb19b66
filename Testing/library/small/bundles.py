"""A small bundle of an untrained network, and two small CT visits of a nodule for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

import SpatioTemporalLib as st
from SpatioTemporalLib.networks.bundle.facts import Architecture, BundleFacts, Training
from SpatioTemporalLib.networks.calibration import Calibration
from SpatioTemporalLib.simulation.lung_anatomy import draw_anatomy
from SpatioTemporalLib.simulation.lung_ct import SHARP, SMOOTH, LungScan, scan_lung
from SpatioTemporalLib.steps.follow_up.covariates import Covariate
from SpatioTemporalLib.steps.follow_up.visit_crops import CropSettings

AGE = Covariate("age", "numeric", "y", 62.0, 6.0)
SEX = Covariate("sex", "categorical", levels=("F", "M"))
DAYS = (0.0, 330.0)


def small_facts(**changes) -> BundleFacts:
    """Of a network for two or three visits, age and sex."""
    arguments = {"stages": [[8], [8]], "width": 8, "levels": [0, 2]}
    facts = BundleFacts(
        architecture=Architecture("csfnet", "default", arguments),
        shown=CropSettings(image="image", shape=(8, 16, 16), spacings=((1.0, 1.0, 1.0),)),
        covariates=(AGE, SEX),
        visits=(2, 3),
        calibration=Calibration(1.5, -0.2, "by hand"),
        threshold=0.4,
        training=Training("simulated nodules", True, patients=12, days=(300.0, 400.0)),
        description="a test",
    )
    return replace(facts, **changes)


def small_bundle(folder: Path, **changes) -> Path:
    """Written anew; changes are those of its facts."""
    from library.small.networks import small_network

    from SpatioTemporalLib.networks.bundle.writing import write_bundle

    facts = small_facts(**changes)
    levels = [len(covariate.levels) for covariate in facts.covariates]
    arguments = {**facts.architecture.arguments, "levels": levels}
    facts = replace(facts, architecture=replace(facts.architecture, arguments=arguments))
    return write_bundle(folder, facts, [small_network("csfnet", levels=levels)])


def two_scans(extent: float = 30.0) -> tuple[LungScan, LungScan]:
    """A nodule and the same one grown, by two scanners; 4 and 5.5 mm in radius."""
    rng = np.random.default_rng(3)
    anatomy = draw_anatomy(rng)
    return tuple(
        scan_lung(anatomy, radius, scanner, rng, extent=(extent,) * 3, misplaced=3.0)
        for radius, scanner in ((4.0, SMOOTH), (5.5, SHARP))
    )


def scanned_visits() -> st.FollowUp:
    """The two scans as visits, each with its mask."""
    scans = two_scans()
    visits = [
        st.Visit(day, {"image": replace(scan.ct, name="CT")}, {"nodule": scan.nodule}) for day, scan in zip(DAYS, scans)
    ]
    return st.FollowUp("p1", tuple(visits))
