"""What two runs of the same study must have in common."""

TIMED = {"log.jsonl", "provenance.json", "report.html", "openings.json"}
"""These tell of times, or of other runs."""


def files(folder):
    """Return the content of every file of a run but those that tell of times, by name.

    Of figures the SVG counts: the same drawing as PDF and PNG is made only where a run is a process of its own.
    """
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    paths = {name: path for name, path in paths.items() if path.parent.name != "figures" or path.suffix == ".svg"}
    return {name: path.read_bytes() for name, path in paths.items() if name[0] != "." and path.name not in TIMED}


def changed(before, after):
    """Return the names of the files of two runs, as `files` gives them, that are not the same bytes in both."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
