"""Publishing to Azurite, Microsoft's emulator of Azure storage, as a real server; a SAS signature is in no message."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.storage.blob import AccountSasPermissions, BlobServiceClient, ResourceTypes, generate_account_sas

from auditor.cli import main
from auditor.publish.store import Store
from auditor.simulator import AnswerOptions
from serving_support import serving

pytestmark = pytest.mark.system

AZURITE = Path(sys.prefix) / "azurite" / "node_modules" / ".bin" / "azurite-blob"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The key that Azurite's documentation gives for its only account."""
IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 5)]
URL = "abfs://reports/auditor"
RUN = ["run", "list.txt", "--rate", "0", "--customer-list", "never", "--format", "csv", "-q"]


@pytest.fixture
def endpoint() -> Iterator[str]:
    """A server that keeps everything in memory; its URL with the account."""
    options = ["--blobPort", "0", "--inMemoryPersistence", "--disableTelemetry", "--silent", "--skipApiVersionCheck"]
    environment = {**os.environ, "NO_UPDATE_NOTIFIER": "1"}
    with subprocess.Popen([AZURITE, *options], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        found = next(filter(None, (re.search(r"listens on (http://\S+)", line) for line in process.stdout)))
        try:
            yield f"{found[1]}/{ACCOUNT}"
        finally:
            process.terminate()


@pytest.fixture
def container(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[BlobServiceClient]:
    """The server with one container; the environment has the connection string."""
    connection = f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={endpoint};"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection)
    with BlobServiceClient.from_connection_string(connection) as client:
        client.create_container("reports")
        yield client


@pytest.fixture(autouse=True)
def _list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for _ in serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1})):
        yield


def test_a_run_is_published_twice_read_and_listed(
    container: BlobServiceClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """The manifest is only created: a second one is refused by the store."""
    assert main([*RUN, "--publish", URL]) == 0
    run = Path("reports/latest").resolve()
    assert main(["publish", "latest", "--publish", URL]) == 0
    for name in ("latest", run.name):
        assert main(["verify", name, "--reports", URL]) == 0
    capsys.readouterr()
    assert main(["runs", "--reports", URL, "--json"]) == 0
    assert [one["folder"] for one in json.loads(capsys.readouterr().out)] == [f"{URL}/{run.name}"]
    assert main(["report", f"{URL}/latest", "--format", "html"]) == 0
    names = {one.name for one in container.get_container_client("reports").list_blobs()}
    assert f"auditor/{run.name}/report.html" in names
    assert f"auditor/{run.name}/results.csv" not in names
    assert "auditor/.auditor-check" not in names
    store = Store(URL)
    with pytest.raises(Exception, match="another program publishes the same run"):
        store.run(store.create(f"{run.name}/manifest.json", b"another"))


def test_a_container_that_does_not_exist_and_a_wrong_key_are_said_first(
    container: BlobServiceClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is asked, and no run folder is made."""
    assert main([*RUN, "--publish", "az://nowhere/x"]) == 2
    assert "az://nowhere/x: there is no such bucket, container or folder (ContainerNotFound)" in capsys.readouterr().err
    wrong = KEY.replace("Eby8", "AAAA")
    text = os.environ["AZURE_STORAGE_CONNECTION_STRING"].replace(KEY, wrong)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)
    assert main([*RUN, "--publish", URL]) == 2
    assert f"{URL}: the store refuses (" in (error := capsys.readouterr().err)
    assert wrong not in error
    monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING")
    assert main([*RUN, "--publish", URL]) == 2
    assert "the environment does not say how to reach this store" in capsys.readouterr().err
    assert container.account_name == ACCOUNT
    assert not Path("reports").exists()


def test_a_shared_access_signature_works_and_is_written_nowhere(
    container: BlobServiceClient, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """At -vv, with a signature that may do all, and with one that may only read."""
    logging = ["-vv", "--log-file", "audit.log"]
    for rights, code in ((("read", "write", "delete", "list", "add", "create"), 0), (("read", "list"), 2)):
        signature = generate_account_sas(
            ACCOUNT,
            KEY,
            ResourceTypes(container=True, object=True),
            AccountSasPermissions(**dict.fromkeys(rights, True)),
            datetime.now(UTC) + timedelta(hours=1),
        )
        endpoint = container.url.rstrip("/")
        monkeypatch.setenv(
            "AZURE_STORAGE_CONNECTION_STRING", f"BlobEndpoint={endpoint};SharedAccessSignature={signature}"
        )
        assert main([*RUN[:-1], "--publish", URL, *logging]) == code
        streams = capfd.readouterr()
        everything = streams.out + streams.err + Path("audit.log").read_text(encoding="utf-8")
        assert signature not in everything
        assert "sig=" not in everything
    assert f"{URL}: the store refuses (" in streams.err
