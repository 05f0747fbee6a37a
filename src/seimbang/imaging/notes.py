"""What there is to say of a file whose pixels are used all the same."""

from typing import NamedTuple


class Note(NamedTuple):
    """A remark on a file: its code and the same in words."""

    code: str
    message: str


NO_END = Note("IMG_NO_END", "the picture is whole, but its file has no end marker, as some exporters leave it out")
STRETCHED = Note("IMG_STRETCHED", "more than 8 bits: its darkest value becomes black and its brightest white")
FIRST_FRAME = Note("IMG_FIRST_FRAME", "a phone's file with several pictures; the first one is used")
NO_PREAMBLE = Note("IMG_NO_PREAMBLE", "DICOM without its preamble, as older programs wrote it")
BURNT_IN = Note("IMG_BURNT_IN", "its header says that text is burnt into the pixels; it may name a person")
