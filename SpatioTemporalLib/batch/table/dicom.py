"""Cases found in a folder of DICOM files: a dynamic series each, or a patient with visits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from ...data.examination import in_words
from ...data.follow_up import FollowUp
from ...data.series import Series
from ...declare import Analysis, Input
from ...errors import InputError, counted
from ...io.dicom.studies import FoundSeries, FoundStudy, large_volumes, sorted_studies
from ..work.gathering import ALONE
from .cases import CaseTable

FIX = "Choose another analysis, or give a table of cases, a BIDS folder, or one with DICOM images of patients."


def table_of_dicom(folder: Path, analysis: Analysis, tell: Callable[[float], None]) -> CaseTable:
    """A row for each dynamic series that suits an analysis, or for each patient where it takes visits.

    Cases are called by what is made of unique identifiers: neither names nor paths of patients are in the table.

    Raises
    ------
    InputError
        ``E-BATCH-CASES`` for a folder without DICOM images, or without any that suit.
    """
    needed = [i for i in analysis.inputs if not i.optional]
    item = next((i for i in (*needed, *analysis.inputs) if i.kind in (Series, FollowUp)), None)
    if item is None:
        text = f"{analysis.id} takes neither images over time nor visits, which is what DICOM files are sorted into"
        raise InputError("E-BATCH-CASES", text, where=folder.name, fix="Give a table of cases.")
    studies, damaged, others = sorted_studies(folder, tell, phases=item.kind is Series)
    if not studies:
        text = f"is no BIDS data set and holds no DICOM image ({counted(damaged + others, 'file')} looked at)"
        raise InputError("E-BATCH-CASES", text, where=folder.name, fix=FIX)
    found = _Rows(item)
    for patient, own in groupby(studies, key=lambda study: study.patient):
        (found.add_visits if item.kind is FollowUp else found.add_series)(patient, list(own))
    for count, what in ((damaged, "damaged"), (others, "no DICOM image")):
        if count:
            found.left_out.append((counted(count, "file"), what))
    if not found.rows:
        several = f", and {len(found.left_out) - 1} more" if len(found.left_out) > 1 else ""
        what, why = found.left_out[0]
        text = f"holds nothing that {analysis.id} could take: {what}: {why}{several}"
        raise InputError("E-BATCH-CASES", text, where=folder.name, fix=FIX)
    names = dict.fromkeys(name for row in found.rows for name in row)
    columns = {name: [row.get(name, "") for row in found.rows] for name in names}
    numbers = tuple(range(1, len(found.rows) + 1))
    return CaseTable("a folder of DICOM files", folder, columns, numbers, found.gathered, tuple(found.left_out))


class _Rows:
    """Rows as they are found, the files that their cells stand for, and what is left out."""

    def __init__(self, item: Input):
        self.item = item
        self.rows: list[dict[str, str]] = []
        self.gathered: dict[str, tuple[str, ...]] = {}
        self.left_out: list[tuple[str, str]] = []

    def add_series(self, patient: str, studies: list[FoundStudy]) -> None:
        """Each series of a patient that suits, or why it does not."""
        for session, study in _sessions(studies):
            self._refused(patient, session, study)
            originals = any(s.frames > 1 and not s.derived for s in study.series)
            for series in study.series:
                why = self._unfit(series, originals)
                if why:
                    self.left_out.append((f"{patient}, {session}, {series}", why))
                    continue
                row = {"case": f"{patient}_{series.modality}-{series.number or 'x'}_{series.mark}"}
                row |= {"participant_id": patient, "session": session, "series_number": series.number}
                self.rows.append(row | {self.item.name: self._word(series)})

    def add_visits(self, patient: str, studies: list[FoundStudy]) -> None:
        """A patient with the one volume that each study has of a kind, or why there is none."""
        for session, study in _sessions(studies):
            self._refused(patient, session, study)
        volumes = [own for study in studies if (own := large_volumes(study))]
        kinds = [Counter(s.kind for s in own) for own in volumes]
        common = [kind for kind in (kinds[0] if kinds else ()) if all(own[kind] == 1 for own in kinds)]
        if len(common) > 1:
            common = [kind for kind in common if not _of_kind(volumes[0], kind).derived] or common
        why = ""
        if len(volumes) < self.item.min_visits:
            why = f"{counted(len(volumes), 'study', 'studies')} with a volume, at least {self.item.min_visits} needed"
        elif len(common) != 1:
            listed = ", ".join(dict.fromkeys(str(s) for own in volumes for s in own))
            what = f"{len(common)} kinds of volume are" if common else "no kind of volume is"
            why = f"{what} there once in each study, one was expected ({listed})"
        if why:
            self.left_out.append((patient, why))
            return
        chosen = [_of_kind(own, common[0]) for own in volumes]
        row = {"case": patient, "participant_id": patient}
        row[self.item.name] = ";".join(self._word(series) for series in chosen)
        masks = [self._mask(series) for series in chosen]
        if any(masks):
            row[f"{self.item.name}_masks"] = ",".join(mask or "-" for mask in masks)
        self.rows.append(row)

    def _unfit(self, series: FoundSeries, originals: bool) -> str:
        item = self.item
        if series.frames < 2:
            return "each place was imaged once, so that it is no series over time"
        if series.frames < item.min_frames:
            return f"{series.frames} frames, at least {item.min_frames} are needed"
        if series.derived and originals:
            return "was derived from others; the originals are taken"
        if item.made_for and series.examinations and not set(item.made_for) & set(series.examinations):
            return f"is {in_words(series.examinations)}, not {in_words(item.made_for)}"
        return ""

    def _refused(self, patient: str, session: str, study: FoundStudy) -> None:
        self.left_out += [(f"{patient}, {session}", why) for why in study.refused]

    def _word(self, series: FoundSeries) -> str:
        word = f"{series.modality}-{series.mark}"
        self.gathered[word] = tuple(map(str, series.files))
        return word

    def _mask(self, series: FoundSeries) -> str:
        """Of several nobody knows which is meant."""
        if len(series.segmentations) != 1:
            return ""
        word = f"{ALONE}{series.mark}"
        self.gathered[word] = tuple(map(str, series.segmentations))
        return word


def _of_kind(volumes: list[FoundSeries], kind: tuple) -> FoundSeries:
    return next(series for series in volumes if series.kind == kind)


def _sessions(studies: list[FoundStudy]) -> list[tuple[str, FoundStudy]]:
    """Studies by their days since the first, which are no dates."""
    first = next((study.day for study in studies if study.day is not None), None)
    return [("day-x" if study.day is None else f"day-{study.day - first}", study) for study in studies]
