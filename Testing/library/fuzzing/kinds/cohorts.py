"""The two tables of a cohort, judged by the words and numbers that stand there."""

from __future__ import annotations

from pathlib import Path

from library.fuzzing.engine import Kind
from library.fuzzing.kinds.nifti import made
from library.fuzzing.plainly import stands_in
from library.fuzzing.reading import Reading
from library.io.bad_inputs.files import frames, nrrd

from SpatioTemporalLib import read_cohort

PEOPLE = "participant_id,split,sex,age [y]\n007,train,f,61\n012,train,m,58.5\n100,test,f,70\n"
VISITS = (
    "participant_id,days,image:ct [HU],mask:lesion,dose\n007,0,a.nrrd,,1.5\n007,91,b.nrrd,,2\n"
    "012,0,c.nrrd,,3\n100,0,d.nrrd,,4.5\n100,30,e.nrrd,,5\n"
)
DATED = "participant_id,date,image:ct [HU]\n007,2024-01-31,a.nrrd\n007,2024-05-01,b.nrrd\n012,2023-02-28,c.nrrd\n"


def kinds() -> list[Kind]:
    images = [(f"{n}.nrrd", made("a.nrrd", nrrd, values=frames()[0] + k)) for k, n in enumerate("abcde")]
    fixed = tuple(name for name, _ in images)
    tables = [("participants.csv", PEOPLE.encode()), ("timepoints.csv", VISITS.encode())]
    dated = [("participants.csv", b"participant_id\n007\n012\n"), ("timepoints.csv", DATED.encode())]
    return [
        Kind("cohort", [*tables, *images], _read, _legal, fixed, inputs=150),
        Kind("cohort with dates", [*dated, *images[:3]], _read, _legal, fixed, inputs=80),
    ]


def _read(folder: Path) -> Reading:
    cohort = read_cohort(folder)
    tables = {"participants": cohort.participants, "visits": cohort.visits}
    facts = {name: {"columns": dict(table.columns), "units": dict(table.units)} for name, table in tables.items()}
    files = [cohort.identity(n).count(".nrrd") for n in range(len(cohort))]
    return Reading({**facts, "files": files, "images": list(cohort.images)}, tuple(map(str, cohort.findings)))


def _legal(folder: Path, found: Reading, differ: list[str]) -> bool:
    text = " ".join(path.read_bytes().decode("utf-8-sig", "replace") for path in sorted(folder.glob("*.csv")))
    # The name of a split counts, whatever its letters.
    text = f"{text} {text.lower()}"
    facts = {name: found.facts[name] for name in differ if name in ("participants", "visits")}
    if "date" in text.split("\n")[0] + text:
        # Days are counted from dates, and stand nowhere.
        facts = {name: {**fact, "columns": {**fact["columns"], "days": []}} for name, fact in facts.items()}
    return stands_in(text, facts, found)
