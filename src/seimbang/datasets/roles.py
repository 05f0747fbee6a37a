"""By which names columns are known: those of public data sets, hospitals and Indonesian files; the likeliest first."""

import re
from collections.abc import Iterable

CASES = (
    "id", "case_id", "case", "record", "record_id", "sample", "sample_id", "row", "row_id", "index", "no", "nr",
    "nomor", "no_urut", "number", "accession", "accession_number", "name", "nama", "code", "kode",
)  # fmt: skip
IMAGES = (
    "path", "image", "image_path", "image_file_path", "image_id", "imageid", "image_index", "image_name", "filename",
    "file_name", "file", "filepath", "file_path", "img", "img_path", "img_id", "img_name", "png", "jpg", "dicom_id",
    "sop_instance_uid", "sopinstanceuid", "id_code", "isic_id", "gambar", "berkas", "nama_berkas", "nama_file", "citra",
)  # fmt: skip
LABELS = (
    "label", "labels", "class", "class_name", "diagnosis", "dx", "finding", "finding_labels", "findings", "target",
    "outcome", "category", "disease", "pathology", "ground_truth", "gt", "y", "kelas", "kategori", "diagnosa",
    "diagnosis_akhir", "penyakit", "status",
)  # fmt: skip
PATIENTS = (
    "patient", "patient_id", "patientid", "patient_name", "subject", "subject_id", "subjectid", "person_id", "pid",
    "mrn", "pasien", "id_pasien", "nama_pasien", "no_rm", "nomor_rm", "lesion_id", "lesionid", "study_instance_uid",
    "studyinstanceuid", "study_id", "studyid", "case_id",
)  # fmt: skip
PARTS = ("split", "set", "partition", "fold", "subset", "dataset", "usage", "bagian", "pembagian", "himpunan")
PLACES = (
    "site", "site_id", "hospital", "hospital_id", "rumah_sakit", "rs", "rsud", "centre", "center", "clinic", "klinik",
    "institution", "institusi", "facility", "faskes", "puskesmas", "department", "ward", "bangsal", "scanner", "device",
    "machine", "manufacturer", "alat", "cohort", "batch", "data_source", "sumber",
)  # fmt: skip
OTHERS = {
    "sex", "gender", "jenis_kelamin", "age", "umur", "usia", "view", "view_position", "frontal_lateral", "ap_pa",
    "site", "localization", "location", "hospital", "rumah_sakit", "modality", "laterality", "dx_type", "follow_up",
}  # fmt: skip
"""Columns, as ``plain`` has them, that say something else of a case than its class."""


def plain(name: str) -> str:
    """Return a name in lower case, with one underscore for what is neither letter nor digit."""
    return re.sub(r"[^0-9a-z]+", "_", name.casefold()).strip("_")


def known_as(columns: Iterable[str], names: tuple[str, ...]) -> list[str]:
    """Return the columns that are called as in ``names``, the likeliest first."""
    found = {plain(column): column for column in reversed(list(columns))}
    return [found[name] for name in names if name in found]
