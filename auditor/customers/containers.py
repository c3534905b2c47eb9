"""What the containers of office documents hold. Rule: a document that is no workbook is called what it is."""

import zipfile
from typing import BinaryIO

import olefile

OLD_CONTAINER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The first bytes of older office documents, and of all that are protected with a password."""

_FOLDERS = (
    ("xl/", "workbook"),
    ("word/", "a Word document (.docx)"),
    ("ppt/", "a PowerPoint presentation (.pptx)"),
    ("visio/", "a Visio drawing (.vsdx)"),
    ("Report/Layout", "a Power BI report (.pbix)"),
    ("Index/", "an Apple document (Numbers, Pages or Keynote)"),
    ("Index.zip", "an Apple document (Numbers, Pages or Keynote)"),
    ("index.apxl", "an Apple Keynote presentation"),
    ("index.xml.gz", "an Apple document (Numbers, Pages or Keynote)"),
)
_STREAMS = (
    ("EncryptedPackage", "protected with a password"),
    ("WordDocument", "a Word document (.doc)"),
    ("PowerPoint Document", "a PowerPoint presentation (.ppt)"),
    ("__properties_version1.0", "an Outlook message (.msg)"),
    ("VisioDocument", "a Visio drawing (.vsd)"),
)
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_LONGEST_TYPE = 200


def office_kind(archive: zipfile.ZipFile) -> str | None:
    """What a ZIP archive is: "workbook", another office document, or None for an archive of files."""
    names = archive.namelist()
    if "mimetype" in names:
        with archive.open("mimetype") as opened:
            stated = opened.read(_LONGEST_TYPE).decode("ascii", "replace").strip()
        if stated.startswith(_OPEN_DOCUMENT):
            kind = stated.removeprefix(_OPEN_DOCUMENT)
            return "workbook" if kind.startswith("spreadsheet") else f"an OpenDocument file ({kind})"
    office = "[Content_Types].xml" in names
    for start, kind in _FOLDERS:
        if any(name.startswith(start) for name in names) and (office or not start.endswith(("xl/", "word/", "ppt/"))):
            return kind
    return "an office document that is no workbook" if office else None


def old_kind(file: BinaryIO) -> str | None:
    """What an older container holds that is no workbook to be read; None where it may be one. `file` stays open."""
    file.seek(0)
    try:
        with olefile.OleFileIO(file) as compound:
            return next((kind for stream, kind in _STREAMS if compound.exists(stream)), None)
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
        return None
    finally:
        file.seek(0)
