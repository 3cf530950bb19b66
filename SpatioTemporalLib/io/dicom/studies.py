"""A folder of DICOM files of many patients, sorted by headers; nothing that is given names anybody."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...data.examination import possible_examinations
from ...errors import InputError
from .groups import PLANNING_VIEWS, by_series, usable_frames
from .headers.files import files_below, read_header, reading_dicom, without_copies
from .headers.frames import Frame
from .headers.grid import slices_of
from .series import acquisition_of, day_of, unit_of
from .timing.phases import is_dynamic, joined_phases, likeness

SEGMENTATION = "SEG"
PATIENT = ("PatientID", "PatientBirthDate", "PatientSex")


@dataclass(frozen=True)
class FoundSeries:
    """Images that belong together: a series over time, its phases too where they are filed apart, or a volume.

    mark : tells it from all others. number : of the series in its study, "" where there is none. images : all of them.
    frames : images of each place. examinations : what it can be. kind : what volumes of one kind have in common, on
    whatever day they were taken. segmentations : files of those that were drawn on it.
    """

    mark: str
    modality: str
    number: str
    images: int
    frames: int
    derived: bool
    examinations: tuple[str, ...]
    kind: tuple
    files: tuple[Path, ...]
    segmentations: tuple[Path, ...] = ()

    def __str__(self) -> str:
        return f"{self.modality} series {self.number}".strip()


@dataclass(frozen=True)
class FoundStudy:
    """patient, mark : made of unique identifiers, so that they stay the same and tell nobody. day : on the calendar,
    None where no tag tells it. refused : why further images of it cannot be read, in words."""

    patient: str
    mark: str
    day: int | None
    series: tuple[FoundSeries, ...]
    refused: tuple[str, ...]


def sorted_studies(
    folder: Path, tell: Callable[[float], None] = lambda part: None, *, phases: bool = True
) -> tuple[list[FoundStudy], int, int]:
    """The studies below a folder, patient after patient and by day, and how many files are damaged and are none.

    Patients are told apart by their identifier, date of birth and sex, and called by their first study: an identifier
    could be guessed from its hash, that of a study hardly.

    Parameters
    ----------
    folder : path
    tell : callable
        Hears how much is done, 0..1; may raise to stop.
    phases : bool
        Whether volumes that are alike and filed apart are times of one series, as `joined_phases` says.
    """
    files: dict[tuple, list[Path]] = defaultdict(list)
    every, damaged, others = files_below(folder), 0, 0
    for number, path in enumerate(every):
        tell(0.5 * number / len(every))
        try:
            header = read_header(path)
        except InputError:
            damaged += 1
            continue
        if header is None or not _is_object(header):
            others += 1
            continue
        files[_filed(header)].append(path)
    studies: dict[tuple, list[FoundStudy]] = defaultdict(list)
    for number, ((patient, study), own) in enumerate(sorted(files.items())):
        tell(0.5 + 0.5 * number / len(files))
        # Read again: headers of a whole archive would not fit into memory.
        studies[patient or (study,)].append(_study(study, own, phases))
    ordered = [_of_patient(own) for own in studies.values()]
    return [s for own in sorted(ordered, key=lambda o: o[0].patient) for s in own], damaged, others


def _is_object(header) -> bool:
    return "Rows" in header or str(header.get("Modality", "")) == SEGMENTATION


def _filed(header) -> tuple[tuple[str, ...], str]:
    with reading_dicom(Path(header.filename)):
        patient = tuple(str(header.get(keyword) or "") for keyword in PATIENT)
        # Without an identifier nobody knows which studies are of one patient.
        return patient if patient[0] else (), str(header.get("StudyInstanceUID") or "")


def _of_patient(studies: list[FoundStudy]) -> list[FoundStudy]:
    late = float("inf")
    studies = sorted(studies, key=lambda s: (late if s.day is None else s.day, s.mark))
    patient = f"patient-{studies[0].mark}"
    return [FoundStudy(patient, s.mark, s.day, s.series, s.refused) for s in studies]


def _study(uid: str, files: list[Path], phases: bool) -> FoundStudy:
    headers = without_copies([header for path in files if (header := read_header(path)) is not None], [])
    drawn = [header for header in headers if str(header.get("Modality", "")) == SEGMENTATION]
    images = [header for header in headers if str(header.get("Modality", "")) != SEGMENTATION]
    days = [day for header in images or drawn if (day := day_of(header)) is not None]
    day, mark = min(days, default=None), _mark(uid or str(headers[0].get("SOPInstanceUID", "")))
    if not images:
        return FoundStudy("", mark, day, (), ())
    try:
        frames, refused = usable_frames(images)
        told = [_in_general(error) for error in refused]
        found = tuple(_found(group, drawn) for group in _belonging_together(frames, phases))
    except InputError as error:
        # What is wrong with one file of a study is not known to leave the others whole.
        return FoundStudy("", mark, day, (), (_in_general(error),))
    ordered = sorted(found, key=lambda s: (s.number.zfill(8), s.mark))
    return FoundStudy("", mark, day, tuple(ordered), tuple(dict.fromkeys(told)))


def _belonging_together(frames: list[Frame], phases: bool) -> list[list[Frame]]:
    groups = sorted((group.frames for group in by_series(frames)), key=len, reverse=True)
    if not phases:
        return groups
    joined = [own for own in joined_phases(groups) if is_dynamic(own)]
    taken = {id(frame) for own in joined for frame in own}
    return joined + [group for group in groups if id(group[0]) not in taken]


def _found(frames: list[Frame], segmentations: list) -> FoundSeries:
    first = frames[0]
    header = first.header
    with reading_dicom(first.path):
        series = {str(frame.header.get("SeriesInstanceUID") or "") for frame in frames}
        name = min(series) or str(header.get("SOPInstanceUID", ""))
        modality, number = str(header.get("Modality") or "DICOM"), str(header.get("SeriesNumber") or "").strip()
    acquisition = acquisition_of(first)
    own = tuple(Path(h.filename) for h in segmentations if series & set(_drawn_on(h)))
    return FoundSeries(
        mark=_mark(f"{name} {likeness(first)}"),
        modality=modality if modality.isalnum() else "DICOM",
        number=number if number.isdigit() else "",
        images=len(frames),
        frames=max(len(place.frames) for place in slices_of(frames)),
        derived="DERIVED" in first.image_type,
        examinations=possible_examinations(acquisition, unit_of(first) or "a.u."),
        kind=(modality, first.image_type, acquisition.agent is not None, first.facts.get("flip_angle"), _plane(first)),
        files=tuple(dict.fromkeys(frame.path for frame in frames)),
        segmentations=own,
    )


def _drawn_on(header) -> Iterator[str]:
    for item in header.get("ReferencedSeriesSequence") or ():
        yield str(item.get("SeriesInstanceUID") or "")


def _plane(frame: Frame) -> int | None:
    """Along which axis of the patient slices follow one another."""
    if frame.orientation is None:
        return None
    a, b = frame.orientation[:3], frame.orientation[3:]
    normal = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    return max(range(3), key=lambda axis: abs(normal[axis]))


def large_volumes(study: FoundStudy) -> list[FoundSeries]:
    """Volumes of a study without the views they were planned on."""
    volumes = [s for s in study.series if s.frames == 1]
    most = max((s.images for s in volumes), default=0)
    return [s for s in volumes if s.images > most * PLANNING_VIEWS]


def _in_general(error: InputError) -> str:
    """What is wrong without the name of the file, which may be a patient's."""
    return f"{error.message} [{error.code}]"


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]
