"""What the Slicer application brings to a scene, and what stands in for it without the application."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import slicer

from SpatioTemporalLib.system.private_folder import PrivateFolder

# Logics observe a scene but nothing in the scene holds them. Keyed by the scene
# they live exactly as long as it does.
_logics: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
_folders: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


@dataclass(frozen=True)
class Logics:
    """The logics that make a bare scene behave as the application's scene does."""

    application: object
    sequences: object
    segmentations: object
    subject_hierarchy: object
    remote_io: object
    data_io: object


def create_scene():
    """An empty scene that knows all node classes, colours and file types, without a window."""
    scene = slicer.vtkMRMLScene()
    application = slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(scene)
    # The class is abstract in the application logic: it has to be told its scene to add the colours.
    application.GetColorLogic().SetMRMLScene(scene)
    remote_io, data_io = _data_io(scene, application)
    _logics[scene] = Logics(
        application=application,
        sequences=_observing(slicer.vtkSlicerSequencesLogic, scene),
        segmentations=_observing(slicer.vtkSlicerSegmentationsModuleLogic, scene),
        subject_hierarchy=_observing(slicer.vtkSlicerSubjectHierarchyModuleLogic, scene),
        remote_io=remote_io,
        data_io=data_io,
    )
    return scene


def sequences_logic(scene):
    """The logic that moves proxy nodes when a sequence browser moves."""
    if is_application_scene(scene):
        return slicer.modules.sequences.logic()
    if scene in _logics:
        return _logics[scene].sequences
    return _observing(slicer.vtkSlicerSequencesLogic, scene)


def application_logic(scene):
    """The application logic of a scene that `create_scene` made or that is on screen."""
    return slicer.app.applicationLogic() if is_application_scene(scene) else _logics[scene].application


def is_application_scene(scene) -> bool:
    """Whether this is the scene on screen; never so without the application."""
    return hasattr(slicer, "modules") and getattr(slicer, "mrmlScene", None) is scene


def _observing(logic_class, scene):
    logic = logic_class()
    logic.SetMRMLScene(scene)
    return logic


def _data_io(scene, application):
    """Reading an .mrb needs a cache folder even for files that are local."""
    folder = PrivateFolder("scene")
    # Held by the scene: it goes with it.
    _folders[scene] = folder
    remote_io = slicer.vtkMRMLRemoteIOLogic()
    remote_io.GetCacheManager().SetRemoteCacheDirectory(str(folder.inside("cache")))
    remote_io.SetMRMLScene(scene)
    remote_io.AddDataIOToScene()
    data_io = slicer.vtkDataIOManagerLogic()
    data_io.SetMRMLApplicationLogic(application)
    data_io.SetAndObserveDataIOManager(remote_io.GetDataIOManager())
    return remote_io, data_io
