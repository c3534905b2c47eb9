"""The recipes of docs/recipes: each file is checked by the published checker of its format, where there is one."""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import kubernetes_validate
import pytest
import yaml

from auditor.settings import Settings, all_fields

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"
README = (RECIPES / "README.md").read_text(encoding="utf-8")
COMMAND = "auditor run --continue -q"
FOR_A_PERSON = {1, 2, 4, 5, 7}
"""Exit codes after which another try does not help."""


def _text(name: str) -> str:
    return (RECIPES / name).read_text(encoding="utf-8")


def _documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all(_text(name)))


def test_every_file_is_in_the_table() -> None:
    """And every link of the page leads to a file."""
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)#]+[^)]*)\)", README)}
    files = {path.relative_to(RECIPES).as_posix() for path in RECIPES.rglob("*") if path.is_file()}
    assert files - {"README.md"} <= links
    assert [link for link in links if not (RECIPES / link).exists()] == []


def test_every_recipe_says_the_same_things() -> None:
    """Where the state is, overlap, exit codes, logs, sign-in, and how to see that it works."""
    for recipe in re.findall(r"^\| \[[^]]+\]\(#([a-z-]+)\)", README, re.MULTILINE):
        section = next(
            part for part in README.split("\n## ") if part.partition("\n")[0].lower().replace(" ", "-") == recipe
        )
        said = set(re.findall(r"^\| ([a-z -]+) \|", section, re.MULTILINE))
        assert {"state", "overlap", "exit codes", "logs", "sign-in", "it works"} <= said, recipe


def test_the_settings_file_has_settings_only() -> None:
    """Those in comments, too."""
    text = re.sub(r"^# (?=[a-z_]+ = )", "", _text("auditor.toml"), flags=re.MULTILINE)
    assert set(tomllib.loads(text)) <= set(all_fields())


@pytest.mark.parametrize(
    "name",
    [
        "systemd/auditor.service",
        "cron/auditor-night",
        "windows/auditor-night.ps1",
        "github/auditor.yml",
        "airflow/auditor_dag.py",
    ],
)
def test_every_recipe_runs_the_command(name: str) -> None:
    """With the settings file that all share."""
    text = _text(name).replace("/usr/local/bin/", "").replace('"$config"', "/etc/auditor/auditor.toml")
    [found] = re.findall(rf"\b{COMMAND} --config (\S+)", text)
    assert "auditor" in found


def test_containers_run_the_script_that_hands_signals_on() -> None:
    """A shell as the first process of a container would not."""
    pod = _documents("kubernetes/cronjob.yaml")[1]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    [job] = _documents("azure/job.yaml")
    for container in (pod["containers"][0], job["properties"]["template"]["containers"][0]):
        assert container["command"] == ["auditor-night"]
        assert "args" not in container
    assert "/usr/local/bin/auditor-night" in _text("container/Containerfile")


def test_systemd_tries_again_where_another_try_helps() -> None:
    """A complete run with newly blocked customers is a success."""
    unit = dict(re.findall(r"^(\w+)=(.*)$", _text("systemd/auditor.service"), re.MULTILINE))
    assert unit["SuccessExitStatus"] == "10"
    assert {int(code) for code in unit["RestartPreventExitStatus"].split()} == FOR_A_PERSON - {1}
    assert int(unit["TimeoutStopSec"]) > Settings().grace


def test_the_crontab_has_no_percent_sign_in_a_command() -> None:
    """Cron ends the command there, and hands it the rest as standard input."""
    entries = [line for line in _text("cron/auditor.crontab").splitlines() if line and not line.startswith("#")]
    assert [line for line in entries if "%" in line] == []
    assert len([line for line in entries if re.match(r"[\d*]", line)]) == 1


def _fake_auditor(folder: Path, *codes: int) -> dict[str, str]:
    """Put a program `auditor` into the folder that ends with these exit codes, one after the other."""
    (folder / "codes").write_text("".join(f"{code}\n" for code in codes), encoding="ascii")
    program = folder / "auditor"
    program.write_text(
        f"#!/bin/sh\ncd '{folder}'; echo \"$@\" >>calls; code=$(head -n 1 codes)\n"
        "[ $(wc -l <codes) = 1 ] || sed -i 1d codes; echo said; exit $code\n",
        encoding="ascii",
    )
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{RECIPES / 'cron'}:{os.environ['PATH']}"}


