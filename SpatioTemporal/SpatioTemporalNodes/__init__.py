"""Between Slicer's nodes and the library's words, without any widget.

Works in the Slicer application and with the ``slicer-core`` package from PyPI.
"""

from SpatioTemporalLib.system.packages import require

require("slicer", package="slicer-core", extra="slicer", purpose="Making the nodes of a Slicer scene")
