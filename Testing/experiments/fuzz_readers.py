"""Damaged files of every kind for as long as one wants, counted in a table.

    python Testing/experiments/fuzz_readers.py --seconds 600 --seed 1
    python Testing/experiments/fuzz_readers.py --seconds 60 --kind nrrd

The table (``Resources/Validation/fuzzing.csv``) has one row a kind: how many inputs, and what came of them. The last
five columns count faults and must be zero; each is printed with the number that makes it again.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), *(str(ROOT / p) for p in ("SpatioTemporal", "Testing"))]

from library.fuzzing.batch import kinds_of, modules, outcomes  # noqa: E402
from library.fuzzing.engine import FAULTS, OUTCOMES  # noqa: E402

TABLE = ROOT / "Resources" / "Validation" / "fuzzing.csv"
BATCH = 100


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="shared evenly among the kinds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", default="", help="only kinds whose module or name holds this")
    parser.add_argument("--out", type=Path, default=TABLE)
    options = parser.parse_args(arguments)
    named = [(module, kind.name) for module in modules() for kind in kinds_of(module)]
    named = [pair for pair in named if options.kind in " ".join(pair)]
    counts = {}
    for number, pair in enumerate(named):
        counts[pair] = _counted(*pair, options.seed, options.seconds / len(named))
        print(f"{number + 1}/{len(named)} {pair[0]}, {pair[1]}: {dict(counts[pair])}", flush=True)
    _write(options.out, counts, options.seed)
    return int(any(count[fault] for count in counts.values() for fault in FAULTS))


def _counted(module: str, kind: str, seed: int, seconds: float) -> Counter:
    end, count = time.monotonic() + seconds, Counter()
    while time.monotonic() < end:
        for outcome in outcomes(module, kind, seed, sum(count.values()), BATCH):
            count[outcome.outcome] += 1
            if outcome.outcome in FAULTS:
                print(f"  {kind} --seed {seed} input {outcome.number}: {outcome.outcome}, {outcome.detail[:300]}")
    return count


def _write(path: Path, counts: dict[tuple[str, str], Counter], seed: int) -> None:
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["file", "kind", "seed", "inputs", *OUTCOMES])
        for (module, kind), count in counts.items():
            writer.writerow([module, kind, seed, sum(count.values()), *(count[name] for name in OUTCOMES)])


if __name__ == "__main__":
    sys.exit(main())
