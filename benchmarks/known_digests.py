"""Write by which digests a data set is recognised into its file of known facts.

python benchmarks/known_digests.py chest /data/chest_xray
"""

import sys
from pathlib import Path

import numpy as np

import seimbang
from seimbang.checks.known_data import kept_digests
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import decode
from seimbang.imaging.similarity import thumbnails

KNOWN = Path(seimbang.__file__).parent / "checks" / "known"
SIZES = ((64, 64), (150, 150), (224, 224))
"""Digests of an image differ now and then by its size: all of them count."""


def main(name: str, root: Path) -> None:
    """Write the digests of every image below ``root`` into the file ``name``."""
    files = sorted(file for file in root.rglob("*") if file.suffix.lower() in (".jpg", ".jpeg", ".png"))
    digests: set[str] = set()
    for size in SIZES:
        settings = ImageSettings(size=size)
        for block in np.array_split(np.array(files), len(files) // 500 + 1):
            X = np.stack([decode(file.read_bytes(), settings, file.name) for file in block])
            digests |= set(kept_digests(thumbnails(X)))
    target = KNOWN / f"{name}.toml"
    text = target.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("digests =")]
    lines.insert(1, f'digests = "{" ".join(sorted(digests))}"')
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(files)} images, {len(digests)} digests")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
