"""Two hundred cases, four of them broken, killed at ten random moments and begun again each time."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter

from library.batch.toy import sums, toy_installed, write_cases

from SpatioTemporalLib.batch.events import read_events

COUNT, KILLS = 200, 10
BROKEN = {17: "fault", 60: "die", 111: "fault", 180: "refused"}


def test_two_hundred_cases_killed_ten_times(tmp_path, monkeypatch):
    (tmp_path / "toy").mkdir()
    with toy_installed(tmp_path / "toy", monkeypatch) as name:
        harm = {n: text for n, text in BROKEN.items() if text != "refused"}
        cases = write_cases(tmp_path, COUNT, harm=harm)
        (tmp_path / "numbers180.csv").write_text("nothing\n1\n")
        command = [sys.executable, "-m", "SpatioTemporalLib", "batch", name, "--cases", str(cases), "--workers", "2"]
        out, rng = tmp_path / "killed", random.Random(0)
        for _ in range(KILLS):
            process = subprocess.Popen([*command, "--out", str(out)], stdout=subprocess.DEVNULL)
            time.sleep(rng.uniform(2.0, 15.0))
            process.kill()
            process.wait()
        # Cases that run outlive a killed coordinator by a moment at most.
        last = subprocess.run([*command, "--out", str(out)], capture_output=True, text=True, check=False)
        plain = subprocess.run([*command, "--out", str(tmp_path / "plain")], capture_output=True, check=False)
    assert last.returncode == 2 and plain.returncode == 2, last.stdout + last.stderr
    assert (out / "results.csv").read_text() == sums(COUNT, without=BROKEN)
    for file in ("results.csv", "cases_out.csv", "failures.csv"):
        assert (out / file).read_bytes() == (tmp_path / "plain" / file).read_bytes()
    failures = (out / "failures.csv").read_text().splitlines()[1:]
    assert [int(line.split(",")[0]) for line in failures] == [n + 2 for n in BROKEN]
    computed = Counter(e["row"] for e in read_events(out) if e["event"] == "finished" and not e["already"])
    assert max(computed.values()) == 1
    assert not [path for path in out.rglob(".*") if path.name != ".spatiotemporal.json"]
