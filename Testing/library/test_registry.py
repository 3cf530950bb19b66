import sys
from importlib.metadata import EntryPoint
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
