"""Colour nodes for maps: the application's where it has them, else a table made once a scene."""

from __future__ import annotations

import numpy as np

# Thirteen points of each map, evenly spaced; straight lines between them stay
# within 0.04 of the published maps, which is not visible.
CONTROL_POINTS = {
    "viridis": "440154 481f70 443983 3b528b 31688e 287c8e 21918c 20a486 35b779 5ec962 90d743 c8e020 fde725",
    "inferno": "000004 110a30 320a5e 57106e 781c6d 9a2865 bc3754 d84c3e ed6925 f98e09 fbb61a f4df53 fcffa4",
    "magma": "000004 100b2d 2c115f 51127c 721f81 932b80 b73779 d8456c f1605d fc8961 feb078 fed799 fcfdbf",
    "plasma": "0d0887 3a049a 5c01a6 7e03a8 9c179e b52f8c cc4778 de5f65 ed7953 f89540 fdb42f fbd524 f0f921",
    "cividis": "00224e 003170 2a3f6d 434e6c 575d6d 6a6c71 7d7c78 918b78 a59c74 bcae6c d2c060 e9d34e fee838",
    "coolwarm": "3b4cc0 5470de 6f92f3 8db0fe aac7fd c5d6f2 dddcdc efcebd f7b89c f4987a e7745b d1493f b40426",
    "gray": "000000 ffffff",
}
DEFAULT_COLOURS = "viridis"
COLOUR_COUNT = 256
DIVERGING = ("coolwarm",)
# Of half the range, on either side of the middle.
CLEAR = 0.05

# Distinct also for colour-blind readers (Okabe and Ito 2008), black left out: plots may be dark.
CATEGORICAL = (
    (0.00, 0.45, 0.70),
    (0.84, 0.37, 0.00),
    (0.00, 0.62, 0.45),
    (0.80, 0.47, 0.65),
    (0.90, 0.62, 0.00),
    (0.34, 0.71, 0.91),
    (0.94, 0.89, 0.26),
)


def colour_node(scene, name: str):
    """The colour node of that name, made if the scene has none; never None.

    An unknown name gives the default colours: a map in the wrong colours can
    be read, a map without colours cannot.
    """
    name = name.lower() if name.lower() in CONTROL_POINTS else DEFAULT_COLOURS
    title = "Grey" if name == "gray" else name.capitalize()
    for identifier in (f"vtkMRMLColorTableNodeFile{title}.txt", f"vtkMRMLColorTableNode{title}"):
        node = scene.GetNodeByID(identifier)
        if node is not None:
            return node
    existing = scene.GetFirstNode(title, "vtkMRMLColorTableNode")
    return existing if existing is not None else _make_table(scene, title, colour_table(name), name in DIVERGING)


def colour_table(name: str, count: int = COLOUR_COUNT) -> np.ndarray:
    """(count, 3) colours from low to high, 0..1."""
    points = np.array([[int(p[i : i + 2], 16) for i in (0, 2, 4)] for p in CONTROL_POINTS[name].split()]) / 255.0
    at = np.linspace(0.0, 1.0, count)
    return np.stack([np.interp(at, np.linspace(0.0, 1.0, len(points)), channel) for channel in points.T], axis=1)


def categorical_colour(index: int) -> tuple[float, float, float]:
    """One of a few colours that are told apart easily."""
    return CATEGORICAL[index % len(CATEGORICAL)]


def _make_table(scene, title: str, colours: np.ndarray, diverging: bool):
    """A table; of colours that part in the middle, the middle is clear: the anatomy stays to be seen around zero."""
    middle = (len(colours) - 1) / 2
    node = scene.AddNewNodeByClass("vtkMRMLColorTableNode", title)
    node.SetTypeToUser()
    node.SetNumberOfColors(len(colours))
    for index, (red, green, blue) in enumerate(colours):
        clear = diverging and abs(index - middle) <= CLEAR * middle
        node.SetColor(index, f"{index}", float(red), float(green), float(blue), 0.0 if clear else 1.0)
    node.SetAttribute("Category", "SpatioTemporal")
    return node
