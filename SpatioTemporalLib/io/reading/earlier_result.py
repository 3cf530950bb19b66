"""Files of earlier results, found by what they are: ``out/t1`` stands for the T1 map that a run left there."""

from __future__ import annotations

from pathlib import Path

from ...errors import InputError
from ...system.plain_text import for_message
from ..files.json_text import MOST_TEXT, parsed
from ..output.results import SUMMARY

ENDINGS = {".nii.gz", ".csv", ".html"}
LONGEST_LIST = 500  # characters


def folder_or_file(path: str | Path) -> Path:
    """The folder of an earlier result that is named, perhaps with ``:NAME`` behind it, or the path as it is."""
    return _folder(path)[0] if is_earlier_result(path) else Path(path)


def is_earlier_result(path: str | Path) -> bool:
    """Whether a path, perhaps with ``:NAME`` behind it, names a folder in which a run left its results."""
    return _holds_result(_folder(path)[0])


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
    if len(chosen) == 1 and chosen[0] in fitting:
        return _within(folder, chosen[0], outputs[chosen[0]].get("file"))
    wanted = f"output {name} of the kind {kind}" if name in outputs else f"output {name}"
    what = f"has no {wanted}" if name else f"has {len(chosen) or 'no'} outputs that could be meant"
    listed = for_message(", ".join(outputs), LONGEST_LIST)
    fix = f"Name one, as {folder}:{for_message(fitting[0])}." if fitting else "Give another folder, or a file."
    raise InputError("E-RESULT", f"{what}; it has {listed}", where=str(folder), fix=fix)


def is_meant(analysis: str, output: str, meant: tuple[str, ...]) -> bool:
    """Whether an output of an analysis is among those that are meant, see `declare.Input.results`."""
    return output in meant or f"{analysis}:{output}" in meant


def _folder(path: str | Path) -> tuple[Path, str]:
    whole = Path(path)
    if _holds_result(whole):
        return whole, ""
    # The colon of a drive on Windows has no folder with a result before it.
    before, _, name = str(path).rpartition(":")
    return (Path(before), name) if before else (whole, "")


def _holds_result(folder: Path) -> bool:
    try:
        return (folder / SUMMARY).is_file()
    except OSError:
        # A name that is too long, or a folder that may not be looked into: reading it as a file says which.
        return False


def _outputs(folder: Path) -> tuple[dict[str, dict], str]:
    """The outputs by name, and the analysis they are of."""
    try:
        with open(folder / SUMMARY, encoding="utf-8") as file:
            content = parsed(file.read(MOST_TEXT + 1))
    except (OSError, ValueError) as error:
        raise InputError("E-RESULT", f"{SUMMARY} {error}", where=str(folder), fix="Run the analysis again.") from error
    outputs = content.get("outputs") if isinstance(content, dict) else None
    if not isinstance(outputs, dict) or not all(isinstance(facts, dict) for facts in outputs.values()):
        raise InputError(
            "E-RESULT", f"{SUMMARY} does not list outputs", where=str(folder), fix="Run the analysis again."
        )
    provenance = content.get("provenance")
    return outputs, str(provenance.get("analysis", "")) if isinstance(provenance, dict) else ""


def _within(folder: Path, name: str, file: object) -> Path:
    # Files are called as their outputs: another output's file under this name would be believed in silence.
    if not isinstance(file, str) or Path(file).name != file or not _is_called(folder / file, name):
        raise InputError(
            "E-RESULT",
            f"{SUMMARY} names the file {str(file)[:60]!r} for {for_message(name)}; it is not there or another output's",
            where=str(folder),
            fix="Run the analysis again.",
        )
    return folder / file


def _is_called(path: Path, name: str) -> bool:
    ending = path.name.removeprefix(name)
    try:
        return path.name.startswith(name) and ending in ENDINGS and path.is_file()
    except OSError:
        return False
