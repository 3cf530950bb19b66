"""``spatiotemporal doctor``: versions, devices, memory, and what is missing for what."""

from __future__ import annotations

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ... import registry
from ...system.packages import SERVES, extra_of
from ...version import DISTRIBUTION, __version__

ABSENT = "not installed"
ALWAYS = {
    "numpy": "always",
    "scipy": "always",
    "SimpleITK": "registration",
    "pydicom": "DICOM",
}


def add_to(verbs) -> None:
    parser = verbs.add_parser("doctor", help="show versions, devices and memory")
    parser.set_defaults(function=doctor)


def doctor(arguments) -> None:
    print(f"{DISTRIBUTION} {__version__}, {len(registry.analyses())} analyses")
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    optional = {package: f"{purpose}, extra [{extra_of(package)}]" for package, purpose in SERVES.items()}
    for package, purpose in {**ALWAYS, **optional}.items():
        print(f"  {package:<12} {_version(package):<16} {purpose}")
    absent = [package for package in optional if _version(package) == ABSENT]
    if absent:
        print(f"what is missing can be installed with: pip install {' '.join(absent)}")
    print(f"processors: {os.cpu_count()}")
    print(f"memory: {_memory()}")
    print(f"free disk here: {shutil.disk_usage(Path.cwd()).free / 2**30:.1f} GiB")
    print(f"devices: {', '.join(_devices())}")
    for broken in registry.unavailable():
        print(f"cannot be used: {broken.module}: {broken.reason}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ABSENT


def _memory() -> str:
    """Total and available memory where the system says so in /proc."""
    facts = Path("/proc/meminfo")
    if not facts.exists():
        return "not reported by this system"
    sizes = {
        line.split(":")[0]: int(line.split()[1]) / 2**20 for line in facts.read_text().splitlines() if "kB" in line
    }
    return f"{sizes['MemTotal']:.1f} GiB, {sizes['MemAvailable']:.1f} GiB available"


def _devices() -> list[str]:
    if _version("torch") == ABSENT:
        return ["cpu"]
    import torch

    cuda = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
    return ["cpu", *cuda, *(["mps"] if torch.backends.mps.is_available() else [])]
