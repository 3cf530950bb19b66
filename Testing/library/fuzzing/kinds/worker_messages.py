"""What goes to a worker and comes back from it: lines and arrays, judged by Python's json and by NumPy."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
from library.fuzzing.engine import Kind
from library.fuzzing.reading import Reading, reading_of, same
from library.io.bad_inputs.files import frames

import SpatioTemporalLib as st
from SpatioTemporalLib.errors import InputError
from SpatioTemporalLib.workers.worker_answers import answer_of
from SpatioTemporalLib.workers.worker_orders import order_of
from SpatioTemporalLib.workers.worker_values import plain_number, read_result, read_value, write_result, write_value

ANSWER = {"event": "progress", "job": "3", "fraction": 0.25, "message": "half of it", "code": "", "text": "é \u2028"}


def kinds() -> list[Kind]:
    order, arrays = _order()
    result, outputs = _result()
    return [
        Kind("order", [("order.json", order), *arrays], _read_order, _legal_order, inputs=150),
        Kind("answer", [("line", json.dumps(ANSWER).encode())], _read_answer, _legal_answer, inputs=60),
        Kind("result of a worker", [("result.json", result), *outputs], _read_result, _legal_result, inputs=150),
    ]


def _series() -> st.Series:
    values = np.asarray(frames(), dtype=np.float32)
    facts = st.Acquisition(modality="MR", echo_time=0.002)
    geometry = st.Geometry.from_spacing(values.shape[1:], (1.0, 1.5, 2.0))
    return st.Series(values, np.arange(len(values)) * 2.5, geometry, name="small", acquisition=facts)


def _order() -> tuple[bytes, list[tuple[str, bytes]]]:
    with tempfile.TemporaryDirectory() as folder:
        inputs = {"series": write_value(_series(), Path(folder), "input-series")}
        order = {"run": "7", "folder": "job", "analysis": "kinetics.enhancement", "inputs": inputs, "seed": 3}
        order["parameters"] = {"baseline_frames": 2}
        return json.dumps(order).encode(), _arrays(Path(folder))


def _result() -> tuple[bytes, list[tuple[str, bytes]]]:
    result = st.run("kinetics.enhancement", series=_series(), baseline_frames=1)
    with tempfile.TemporaryDirectory() as folder:
        return json.dumps(write_result(result, Path(folder)), default=plain_number).encode(), _arrays(Path(folder))


def _arrays(folder: Path) -> list[tuple[str, bytes]]:
    return [(file.name, file.read_bytes()) for file in sorted(folder.glob("*.npy"))]


def _read_order(folder: Path) -> Reading:
    order = order_of((folder / "order.json").read_bytes())
    if "cancel" in order:
        return Reading({"order": order})
    inputs = order.get("inputs", {})
    values = {name: reading_of(read_value(described, folder)).facts for name, described in inputs.items()}
    return Reading({"order": order, **values})


def _legal_order(folder: Path, found: Reading, differ: list[str]) -> bool:
    described = json.loads((folder / "order.json").read_bytes())
    told = found.facts["order"]
    if {k: v for k, v in told.items() if k not in ("run", "cancel")} != {
        k: v for k, v in described.items() if k not in ("run", "cancel") and (k in told)
    }:
        return False
    return all(_plainly(folder, described["inputs"][n], found.facts[n]) for n in found.facts if n != "order")


def _plainly(folder: Path, described: dict, facts: dict) -> bool:
    """Whether facts are what a description and the arrays it names say."""
    geometry = described.get("geometry", {})
    told = {
        "values": lambda: np.load(folder / Path(described["values"]).name),
        "times": lambda: np.load(folder / Path(described["times"]).name),
        "affine": lambda: np.array(geometry["affine"], dtype=float),
        "name": lambda: described["name"],
        "unit": lambda: described["unit"],
    }
    return all(
        same(np.array(facts[n]) if n in ("values", "times", "affine") else facts[n], told[n]())
        for n in told
        if n in facts
    )


def _read_answer(folder: Path) -> Reading:
    answer = answer_of((folder / "line").read_bytes())
    if answer is None:
        raise InputError("E-JOB", "no answer, which is passed over")
    return Reading({"answer": answer})


def _legal_answer(folder: Path, found: Reading, differ: list[str]) -> bool:
    described = json.loads((folder / "line").read_bytes())
    answer = found.facts["answer"]
    return all(str(value).isprintable() or value == described.get(name) for name, value in answer.items()) and all(
        answer[name] == value for name, value in described.items() if not isinstance(value, str)
    )


def _read_result(folder: Path) -> Reading:
    from SpatioTemporalLib.io.files.json_text import parsed

    try:
        described = parsed((folder / "result.json").read_bytes().decode("utf-8"))
    except ValueError as error:
        raise InputError("E-JOB", "no answer, which is passed over") from error
    result = read_result(described, folder)
    facts = {name: reading_of(value).facts for name, value in result.items() if not isinstance(value, tuple)}
    facts["provenance"] = {"parameters": result.provenance.parameters, "inputs": result.provenance.inputs}
    return Reading(facts, tuple(str(finding) for finding in result.findings))


def _legal_result(folder: Path, found: Reading, differ: list[str]) -> bool:
    described = json.loads((folder / "result.json").read_bytes())
    for name in differ:
        if name == "provenance":
            told = {key: described["provenance"][key] for key in ("parameters", "inputs")}
            if told != found.facts[name]:
                return False
        elif name not in found.facts:
            if name in described["outputs"]:
                return False
        elif "values" in found.facts[name] and not _plainly(folder, described["outputs"][name], found.facts[name]):
            return False
    return True
