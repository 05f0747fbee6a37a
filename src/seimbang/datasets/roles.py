"""By which names columns are known: those of public data sets, hospitals and Indonesian files; the likeliest first."""

import re
from collections.abc import Iterable

CASES = (
    "id", "case_id", "case", "record", "record_id", "sample", "sample_id", "row", "row_id", "index", "no", "nr",
    "nomor", "no_urut", "number", "accession", "accession_number", "name", "nama", "code", "kode",
)  # fmt: skip
IMAGES = (
    "path", "image", "image_path", "image_id", "image_index", "image_name", "filename", "file_name", "file", "filepath",
    "img", "img_path", "png", "jpg", "dicom_id", "gambar", "berkas",
)  # fmt: skip
LABELS = (
    "label", "labels", "class", "diagnosis", "dx", "finding", "finding_labels", "findings", "target", "outcome",
    "category", "disease", "y", "kelas", "kategori", "diagnosa", "status",
)  # fmt: skip
PATIENTS = (
    "patient", "patient_id", "patientid", "subject", "subject_id", "lesion_id", "studyinstanceuid", "study_id",
    "person_id", "pid", "mrn", "case_id", "pasien", "id_pasien", "no_rm",
)  # fmt: skip
PARTS = ("split", "set", "partition", "fold", "subset", "usage", "bagian")


def plain(name: str) -> str:
    """Return a name in lower case, with one underscore for what is neither letter nor digit."""
    return re.sub(r"[^0-9a-z]+", "_", name.casefold()).strip("_")


def known_as(columns: Iterable[str], names: tuple[str, ...]) -> list[str]:
    """Return the columns that are called as in ``names``, the likeliest first."""
    found = {plain(column): column for column in reversed(list(columns))}
    return [found[name] for name in names if name in found]
