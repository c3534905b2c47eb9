"""Makes an .ods by hand, with the kinds of cells that programs write."""

import io
import zipfile
from xml.sax.saxutils import escape

_SPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"' for prefix in ("office", "table", "text")
)
_CALC = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'


def cell(text: str, *, kind: str = "string", error: bool = False, formula: bool = False, repeated: int = 1) -> str:
    """A cell that shows `text`."""
    attributes = ' table:formula="of:=A1"' if formula or error else ""
    attributes += ' calcext:value-type="error" office:string-value=""' if error else ""
    attributes += f' office:value-type="{kind}"' if kind else ""
    attributes += ' office:value="0"' if kind == "float" else ""
    attributes += f' table:number-columns-repeated="{repeated}"' if repeated > 1 else ""
    shown = f"<text:p>{escape(text)}</text:p>" if text else ""
    return f"<table:table-cell{attributes}>{shown}</table:table-cell>"


def open_document(sheets: dict[str, list[list[str]]], rows_repeated: int = 1) -> bytes:
    """An .ods; `rows_repeated` is set on the last row."""
    tables = ""
    for name, rows in sheets.items():
        body = "".join(f"<table:table-row>{''.join(row)}</table:table-row>" for row in rows[:-1])
        repeated = f' table:number-rows-repeated="{rows_repeated}"' if rows_repeated > 1 else ""
        body += f"<table:table-row{repeated}>{''.join(rows[-1])}</table:table-row>"
        tables += f'<table:table table:name="{escape(name)}">{body}</table:table>'
    content = (
        f"<office:document-content {_SPACES} {_CALC}><office:body><office:spreadsheet>{tables}"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest:manifest/>")
    return held.getvalue()
