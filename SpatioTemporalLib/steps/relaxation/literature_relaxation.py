"""Relaxivities of contrast agents and T1 of tissues that others published, by field strength."""

from __future__ import annotations

from typing import NamedTuple

from ...data.series import Series
from ...errors import Finding, InputError, Severity

CUSTOM = "custom"
# Scanners give their true field, such as 2.89 T for 3 T.
FIELD_TOLERANCE = 0.1

BLOOD_RELAXIVITIES = "human whole blood at 37 °C; Shen et al., Invest Radiol 50:330 (2015)"
# 1/(mM s) by field in T. All values were compared with the abstract of that paper. Plasma gives other values:
# Szomolanyi et al., Invest Radiol 54:559 (2019) measured 4.97 for gadobutrol in plasma at 3 T and 3.47 in blood.
AGENTS = {
    "gadobenate": {1.5: 6.2, 3.0: 5.4, 7.0: 4.7},
    "gadobutrol": {1.5: 4.6, 3.0: 4.5, 7.0: 4.2},
    "gadodiamide": {1.5: 4.5, 3.0: 3.9, 7.0: 3.7},
    "gadopentetate": {1.5: 4.3, 3.0: 3.8, 7.0: 3.1},
    "gadoterate": {1.5: 3.9, 3.0: 3.4, 7.0: 2.8},
    "gadoteridol": {1.5: 4.4, 3.0: 3.5, 7.0: 3.4},
    "gadoversetamide": {1.5: 4.4, 3.0: 4.2, 7.0: 4.3},
    "gadoxetate": {1.5: 7.2, 3.0: 5.5, 7.0: 4.9},
}


class PublishedT1(NamedTuple):
    """T1 in s by field in T, and where it was published."""

    seconds: dict[float, float]
    source: str


ABDOMEN = "de Bazelaire et al., Radiology 230:652 (2004)"
BREAST = "Edden et al., J Magn Reson Imaging 32:982 (2010)"
IN_VITRO = "Stanisz et al., Magn Reson Med 54:507 (2005), animal tissue in vitro"
# Compared with the abstracts of the papers, except those of Stanisz et al., which are from memory of their table.
TISSUES = {
    "bone marrow": PublishedT1({3.0: 0.586}, ABDOMEN),
    "breast, fat": PublishedT1({3.0: 0.423}, BREAST),
    "breast, fibroglandular": PublishedT1({3.0: 1.680}, BREAST),
    "cervix": PublishedT1({3.0: 1.616}, ABDOMEN),
    "endometrium": PublishedT1({3.0: 1.453}, ABDOMEN),
    "grey matter": PublishedT1({1.5: 1.124, 3.0: 1.820}, IN_VITRO),
    "kidney cortex": PublishedT1({3.0: 1.142}, ABDOMEN),
    "kidney medulla": PublishedT1({3.0: 1.545}, ABDOMEN),
    "liver": PublishedT1({3.0: 0.809}, ABDOMEN),
    "muscle": PublishedT1({1.5: 1.008, 3.0: 1.412}, IN_VITRO),
    "myometrium": PublishedT1({3.0: 1.514}, ABDOMEN),
    "pancreas": PublishedT1({3.0: 0.725}, ABDOMEN),
    "prostate": PublishedT1({3.0: 1.597}, ABDOMEN),
    "spleen": PublishedT1({3.0: 1.328}, ABDOMEN),
    "white matter": PublishedT1({1.5: 0.884, 3.0: 1.084}, IN_VITRO),
}


def relaxivity_of(series: Series, parameters) -> tuple[float, tuple[Finding, ...]]:
    """Longitudinal relaxivity in 1/(mM s), of the agent at the field used or the one given, and what to say of it.

    Raises
    ------
    InputError
        ``E-ACQUISITION`` when the field is unknown, ``E-FIELD`` when nothing is published for it.
    """
    if parameters.agent == CUSTOM:
        return parameters.relaxivity, ()
    field, value = _at_field(AGENTS[parameters.agent], parameters.agent, series, parameters)
    text = f"relaxivity of {parameters.agent} at {field:g} T taken as {value:g} 1/(mM s), in {BLOOD_RELAXIVITIES}"
    return value, (Finding("W-RELAXIVITY", Severity.WARN, text, series.name),)


def tissue_t1(series: Series, parameters) -> tuple[float, tuple[Finding, ...]]:
    """T1 before contrast in s, of the tissue at the field used or the one given, and what to say of it.

    Raises
    ------
    InputError
        As `relaxivity_of`.
    """
    if parameters.tissue == CUSTOM:
        return parameters.t1_baseline, ()
    published = TISSUES[parameters.tissue]
    field, value = _at_field(published.seconds, parameters.tissue, series, parameters)
    text = f"T1 of {parameters.tissue} at {field:g} T taken as {value:g} s ({published.source}), not measured"
    return value, (Finding("W-TISSUE-T1", Severity.WARN, text, series.name),)


def _at_field(values: dict[float, float], what: str, series: Series, parameters) -> tuple[float, float]:
    field = parameters.field_strength or series.acquisition.field_strength
    if field is None:
        raise InputError(
            "E-ACQUISITION",
            f"the field strength is not known, and the published value for {what} depends on it",
            where=series.name,
            fix="Set the parameter field_strength in T (--set field_strength=...), or give the value itself.",
        )
    nearest = min(values, key=lambda known: abs(known - field))
    if abs(nearest - field) > FIELD_TOLERANCE * nearest:
        listed = ", ".join(f"{known:g} T" for known in values)
        raise InputError(
            "E-FIELD",
            f"no value for {what} at {field:g} T is known here, only at {listed}",
            where=series.name,
            fix=f"Choose {CUSTOM} and give the value itself.",
        )
    return nearest, values[nearest]
