"""How much memory does `auditor run --dry-run` take for a long list? The aim is 300 MiB for a million rows.

python tests/benchmarks/list_memory.py [ROWS]
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

AIM = 300


def main() -> None:
    """Makes a list, reads it, prints peak memory and time."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("Microsoft ID,Company name,Primary domain name,Relationship,Tags\n")
            for n in range(rows):
                file.write(f'{n:08x}-1111-4222-8333-444444444444,"Company, {n}",c{n}.example,Cloud Reseller,tag\n')
        size = path.stat().st_size
        began = time.perf_counter()
        code = (
            "import resource, sys\nfrom auditor.cli import main\n"
            f"assert main(['run', '--dry-run', {str(path)!r}]) == 0\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
        )
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - began
    peak = int(done.stdout.splitlines()[-1])
    print(f"{rows:,} rows, {size >> 20:,} MiB of CSV: peak {peak} MiB (aim {AIM}), {seconds:.1f} s")


if __name__ == "__main__":
    main()
