"""Answers as DICOM: a structured report (TID 1500) of a study and secondary captures of the heat maps.

Patient, accession number and study are those of the images, unchanged. All UIDs are made from the model's and the
images' own, so the same model writes the same objects about the same images, however often it is started.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import seimbang

if TYPE_CHECKING:
    from highdicom.sr import MeasurementsAndQualitativeEvaluations
    from pydicom import Dataset

RESEARCH = "Research use only, not for diagnosis"
SCHEME = "99SEIMBANG"
SIDE = 512
"""Pixels of the longer side of a secondary capture: networks look at small images."""


@dataclass(frozen=True)
class ModelFacts:
    """What a report says of the model.

    Attributes:
        digest: Of the model's package; it is part of every UID.
        study: Title of the study that it was trained in.
        arm: Its name there.
    """

    digest: str
    study: str
    arm: str

    def uid(self, *parts: str) -> str:
        """Return the UID of an object that this model makes of ``parts``: ``2.25.`` and 128 bits of a hash."""
        digest = hashlib.sha256("\0".join((self.digest, *parts)).encode()).hexdigest()
        return f"2.25.{int(digest[:32], 16)}"


@dataclass(frozen=True)
class Finding:
    """What a model said of one image.

    Attributes:
        header: The image's attributes, without pixels.
        label: The predicted class; "" where there is no answer.
        probabilities: One for each class; empty where there is none.
        remark: Why there is no answer, or what else there is to say.
        heat: The image with its heat map, ``uint8[h, w, 3]``, or None.
    """

    header: Dataset
    label: str
    probabilities: dict[str, float]
    remark: str = ""
    heat: npt.NDArray[np.uint8] | None = None


def report_uid(model: ModelFacts, images: Sequence[str]) -> str:
    """Return the SOP instance UID of the report of these images (SOP instance UIDs), in whatever order."""
    return model.uid("report", *sorted(images))


def structured_report(findings: Sequence[Finding], model: ModelFacts) -> Dataset:
    """Return the report of the images of one study: of each its class and the probability of every class.

    Template TID 1500 of DICOM PS3.16, as a Comprehensive SR.
    """
    from highdicom import sr
    from pydicom.sr.codedict import codes

    headers = [finding.header for finding in findings]
    study = headers[0].StudyInstanceUID
    device = sr.DeviceObserverIdentifyingAttributes(uid=model.uid("device"), name="seimbang")
    observer = sr.ObserverContext(observer_type=codes.DCM.Device, observer_identifying_attributes=device)
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer),
        procedure_reported=sr.CodedConcept("363679005", "SCT", "Imaging procedure"),
        imaging_measurements=[_group(finding, model, number) for number, finding in enumerate(findings, 1)],
        title=codes.DCM.ImagingMeasurementReport,
    )
    report = sr.ComprehensiveSR(
        evidence=headers,
        content=content[0],
        series_instance_uid=model.uid("reports", study),
        series_number=_series_number(model, "reports"),
        sop_instance_uid=report_uid(model, [header.SOPInstanceUID for header in headers]),
        instance_number=1,
        manufacturer="seimbang",
        is_complete=True,
        is_verified=False,
        series_description=f"seimbang: {RESEARCH}",
        **_equipment(),
    )
    return _untouched(report, headers[0])


def secondary_capture(finding: Finding, model: ModelFacts) -> Dataset:
    """Return the image with its heat map as an RGB secondary capture, with the words of research use burnt in."""
    from highdicom.sc import SCImage

    assert finding.heat is not None
    header = finding.header
    capture = SCImage.from_ref_dataset(
        ref_dataset=header,
        pixel_array=_captioned(finding.heat, f"{finding.label}. {RESEARCH}"),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        series_instance_uid=model.uid("maps", header.StudyInstanceUID),
        series_number=_series_number(model, "maps"),
        sop_instance_uid=model.uid("map", header.SOPInstanceUID),
        instance_number=int(header.get("InstanceNumber") or 1),
        manufacturer="seimbang",
        patient_orientation=("L", "F"),
        series_description=f"seimbang heat map: {RESEARCH}",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        **_equipment(),
    )
    capture.PatientOrientation = header.get("PatientOrientation")  # empty where the image does not say
    capture.Laterality = header.get("Laterality") or header.get("ImageLaterality") or ""
    capture.SourceImageSequence = [_reference(header)]
    capture.BurnedInAnnotation = "YES"
    capture.ImageComments = f"What moved the model towards {finding.label}. {RESEARCH}."
    capture.DerivationDescription = f"heat map by seimbang {seimbang.__version__}"
    return _untouched(capture, header)


def _group(finding: Finding, model: ModelFacts, number: int) -> MeasurementsAndQualitativeEvaluations:
    from highdicom import sr
    from pydicom.sr.codedict import codes

    image = finding.header
    facts = [f"Study: {model.study}", f"Arm: {model.arm}", f"Model digest: {model.digest}", RESEARCH]
    algorithm = sr.AlgorithmIdentification("seimbang", seimbang.__version__, facts)
    evaluations = [
        sr.QualitativeEvaluation(codes.DCM.Finding, _code(finding.label or "No answer")),
        sr.QualitativeEvaluation(_code("Intended use"), _code(RESEARCH)),
    ]
    measurements = [
        sr.Measurement(_code(f"Probability of {label}"), round(value, 6), codes.UCUM.NoUnits)
        for label, value in finding.probabilities.items()
    ]
    group = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(model.uid("finding", image.SOPInstanceUID), f"Image {number}"),
        algorithm_id=algorithm,
        measurements=measurements or None,
        qualitative_evaluations=evaluations,
        source_images=[sr.SourceImageForMeasurementGroup(image.SOPClassUID, image.SOPInstanceUID)],
    )
    if finding.remark:
        words = " ".join(finding.remark.split())  # without spaces that must not break, which DICOM's text lacks
        remark = sr.TextContentItem(codes.DCM.Comment, words, sr.RelationshipTypeValues.CONTAINS)
        group[0].ContentSequence.append(remark)
    return group


def _code(meaning: str) -> Any:
    """Return a code of our own, whose value is made from the words; DICOM allows 64 characters of them."""
    from highdicom.sr import CodedConcept

    value = hashlib.sha256(meaning.encode()).hexdigest()[:16]
    return CodedConcept(value, SCHEME, meaning if len(meaning) <= 64 else meaning[:61] + "...")


def _reference(image: Dataset) -> Dataset:
    from pydicom import Dataset

    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    return reference


def _series_number(model: ModelFacts, kind: str) -> int:
    """Return a number far from those of the scanner, different for reports, maps and models."""
    return 90_000_000 + int(model.uid(kind)[-6:])


def _equipment() -> dict[str, Any]:
    return {
        "manufacturer_model_name": "seimbang",
        "software_versions": seimbang.__version__,
        "device_serial_number": "0",
    }


def _untouched(made: Dataset, source: Dataset) -> Dataset:
    """Give what was made the identity of its source, element by element: also what the library does not copy."""
    made.SpecificCharacterSet = "ISO_IR 192"
    for name in ("AccessionNumber", "StudyID", "StudyDescription", "IssuerOfPatientID", "OtherPatientIDsSequence"):
        if name in source:
            setattr(made, name, source[name].value)
    return made


def _captioned(image: npt.NDArray[np.uint8], words: str) -> npt.NDArray[np.uint8]:
    """Return the image at ``SIDE`` pixels, with the words on a bar of their own below it."""
    from PIL import Image, ImageDraw, ImageFont

    height, width = image.shape[:2]
    scale = SIDE / max(height, width)
    size = (round(width * scale), round(height * scale))
    bar = 28
    picture = Image.new("RGB", (size[0], size[1] + bar))
    picture.paste(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
    ImageDraw.Draw(picture).text((6, size[1] + 6), words, fill="white", font=ImageFont.load_default(14))
    return np.asarray(picture)
