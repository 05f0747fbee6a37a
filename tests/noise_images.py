"""Small pictures of noise in two class folders, for tests in which anything that can be trained will do."""

import numpy as np
from PIL import Image

STUDY = {
    "data": {"path": "images", "positive": "sick"},
    "image": {"size": [12, 12]},
    "model": {"name": "logistic"},
}
"""What a study of them says, besides its title and arms."""


def fill(root, count, one_in, brighter=0):
    """Write ``images/sick`` and ``images/well`` below a folder; one in so many is sick, and brighter by so much."""
    rng = np.random.default_rng(3)
    for k in range(count):
        sick = k % one_in == 0
        file = root / "images" / ("sick" if sick else "well") / f"{k}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 200, (12, 12)) + brighter * sick
        Image.fromarray(pixels.astype(np.uint8)).save(file)
