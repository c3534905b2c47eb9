"""One place in an object store, through fsspec: every call is bounded in time, every error is one sentence without a secret.

The providers' libraries retry what is transient. Their own texts are never shown: a store that refuses a signature quotes it. Only
the class of an error and the store's error code are.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from auditor.core.store_url import EXTRAS
from auditor.errors import IncompleteError, OutputError, SettingsError, describe_os_error

if TYPE_CHECKING:
    from fsspec.asyn import AsyncFileSystem

T = TypeVar("T")
_CHECK_SECONDS = 60.0
"""Longest time of the check before a run."""
TOTAL_SECONDS = 3600.0
"""Longest time of a whole copy."""
_CALL_SECONDS, _LEAST_BYTES_PER_SECOND = 120.0, 50_000
"""Longest time of one call: this, and as long as its bytes take at this speed."""
_AT_ONCE = 8
"""Files that are copied at the same time."""
_LARGEST_OBJECT = 32 << 20
"""Bytes of a manifest, a summary or `latest.json`, at most; a larger one is not read."""
_PROBE = ".auditor-check"
"""Name of the object that the check writes and removes."""
_CHATTY = ("aiobotocore", "adlfs", "azure", "boto3", "botocore", "fsspec", "gcsfs", "google", "s3fs")
"""Libraries that log signatures and session tokens at the levels INFO and DEBUG, and as a warning what our errors say."""
_REFUSED = frozenset({401, 403})


class StoreError(OutputError):
    """The store does not do what is asked of it. The run on this machine is whole."""


class UnreachableError(StoreError):
    """The store does not answer, or fails by itself: a later try may succeed."""


class Store:
    """A place in an object store.

    Attributes:
        url: of the place, without a trailing slash.

    Args:
        url: as `core.store_url.check_store_url` returns it.

    Raises:
        SettingsError: the library for the store is not installed.
        StoreError: the provider's environment has nothing to sign in with.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.ERROR)
        with _in_words(url):
            self._fs, self._root = _open(url)

    def run(self, work: Coroutine[Any, Any, T], seconds: float | None = None) -> T:
        """Run a coroutine that calls the methods below, in the event loop of fsspec; an interruption cancels it.

        Args:
            work: the coroutine.
            seconds: longest time; None for that of a whole copy.

        Raises:
            StoreError: the store refuses, or does not answer in time.
        """
        future = asyncio.run_coroutine_threadsafe(work, self._fs.loop)
        with _in_words(self.url):
            try:
                return future.result(seconds or TOTAL_SECONDS)
            except BaseException:
                future.cancel()
                raise

    async def put(self, source: Path, name: str, size: int) -> None:
        """Copy a file to the store, in place of an object of that name."""
        await self._call(self._fs._put_file, str(source), self._path(name), size=size)

    async def write(self, name: str, content: bytes) -> None:
        """Write an object, in place of another of that name."""
        await self._call(self._fs._pipe_file, self._path(name), content)

    async def create(self, name: str, content: bytes) -> None:
        """Write an object that is not there yet.

        Raises:
            FileExistsError: it is there, with another content.
        """
        try:
            await self._call(self._fs._pipe_file, self._path(name), content, mode="create")
        except FileExistsError:
            # the library sends a write again whose answer was lost
            if await self.read(name) != content:
                raise

    async def read(self, name: str, size: int | None = None) -> bytes | None:
        """The content of a small object; None where it is not there.

        Args:
            name: of the object.
            size: in bytes, as the store has listed it; None asks the store.

        Raises:
            IncompleteError: it is larger than any that auditor writes.
        """
        path = self._path(name)
        with suppress(FileNotFoundError):
            if size is None:
                size = int((await self._call(self._fs._info, path))["size"])
            if size > _LARGEST_OBJECT:
                raise IncompleteError(
                    f"{self.url}/{name}: has {size:,} bytes; at most {_LARGEST_OBJECT:,} are read",
                    "publish it again, where it is stored: auditor publish RUN",
                )
            return bytes(await self._call(self._fs._cat_file, path))
        return None

    async def read_start(self, name: str, size: int) -> bytes | None:
        """The first bytes of an object; None where it is not there."""
        with suppress(FileNotFoundError):
            return bytes(await self._call(self._fs._cat_file, self._path(name), start=0, end=size))
        return None

    async def get(self, name: str, target: Path, size: int) -> None:
        """Copy an object to a file."""
        await self._call(self._fs._get_file, self._path(name), str(target), size=size)

    async def remove(self, name: str) -> None:
        """Remove an object, where it is there."""
        with suppress(FileNotFoundError):
            await self._call(self._fs._rm_file, self._path(name))

    async def sizes(self, folder: str) -> dict[str, int]:
        """Name, from the folder, of every object below it -> its size in bytes."""
        path = self._path(folder)
        try:
            found = await self._call(self._fs._find, path, withdirs=False, detail=True)
        except FileNotFoundError:
            return {}
        return {name.removeprefix(f"{path}/"): int(one["size"]) for name, one in found.items() if name != path}

    async def folders(self) -> list[str]:
        """Names of the folders directly in this place."""
        found = await self._call(self._fs._ls, self._root, detail=True)
        return sorted(one["name"].rstrip("/").rpartition("/")[2] for one in found if one["type"] == "directory")

    async def check(self) -> None:
        """Write an object and remove it: what publishing needs."""
        await self.write(_PROBE, b"")
        await self.remove(_PROBE)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    async def _call(
        self, method: Callable[..., Coroutine[Any, Any, T]], *given: Any, size: int = 0, **options: Any
    ) -> T:
        async with asyncio.timeout(_CALL_SECONDS + size / _LEAST_BYTES_PER_SECOND):
            return await method(*given, **options)


