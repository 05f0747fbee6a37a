"""What two runs of the same study must have in common."""

TIMED = {"log.jsonl", "provenance.json", "report.html"}
"""These tell of times."""


def files(folder):
    """Return the content of every file of a run but those that tell of times, by name."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in paths.items() if name[0] != "." and path.name not in TIMED}


def changed(before, after):
    """Return the names of the files of two runs, as `files` gives them, that are not the same bytes in both."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
