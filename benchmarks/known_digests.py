"""Write by which digests a data set is recognised into its file of known facts; or say how well they tell sets apart.

python benchmarks/known_digests.py chest /data/chest_xray
python benchmarks/known_digests.py shares /data/chest_xray /data/kidney_ct

``shares`` prints, of the images of each folder read at a size that no digest was made at, which share each file knows.
"""

import sys
from pathlib import Path

import numpy as np

import seimbang
from seimbang.checks.known_data import kept_digests, known_data
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import decode
from seimbang.imaging.similarity import thumbnails

KNOWN = Path(seimbang.__file__).parent / "checks" / "known"
SIZES = ((64, 64), (150, 150), (224, 224))
"""Digests of an image differ now and then by its size: all of them count."""


OTHER_SIZE = (180, 180)


def digests_of(root: Path, size: tuple[int, int]) -> list[str]:
    """Return the kept digests of every image below ``root``."""
    files = sorted(file for file in root.rglob("*") if file.suffix.lower() in (".jpg", ".jpeg", ".png"))
    kept: list[str] = []
    for block in np.array_split(np.array(files), len(files) // 500 + 1):
        images = [decode(file.read_bytes(), ImageSettings(size=size), file.name) for file in block]
        kept += kept_digests(thumbnails(np.stack(images)))
    return kept


def write(name: str, root: Path) -> None:
    """Write the digests of every image below ``root`` into the file ``name``."""
    digests = {digest for size in SIZES for digest in digests_of(root, size)}
    target = KNOWN / f"{name}.toml"
    text = target.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("digests =")]
    lines.insert(1, f'digests = "{" ".join(sorted(digests))}"')
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(digests)} digests")


def shares(roots: list[Path]) -> None:
    """Print which share of the images of each folder each file knows."""
    for root in roots:
        kept = digests_of(root, OTHER_SIZE)
        for known in known_data():
            theirs = set(known.digests.split())
            print(f"{root.name} ({len(kept)} digests): {np.mean([one in theirs for one in kept]):.4f} {known.name}")


if __name__ == "__main__":
    if sys.argv[1] == "shares":
        shares([Path(root) for root in sys.argv[2:]])
    else:
        write(sys.argv[1], Path(sys.argv[2]))
