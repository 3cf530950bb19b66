"""One folder a run in the subject hierarchy, beside the series it was made from."""

from __future__ import annotations

import slicer


def run_folder(scene, title: str, *, beside=None) -> int:
    """Item of a new folder, in the study or patient that the node `beside` is in."""
    hierarchy = hierarchy_of(scene)
    parent = hierarchy.GetSceneItemID()
    item = item_of(beside) if beside is not None else 0
    if item:
        parent = hierarchy.GetItemParent(item) or parent
    return hierarchy.CreateFolderItem(parent, title)


def put_in_folder(folder: int, node) -> None:
    """Move a node into a folder."""
    hierarchy = hierarchy_of(node.GetScene())
    item = hierarchy.GetItemByDataNode(node)
    # The application makes items by itself as nodes are added, a bare scene does not.
    if item:
        hierarchy.SetItemParent(item, folder)
    else:
        hierarchy.CreateItem(folder, node)


def item_of(node) -> int:
    """Subject hierarchy item of a node, 0 if it has none."""
    scene = node.GetScene()
    return hierarchy_of(scene).GetItemByDataNode(node) if scene is not None else 0


def hierarchy_of(scene):
    """The subject hierarchy of a scene."""
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
