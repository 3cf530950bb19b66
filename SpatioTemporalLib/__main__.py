"""``python -m SpatioTemporalLib`` is the command ``spatiotemporal``."""

import sys

from .cli import main

sys.exit(main())
