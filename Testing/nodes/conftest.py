"""A small examination, a run on it, and the scene of both, for all tests of nodes."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib.declare import Help, Input, Output, analysis

HERE = Path(__file__).parent
collect_ignore_glob = [] if find_spec("slicer") else ["*test_*.py"]

TUMOUR = st.Label(
    "tumour",
    (0.9, 0.1, 0.1),
    st.Code("49755003", "SCT", "Morphologically Abnormal Structure"),
    st.Code("4147007", "SCT", "Mass"),
)
KTRANS = st.Code("126312", "DCM", "Ktrans")


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in Path(item.path).parents:
            item.add_marker("slicer")


def oblique(spacing=(0.75, 1.1, 3.3), shape=(6, 20, 24), left_handed=False) -> st.Geometry:
    """A grid turned about all three axes."""
    a, b, c = 0.31, -0.22, 0.47
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = about_x @ about_y @ about_z @ np.diag(spacing)
    affine[:3, 3] = -12.3456789, 45.678, -7.1
    if left_handed:
        affine[:3, 2] *= -1
    return st.Geometry(shape, affine)


def uptake(geometry: st.Geometry, times, name="DCE", **facts) -> st.Series:
    """A blob that takes up contrast in noise-free tissue."""
    k, j, i = np.indices(geometry.shape)
    centre = np.array(geometry.shape) / 2
    blob = np.exp(-(((k - centre[0]) / 2) ** 2) - ((j - centre[1]) / 5) ** 2 - ((i - centre[2]) / 6) ** 2)
    curve = 1 - np.exp(-np.asarray(times) / 20)
    values = 100 + 5 * i + 300 * curve[:, None, None, None] * blob
    return st.Series(values.astype(np.float32), times, geometry, name=name, **facts)


@dataclass(frozen=True)
class ExampleParameters:
    hematocrit: Annotated[float, Help("Not used; to be found again in the scene.")] = 0.42


@analysis(
    id="test.example",
    title='Example "run" of a: kind; quite',
    citation="own definition",
    inputs=[Input("series", st.Series, help="Any."), Input("mask", st.LabelMap, optional=True, help="Where.")],
    outputs=[
        Output("ktrans", st.Map, "1/min", "Rate; of a sort.", st.Display((0, 0.5), "inferno", KTRANS, "Ktrans")),
        Output("slope", st.Map, "{series.unit}/s", "Signed change."),
        Output("regions", st.LabelMap, help="Where it is."),
        Output("relative", st.Series, "%", "Enhancement."),
        Output("statistics", st.Table, help="By region."),
        Output("curves", st.Curve, "mmol/L", "Measured and fitted."),
    ],
    parameters=ExampleParameters,
)
def example_analysis(series, mask=None, *, parameters, context):
    """One output of each kind."""
    change = series.values[-1] - series.values[0]
    ktrans = np.where(change > 20, change / 600, np.nan).astype(np.float32)
    labels = np.where(change > 150, 1, 0) + np.where((change > 60) & (change <= 150), 2, 0)
    fine = np.linspace(0, series.times[-1], 40)
    finding = st.Finding("W-EXAMPLE", st.Severity.WARN, 'odd: "quoted"; é', "here")
    return {
        "ktrans": ktrans,
        "slope": (series.values[-1] - series.values[1]) / (series.times[-1] - series.times[1]) - 1,
        "regions": st.LabelMap(labels, series.geometry, {1: TUMOUR, 2: st.Label("rim")}, "regions"),
        "relative": 100 * (series.values / series.values[:1] - 1),
        "statistics": st.Table(
            {"region": ["tumour", "rim"], "ktrans": [0.31, float("nan")], "voxels": [12, 3]}, {"ktrans": "1/min"}
        ),
        "curves": (
            st.Curve(series.times, series.times / 10, "mmol/L", "tumour", spread=series.times * 0 + 0.1),
            st.Curve(fine, fine / 10.1, "mmol/L", "tumour fit", fit_of="tumour"),
            st.Curve(series.times, series.times / 20, "mmol/L", "rim"),
        ),
        "findings": (finding,),
    }


def run_example(series: st.Series) -> st.Result:
    """The result of `example_analysis`, through the library's own `run`."""
    known = st.analyses()
    known["test.example"] = example_analysis.declaration
    try:
        return st.run("test.example", series=series, hematocrit=0.38)
    finally:
        del known["test.example"]


@pytest.fixture(scope="session")
def geometry():
    return oblique()


@pytest.fixture(scope="session")
def series(geometry):
    acquisition = st.Acquisition(
        modality="MR",
        repetition_time=0.0046,
        echo_time=0.00123,
        flip_angle=12.5,
        field_strength=3.0,
        agent="gadobutrol",
    )
    finding = st.Finding("W-TIME-GAP", st.Severity.WARN, "frames may be missing; see 3, 4", "DCE")
    return uptake(
        geometry,
        [0.0, 7.5, 15.2, 22.9, 31.0, 1 / 3 + 40],
        unit="mmol/L",
        acquisition=acquisition,
        time_source="DICOM TriggerTime",
        findings=(finding,),
    )


@pytest.fixture(scope="session")
def result(series):
    return run_example(series)


@pytest.fixture(scope="session")
def make():
    """What builds other examples: a grid, a series, a run."""

    class Make:
        oblique = staticmethod(oblique)
        uptake = staticmethod(uptake)
        run_example = staticmethod(run_example)

    return Make


@pytest.fixture
def scene():
    from SpatioTemporalNodes.scene.scene_file import create_scene

    return create_scene()


@pytest.fixture(scope="session")
def scene_path(series, result, tmp_path_factory):
    from SpatioTemporalNodes.scene.scene_file import write_scene

    return write_scene(tmp_path_factory.mktemp("scene") / "example.mrb", series=[series], results=[result])


@pytest.fixture(scope="session")
def saved(scene_path):
    """The scene of the example, written and read."""
    from SpatioTemporalNodes.scene.scene_file import read_scene

    return read_scene(scene_path)


@pytest.fixture(scope="session")
def shown(series, result):
    """The scene of the example as it is before saving, with its nodes."""
    from SpatioTemporalNodes.results.result_nodes import add_result
    from SpatioTemporalNodes.scene.scene_file import create_scene
    from SpatioTemporalNodes.series.series_nodes import add_series

    scene = create_scene()
    sequence, browser = add_series(scene, series)
    return scene, sequence, browser, add_result(scene, result, series=sequence)
