"""report.html read back and compared. Rule: the standard library's parser, and no code of what wrote it.

=========  ==============================================================
`markup`   the page as texts
`records`  the records that it shows, each against what it must say
`changes`  its table of changes against changes.csv
`face`     what it says of the run's state and its counts; all of these
=========  ==============================================================
"""

from auditor.report.page_check.face import check_page

__all__ = ["check_page"]
