"""The images both sides of the ResNet-50 benchmarks work on."""

from pathlib import Path

import numpy as np
from PIL import Image

SIDE, BATCH, FROZEN = 224, 16, 30


def load(root: Path, count: int) -> np.ndarray:
    """Return ``uint8[count, 224, 224, 3]``."""
    paths = sorted((root / "brain_tumor" / "Training").rglob("*.jpg"))[:count]
    return np.stack([np.asarray(Image.open(path).convert("RGB").resize((SIDE, SIDE))) for path in paths])
