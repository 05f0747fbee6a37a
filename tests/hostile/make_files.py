"""Tables and images as careless and hostile people send them, and the code of what each must give."""

import io
import os
import zipfile
import zlib

import numpy as np
from PIL import Image

ROWS = "a,b,label\n" + "".join(f"{k},{k % 7},{'sick' if k % 3 else 'well'}\n" for k in range(40))
TABLE_2 = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/></worksheet>'


def packed(**parts):
    """Return a zip archive with these parts, however large they unpack."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            with archive.open(name, "w", force_zip64=True) as part:
                for _ in range(data if isinstance(data, int) else 0):
                    part.write(bytes(1 << 24))
                part.write(data if isinstance(data, bytes) else b"")
    return file.getvalue()


def lying(size):
    """Return a workbook whose directory says that its sheet has ``size`` bytes."""
    data = bytearray(packed(**{"xl/worksheets/sheet1.xml": TABLE_2.encode()}))
    place = data.rindex(b"PK\x01\x02") + 24
    data[place : place + 4] = size.to_bytes(4, "little")
    return bytes(data)


TABLES = {
    "a right one": (ROWS.encode(), ".csv", ""),
    "a mark at the start": (b"\xef\xbb\xbf" + ROWS.encode(), ".csv", ""),
    "UTF-16": (ROWS.encode("utf-16"), ".csv", ""),
    "lines of Windows": (ROWS.replace("\n", "\r\n").encode(), ".csv", ""),
    "nothing": (b"", ".csv", "DATA_EMPTY"),
    "names alone": (b"a,b,label\n", ".csv", "DATA_EMPTY"),
    "a column twice": (ROWS.replace("a,b", "a,a").encode(), ".csv", "DATA_COLUMN"),
    "a row too long": ((ROWS + "1,2,3,4\n").encode(), ".csv", "DATA_CSV"),
    "an open quotation": ((ROWS + '"1,2,sick\n').encode(), ".csv", "DATA_CSV"),
    "one class": (ROWS.replace("well", "sick").encode(), ".csv", "DATA_ONE_CLASS"),
    "no class": (ROWS.replace("label", "x").encode(), ".csv", "DATA_COLUMN"),
    "a row without a class": ((ROWS + "1,2,\n").encode(), ".csv", "DATA_LABEL_MISSING"),
    "no number": (b"a,label\nx,sick\ny,well\n", ".csv", "DATA_COLUMN"),
    "a workbook that is text": (ROWS.encode(), ".xlsx", "DATA_EXCEL"),
    "a workbook cut off": (packed(**{"xl/workbook.xml": b"x" * 999})[:300], ".xlsx", "DATA_EXCEL"),
    "a workbook without sheets": (packed(**{"readme.txt": b"x"}), ".xlsx", "DATA_EXCEL"),
    "a workbook of Excel 2003": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ".xls", "DATA_EXCEL"),
    "a workbook of 3 GiB": (lying(3 << 30), ".xlsx", "DATA_TOO_LARGE"),
}


def sparse(path):
    """Make a file that says it has 9 GiB."""
    path.write_bytes(ROWS.encode())
    os.truncate(path, 9 << 30)


def film(kind="PNG", mode="L", size=(64, 48), **options):
    """Return the bytes of a picture of noise."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (size[1], size[0], len(mode)), dtype=np.uint8).squeeze()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def chunk(kind, data):
    """Return a chunk of a PNG with its checksum."""
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def png(width, height, rows, kind=0):
    """Return a PNG whose header says ``width`` x ``height`` and which holds ``rows`` rows of black."""
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, kind, 0, 0, 0])
    body = zlib.compress(bytes(rows * (width + 1)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


PNG, JPEG = film(), film("JPEG", quality=90)
REFUSED = "an error"
IMAGES = {
    "a PNG": (PNG, ""),
    "a JPEG": (JPEG, ""),
    "colours": (film(mode="RGB"), ""),
    "a TIFF": (film("TIFF"), ""),
    "a bitmap": (film("BMP"), ""),
    "a WebP": (film("WEBP", lossless=True), ""),
    "a black PNG": (png(64, 48, 48), ""),
    "no bytes": (b"", REFUSED),
    "text": (b"no picture at all", REFUSED),
    "a page": (b"<html><body>404</body></html>", REFUSED),
    "zeros": (bytes(4096), REFUSED),
    "an archive": (packed(a=b"x"), REFUSED),
    "a pickle": (b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.", REFUSED),
    "a JPEG cut in the middle": (JPEG[: len(JPEG) // 2], REFUSED),
    "the same with an end": (JPEG[: len(JPEG) // 2] + b"\xff\xd9", REFUSED),
    "a JPEG with zeros inside": (JPEG[:900] + bytes(1000) + JPEG[1900:], REFUSED),
    "the head of a JPEG": (JPEG[:200], REFUSED),
    "a PNG cut in the middle": (PNG[: len(PNG) // 2], REFUSED),
    "half of the rows of a PNG": (png(64, 48, 24), REFUSED),
    "no row of a PNG": (png(64, 48, 0), REFUSED),
    "a PNG of 60,000 x 60,000": (png(60_000, 60_000, 1), REFUSED),
    "a PNG without a width": (png(0, 48, 48), REFUSED),
    "a PNG of an unknown kind": (png(64, 48, 48, 5), REFUSED),
    "a PNG with a wrong checksum": (PNG[:40] + bytes([PNG[40] ^ 255]) + PNG[41:], REFUSED),
    "a PNG's signature": (PNG[:8], REFUSED),
    "a GIF cut": (film("GIF")[:300], REFUSED),
    "a TIFF cut": (film("TIFF")[:500], REFUSED),
    "a bitmap cut": (film("BMP")[:500], REFUSED),
    "a WebP cut": (film("WEBP")[:200], REFUSED),
    "DICOM's preamble": (bytes(128) + b"DICM", REFUSED),
    "NIfTI": ((348).to_bytes(4, "little") + bytes(340) + b"n+1\0", REFUSED),
    "HEIC": (bytes([0, 0, 0, 24]) + b"ftypheic" + bytes(100), REFUSED),
    "AVIF": (bytes([0, 0, 0, 24]) + b"ftypavif" + bytes(100), REFUSED),
    "JPEG 2000": (b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(99), REFUSED),
    "PDF": (b"%PDF-1.7\n" + bytes(99), REFUSED),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', REFUSED),
}
