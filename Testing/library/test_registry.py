import runpy
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

import SpatioTemporalLib as st
from SpatioTemporalLib import registry
from SpatioTemporalLib.declare import Input, Output, analysis


@pytest.fixture
def fresh_registry(monkeypatch):
    """Offer extra entry points to a registry that has found nothing yet."""

    def offer(**modules):
        points = []
        for name, content in modules.items():
            if isinstance(content, ModuleType):
                monkeypatch.setitem(sys.modules, name, content)
            points.append(EntryPoint(name, name, registry.ENTRY_POINT_GROUP))
        monkeypatch.setattr(registry, "entry_points", lambda group: points)
        registry.discover.cache_clear()

    yield offer
    registry.discover.cache_clear()


def module_with(id):
    @analysis(
        id=id,
        title="Foreign",
        citation="own definition",
        inputs=[Input("series", st.Series, help="A series.")],
        outputs=[Output("first", st.Map, unit="a.u.", help="The first frame.")],
    )
    def first_frame(series, *, parameters, context):
        """The first frame."""
        return {"first": series.values[0]}

    module = ModuleType("foreign")
    module.first_frame = first_frame
    return module


def test_entry_point_of_another_package_is_found_and_runs(fresh_registry):
    fresh_registry(foreign=module_with("foreign.first_frame"))
    result = st.run("foreign.first_frame", series=st.Series.from_curves([0, 1.0], [[3.0], [4.0]]))
    assert result.first.values.item() == 3


def test_broken_entry_point_is_listed_and_hides_nothing(fresh_registry):
    fresh_registry(package_that_is_not_there="")
    assert "kinetics.tofts" in registry.analyses()
    assert [u.module for u in registry.unavailable()] == ["package_that_is_not_there"]
    assert "ModuleNotFoundError" in registry.unavailable()[0].reason


def test_id_claimed_twice_is_an_error_that_names_both(fresh_registry):
    fresh_registry(foreign=module_with("kinetics.tofts"))
    with pytest.raises(TypeError, match="kinetics.tofts is declared twice"):
        registry.analyses()


def test_unknown_id_suggests_the_nearest():
    with pytest.raises(st.ParameterError, match="kinetics.extended_tofts"):
        registry.get("kinetics.extended_toft")


RAIN = '''
"""Rain of a day."""
from ...data import Map, Series
from ...declare import Input, Output, analysis

@analysis(id="weather.rain", title="Rain", citation="own definition",
          inputs=[Input("series", Series, help="Any.")], outputs=[Output("rain", Map, "mm", help="Most.")])
def rain(series, *, parameters, context):
    """The highest value."""
    return {"rain": series.values.max(axis=0)}
'''


def test_folder_of_a_new_domain_needs_nothing_but_its_file(fresh_registry, tmp_path, monkeypatch):
    (tmp_path / "weather").mkdir()
    (tmp_path / "weather" / "rain.py").write_text(RAIN)
    monkeypatch.setattr(registry.built_in, "__path__", [*registry.built_in.__path__, str(tmp_path)])
    fresh_registry()
    assert st.unavailable() == () and "kinetics.tofts" in st.analyses()
    assert st.run("weather.rain", series=st.Series.from_curves([0, 1.0], [[3.0], [4.0]])).rain.values.item() == 4
    for name in [name for name in sys.modules if name.startswith("SpatioTemporalLib.analyses.weather")]:
        monkeypatch.delitem(sys.modules, name)


def test_folder_of_a_new_domain_is_packed_with_the_others(tmp_path, monkeypatch):
    root = Path(__file__).parents[2]
    for file in [*root.glob("SpatioTemporalLib/**/*.py"), *root.glob("SpatioTemporal/SpatioTemporalNodes/**/*.py")]:
        place = tmp_path / file.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    (tmp_path / "SpatioTemporalLib/analyses/weather").mkdir()
    (tmp_path / "SpatioTemporalLib/analyses/weather/rain.py").touch()
    (tmp_path / "SpatioTemporalLib/analyses/kinetics/__pycache__").mkdir()
    packed = {}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("setuptools.setup", lambda **given: packed.update(given))
    runpy.run_path(str(root / "setup.py"))
    folders = {file.parent for file in (tmp_path / "SpatioTemporalLib").rglob("*.py")}
    expected = {".".join(folder.relative_to(tmp_path).parts) for folder in folders}
    assert "SpatioTemporalLib.analyses.weather" in expected
    assert {name for name in packed["packages"] if name.startswith("SpatioTemporalLib")} == expected
