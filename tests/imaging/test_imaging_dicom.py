"""DICOM through the decoder: values become grey as the standard says, and what is not read is refused with its code."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    MPEG4HP41,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
)

from dicom_files import compressed, dataset, dicom, saved
from seimbang.errors import ImageError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import open_noted

STEPS = np.array([[0, 50, 100, 200]], np.uint8)
CT = np.array([[0, 1024, 1064, 4095]], np.uint16)
HOUNSFIELD = {"RescaleSlope": 1, "RescaleIntercept": -1024, "BitsStored": 12, "HighBit": 11}


def grey(data, **settings):
    return open_noted(data, ImageSettings(**settings), "a.dcm")[0][..., 0].ravel().tolist()


def note(data, **settings):
    return open_noted(data, ImageSettings(**settings), "a.dcm")[1]


def refused(data, **settings):
    with pytest.raises(ImageError) as caught:
        open_noted(data, ImageSettings(**settings), "a.dcm")
    return caught.value


def table(values, first=0, bits=8):
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [len(values), first, bits], values
    item["LUTDescriptor"].VR = item["LUTData"].VR = "US"
    item.LUTExplanation = item.ModalityLUTType = "US"
    return Sequence([item])


def test_eight_bits_stay_as_they_are():
    assert grey(dicom(STEPS)) == [0, 50, 100, 200]
    assert note(dicom(STEPS)) is None
    assert grey(dicom((STEPS.astype(int) - 128).astype(np.int8))) == [0, 50, 100, 200]


def test_a_window_is_of_rescaled_values():
    window = {"WindowCenter": "40", "WindowWidth": "400"}
    # PS3.3 C.11.2.1.2: ((x - 39.5) / 399 + 0.5) * 255 for x = 0 and 40
    assert grey(dicom(CT, **HOUNSFIELD, **window)) == [0, 102, 128, 255]
    assert grey(dicom(CT, **HOUNSFIELD, **window, VOILUTFunction="LINEAR_EXACT")) == [0, 102, 128, 255]
    assert grey(dicom(CT, **HOUNSFIELD, **window, VOILUTFunction="SIGMOID")) == [0, 102, 128, 255]
    assert grey(dicom(CT, **HOUNSFIELD, **window | {"WindowWidth": "1"})) == [0, 0, 255, 255]
    signed = (CT.astype(int) - 1024).astype(np.int16)
    assert grey(dicom(signed, **window, RescaleIntercept=0, RescaleSlope=1)) == [0, 102, 128, 255]


def test_the_first_of_several_windows_counts():
    data = dicom(CT, **HOUNSFIELD, WindowCenter=["40", "-600"], WindowWidth=["400", "1500"])
    assert grey(data) == [0, 102, 128, 255]


def test_the_study_may_set_the_window():
    data = dicom(CT, **HOUNSFIELD, WindowCenter="0", WindowWidth="1")
    assert grey(data, window=(40, 400)) == [0, 102, 128, 255]
    ramp = np.arange(1000, dtype=np.uint16).reshape(10, 100)
    values = np.array(grey(dicom(ramp), window="percentile"))
    # the 1st percentile of 0 ... 999 is 9.99, the 99th is 989.01
    assert (values[9], values[10], values[500], values[989]) == (0, 0, round(255 * 490.01 / 979.02), 255)


def test_deep_values_without_a_window_are_stretched_which_is_said():
    data = dicom(np.array([[1000, 1100, 1200, 0]], np.uint16), PixelPaddingValue=0)
    assert grey(data) == [0, 128, 255, 0]  # what fills the frame up does not count
    assert note(data).code == "IMG_STRETCHED"
    assert grey(dicom(np.full((1, 4), 7, np.uint16))) == [0] * 4


def test_monochrome1_is_inverted_last():
    white = {"PhotometricInterpretation": "MONOCHROME1"}
    assert grey(dicom(STEPS, **white)) == [255, 205, 155, 55]
    window = {"WindowCenter": "40", "WindowWidth": "400"}
    assert grey(dicom(CT, **HOUNSFIELD, **window, **white)) == [255, 153, 127, 0]


def test_lookup_tables_come_in_their_order():
    stored = np.array([[0, 1, 2, 3]], np.uint8)
    modality = {"ModalityLUTSequence": table([0, 100, 200, 300], bits=16)}
    assert grey(dicom(stored, **modality, WindowCenter="150.5", WindowWidth="301")) == [0, 85, 170, 255]
    voi = table([0, 10, 20, 250], first=100)
    assert grey(dicom(stored, **modality, VOILUTSequence=voi)) == [0, 0, 250, 250]
    other = {"WindowCenter": "0", "WindowWidth": "1"}  # the table comes before the window
    assert grey(dicom(stored, VOILUTSequence=table([5, 6, 7, 8]), **other)) == [5, 6, 7, 8]


def test_frames_are_taken_by_number():
    made = dataset(STEPS, NumberOfFrames=2)
    made.PixelData = STEPS.tobytes() + (255 - STEPS).tobytes()
    assert refused(saved(made)).code == "IMG_MULTIFRAME"
    assert [grey(saved(made), frame=frame) for frame in (1, 2)] == [[0, 50, 100, 200], [255, 205, 155, 55]]
    assert refused(saved(made), frame=3).code == "IMG_FRAME"
    assert grey(dicom(STEPS), frame=1) == [0, 50, 100, 200]


def test_enhanced_files_say_the_window_of_each_frame():
    def groups(centre):
        item, window, rescale = Dataset(), Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = centre, "400"
        rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = "1", "-1024", "HU"
        item.FrameVOILUTSequence, item.PixelValueTransformationSequence = Sequence([window]), Sequence([rescale])
        return item

    made = dataset(CT, NumberOfFrames=2, BitsStored=12, HighBit=11)
    made.PixelData = CT.tobytes() * 2
    made.PerFrameFunctionalGroupsSequence = Sequence([groups("40"), groups("240")])
    assert grey(saved(made), frame=1) == [0, 102, 128, 255]
    assert grey(saved(made), frame=2) == [0, 0, 0, 255]


def test_colours():
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 200
    pixels, _ = open_noted(dicom(red), ImageSettings(channels=3), "a.dcm")
    assert pixels[0, 0].tolist() == [200, 0, 0]
    ybr = np.broadcast_to(np.array([60, 94, 228], np.uint8), (2, 2, 3))
    data = dicom(ybr, PhotometricInterpretation="YBR_FULL")
    assert open_noted(data, ImageSettings(channels=3), "a")[0][0, 0].tolist() == [200, 0, 0]
    file = io.BytesIO()
    Image.fromarray(red).save(file, "JPEG", quality=100, subsampling=0)
    data = compressed(file.getvalue(), JPEGBaseline8Bit, red, PhotometricInterpretation="YBR_FULL")
    assert np.abs(open_noted(data, ImageSettings(channels=3), "a")[0][0, 0] - [200.0, 0, 0]).max() <= 2
    assert refused(dicom(red, PhotometricInterpretation="HSV")).code == "IMG_FORMAT"


def test_a_file_without_preamble_is_read_and_said():
    made = dataset(STEPS, Modality="CR")
    data = saved(made, whole=False)
    assert data[128:132] != b"DICM"
    assert grey(data) == [0, 50, 100, 200]
    assert note(data).code == "IMG_NO_PREAMBLE"
    assert grey(dicom(STEPS)[132:]) == [0, 50, 100, 200]  # with its file meta


def test_a_preamble_may_look_like_a_tiff():
    assert grey(b"II*\0" + dicom(STEPS)[4:]) == [0, 50, 100, 200]


def test_burnt_in_text_is_said():
    data = dicom(STEPS, BurnedInAnnotation="YES")
    assert (grey(data), note(data).code) == ([0, 50, 100, 200], "IMG_BURNT_IN")
    assert note(dicom(STEPS, BurnedInAnnotation="NO")) is None


def test_only_named_transfer_syntaxes_are_read_from_the_file_meta_alone():
    made = dataset(STEPS)
    plain = saved(made)
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    whole = saved(made)
    start = whole.index(b"1.2.840.10008.1.2.1.99") + 22
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(bytes(200_000_000)) + packer.flush()
    for data in (whole, whole[:start] + bomb):
        assert refused(data).code == "IMG_FORMAT"
        assert "Deflated" in refused(data).found
    made.file_meta.TransferSyntaxUID = MPEG4HP41
    made["PixelData"].is_undefined_length = True
    made.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0"
    assert refused(saved(made)).code == "IMG_FORMAT"
    assert "MPEG-4" in refused(saved(made)).found
    private = plain.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.113619.5.2\0\0", 1)
    assert refused(private).code == "IMG_FORMAT"


def jpeg(size):
    file = io.BytesIO()
    Image.new("L", size).save(file, "JPEG")
    return file.getvalue()


LARGE = jpeg((64, 64)).replace(b"\x08\x00\x40\x00\x40", b"\x08" + (30000).to_bytes(2) + (40000).to_bytes(2))
SMALL = np.zeros((64, 64), np.uint8)
NUMBERS = {
    "a frame larger than its header says": (compressed(LARGE, JPEGBaseline8Bit, SMALL), "IMG_CORRUPT"),
    "a frame cut off": (compressed(jpeg((64, 64))[:-40], JPEGBaseline8Bit, SMALL), "IMG_TRUNCATED"),
    "JPEG 2000 that is none": (compressed(bytes(500), JPEG2000Lossless, SMALL), "IMG_CORRUPT"),
    "pixels cut off": (dicom(SMALL)[:-2000], "IMG_TRUNCATED"),
    "pixels missing": (dicom(SMALL)[: dicom(SMALL).index(b"\xe0\x7f\x10\0OB")], "IMG_NO_PIXELS"),
    "a million frames": (dicom(SMALL, NumberOfFrames=10**6), "IMG_TOO_LARGE"),
    "no frames": (dicom(SMALL, NumberOfFrames=-1), "IMG_TOO_LARGE"),
    "65535 x 65535": (dicom(SMALL, Rows=65535, Columns=65535), "IMG_TOO_LARGE"),
    "no rows": (dicom(SMALL, Rows=0), "IMG_CORRUPT"),
    "a slope of 0": (dicom(SMALL, RescaleSlope=0, RescaleIntercept=0), "IMG_WINDOW"),
    "a window of 0": (dicom(SMALL, WindowCenter=0, WindowWidth=0), "IMG_WINDOW"),
    "64 bits": (dicom(SMALL, BitsAllocated=64), "IMG_FORMAT"),
    "more bits stored than there are": (dicom(SMALL, BitsStored=12), "IMG_CORRUPT"),
    "a report": (dicom(SMALL).split(b"\x28\0\x02\0US")[0], "IMG_NO_PIXELS"),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_refuses(name):
    data, code = NUMBERS[name]
    assert refused(data).code == code


def outcome(data):
    """Return grey values, or the error in words."""
    try:
        return grey(data)
    except ImageError as error:
        return str(error)


def test_deep_sequences_are_no_crash():
    whole, undefined = dicom(SMALL), b"\xff\xff\xff\xff"
    opened = b"\x08\0\x15\x11SQ\0\0" + undefined + b"\xfe\xff\0\xe0" + undefined
    closed = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    at = whole.index(b"\x28\0\x02\0US")
    result = outcome(whole[:at] + opened * 300 + closed * 300 + whole[at:])
    assert result == [0] * 64 * 64 or "IMG_CORRUPT" in result


def test_no_error_quotes_the_file():
    marked = {"PatientName": "CANARY^A", "PatientID": "CANARY", "WindowWidth": "1", "WindowCenter": "1"}
    data = dicom(SMALL[:8, :8], **marked)
    damaged = [data[:at] + b"CANARY" + data[at + 6 :] for at in range(0, len(data), 3)]
    results = [outcome(each) for each in damaged]
    errors = [result for result in results if isinstance(result, str)]
    assert len(errors) > 20
    assert not any("CANARY" in error for error in errors)
