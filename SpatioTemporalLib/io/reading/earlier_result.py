"""Files of earlier results, found by what they are: ``out/t1`` stands for the T1 map that a run left there."""

from __future__ import annotations

from pathlib import Path

from ...errors import InputError
from ..files.json_text import parsed
from ..output.results import SUMMARY


def is_earlier_result(path: str | Path) -> bool:
    """Whether a path, perhaps with ``:NAME`` behind it, names a folder in which a run left its results."""
    return (_folder(path)[0] / SUMMARY).is_file()


def file_of_earlier_result(path: str | Path, kind: str, meant: tuple[str, ...]) -> Path:
    """The file of an output of an earlier result.

    Parameters
    ----------
    path : path
        The folder, or ``FOLDER:NAME`` for one of several outputs.
    kind : str
        Of the output, e.g. "Map".
    meant : tuple of str
        Outputs that are meant where none is named, see `declare.Input.results`.

    Raises
    ------
    InputError
        ``E-RESULT`` when there is no such output, or several could be meant.
    """
    folder, name = _folder(path)
    outputs, analysis = _outputs(folder)
    # Until version 0.1 curves were called by the type that holds them.
    kinds = {kind, "tuple"} if kind == "Curve" else {kind}
    fitting = [n for n, facts in outputs.items() if str(facts.get("kind")) in kinds]
    known = [n for n in fitting if is_meant(analysis, n, meant)]
    chosen = [name] if name else known if meant else fitting
    if len(chosen) == 1 and chosen[0] in outputs:
        return _within(folder, outputs[chosen[0]].get("file"))
    listed = ", ".join(outputs)
    what = f"has no output {name}" if name else f"has {len(chosen) or 'no'} outputs that could be meant"
    raise InputError(
        "E-RESULT", f"{what}; it has {listed}", where=str(folder), fix=f"Name one, as {folder}:{(fitting or [''])[0]}."
    )


def is_meant(analysis: str, output: str, meant: tuple[str, ...]) -> bool:
    """Whether an output of an analysis is among those that are meant, see `declare.Input.results`."""
    return output in meant or f"{analysis}:{output}" in meant


def _folder(path: str | Path) -> tuple[Path, str]:
    whole = Path(path)
    if (whole / SUMMARY).is_file():
        return whole, ""
    # The colon of a drive on Windows has no folder with a result before it.
    before, _, name = str(path).rpartition(":")
    return (Path(before), name) if before else (whole, "")


def _outputs(folder: Path) -> tuple[dict[str, dict], str]:
    """The outputs by name, and the analysis they are of."""
    try:
        content = parsed((folder / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("E-RESULT", f"{SUMMARY} {error}", where=str(folder), fix="Run the analysis again.") from error
    outputs = content.get("outputs") if isinstance(content, dict) else None
    if not isinstance(outputs, dict) or not all(isinstance(facts, dict) for facts in outputs.values()):
        raise InputError(
            "E-RESULT", f"{SUMMARY} does not list outputs", where=str(folder), fix="Run the analysis again."
        )
    provenance = content.get("provenance")
    return outputs, str(provenance.get("analysis", "")) if isinstance(provenance, dict) else ""


def _within(folder: Path, file: object) -> Path:
    path = folder / str(file)
    if not isinstance(file, str) or Path(file).name != file or not path.is_file():
        raise InputError(
            "E-RESULT",
            f"{SUMMARY} names the file {str(file)[:60]!r}, which is not there",
            where=str(folder),
            fix="Run the analysis again.",
        )
    return path