def _run(script: str, environment: dict[str, str], shell: str = "/bin/sh") -> subprocess.CompletedProcess[str]:
    return subprocess.run([shell, "-c", script], env=environment, text=True, capture_output=True, check=False)


unix = pytest.mark.skipif(sys.platform == "win32", reason="a script for /bin/sh")


@unix
@pytest.mark.parametrize(
    ("codes", "ends_with", "tries"),
    [
        ((0,), 0, 1),
        ((10,), 0, 1),
        ((6, 3, 0), 0, 3),
        ((6, 10), 0, 2),
        ((6,), 6, 5),
        ((4,), 4, 1),
        ((11,), 11, 1),
        ((6, 4), 4, 2),
    ],
)
def test_auditor_night_continues_after_an_outage(
    codes: tuple[int, ...], ends_with: int, tries: int, tmp_path: Path
) -> None:
    """Five tries at most; none where only a person can help."""
    environment = _fake_auditor(tmp_path, *codes) | {"NIGHT_PAUSE": "0"}
    assert _run("auditor-night", environment).returncode == ends_with
    calls = (tmp_path / "calls").read_text(encoding="ascii").splitlines()
    assert calls == ["run --continue -q --config /etc/auditor/auditor.toml"] * tries


@unix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("program", ["auditor", "sleep"])
def test_a_signal_reaches_the_program(program: str, number: signal.Signals, tmp_path: Path) -> None:
    """While it asks, and during the pause after an outage; no further try follows."""
    environment = _fake_auditor(tmp_path, 6)
    path = tmp_path / program
    path.write_text(
        "#!/bin/sh\ntrap 'echo stopped; kill $!; exit 143' TERM\n/bin/sleep 60 >/dev/null & echo started; wait\n",
        encoding="ascii",
    )
    path.chmod(0o755)
    with subprocess.Popen(
        [RECIPES / "cron" / "auditor-night"], env=environment, stdout=subprocess.PIPE, text=True
    ) as night:
        assert night.stdout is not None
        for line in night.stdout:
            if line == "started\n":
                night.send_signal(number)
                break
        assert night.stdout.read() == "stopped\n"
    assert night.returncode == (143 if program == "auditor" else 6)


@unix
@pytest.mark.parametrize("code", [0, 4])
def test_what_cron_would_mail(code: int, tmp_path: Path) -> None:
    """Nothing where all is well, else what the program said, and its exit code."""
    crontab = dict(re.findall(r"^(\w+)=(.*)$", _text("cron/auditor.crontab"), re.MULTILINE))
    command = re.findall(r"^17 2 \* \* \* (.*)$", _text("cron/auditor.crontab"), re.MULTILINE)[0]
    ended = _run(command, _fake_auditor(tmp_path, code) | {"LOG": str(tmp_path / "log")}, crontab["SHELL"])
    assert ended.returncode == code
    assert ended.stderr == ""
    mail = f"said\nauditor ended with exit code {code}; docs/runbook.md says what to do\n"
    assert ended.stdout == (mail if code else "")


TASK = {
    "Task": {"RegistrationInfo", "Triggers", "Principals", "Settings", "Data", "Actions"},
    "RegistrationInfo": {"URI", "SecurityDescriptor", "Source", "Date", "Author", "Version", "Description"},
    "Triggers": {"CalendarTrigger"},
    # a sequence: what the base type has, then its own
    "CalendarTrigger": ["StartBoundary", "EndBoundary", "RandomDelay", "ScheduleByDay"],
    "ScheduleByDay": {"DaysInterval"},
    "Principals": {"Principal"},
    "Principal": {"UserId", "LogonType", "GroupId", "DisplayName", "RunLevel"},
    "Settings": {
        "AllowStartOnDemand",
        "RestartOnFailure",
        "MultipleInstancesPolicy",
        "DisallowStartIfOnBatteries",
        "StopIfGoingOnBatteries",
        "AllowHardTerminate",
        "StartWhenAvailable",
        "RunOnlyIfNetworkAvailable",
        "WakeToRun",
        "Enabled",
        "Hidden",
        "ExecutionTimeLimit",
        "Priority",
        "RunOnlyIfIdle",
    },
    "Actions": {"Exec"},
    "Exec": {"Command", "Arguments", "WorkingDirectory"},
}
"""Element -> its children, from Microsoft's Task Scheduler schema (MS-TSCH, section 2.5); a list where their order counts."""


