"""Reads the OSIPI reference cases."""

import csv
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[2] / "data" / "osipi"


def cases(file):
    """Rows of a file as dicts; cells that hold numbers become arrays."""
    with open(FOLDER / file, newline="") as stream:
        rows = [{key.strip(): _cell(value) for key, value in row.items()} for row in csv.DictReader(stream)]
    assert rows, f"{file} holds no case"
    return rows


def _cell(text):
    try:
        numbers = np.array([float(word) for word in text.split()])
    except ValueError:
        return text
    return numbers if len(numbers) > 1 else float(numbers[0])
