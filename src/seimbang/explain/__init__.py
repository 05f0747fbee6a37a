"""Network and images -> heat maps. A new method is a file in this folder and a line in ``METHODS``."""

from seimbang.explain.base import LIMIT, MAX_SIMILARITY, WARNING, HeatMap
from seimbang.explain.grad_cam import grad_cam
from seimbang.explain.occlusion import occlusion
from seimbang.explain.overlay import overlay
from seimbang.explain.sanity import sanity

__all__ = ["LIMIT", "MAX_SIMILARITY", "METHODS", "WARNING", "HeatMap", "grad_cam", "occlusion", "overlay", "sanity"]

METHODS: dict[str, HeatMap] = {"grad_cam": grad_cam, "occlusion": occlusion}
