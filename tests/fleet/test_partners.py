"""The file of partners: every problem of every partner is found before anything is asked."""

import json
from pathlib import Path

import pytest
from fleet_support import options, tenant

from auditor.errors import AuditorError, CustomerListError, SettingsError
from auditor.fleet import read_partners
from auditor.simulator import Simulator


def write(folder: Path, *tables: str) -> Path:
    """The file of partners."""
    path = folder / "partners.toml"
    path.write_text("\n".join(tables), encoding="utf-8")
    return path


def table(name: str, number: int, *lines: str) -> str:
    """A partner with the tenant of this number."""
    return "\n".join([f"[partner.{name}]", f'tenant_id = "{tenant(number)}"', *lines])


def refused(path: Path, *only: str) -> AuditorError:
    """The error for a file that cannot be used."""
    with pytest.raises(AuditorError) as error:
        read_partners(path, only)
    return error.value


def test_a_partner_takes_every_setting_and_what_stands_above_holds_for_all(tmp_path: Path) -> None:
    """A secret comes from the file that the table names."""
    (tmp_path / "token").write_text("the-refresh-token\n", encoding="utf-8")
    (tmp_path / "list.csv").touch()
    path = write(
        tmp_path,
        "rate = 300",
        table("north", 1, "rate = 500", f"refresh_token_file = {json.dumps(str(tmp_path / 'token'))}"),
        table("south", 2, f"lists = [{json.dumps(str(tmp_path / 'list.csv'))}]"),
    )
    names, (north, south) = read_partners(path)
    assert names == ["north", "south"]
    assert (north.settings.rate, south.settings.rate) == (500, 300)
    assert north.settings.refresh_token is not None
    assert north.settings.refresh_token.reveal() == "the-refresh-token"
    # a renewal writes the new token there
    assert north.settings.refresh_token.file == str(tmp_path / "token")
    assert (north.settings.lists, south.settings.lists) == ((), (str(tmp_path / "list.csv"),))
    assert [one.name for one in read_partners(path, ["south"])[1]] == ["south"]


def test_a_machine_without_the_files_of_the_secrets_can_still_check_the_rest(tmp_path: Path) -> None:
    """The workers of a cluster read them."""
    path = write(tmp_path, table("north", 1, 'refresh_token_file = "/nowhere/token"'))
    assert [one.name for one in read_partners(path, read_secrets=False)[1]] == ["north"]
    assert "/nowhere/token" not in str(refused(path))


def test_one_message_has_all_problems_of_all_partners(tmp_path: Path) -> None:
    """Each once, with the name of the partner."""
    path = write(
        tmp_path,
        table("north", 1, 'lists = ["/nowhere/a.csv", "-"]'),
        table("south", 1),
        table("fleet", 3),
        '[partner."../up"]\ntenant_id = "up.example"',
        "[partner.West]",
        table("west", 4),
    )
    error = refused(path)
    assert (type(error), error.exit_code) == (SettingsError, 2)
    for words in (
        "partner 'north': list /nowhere/a.csv does not exist",
        "partner 'north': a partner's list cannot be standard input",
        f"partners 'north' and 'south' have the same tenant {tenant(1)}",
        "partner 'fleet': this name is reserved in a reports folder",
        "partner '../up': the name cannot be a folder's",
        "partners 'West' and 'west' would share a folder",
        "partner 'West': tenant_id is missing",
    ):
        assert error.message.count(words) == 1, words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        *[(name, "on Windows, a device has this name") for name in ("con", "NUL", "com1", "lpt9", "aux.old")],
        *[(name, "this name is reserved") for name in ("Fleet", "latest", "latest-simulated", "history")],
        *[
            (name, "the name cannot be a folder's")
            for name in ("north.", "north ", " north", "a/b", "a\\b", "a:b", "..")
        ],
    ],
)
def test_a_name_that_cannot_be_a_folder_everywhere_is_refused(tmp_path: Path, name: str, words: str) -> None:
    """Before anything is asked, in one sentence."""
    path = write(tmp_path, f"[partner.{json.dumps(name)}]", f'tenant_id = "{tenant(1)}"')
    error = refused(path)
    assert (type(error), error.exit_code) == (SettingsError, 2)
    assert error.message.count("\n") == 0
    assert error.message.startswith(f"partner {name!r}: ")
    assert words in error.message


@pytest.mark.parametrize("name", ["north", "icon", "company", "com10", "latest2", "a.b", "20261130T021700Z"])
def test_a_name_that_is_nearly_such_a_one_is_taken(tmp_path: Path, name: str) -> None:
    """Only the whole name is another thing's."""
    assert read_partners(write(tmp_path, f'[partner."{name}"]', f'tenant_id = "{tenant(1)}"'))[0] == [name]


def test_a_missing_list_alone_is_a_matter_of_the_list(tmp_path: Path) -> None:
    """With the exit code of a list."""
    error = refused(write(tmp_path, table("north", 1, 'lists = ["/nowhere/a.csv"]'), table("south", 2)))
    assert (type(error), error.exit_code) == (CustomerListError, 5)
    assert error.message == "partner 'north': list /nowhere/a.csv does not exist"


def test_the_tenant_of_a_token_counts(tmp_path: Path) -> None:
    """Two partners with tokens of one tenant share its quota, whatever their tenant_id says."""
    for name in ("a", "b"):
        token = Simulator(options(500)).mint_token(tid=tenant(7))
        (tmp_path / name).write_text(token, encoding="utf-8")
    tables = [f"[partner.{name}]\naccess_token_file = {json.dumps(str(tmp_path / name))}" for name in ("a", "b")]
    assert f"have the same tenant {tenant(7)}" in refused(write(tmp_path, *tables)).message


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('access_token = "eyJ0eXAi"', "access_token is a secret and does not belong in a settings file"),
        ('tenent_id = "x"', "there is no setting 'tenent_id'"),
        ('rate = "fast"', "rate"),
        ("refresh_token_file = 5", "the file that it names cannot be read"),
    ],
)
def test_a_partner_is_checked_as_any_settings(tmp_path: Path, lines: str, words: str) -> None:
    """With the place in the file, and without the secret."""
    error = refused(write(tmp_path, table("north", 1, lines)))
    assert (type(error), error.exit_code) == (SettingsError, 2)
    assert words in error.message
    assert "[partner.north]" in error.message
    assert "eyJ0eXAi" not in str(error)


def test_a_file_without_partners_is_refused(tmp_path: Path) -> None:
    """So is a name that is no partner, and one that is also a profile."""
    assert refused(write(tmp_path, "[profile.north]")).message == f"{tmp_path / 'partners.toml'} has no partner"
    path = write(tmp_path, table("north", 1))
    assert refused(path, "noth").message == f"{path} has no partner 'noth'; it has: north"
    assert "partner is not a table of tables" in refused(write(tmp_path, "partner = 5")).message
    both = write(tmp_path, "[profile.north]", table("north", 1))
    assert "north is a profile and a partner" in refused(both).message


def test_what_belongs_to_one_partner_is_not_taken_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else all partners would be asked with one partner's sign-in, or for one partner's customers."""
    path = write(tmp_path, table("north", 1), table("south", 2))
    monkeypatch.setenv("AUDITOR_REFRESH_TOKEN", "the-secret")
    monkeypatch.setenv("AUDITOR_LISTS", "all.csv")
    error = refused(path)
    assert "'north': refresh_token (environment AUDITOR_REFRESH_TOKEN) is of one partner only" in error.message
    assert "'south': AUDITOR_LISTS would replace the lists of every partner" in error.message
    assert "the-secret" not in str(error)
