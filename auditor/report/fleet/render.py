"""Write the combined report of a round: tables, summary and documents, manifest.json last. One partner's results are in memory at a time."""

from collections.abc import Sequence
from pathlib import Path

from auditor import languages
from auditor.core.language import ENGLISH
from auditor.report import page as report_page
from auditor.report.files import Staging
from auditor.report.fleet import page, summary, tables, workbook
from auditor.report.fleet.partners import FleetPartner, verify_partner
from auditor.report.fleet.people import RowsForPeople
from auditor.report.fleet.summary import FleetSummary, PartnerReport
from auditor.report.fleet.tables import combine_columns, open_tables
from auditor.report.render import results_table, write_manifest
from auditor.report.schema import MANIFEST


def render_fleet(
    folder: Path, round_id: str, partners: Sequence[FleetPartner], reports: Path, language: str = ENGLISH.code
) -> FleetSummary:
    """Write every file of a round's folder.

    Args:
        folder: of the round; it exists.
        round_id: of the round.
        partners: all partners of the round, those without a run as well, in the order of the partners' file.
        reports: the reports folder.
        language: of the documents, as one of `core.language.LANGUAGES`.

    Returns:
        The content of summary.json.

    Raises:
        IncompleteError: a run was damaged while it was read.
        OutputError: a file cannot be written; no half-written file is left.
    """
    found = [verify_partner(one) for one in partners]
    people, shown = RowsForPeople(languages.load(language)), []
    with Staging(folder) as staging:
        with open_tables(staging, combine_columns(one.columns for one in found)) as combined:
            for one in found:
                data = one.load()
                shown.append(PartnerReport(one, one.describe(data, ENGLISH)))
                people.notes[one.partner.name] = one.describe(data, people.language, by_customer=True)
                if data is not None:
                    combined.append(one.partner.name, results_table(data))
                    people.add(one.partner.name, data, has_page=one.has(report_page.NAME))
        content = summary.summarise_round(round_id, shown, reports)
        document = staging.create(summary.JSON)
        document.write(summary.encode(content))
        document.records = 1
        workbook.write(content, people, staging.create(workbook.NAME))
        page.write(content, people, staging.create(page.NAME))
        entries = staging.publish(outdated=[MANIFEST])
    write_manifest(folder, round_id, entries)
    return content


NAMES = (tables.PARQUET, tables.CSV, summary.JSON, workbook.NAME, page.NAME)
"""The files of a round that its manifest lists."""