def test_the_windows_task_has_the_elements_of_the_schema() -> None:
    """Their names, each once, and their order where the schema has one."""
    space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    task = ET.fromstring((RECIPES / "windows" / "auditor-task.xml").read_bytes())  # noqa: S314 - our own
    assert (task.tag, task.get("version")) == (f"{space}Task", "1.4")
    for element in task.iter():
        children = [child.tag.removeprefix(space) for child in element]
        allowed = TASK.get(element.tag.removeprefix(space), set())
        assert len({*children}) == len(children)
        assert {*children} <= {*allowed}, element.tag
        if isinstance(allowed, list):
            assert children == [name for name in allowed if name in children]
    found = {element.tag.removeprefix(space): element.text for element in task.iter()}
    assert found["MultipleInstancesPolicy"] in {"Parallel", "Queue", "IgnoreNew", "StopExisting"}
    assert found["LogonType"] in {"S4U", "Password", "InteractiveToken"}
    assert str(found["Arguments"]).endswith('auditor-night.ps1"')
    principal = task.find(f"{space}Principals/{space}Principal")
    actions = task.find(f"{space}Actions")
    assert principal is not None
    assert actions is not None
    assert principal.get("id") == actions.get("Context")


def test_kubernetes_accepts_the_manifests() -> None:
    """Strictly: without unknown fields, for the oldest and the newest version that the recipe is for."""
    for document in _documents("kubernetes/cronjob.yaml"):
        for version in ("1.31", kubernetes_validate.latest_version()):
            kubernetes_validate.validate(document, version, strict=True)


