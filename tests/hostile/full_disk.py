"""Run a study on a small disk that fills at random moments, go on with room each time, and print what came of it.

Run, in a namespace of its own: unshare -mr python tests/hostile/full_disk.py FOLDER MOMENTS
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from seimbang.errors import SeimbangError
from seimbang.runs.run import run
from seimbang.study.schema import parse

STUDY = {
    "title": "flowers",
    "data": {"source": "sklearn:iris"},
    "split": {"validation": 0.0},
    "model": {"name": "tree"},
    "arm": [{"name": "none"}, {"name": "oversampled", "balance": {"method": "oversample"}}],
}
ROOM = 64 << 20


def size(disk, bytes_):
    """Give the disk so much room."""
    subprocess.run(["mount", "-o", f"remount,size={bytes_}", str(disk)], check=True)


def predictions(folder):
    """Return the content of the predictions and figures of a run, by name."""
    names = ("predictions.csv", "metrics.json")
    return {str(path.relative_to(folder)): path.read_bytes() for name in names for path in folder.rglob(name)}


def main():
    """Print the codes of the errors as JSON; fail where a resumed run differs from one that nobody disturbed."""
    disk, moments = Path(sys.argv[1]), int(sys.argv[2])
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "none", str(disk)], check=True)
    run(parse(STUDY), Path(), disk / "whole")
    expected = predictions(disk / "whole")
    used = sum(path.stat().st_blocks * 512 for path in (disk / "whole").rglob("*"))
    rng, codes = np.random.default_rng(0), []
    for k in range(moments):
        taken = sum(path.stat().st_blocks * 512 for path in disk.rglob("*"))
        out = disk / f"run {k}"
        size(disk, taken + int(rng.integers(1 << 14, used)))
        try:
            run(parse(STUDY), Path(), out)
            codes.append(["", 0])
        except SeimbangError as error:
            codes.append([error.code, error.exit_code])
        size(disk, ROOM)
        run(parse(STUDY), Path(), out)
        if predictions(out) != expected:
            sys.exit(f"the run differs after the disk was full at moment {k}")
        subprocess.run(["rm", "-rf", str(out)], check=True)
    print(json.dumps(codes))


if __name__ == "__main__":
    main()
