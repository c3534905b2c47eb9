"""`python -m auditor` is `auditor`. Rule: whoever stops it at any moment sees no traceback."""

try:
    from auditor.cli import main

    code = main()
except KeyboardInterrupt:
    code = 130
raise SystemExit(code)
