"""Publish a verified run: its folder, its history file, and `latest.json` where `latest` points to it. Or a fleet's round: its folder.

The old manifest is removed first and the new one is written last, so an interrupted copy has none. It is only created, never
replaced, where the store can do that: of two programs that publish the same run at once, one fails.
"""

import hashlib
import json
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor import journal
from auditor.errors import OutputError
from auditor.publish.download import LATEST_FILE, MANIFEST, FileEntry, parse_latest, read_entries
from auditor.publish.store import Store, each

_LATEST_VERSION = 1


@dataclass(frozen=True, slots=True)
class Package:
    """What is published of a run.

    Attributes:
        run: the folder, named by its run-id.
        history: its history file; None where it has none.
        history_name: name of that file from the place in the store; empty where its day is not known.
        simulated: True where a history file of it must not stay.
        is_latest: whether `latest.json` points to this run afterwards.
        partner: tenant id of the partner; empty where it is not known.
    """

    run: Path
    history: Path | None
    history_name: str
    simulated: bool
    is_latest: bool
    partner: str


def publish(url: str, package: Package) -> int:
    """Copy a run to a place in a store. To publish it again replaces it.

    Args:
        url: as `core.store_url.check_store_url` returns it.
        package: of a verified run whose lock is held.

    Returns:
        Number of bytes in the run's folder there.

    Raises:
        SettingsError: the library for the store is not installed.
        StoreError: the store refuses, or does not answer. There is no manifest then.
        OutputError: the place holds runs of another partner, or another run with the same run-id.
    """
    store = Store(url)
    return store.run(_publish(store, package))


async def _publish(store: Store, package: Package) -> int:
    run, name = package.run, package.run.name
    manifest = (run / MANIFEST).read_bytes()
    entries = read_entries(manifest)
    await _check_partner(store, package.partner)
    await _check_same_run(store, run)
    await store.remove(f"{name}/{MANIFEST}")
    # the journal first: it says whose run this is
    await store.put(run / journal.JOURNAL, f"{name}/{journal.JOURNAL}", entries[journal.JOURNAL].bytes)
    await each(_uploads(store, package, entries))
    await _finish(store, name, manifest)
    if package.is_latest:
        await store.write(LATEST_FILE, _latest(package, manifest))
    return len(manifest) + sum(entry.bytes for entry in entries.values())


def publish_round(url: str, folder: Path) -> int:
    """Copy the combined report of a fleet's round to `fleet/<round>/` of a place in a store. To publish it again replaces it.

    Args:
        url: as `core.store_url.check_store_url` returns it.
        folder: of the verified report.

    Returns:
        Number of bytes in the round's folder there.

    Raises:
        SettingsError, StoreError, OutputError: as of `publish`.
    """
    store = Store(url)
    return store.run(_publish_round(store, folder))


async def _publish_round(store: Store, folder: Path) -> int:
    name = f"{folder.parent.name}/{folder.name}"
    manifest = (folder / MANIFEST).read_bytes()
    entries = read_entries(manifest)
    await store.remove(f"{name}/{MANIFEST}")
    await each(store.put(folder / one, f"{name}/{one}", entry.bytes) for one, entry in entries.items())
    await _finish(store, name, manifest)
    return len(manifest) + sum(entry.bytes for entry in entries.values())


async def _finish(store: Store, name: str, manifest: bytes) -> None:
    """Remove what the manifest does not list, compare the sizes of the rest, then write the manifest.

    Raises:
        OutputError: a file is not there, or has another size.
    """
    entries = read_entries(manifest)
    found = await store.sizes(name)
    await each(store.remove(f"{name}/{one}") for one in found if one not in entries)
    if missing := [one for one, entry in entries.items() if found.get(one) != entry.bytes]:
        raise OutputError(f"{store.url}/{name}/{missing[0]}: not stored as it was sent", f"auditor publish {name}")
    await store.create(f"{name}/{MANIFEST}", manifest)


def _uploads(store: Store, package: Package, entries: dict[str, FileEntry]) -> Iterator[Coroutine[Any, Any, None]]:
    for name, entry in entries.items():
        if name != journal.JOURNAL:
            yield store.put(package.run / name, f"{package.run.name}/{name}", entry.bytes)
    if package.history:
        yield store.put(package.history, package.history_name, package.history.stat().st_size)
    elif package.simulated:
        # a run whose first session got no answer was not known to be simulated
        yield store.remove(package.history_name)


async def _check_partner(store: Store, partner: str) -> None:
    """Refuse a place whose `latest.json` points to another partner's run: its readers would act on the wrong customers.

    Raises:
        OutputError: it does.
    """
    pointer = parse_latest(await store.read(LATEST_FILE))
    if pointer and pointer.partner_tenant and partner and pointer.partner_tenant != partner:
        raise OutputError(
            f"{store.url} holds runs of the partner {pointer.partner_tenant}, and this run is of {partner}",
            "publish each partner to a URL of its own (--publish)",
        )


async def _check_same_run(store: Store, run: Path) -> None:
    """Refuse to replace the run of another partner, or of another machine, that began in the same second.

    Raises:
        OutputError: there is such a run.
    """
    with (run / journal.JOURNAL).open("rb") as file:
        header = file.readline()
    there = await store.read_start(f"{run.name}/{journal.JOURNAL}", len(header))
    if there and there != header:
        raise OutputError(
            f"{store.url}/{run.name} is another run with the same run-id", "publish it to a URL of its own (--publish)"
        )


def _latest(package: Package, manifest: bytes) -> bytes:
    document = {
        "schema_version": _LATEST_VERSION,
        "run_id": package.run.name,
        "complete": True,
        "partner_tenant": package.partner or None,
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
    }
    return json.dumps(document, indent=2).encode() + b"\n"
