"""`python -m auditor` is the same as `auditor`. Ctrl-C never shows a traceback."""

try:
    from auditor.cli import main

    code = main()
except KeyboardInterrupt:
    code = 130
raise SystemExit(code)
