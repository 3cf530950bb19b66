"""Bundles as folders and archives, regions and checkpoints, judged by their JSON and by their bytes."""

from __future__ import annotations

import functools
import json
import tempfile
import zipfile
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np
from library.fuzzing.engine import Kind
from library.fuzzing.reading import Reading, same

METADATA, WEIGHTS = "configs/metadata.json", "models/model.safetensors"
TYPES = {"F32": "<f4", "F16": "<f2", "I64": "<i8"}
SHAPE = (2, 1, 4, 8, 8)


def kinds() -> list[Kind]:
    if not all(map(find_spec, ("torch", "monai", "safetensors"))):
        return []
    files = _bundle()
    unread = tuple(name for name, _ in files if name.startswith(("docs", "configs/inf", "configs/train", "LICENSE")))
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(f"bundle/{name}", data)
    return [
        Kind("bundle", files, _read, functools.partial(_legal, dict(files)), unread, inputs=80),
        Kind("packed bundle", [("b.zip", packed.getvalue())], lambda folder: _read(folder / "b.zip"), inputs=40),
        Kind("kept regions", [("a.npy", _regions())], _read_regions, inputs=40),
        Kind("checkpoint", [("checkpoint.pt", _checkpoint())], _read_checkpoint, inputs=40),
    ]


def _bundle() -> list[tuple[str, bytes]]:
    from library.small.bundles import small_bundle

    with tempfile.TemporaryDirectory() as folder:
        path = small_bundle(Path(folder) / "bundle")
        return [(f.relative_to(path).as_posix(), f.read_bytes()) for f in sorted(path.rglob("*")) if f.is_file()]


def _read(path: Path) -> Reading:
    from SpatioTemporalLib.networks.bundle.facts import facts_as_json
    from SpatioTemporalLib.networks.bundle.reading import read_bundle

    read = read_bundle(path)
    weights = {name: tensor.numpy() for name, tensor in read.networks[0].state_dict().items()}
    return Reading({"described": facts_as_json(read.facts), "weights": weights})


def _legal(whole: dict[str, bytes], folder: Path, found: Reading, differ: list[str]) -> bool:
    """Whether the files say it: no check sum of a bundle tells of a bit that fell in its weights."""
    described = json.loads((folder / METADATA).read_bytes())["spatiotemporal"]
    before = json.loads(whole[METADATA])["spatiotemporal"]
    if "described" in differ and not _said(found.facts["described"], before, described):
        return False
    return "weights" not in differ or same(found.facts["weights"], _tensors((folder / WEIGHTS).read_bytes()))


def _said(found: object, before: object, described: object) -> bool:
    if found == before or found == described:
        return True
    if isinstance(found, dict) and isinstance(before, dict) and isinstance(described, dict):
        return all(_said(value, before.get(name), described.get(name)) for name, value in found.items())
    if isinstance(found, list) and isinstance(before, list) and isinstance(described, list):
        lengths = {len(found), len(before), len(described)}
        return len(lengths) == 1 and all(map(_said, found, before, described))
    # A name without what stands around it.
    return isinstance(found, str) and isinstance(described, str) and found.strip() == " ".join(described.split())


def _tensors(data: bytes) -> dict[str, np.ndarray]:
    """Safetensors, read by hand."""
    length = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    return {
        name: np.frombuffer(body[slice(*facts["data_offsets"])], TYPES[facts["dtype"]]).reshape(facts["shape"])
        for name, facts in header.items()
        if name != "__metadata__"
    }


def _regions() -> bytes:
    from SpatioTemporalLib.networks.cases.region_files import save_regions

    with tempfile.TemporaryDirectory() as folder:
        save_regions(Path(folder) / "a.npy", np.random.default_rng(0).random(SHAPE))
        return (Path(folder) / "a.npy").read_bytes()


def _read_regions(folder: Path) -> Reading:
    from SpatioTemporalLib.errors import InputError
    from SpatioTemporalLib.networks.cases.region_files import are_whole, load_regions

    # What is not whole is cut anew, which is as good as a refusal.
    if not are_whole(folder / "a.npy", SHAPE):
        raise InputError("E-CACHE", "is not whole")
    return Reading({"regions": load_regions(folder / "a.npy")})


def _checkpoint() -> bytes:
    import torch

    from SpatioTemporalLib.networks.training.checkpoint import NAME, Progress, save_checkpoint

    progress = Progress(2, [{"epoch": 1, "training loss": 0.5}], {"w": torch.ones(3)}, 1, 0.25)
    state = {"network": {"w": torch.arange(3.0)}, "optimizer": {"lr": 0.5}}
    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(Path(folder), progress, state, {"seed": 1})
        return (Path(folder) / NAME).read_bytes()


def _read_checkpoint(folder: Path) -> Reading:
    from SpatioTemporalLib.networks.training.checkpoint import load_checkpoint

    progress, state = load_checkpoint(folder, {"seed": 1})
    return Reading(
        {
            "counts": [progress.epoch, progress.best_epoch, progress.best_value],
            "history": progress.history,
            "tensors": [progress.best["w"].numpy(), state["network"]["w"].numpy()],
        }
    )