def check_store(url: str) -> None:
    """Check that runs can be published to a place.

    Raises:
        SettingsError: its library is missing, there is no such bucket, container or folder, or the store refuses.
        UnreachableError: it does not answer.
    """
    try:
        store = Store(url)
        store.run(store.check(), _CHECK_SECONDS)
    except UnreachableError:
        raise
    except StoreError as error:
        raise SettingsError(error.message, error.hint) from error


def make_folder(url: str) -> None:
    """Create the folder of a `file://` URL, if the one above it exists. In other stores, a place needs none.

    Raises:
        StoreError: it cannot be created.
    """
    folder = Path(url.removeprefix("file://"))
    if url.startswith("file://") and folder.parent.is_dir():
        with _in_words(url):
            folder.mkdir(exist_ok=True)


async def each(work: "Iterator[Coroutine[Any, Any, None]]") -> None:
    """Run these, some at a time; the first error cancels the others."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def in_turn(one: Coroutine[Any, Any, None]) -> None:
        async with places:
            await one

    tasks = [asyncio.ensure_future(in_turn(one)) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _open(url: str) -> "tuple[AsyncFileSystem, str]":
    """The file system of a URL, and the path in it.

    Raises:
        SettingsError: a library is missing; a folder does not exist.
    """
    scheme = url.partition("://")[0]
    extra = EXTRAS[scheme]
    try:
        import fsspec
        from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper

        options = {} if extra else {"auto_mkdir": True}
        found, path = fsspec.url_to_fs(url, skip_instance_cache=True, use_listings_cache=False, **options)
    except ImportError as error:
        package = f"partner-center-auditor[{extra}]" if extra else "fsspec"
        raise SettingsError(
            f"{url}: the library for {scheme}:// is not installed", f'pip install "{package}"'
        ) from error
    except ValueError as error:
        # adlfs: neither an account nor a connection string is set, or the latter is malformed
        raise StoreError(
            f"{url}: the environment does not say how to reach this store",
            f"set what docs/object-stores.md names for {scheme}://",
        ) from error
    if extra:
        return found, path.rstrip("/")
    if not Path(path).is_dir():
        raise SettingsError(f"{url}: there is no such folder", "create it, or mount the share that holds it")
    return AsyncFileSystemWrapper(found), path.rstrip("/")


@contextmanager
def _in_words(url: str) -> Iterator[None]:
    """Turn an error of the store, or of its library, into a StoreError.

    Raises:
        StoreError: instead of it.
    """
    try:
        yield
    except (SettingsError, IncompleteError, OutputError):
        raise
    except Exception as error:
        raise _describe(error, url) from error


def _describe(error: Exception, url: str) -> StoreError:
    """What the store says, in our own words: of its own text only the error code is taken."""
    code = _code(error, url)
    if isinstance(error, PermissionError) or _is_refusal(error):
        return StoreError(
            f"{url}: the store refuses ({code})",
            "check credentials and rights (docs/object-stores.md), then do it again",
        )
    if isinstance(error, FileExistsError):
        return StoreError(
            f"{url}: another program publishes the same run at the same time", "wait for it, then do it again"
        )
    if isinstance(error, FileNotFoundError) or _status(error) == 404:  # noqa: PLR2004 - HTTP
        return StoreError(
            f"{url}: there is no such bucket, container or folder ({code})", "create it, or name another place"
        )
    return UnreachableError(
        f"{url}: the store does not answer, or fails ({code})", "check network and endpoint, then do it again"
    )


def _is_refusal(error: Exception) -> bool:
    """True where a store refuses the credentials, or where its library finds none."""
    names = {one.__name__ for one in type(error).__mro__}
    missing = {"NoCredentialsError", "PartialCredentialsError", "ClientAuthenticationError", "GoogleAuthError"}
    return bool(names & missing) or _status(error) in _REFUSED


def _status(error: Exception) -> int:
    """HTTP status of the store's answer; 0 where there is none."""
    status = str(getattr(error, "status_code", None) or getattr(error, "code", None))
    return int(status) if status.isdecimal() else 0


def _code(error: Exception, url: str) -> str:
    """The store's error code, such as `NoSuchBucket`, or the class of the error."""
    cause: BaseException = error.__cause__ or error
    if isinstance(error, OSError) and url.startswith("file:"):
        return describe_os_error(error)
    answer = getattr(cause, "response", None)
    found = answer.get("Error", {}).get("Code") if isinstance(answer, dict) else getattr(cause, "error_code", None)
    text = str(getattr(found, "value", found) or "")
    return text if re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", text) else type(cause).__name__
