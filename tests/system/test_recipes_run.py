"""The recipes of docs/recipes, run as far as one machine can: systemd's own checks, a real cron, a container's conditions."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.simulator import Simulator
from sign_in_support import sign_in_service

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "docs" / "recipes"
PROGRAM = Path(sys.executable).with_name("auditor")
IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 41)]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """All customers are allowed."""
    with sign_in_service() as served:
        yield served


def _settings(simulator: Simulator) -> dict[str, str]:
    """The settings of a run against it, with a refresh token."""
    return {
        "AUDITOR_API_URL": simulator.api_url,
        "AUDITOR_AUTHORITY": simulator.authority,
        "AUDITOR_CLIENT_ID": simulator.client_id,
        "AUDITOR_CA_BUNDLE": str(simulator.ca_file),
        "AUDITOR_REFRESH_TOKEN": simulator.mint_refresh_token(),
    }


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """A folder with the units, which start this environment's auditor."""
    for path in (RECIPES / "systemd").iterdir():
        text = path.read_text(encoding="utf-8").replace("/usr/local/bin/auditor", str(PROGRAM))
        (tmp_path / path.name.replace("@.", "@auditor.")).write_text(text, encoding="utf-8")
    return tmp_path


def _analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/usr/bin/systemd-analyze", *arguments], capture_output=True, text=True, check=False)


def test_systemd_accepts_the_units(units: Path) -> None:
    """Without a warning: no unknown setting, no program that is not there."""
    ended = _analyze("verify", "--man=no", *sorted(units.iterdir()))
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


def test_systemd_finds_the_service_well_protected(units: Path) -> None:
    """An exposure of 2.0 at most; a service without any protection has 9.6."""
    ended = _analyze("security", "--offline=true", "--threshold=20", "--no-pager", units / "auditor.service")
    assert ended.returncode == 0, ended.stdout


