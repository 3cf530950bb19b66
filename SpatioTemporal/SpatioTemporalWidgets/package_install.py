"""Installs missing Python packages when the user asks for it, the way Slicer has for it."""

from __future__ import annotations

import slicer
from slicer.i18n import tr as _

# What is downloaded for the package itself; what it needs besides may come on top.
DOWNLOADS = {
    "torch": "200 MB to 3 GB",
    "monai": "2 MB",
    "matplotlib": "10 MB",
    "highdicom": "1 MB",
    "safetensors": "1 MB",
    "scikit-learn": "10 MB",
    "nilearn": "12 MB",
}


def listed(packages: tuple[str, ...]) -> str:
    """Their names as a sentence has them."""
    *first, last = packages or ("",)
    return _("{first} and {last}").format(first=", ".join(first), last=last) if first else last


def button_text(packages: tuple[str, ...]) -> str:
    """What the button says: the packages, and how large the largest is where that is known."""
    sizes = [DOWNLOADS[package] for package in packages if package in DOWNLOADS]
    if sizes:
        # The first is what the others are for, and by far the largest.
        return _("Install {name} ({size})...").format(name=listed(packages), size=sizes[0])
    return _("Install {name}...").format(name=listed(packages))


def install(packages: tuple[str, ...]) -> bool:
    """Ask, then install; whether they were installed.

    PyTorch comes through the PyTorch extension where that is present, because it
    chooses the build for the computer's GPU.
    """
    left = packages
    # Not the first, it is there already.
    if packages[0] == "torch" and _install_by_extension():
        left = packages[1:]
    return not left or _install_by_pip(left)


def _install_by_pip(packages: tuple[str, ...]) -> bool:
    packaging = getattr(slicer, "packaging", None)
    if packaging is not None:
        packaging.pip_ensure(list(packages), requester="SpatioTemporal")
        return True
    size = next((DOWNLOADS[package] for package in packages if package in DOWNLOADS), _("size unknown"))
    question = _("Install {name} ({size}) into Slicer's Python?").format(name=listed(packages), size=size)
    if not slicer.util.confirmOkCancelDisplay(question):
        return False
    # Together, so that versions are chosen that fit one another; what is there already stays.
    slicer.util.pip_install(" ".join(packages))
    return True


def _install_by_extension() -> bool:
    try:
        import PyTorchUtils
    except ModuleNotFoundError:
        return False
    logic = PyTorchUtils.PyTorchUtilsLogic()
    return logic.installTorch(askConfirmation=True, torchVersionRequirement=">=2.6") is not None
