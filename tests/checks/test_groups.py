"""Patients in two parts, in an external set, or not known at all."""

import pytest
from audit_cases import N, dataset, found

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
    assert found(code, data, external={"B": dataset(group=[f"q{k}" for k in range(N)])}) is None


def test_patient_in_training_and_test_is_a_leak():
    leak = found("PATIENT_TEST", dataset(group=patients(c2=0)))
    assert (leak.severity, leak.cases) == ("leak", ("c000", "c002"))
    assert leak.sentence == "1 patient is in both the training and the test part, with 2 images."
    two = found("PATIENT_TEST", dataset(group=patients(c2=0, c5=0, c8=3)))
    assert two.sentence == "2 patients are in both the training and the test part, with 5 images."


def test_patient_in_training_and_validation_is_a_warning():
    data = dataset(group=patients(c1=0))
    assert found("PATIENT_VALIDATION", data).severity == "warning"
    assert found("PATIENT_TEST", data) is None


def test_unknown_patients_are_not_one_patient():
    data = dataset()
    assert found("PATIENT_TEST", data) is None
    finding = found("PATIENT_UNKNOWN", data)
    assert (finding.severity, finding.count, len(finding.cases)) == ("info", 90, 20)
    assert finding.sentence == "No image names a patient; cases of one patient may be in two parts."
    some = found("PATIENT_UNKNOWN", dataset(group=[*OWN[:-2], "", ""]))
    assert some.sentence == "2 images without a known patient; cases of one patient may be in two parts."
    one = found("PATIENT_UNKNOWN", dataset(group=[*OWN[:-1], ""]))
    assert one.sentence.startswith("1 image without a known patient")


def test_patient_ids_of_an_external_set_are_compared():
    other = dataset(prefix="e", group=[f"q{k}" for k in range(N - 1)] + ["p7"])
    finding = found("EXTERNAL_PATIENT", dataset(group=OWN), external={"B": other})
    assert (finding.severity, finding.cases) == ("warning", ("e089",))
    assert finding.sentence.startswith("1 patient id of the external set B also occurs in the data set")
