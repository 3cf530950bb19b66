"""``spatiotemporal cohort``: a public collection of images as a cohort."""

from __future__ import annotations

from ...context import Context
from ...public_collections.colorectal_liver_metastases import AFTERWARDS_FILE, convert_colorectal_liver_metastases
from ..terminal.progress import ProgressBar


def add_to(verbs) -> None:
    parser = verbs.add_parser("cohort", help="make a cohort of a public collection that was downloaded")
    parser.add_argument("collection", choices=list(COLLECTIONS), help="which collection")
    parser.add_argument("folder", metavar="DIR", help="where it was downloaded to, with the patients' folders in it")
    parser.add_argument("--clinical", required=True, metavar="FILE", help="its table of clinical data, .xlsx or .csv")
    parser.add_argument(
        "--out", required=True, metavar="COHORT", help="folder of the cohort; images stay where they are"
    )
    parser.add_argument(
        "--measure", action="store_true", help="also measure all segments, for networks that learn from structures"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a cohort that is there")
    parser.set_defaults(function=cohort)


def cohort(arguments) -> None:
    made = COLLECTIONS[arguments.collection](
        arguments.folder,
        arguments.clinical,
        arguments.out,
        Context(report=ProgressBar()),
        measure=arguments.measure,
        overwrite=arguments.overwrite,
    )
    print(made)
    print(f"{arguments.out}: participants.csv holds what was known before the operation, and the outcomes; "
          f"{AFTERWARDS_FILE} what no prediction may use.")  # fmt: skip


COLLECTIONS = {"colorectal-liver-metastases": convert_colorectal_liver_metastases}
