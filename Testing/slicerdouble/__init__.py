"""Stands in for the Slicer desktop in tests: ``qt``, ``ctk`` and the names of ``slicer`` that need it.

Widgets are PySide6's, made to behave as PythonQt's do; nodes and scenes are the
real ones of slicer-core. Never installed. Not covered: the looks and filters of
the real ctk and qMRML widgets, the layout manager, the views, threads.
"""

from .desktop import install

__all__ = ["install"]
