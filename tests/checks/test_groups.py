"""Patients in several sets, in an external set, or not identified."""

import pytest
from audit_cases import N, dataset, finding_of

OWN = [f"p{k}" for k in range(N)]


def patients(**same):
    """Return one patient a case, except that case ``k`` has the patient of case ``same["c<k>"]``."""
    group = list(OWN)
    for target, source in same.items():
        group[int(target[1:])] = group[source]
    return group


@pytest.mark.parametrize("code", ["PATIENT_TEST", "PATIENT_VALIDATION", "PATIENT_UNKNOWN", "EXTERNAL_PATIENT"])
def test_silent_when_patients_are_apart(code):
    data = dataset(group=patients(c3=0, c4=1, c5=2))
    assert finding_of(code, data, external={"B": dataset(group=[f"q{k}" for k in range(N)])}) is None


def test_patient_in_training_and_test_is_a_leak():
    leak = finding_of("PATIENT_TEST", dataset(group=patients(c2=0)))
    assert (leak.severity, leak.cases) == ("leak", ("c000", "c002"))
    assert leak.sentence == "1 patient is in both the training and the test set, with 2 images."
    finding = finding_of("PATIENT_TEST", dataset(group=patients(c2=0, c5=0, c8=3)))
    assert finding.sentence == "2 patients are in both the training and the test set, with 5 images."


def test_patient_in_training_and_validation_is_a_warning():
    data = dataset(group=patients(c1=0))
    assert finding_of("PATIENT_VALIDATION", data).severity == "warning"
    assert finding_of("PATIENT_TEST", data) is None


def test_unknown_patients_are_not_one_patient():
    data = dataset()
    assert finding_of("PATIENT_TEST", data) is None
    finding = finding_of("PATIENT_UNKNOWN", data)
    assert (finding.severity, finding.count, len(finding.cases)) == ("info", 90, 20)
    assert finding.sentence == "No image has a patient identifier; images of one patient may be in several sets."
    finding = finding_of("PATIENT_UNKNOWN", dataset(group=[*OWN[:-2], "", ""]))
    assert finding.sentence == "2 images have no patient identifier; images of one patient may be in several sets."
    finding = finding_of("PATIENT_UNKNOWN", dataset(group=[*OWN[:-1], ""]))
    assert finding.sentence.startswith("1 image has no patient identifier")


def test_patient_ids_of_an_external_set_are_compared():
    other = dataset(prefix="e", group=[f"q{k}" for k in range(N - 1)] + ["p7"])
    finding = finding_of("EXTERNAL_PATIENT", dataset(group=OWN), external={"B": other})
    assert (finding.severity, finding.cases) == ("warning", ("e089",))
    assert finding.sentence.startswith("1 patient identifier of the external set B is also in the internal data")
