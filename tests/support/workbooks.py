"""Workbooks (.xlsx) for tests, written part by part as a spreadsheet program writes them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEETS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_DAY_ZERO = datetime(1899, 12, 30)
Cell = str | float | datetime | None


class Formula(str):
    """The value of a cell that a formula gave."""


class Fault(str):
    """A cell whose formula failed, as #N/A."""


def sheet(rows: Sequence[Sequence[Cell]], *, more: str = "", first_row: int = 1) -> str:
    """Return the content of a sheet; ``more`` is what stands below the cells."""
    lines = [
        f'<row r="{n}">{"".join(_cell(f"{_letters(c)}{n}", v) for c, v in enumerate(row))}</row>'
        for n, row in enumerate(rows, start=first_row)
    ]
    return f"<sheetData>{''.join(lines)}</sheetData>{more}"


def workbook(
    sheets: Mapping[str, str], *, hidden: Sequence[str] = (), shared: Sequence[str] = ()
) -> bytes:
    """Return a workbook; ``sheets`` are name -> what :func:`sheet` gives.

    Args:
        shared: texts that cells refer to by their number.
    """
    names = dict(enumerate(sheets, start=1))
    entries = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}" r:id="r{n}"'
        f' state="{"hidden" if name in hidden else "visible"}"/>'
        for n, name in names.items()
    )
    relations = "".join(_relation(f"r{n}", "worksheet", f"worksheets/{n}.xml") for n in names)
    relations += _relation("s", "styles", "styles.xml")
    relations += _relation("t", "sharedStrings", "sharedStrings.xml")
    texts = "".join(f"<si><t>{escape(text)}</t></si>" for text in shared)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
        "_rels/.rels": _relations(_relation("r1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook {_SHEETS} xmlns:r="{_OFFICE}">'
        f"<sheets>{entries}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(
            relations + _relation("s", "styles", "styles.xml")
        ),
        "xl/sharedStrings.xml": f"<sst {_SHEETS}>{texts}</sst>",
        # The second format of a cell, number 22, is that of a date with its time.
        "xl/styles.xml": f'<styleSheet {_SHEETS}><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/>'
        "</cellXfs></styleSheet>",
        **{
            f"xl/worksheets/{n}.xml": f"<worksheet {_SHEETS}>{sheets[name]}</worksheet>"
            for n, name in names.items()
        },
    }
    return packed(parts)


def packed(parts: Mapping[str, str]) -> bytes:
    """Return a ZIP file of texts."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return target.getvalue()


def _relations(entries: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{entries}</Relationships>'


def _relation(native: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{native}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _cell(place: str, value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, Formula):
        return f'<c r="{place}" t="str"><f>A1</f><v>{escape(value)}</v></c>'
    if isinstance(value, Fault):
        return f'<c r="{place}" t="e"><f>A1</f><v>{value}</v></c>'
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    if isinstance(value, datetime):
        days = (value - _DAY_ZERO).total_seconds() / 86_400
        return f'<c r="{place}" s="1"><v>{days}</v></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def _letters(column: int) -> str:
    return ("" if column < 26 else _letters(column // 26 - 1)) + chr(ord("A") + column % 26)
