"""Names by which scripts written elsewhere know what has moved into rooms since."""


def test_scripts_find_nodes_by_the_names_they_know():
    from SpatioTemporalNodes.application import create_scene
    from SpatioTemporalNodes.scene import application
    from SpatioTemporalNodes.series import series_nodes as series_room
    from SpatioTemporalNodes.series_nodes import add_series, series_from_node
    from SpatioTemporalNodes.value_nodes import labels_from_node
    from SpatioTemporalNodes.values import value_nodes as value_room

    assert create_scene is application.create_scene
    assert add_series is series_room.add_series and series_from_node is series_room.series_from_node
    assert labels_from_node is value_room.labels_from_node


def test_scripts_find_models_by_the_names_they_know():
    from SpatioTemporalLib.numerics.bolus import population_input_functions as bolus_room
    from SpatioTemporalLib.numerics.kinetics import tofts_models as kinetics_room
    from SpatioTemporalLib.numerics.population_input_functions import parker_blood_concentration
    from SpatioTemporalLib.numerics.tofts_models import extended_tofts_concentration

    assert parker_blood_concentration is bolus_room.parker_blood_concentration
    assert extended_tofts_concentration is kinetics_room.extended_tofts_concentration
