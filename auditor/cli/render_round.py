"""Print that the files of a fleet's combined report agree."""

import json
from typing import TYPE_CHECKING

import click

from auditor.core.text import count_noun

if TYPE_CHECKING:
    from auditor.report import FleetSummary


def print_verified_round(found: "FleetSummary", *, as_json: bool) -> None:
    """Print what was found to agree: counts of all partners, and whether the round is complete."""
    rows, customers = found.ledger.rows, found.ledger.customers
    if as_json:
        import msgspec

        counts = {"rows": msgspec.to_builtins(rows), "customers": msgspec.to_builtins(customers)}
        partners = {one.partner: one.complete for one in found.partners}
        document = {
            "round_id": found.round_id,
            "agrees": True,
            "complete": found.complete,
            "simulated": found.simulated,
        }
        click.echo(json.dumps({**document, **counts, "partners": partners}, indent=2, ensure_ascii=False))
        return
    of = count_noun(len(found.partners), "partner")
    click.echo(
        f"Round {found.round_id} of {of}: all files agree, and each of {count_noun(rows.listed, 'row')} is in them once"
    )
    for unit, one in (("row", rows), ("customer", customers)):
        parts = f"{one.eligible:,} eligible + {one.blocked:,} blocked + {one.undetermined:,} undetermined"
        click.echo(f"{'Ledger:' if unit == 'row' else '       '} {count_noun(one.listed, unit)} = {parts}")
    if not found.complete:
        click.echo(f"The round is NOT COMPLETE: {found.note.partition(': ')[2]}")
