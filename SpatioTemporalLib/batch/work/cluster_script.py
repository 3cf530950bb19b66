"""A script for clusters that run arrays of jobs and nothing else: a case an element, then the tables."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from ...errors import InputError
from ...io.files.atomic import atomic_path

AT_A_TIME = 32
KINDS = ("slurm", "pbs")
BEGINNINGS = (b"#!/bin/sh\n#SBATCH --job-name=spatiotemporal\n", b"#!/bin/sh\n#PBS -N spatiotemporal\n")


def write_array_script(path: str | Path, words: list[str], count: int, *, kind: str, memory: int, hours: float) -> Path:
    """Write a script that computes each case as an element of an array.

    Parameters
    ----------
    words : of ``spatiotemporal batch``, without those that say how it runs
    count : cases
    kind : {"slurm", "pbs"}
    memory : MiB of a case
    hours : that a case may take
    """
    if kind not in KINDS:
        raise InputError("E-BATCH-CLUSTER", f"scripts are written for {' and '.join(KINDS)}, not for {kind}")
    _require_ours(Path(path))
    command = shlex.join(["spatiotemporal", "batch", *words])
    minutes = max(1, round(60 * hours))
    if kind == "slurm":
        head = [
            "#SBATCH --job-name=spatiotemporal",
            f"#SBATCH --array=0-{count - 1}%{AT_A_TIME}",
            "#SBATCH --cpus-per-task=1",
            f"#SBATCH --mem={memory}M",
            f"#SBATCH --time={minutes}",
            "#SBATCH --requeue",
        ]
        index, submit = "SLURM_ARRAY_TASK_ID", f"sbatch {Path(path).name}"
    else:
        # An array of one is refused there.
        head = [
            "#PBS -N spatiotemporal",
            *([f"#PBS -J 0-{count - 1}"] if count > 1 else []),
            f"#PBS -l select=1:ncpus=1:mem={memory}mb,walltime={minutes // 60:02d}:{minutes % 60:02d}:00",
            "#PBS -r y",
        ]
        index, submit = "PBS_ARRAY_INDEX", f"qsub {Path(path).name}"
    lines = [
        "#!/bin/sh", *head, "",
        f"# Submit with: {submit}. Afterwards: {command} --collect",
        f"cd {shlex.quote(os.getcwd())}",
        f'exec {command} --element "${{{index}:-0}}"' if count == 1 else f'exec {command} --element "${index}"',
    ]  # fmt: skip
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.chmod(path, 0o755)
    return Path(path)


def _require_ours(path: Path) -> None:
    """Refuse to replace a file that is no such script."""
    if not os.path.lexists(path):
        return
    try:
        ours = path.read_bytes()[:100].startswith(BEGINNINGS)
    except OSError:
        ours = False
    if not ours:
        text = "is there and is no script that was written for a batch"
        raise InputError("E-OUTPUT-TAKEN", text, where=path.name, fix="Choose another name for the script.")
