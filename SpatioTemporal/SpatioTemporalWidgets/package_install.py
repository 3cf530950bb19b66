"""Installs missing Python packages when the user asks for it, the way Slicer has for it."""

from __future__ import annotations

import logging

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
    # No line ends inside of a size.
    sizes = [DOWNLOADS[package].replace(" ", "\u00a0") for package in packages if package in DOWNLOADS]
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
    packaging = _slicers_packaging()
    if packaging is not None:
        return _ensured(packaging, packages)
    size = next((DOWNLOADS[package] for package in packages if package in DOWNLOADS), _("size unknown"))
    question = _("Install {name} ({size}) into Slicer's Python?").format(name=listed(packages), size=size)
    if not slicer.util.confirmOkCancelDisplay(question):
        return False
    # Together, so that versions are chosen that fit one another; what is there already stays.
    slicer.util.pip_install(" ".join(packages))
    return True


def _slicers_packaging():
    """Slicer's own installer; None before Slicer 5.12."""
    try:
        # It is no attribute of slicer before somebody imports it.
        from slicer import packaging
    except ImportError:
        return None
    return packaging


def _ensured(packaging, packages: tuple[str, ...]) -> bool:
    from packaging.requirements import Requirement

    try:
        packaging.pip_ensure([Requirement(package) for package in packages], requester="SpatioTemporal")
    except RuntimeError as error:
        # So it says that the user declined; and so it would say that it failed.
        logging.getLogger("SpatioTemporal").info("not installed: %s", error)
        return False
    return True


def _install_by_extension() -> bool:
    try:
        import PyTorchUtils
    except ModuleNotFoundError:
        return False
    logic = PyTorchUtils.PyTorchUtilsLogic()
    return logic.installTorch(askConfirmation=True, torchVersionRequirement=">=2.6") is not None
