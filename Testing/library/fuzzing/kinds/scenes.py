"""Scenes in archives and folders, whose images Slicer reads: looked for are ends, standstills and foreign errors."""

from __future__ import annotations

import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

from library.fuzzing.engine import Kind
from library.fuzzing.reading import Reading, reading_of


def kinds() -> list[Kind]:
    if not find_spec("slicer"):
        return []
    packed = _scene()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.mrb").write_bytes(packed)
        with zipfile.ZipFile(Path(folder) / "a.mrb") as archive:
            files = [(e.filename, archive.read(e)) for e in archive.infolist() if not e.is_dir()]
    text = next(name for name, _ in files if name.endswith(".mrml"))
    images = tuple(name for name, _ in files if name != text)
    return [
        Kind("packed scene", [("a.mrb", packed)], lambda folder: _read(folder / "a.mrb"), _as_slicer_says, inputs=25),
        Kind("text of a scene", files, lambda folder: _read(folder / text), _as_slicer_says, images, inputs=40),
        Kind("data of a scene", files, lambda folder: _read(folder / text), _as_slicer_says, (text,), inputs=40),
    ]


def _scene() -> bytes:
    import numpy as np
    from SpatioTemporalNodes.scene.scene_file import write_scene

    import SpatioTemporalLib as st

    rng = np.random.default_rng(0)
    geometry = st.Geometry.from_spacing((3, 6, 5), (1.0, 1.5, 2.0))
    acquisition = st.Acquisition(modality="MR", echo_time=0.002)
    series = st.Series(rng.random((4, 3, 6, 5)), [0.0, 5.0, 11.0, 15.0], geometry, name="DCE", acquisition=acquisition)
    result = st.run("kinetics.enhancement", series=series, baseline_frames=2)
    with tempfile.TemporaryDirectory() as folder:
        return write_scene(Path(folder) / "a.mrb", series=[series], results=[result]).read_bytes()


def _read(path: Path) -> Reading:
    from SpatioTemporalNodes.results.provenance import result_summary
    from SpatioTemporalNodes.results.run_nodes import nodes_of_run, result_from_nodes
    from SpatioTemporalNodes.scene.scene_file import read_scene
    from SpatioTemporalNodes.series.series_nodes import series_from_node

    findings: list = []
    scene = read_scene(path, findings)
    series = [reading_of(series_from_node(node)) for node in _sequences(scene)]
    runs = result_summary(scene)
    outputs = [sorted(result_from_nodes(nodes_of_run(scene, summary.run))) for summary in runs]
    told = [*findings, *(finding for summary in runs for finding in summary.findings)]
    facts = {"parameters": [summary.parameters for summary in runs], "outputs": outputs}
    facts["series"] = [one.facts for one in series]
    return Reading(facts, (*map(str, told), *(text for one in series for text in one.findings)))


def _sequences(scene) -> list:
    nodes = scene.GetNodesByClass("vtkMRMLSequenceNode")
    nodes.UnRegister(None)
    return [nodes.GetItemAsObject(n) for n in range(nodes.GetNumberOfItems())]


def _as_slicer_says(folder: Path, found: Reading, differ: list[str]) -> bool:
    """What reads the text and the voxels is Slicer, of whose reading there is no second one to compare with."""
    return True
