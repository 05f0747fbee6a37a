"""DICOM files for tests, made element by element."""

from io import BytesIO

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid


def dataset(pixels, **elements):
    """Return a file of one frame ``[h, w]`` or ``[h, w, 3]``; ``elements`` by keyword replace or add to what it has."""
    pixels = np.asarray(pixels)
    bits = 8 * pixels.dtype.itemsize
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = SecondaryCaptureImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = generate_uid()
    made.Rows, made.Columns = pixels.shape[:2]
    made.SamplesPerPixel = pixels.shape[2] if pixels.ndim == 3 else 1
    made.PhotometricInterpretation = "RGB" if pixels.ndim == 3 else "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = bits
    made.HighBit = bits - 1
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    if pixels.ndim == 3:
        made.PlanarConfiguration = 0
    made.PixelData = pixels.tobytes() + bytes(pixels.nbytes % 2)
    made["PixelData"].VR = "OW" if bits > 8 else "OB"
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def saved(made, whole=True):
    """Return the bytes of a file; without preamble and file meta unless ``whole``."""
    file = BytesIO()
    if whole:
        made.save_as(file, enforce_file_format=True)
    else:
        del made.file_meta
        made.save_as(file, implicit_vr=True, little_endian=True)
    return file.getvalue()


def dicom(pixels, **elements):
    """Return the bytes of a file of one frame."""
    return saved(dataset(pixels, **elements))


def compressed(frame, syntax, pixels, **elements):
    """Return the bytes of a file whose frame is compressed; ``pixels`` only say what size and bits it has."""
    made = dataset(pixels, **elements)
    made.file_meta.TransferSyntaxUID = syntax
    made.PixelData = encapsulate([frame])
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    return saved(made)
