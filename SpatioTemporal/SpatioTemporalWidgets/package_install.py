"""Installs a missing Python package when the user asks for it, the way Slicer has for it."""

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


def button_text(package: str) -> str:
    """What the button says: the package, and how large it is where that is known."""
    if package in DOWNLOADS:
        return _("Install {name} ({size})...").format(name=package, size=DOWNLOADS[package])
    return _("Install {name}...").format(name=package)


def install(package: str) -> bool:
    """Ask, then install; whether it was installed.

    PyTorch comes through the PyTorch extension where that is present, because it
    chooses the build for the computer's GPU.
    """
    if package == "torch" and _install_by_extension():
        return True
    packaging = getattr(slicer, "packaging", None)
    if packaging is not None:
        packaging.pip_ensure([package], requester="SpatioTemporal")
        return True
    size = DOWNLOADS.get(package, _("size unknown"))
    question = _("Install the Python package {name} ({size})?").format(name=package, size=size)
    if not slicer.util.confirmOkCancelDisplay(question):
        return False
    slicer.util.pip_install(package)
    return True


def _install_by_extension() -> bool:
    try:
        import PyTorchUtils
    except ModuleNotFoundError:
        return False
    logic = PyTorchUtils.PyTorchUtilsLogic()
    return logic.installTorch(askConfirmation=True, torchVersionRequirement=">=2.6") is not None
