"""How a run's documents are to look: what the settings say, kept in the journal, so that a later report is the same."""

from pathlib import Path

import msgspec
import pytest
import tzlocal

from auditor.core.run_facts import OwnerWorkbooks, Presentation
from auditor.runs.options import presentation_of
from auditor.settings import Settings, load


def test_what_the_settings_say_is_kept(tmp_path: Path) -> None:
    """Links, packs and zone from the file; what the journal keeps of them reads back the same."""
    file = tmp_path / "a.toml"
    link = "https://crm.example/{customer_id}"
    file.write_text(f'packs = "all"\nzone = "Europe/Berlin"\ncustomer_link = "{link}"\n', encoding="utf-8")
    settings, _ = load({}, environment={}, config=str(file))
    shown = presentation_of(settings, ("Revenue",))
    assert shown == Presentation(link, OwnerWorkbooks.ALL, "Europe/Berlin", ("Revenue",))
    assert msgspec.json.decode(msgspec.json.encode(shown), type=Presentation) == shown


def test_the_zone_is_the_machines_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """And UTC where the machine's has no name that others know."""
    monkeypatch.setattr(tzlocal, "get_localzone_name", lambda: "Asia/Tokyo")
    assert presentation_of(Settings()).zone == "Asia/Tokyo"
    assert presentation_of(Settings(zone="UTC")).zone == "UTC"

    def unknown() -> str:
        raise LookupError("no such zone")

    monkeypatch.setattr(tzlocal, "get_localzone_name", unknown)
    assert presentation_of(Settings()).zone == "UTC"


def test_no_links_is_an_empty_text(tmp_path: Path) -> None:
    """`customer_link = ""` in a file."""
    file = tmp_path / "a.toml"
    file.write_text('customer_link = ""\n', encoding="utf-8")
    assert presentation_of(load({}, environment={}, config=str(file))[0]).customer_link == ""
