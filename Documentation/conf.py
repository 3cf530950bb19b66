"""How Sphinx builds the manual; ``make docs`` runs it."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from SpatioTemporalLib import __version__  # noqa: E402

project = "SpatioTemporal"
author = "The SpatioTemporal developers"
copyright = "The SpatioTemporal developers, Apache License 2.0"
version = release = __version__

extensions = ["myst_parser", "sphinx_copybutton", "Documentation.generate.mathematics"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
html_math_renderer = "mathml"
exclude_patterns = ["generate"]
smartquotes = False  # two dashes are an option, not a dash

html_theme = "furo"
html_title = f"SpatioTemporal {version}"
html_static_path = ["static"]
html_css_files = ["manual.css"]
html_logo = "../Resources/Icons/SpatioTemporal.png"
html_copy_source = False
