"""Copies of runs in object stores: S3, Azure storage, Google Cloud storage, or a folder, all through fsspec.

============  ========================================================================================================
`store`       one place in a store: opens it, bounds the time of each call, says in a sentence what the store refuses
`upload`      copies a verified run, or a fleet's round; its manifest is removed first and written last
`download`    lists published runs, and copies one to this machine
============  ========================================================================================================

fsspec and the providers' libraries are imported when a store is opened.
"""

from auditor.publish.download import LATEST_FILE, Published, copy_run, find_published, list_published, read_latest
from auditor.publish.store import StoreError, UnreachableError, check_store, make_folder
from auditor.publish.upload import Package, publish, publish_round

__all__ = [
    "LATEST_FILE",
    "Package",
    "Published",
    "StoreError",
    "UnreachableError",
    "check_store",
    "copy_run",
    "find_published",
    "list_published",
    "make_folder",
    "publish",
    "publish_round",
    "read_latest",
]
