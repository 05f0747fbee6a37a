"""Optional packages that serving needs, asked for before anything is started."""

import importlib.util

from seimbang.errors import ResourceError


def require(extra: str, *packages: str) -> None:
    """Check that packages of an extra are there.

    Raises:
        ResourceError: EXTRA_MISSING.
    """
    for name in packages:
        if importlib.util.find_spec(name) is None:
            fix = f"pip install 'seimbang[{extra}]'"
            raise ResourceError("EXTRA_MISSING", f"no package {name}", f"the packages of the extra {extra}", fix)