def _in_namespace(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script of /bin/sh whose mounts nobody else sees."""
    command = ["/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-euc", script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_cron_runs_the_crontab(simulator: Simulator, tmp_path: Path) -> None:
    """A real cron in the foreground, with the recipe's line and nothing else, started at once instead of at night."""
    (tmp_path / "customers.csv").write_text("\n".join(["Microsoft ID", *IDS]), encoding="ascii")
    (tmp_path / "auditor.toml").write_text(
        f'lists = ["{tmp_path}/customers.csv"]\nreports = "{tmp_path}/reports"\n', encoding="utf-8"
    )
    ended = tmp_path / "ended"
    os.mkfifo(ended)
    crontab = (RECIPES / "cron" / "auditor.crontab").read_text(encoding="utf-8")
    crontab = re.sub(r"^PATH=", f"PATH={PROGRAM.parent}:{RECIPES / 'cron'}:", crontab, flags=re.MULTILINE)
    crontab = crontab.replace("/var/lib/auditor", str(tmp_path)).replace("=/var/lib\n", f"={tmp_path}\n")
    night = re.findall(r"^17 2 \* \* \* (.*)$", crontab, re.MULTILINE)[0]
    settings = {**_settings(simulator), "NIGHT_CONFIG": f"{tmp_path}/auditor.toml"}
    lines = [f"{name}={value}" for name, value in settings.items()]
    tab = tmp_path / "root"
    tab.write_text("\n".join([*lines, crontab, f"@reboot ( {night} ); echo $? >{ended}\n"]), encoding="utf-8")
    tab.chmod(0o600)
    script = f"""
        mount -t tmpfs tmpfs /run
        mount -t tmpfs tmpfs /etc/cron.d
        mount -t tmpfs tmpfs /var/spool/cron/crontabs
        mount --bind /dev/null /etc/crontab
        cp -p {tab} /var/spool/cron/crontabs/root
        /usr/sbin/cron -f &
        timeout 60 cat {ended}
        kill $!
    """
    done = _in_namespace(script, {"PATH": os.environ["PATH"]})
    log = (tmp_path / "night.log").read_text(encoding="utf-8")
    assert done.stdout == "0\n", done.stderr + log
    assert (tmp_path / "reports" / "latest" / "report.html").exists()
    # the line that names the result, and no other
    assert len(log.splitlines()) == 1, log
    assert (tmp_path / "reports" / "latest").resolve().name in log
    assert list((tmp_path / "auditor").iterdir())


def _container_variables() -> dict[str, str]:
    text = (RECIPES / "container" / "Containerfile").read_text(encoding="utf-8")
    block = re.findall(r"^ENV ((?:.*\\\n)*.*)$", text, re.MULTILINE)[0]
    return dict(re.findall(r"(\w+)=(\S+)", block))


def _make_reachable(path: str) -> str:
    """Commands that let every user reach a folder below one that only its owner may enter, such as root's home."""
    closed = [parent for parent in Path(path).parents if not parent.stat().st_mode & 0o001]
    if not closed:
        return ""
    return f"""
        mkdir -p /mnt/kept; mount --bind {path} /mnt/kept
        mount -t tmpfs -o mode=755 tmpfs {closed[-1]}
        mkdir -p {path}; mount --bind /mnt/kept {path}; umount /mnt/kept
    """


@pytest.mark.parametrize("user", [10001, 1_000_640_000])
def test_a_container_needs_one_folder_to_write_to(simulator: Simulator, tmp_path: Path, user: int) -> None:
    """Any user id with group 0, no home folder, an empty environment, no capability, everything else read-only."""
    data, lists = tmp_path / "data", tmp_path / "lists"
    for folder, mode in ((data, 0o775), (lists, 0o755)):
        folder.mkdir()
        folder.chmod(mode)
    (lists / "customers.csv").write_text("\n".join(["Microsoft ID", *IDS]), encoding="ascii")
    shutil.copyfile(simulator.ca_file, lists / "ca.pem")
    for path in lists.iterdir():
        path.chmod(0o644)
    variables = {
        **_settings(simulator),
        **_container_variables(),
        "AUDITOR_CA_BUNDLE": "/mnt/lists/ca.pem",
        "AUDITOR_LISTS": "/mnt/lists/customers.csv",
    }
    variables = {name: value.replace("/data", "/mnt/data") for name, value in variables.items()}
    arguments = re.findall(r"^CMD (.*)$", (RECIPES / "container" / "Containerfile").read_text("utf-8"), re.MULTILINE)
    command = " ".join(re.findall(r'"([^"]+)"', arguments[0]))
    script = f"""
        mount -t tmpfs -o mode=755 tmpfs /mnt
        {_make_reachable(sys.base_prefix)}
        {_make_reachable(str(ROOT))}
        mkdir /mnt/data /mnt/lists
        mount --bind {data} /mnt/data
        mount --bind {lists} /mnt/lists
        mount -o remount,bind,ro /mnt/lists
        mount -o remount,ro /mnt
        mount -t tmpfs -o ro tmpfs /dev/shm
        mount -o remount,bind,ro /
        cd /mnt/data
        exec setpriv --reuid {user} --regid 0 --clear-groups --no-new-privs --bounding-set=-all env --ignore-environment \
          {" ".join(f"{name}={value}" for name, value in variables.items())} {PROGRAM} """
    done = _in_namespace(script + command, {"PATH": os.environ["PATH"]})
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert (data / "reports" / "latest" / "audit.xlsx").exists()
    kept = [path for path in (data / "sign-in").iterdir() if path.is_file()]
    assert kept
    assert {path.stat().st_uid for path in data.rglob("*")} == {user}
    # the next container signs in with what this one left, without the token
    variables.pop("AUDITOR_REFRESH_TOKEN")
    again = _in_namespace(re.sub(r"AUDITOR_REFRESH_TOKEN=\S+", "", script) + "whoami", {"PATH": os.environ["PATH"]})
    assert again.returncode == 0, again.stderr
    assert "days left" in again.stdout


def test_the_wheel_of_the_container_is_built_from_what_it_copies(tmp_path: Path) -> None:
    """As the first stage of the Containerfile builds it."""
    text = (RECIPES / "container" / "Containerfile").read_text(encoding="utf-8")
    build = text.split("\nFROM ")[1]
    for *sources, target in (line.split() for line in re.findall(r"^COPY (.+)$", build, re.MULTILINE)):
        for source in sources:
            place = tmp_path / "src" / target
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                place.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / source, place / source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "../wheels", "."]
    subprocess.run(command, cwd=tmp_path / "src", check=True)
    assert len(list((tmp_path / "wheels").glob("partner_center_auditor-*.whl"))) == 1
