"""`scene.application` by the name that scripts of others know."""

from .scene.application import create_scene

__all__ = ["create_scene"]
