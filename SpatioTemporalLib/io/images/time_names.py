"""What the name of an axis says: that its numbers are no times of frames, whatever unit stands beside them."""

from __future__ import annotations

import numpy as np

# Settings, many of which have units of time, and others that frames are told apart by; without spaces and marks.
SETTINGS = {
    *("echotime", "te", "effectiveechotime", "repetitiontime", "tr", "inversiontime", "ti", "echotrainlength"),
    *("spinlocktime", "tsl", "preparationtime", "t2preptime", "mixingtime", "saturationtime", "delaytime"),
    *("postlabelingdelay", "postlabellingdelay", "pld", "labelduration", "labelingduration"),
    *("exposuretime", "diffusiontime", "flipangle", "bvalue"),
}
NUMBERS = {
    *("frame", "framenumber", "frames", "index", "number", "volume", "volumenumber", "image", "imagenumber"),
    *("timepoint", "temporalposition", "temporalpositionidentifier", "temporalpositionindex", "acquisitionnumber"),
    *("instancenumber", "echo", "echonumber", "item", "itemnumber", "count"),
}


def is_setting(name: str) -> bool:
    """Whether a name, however it is spelt, is that of a setting."""
    return _plain(name) in SETTINGS


def is_no_time(name: str, numbers: np.ndarray) -> bool:
    """Whether numbers are a setting, or count something, by what they are called."""
    return is_setting(name) or (_plain(name) in NUMBERS and np.array_equal(numbers, np.rint(numbers)))


def _plain(name: str) -> str:
    """A name as it is compared: "Echo Time [ms]", "echo_time" and "EchoTime" are one."""
    return "".join(letter for letter in name.partition("[")[0].partition("(")[0].lower() if letter.isalnum())
