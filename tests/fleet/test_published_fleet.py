"""A fleet with `publish`: each partner has a place of its own, and the round another."""

import json
from pathlib import Path

import pytest
from fleet_support import run_fleet, serve, write_partners

from auditor import settings
from auditor.cli import main
from auditor.fleet import FLEET

PARTNERS, CUSTOMERS, RATE = 2, 40, 3000


def _names(place: Path) -> set[str]:
    return {one.relative_to(place).as_posix() for one in place.rglob("*") if one.is_file()}


def test_each_partner_has_its_place_and_the_round_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the environment names the URL. Where the round is not published, the message has the command. A result that was not
    recorded is found again, with its exit code.
    """
    (place := tmp_path / "published").mkdir()
    (place / FLEET).write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("AUDITOR_PUBLISH", place.as_uri())
    monkeypatch.setenv("AUDITOR_FAIL_ON", "blocked")
    with serve(RATE) as simulator:
        partners = write_partners(tmp_path, simulator, PARTNERS, CUSTOMERS, RATE)
        ended = run_fleet(partners, "--workers", "1", "--json")
        assert ended.returncode == 7, ended.stderr
        first = json.loads(ended.stdout)
        for one in first["partners"]:
            run = Path(one["run"])
            manifest = (place / one["name"] / run.name / "manifest.json").read_bytes()
            assert (one["exit_code"], manifest) == (10, (run / "manifest.json").read_bytes())
        folder = Path(first["folder"])
        assert f"next: auditor publish {folder} --publish {place.as_uri()}" in ended.stderr
        (place / FLEET).unlink()
        assert main(["publish", str(folder), "-q"]) == 0
        assert _names(place / FLEET / folder.name) == _names(folder)
        # as if the command had died before it recorded anything, and before the last partner had ended
        stored = folder.with_suffix(".json")
        stored.write_text(json.dumps({**json.loads(stored.read_bytes()), "results": {}}), encoding="utf-8")
        Path(first["partners"][-1]["run"], "manifest.json").unlink()
        again = run_fleet(partners, "--workers", "1", "--json")
        assert again.returncode == 10, again.stderr
        second = json.loads(again.stdout)
        assert (second["round"], second["published"]) == (first["round"], [f"{place.as_uri()}/{FLEET}/{folder.name}"])
        assert [one["exit_code"] for one in second["partners"]] == [10] * PARTNERS
        assert _names(place / FLEET / folder.name) == _names(folder)


def test_where_a_partner_names_its_own_url_it_is_taken_as_it_is(tmp_path: Path) -> None:
    """As is one of the command line; any other has the partner's name behind it, in commands by hand as well."""
    path = tmp_path / "partners.toml"
    path.write_text(
        'publish = ["s3://bucket/all", "gs://other"]\n[partner.north]\n[partner.south]\npublish = ["s3://south"]\n',
        encoding="utf-8",
    )

    def urls(profile: str | None, **given: str) -> tuple[str, ...]:
        return settings.load(given, config=str(path), profile=profile)[0].publish

    assert urls(None) == ("s3://bucket/all", "gs://other")
    assert urls("north") == ("s3://bucket/all/north", "gs://other/north")
    assert urls("south") == ("s3://south",)
    assert urls("north", publish="s3://given") == ("s3://given",)
