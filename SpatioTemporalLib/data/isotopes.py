"""Isotopes of PET tracers."""

# Half-lives in s, of the National Nuclear Data Center.
HALF_LIVES = {
    "C-11": 1221.8,
    "F-18": 6586.2,
    "O-15": 122.24,
    "N-13": 597.9,
    "Ga-68": 4062.6,
    "Cu-64": 45723.6,
    "Rb-82": 75.45,
    "Zr-89": 282276.0,
    "I-124": 360806.4,
}
