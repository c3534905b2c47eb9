"""`python -m auditor` is `auditor`."""

from auditor.cli import main

raise SystemExit(main())
