"""Which release this is, and under which name it is installed."""

__version__ = "0.1.0"

DISTRIBUTION = "slicer-spatiotemporal"
"""Name on PyPI; `spatiotemporal` there is another project."""

MANUAL = "https://slicerspatiotemporal.github.io/SlicerSpatioTemporal"
"""Where the manual of the last release is read."""
