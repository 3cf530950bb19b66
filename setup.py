"""Which folders become packages; everything else is in pyproject.toml.

The library, the Slicer nodes and the sample data lie in three places, which
pyproject.toml can only list package by package: a new domain of analyses would
then need a line there.
"""

from setuptools import find_namespace_packages, find_packages, setup

setup(
    packages=[
        # A folder of analyses needs no __init__.py.
        *find_namespace_packages(include=["SpatioTemporalLib", "SpatioTemporalLib.*"], exclude=["*.__pycache__"]),
        *find_packages("SpatioTemporal", include=["SpatioTemporalNodes", "SpatioTemporalNodes.*"]),
        "SpatioTemporalSampleData",
    ],
    package_dir={
        "SpatioTemporalLib": "SpatioTemporalLib",
        "SpatioTemporalNodes": "SpatioTemporal/SpatioTemporalNodes",
        "SpatioTemporalSampleData": "Resources/SampleData",
    },
)