def test_kubernetes_fails_where_only_a_person_can_help() -> None:
    """After 3 and 6, `auditor-night` has tried for hours; where the pod was killed, the next one continues."""
    job = _documents("kubernetes/cronjob.yaml")[1]["spec"]["jobTemplate"]["spec"]
    fails = [rule for rule in job["podFailurePolicy"]["rules"] if rule["action"] == "FailJob"]
    assert {code for rule in fails for code in rule["onExitCodes"]["values"]} == FOR_A_PERSON | {3, 6}
    pod = job["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > Settings().grace
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"]
    assert pod["securityContext"]["runAsNonRoot"]


JOB = {
    "": {"type", "name", "location", "identity", "properties"},
    "properties": {"environmentId", "workloadProfileName", "configuration", "template"},
    "configuration": {
        "triggerType",
        "scheduleTriggerConfig",
        "replicaTimeout",
        "replicaRetryLimit",
        "secrets",
        "registries",
    },
    "scheduleTriggerConfig": {"cronExpression", "parallelism", "replicaCompletionCount"},
    "secrets": {"name", "value", "identity", "keyVaultUrl", "secretRef", "path"},
    "template": {"containers", "initContainers", "volumes"},
    "containers": {"name", "image", "command", "args", "env", "resources", "volumeMounts"},
    "env": {"name", "value", "secretRef"},
    "resources": {"cpu", "memory"},
    "volumeMounts": {"volumeName", "mountPath", "subPath"},
    "volumes": {"name", "storageType", "storageName", "mountOptions", "secrets"},
    "identity": {"type", "userAssignedIdentities"},
}
"""Object -> its properties, from Microsoft's reference of Microsoft.App/jobs."""


def test_the_azure_job_has_the_documented_properties() -> None:
    """At every level."""

    def check(value: Any, name: str) -> None:
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                assert set(one) <= JOB[name], name
                for key, inner in one.items():
                    check(inner, key)

    [job] = _documents("azure/job.yaml")
    check(job, "")
    [container] = job["properties"]["template"]["containers"]
    volumes = {volume["name"] for volume in job["properties"]["template"]["volumes"]}
    assert {mount["volumeName"] for mount in container["volumeMounts"]} == volumes
    assert job["properties"]["configuration"]["replicaRetryLimit"] == 0


def test_github_accepts_the_workflow() -> None:
    """Against the JSON Schema of workflows that SchemaStore publishes, as check-jsonschema brings it."""
    schemas = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((schemas / "github-workflows.json").read_text(encoding="utf-8"))
    # YAML 1.1 reads the key `on` as a truth value; GitHub and the schema do not
    [workflow] = [{"on" if key is True else key: value for key, value in _documents("github/auditor.yml")[0].items()}]
    jsonschema.Draft7Validator(schema).validate(workflow)
    assert workflow["concurrency"]["cancel-in-progress"] is False
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["audit"]["runs-on"][0] == "self-hosted"


@unix
@pytest.mark.parametrize(("code", "ends_with"), [(0, 0), (10, 0), (11, 0), (6, 6), (4, 4)])
def test_the_step_of_the_workflow_ends_as_github_understands_it(code: int, ends_with: int, tmp_path: Path) -> None:
    """With `bash -e`, as GitHub starts it."""
    [step] = next(iter(_documents("github/auditor.yml")[0]["jobs"].values()))["steps"]
    ended = _run(f"set -e\n{step['run']}", _fake_auditor(tmp_path, code), "bash")
    assert ended.returncode == ends_with
    assert ("::error::" in ended.stdout) == bool(ends_with)


@unix
@pytest.mark.parametrize(
    ("code", "ends_with", "pushed"),
    [(0, 0, "0"), (10, 0, "10"), (4, 0, "4"), (6, 6, "said"), (3, 3, "said"), (11, 99, "said")],
)
def test_the_task_of_airflow_tries_again_where_that_helps(
    code: int, ends_with: int, pushed: str, tmp_path: Path
) -> None:
    """The last line of its output is what the next task gets; 99 is what Airflow skips."""
    tree = ast.parse(_text("airflow/auditor_dag.py"))
    [script] = [node.value for node in tree.body if isinstance(node, ast.Assign)]
    ended = _run(ast.literal_eval(script), _fake_auditor(tmp_path, code), "bash")
    assert ended.returncode == ends_with
    assert ended.stdout.splitlines()[-1] == pushed
    keywords = {
        keyword.arg: keyword.value for node in ast.walk(tree) if isinstance(node, ast.Call) for keyword in node.keywords
    }
    assert ast.literal_eval(keywords["skip_on_exit_code"]) == 99


def test_the_container_copies_what_its_build_needs_and_nothing_else() -> None:
    """The wheel is built from these files in tests/system/test_recipes_run.py."""
    text = _text("container/Containerfile")
    stages = re.findall(r"^FROM (\S+)(?: AS (\w+))?$", text, re.MULTILINE)
    assert [name for _, name in stages] == ["build", ""]
    copied = [part for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE) for part in line.split()[:-1]]
    root = RECIPES.parents[1]
    assert [name for name in copied if not (root / name).exists()] == []
    assert re.search(r"^USER 10001:0$", text, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK NONE$", text, re.MULTILINE)
    named = set(re.findall(r"AUDITOR_(\w+)=", text))
    assert {name.lower() for name in named} <= set(all_fields())


def test_powershell_parses_the_script() -> None:
    """Its own parser, where there is one."""
    powershell = shutil.which("pwsh") or shutil.which("powershell")
    if powershell is None:
        pytest.skip("no PowerShell here: the script was not run")
    path = RECIPES / "windows" / "auditor-night.ps1"
    parse = f"[void][scriptblock]::Create((Get-Content -Raw '{path}'))"
    subprocess.run([powershell, "-NoProfile", "-Command", parse], check=True)
