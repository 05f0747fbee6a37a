"""Optional packages that serving needs, asked for before anything is started."""

from importlib.util import find_spec

from seimbang.errors import ResourceError


def require(extra: str, *packages: str) -> None:
    """Check that packages of an extra are there.

    Raises:
        ResourceError: EXTRA_MISSING.
    """
    for name in packages:
        if find_spec(name) is None:
            fix = f"pip install 'seimbang[{extra}]'"
            raise ResourceError("EXTRA_MISSING", f"no package {name}", f"the packages of the extra {extra}", fix)
