"""report.html: one file, offline, for whoever wants the answer on one screen.

`records`   which records the page has
`columns`   what its tables leave out, as columns in JSON
`charts`    counts -> bars
`heading`   what it begins with: completeness, counts, sums
`lines`     records -> lines of its tables
`content`   all of these for the template and the script
`words`     words of the program -> words for people
`write`     template, style and script -> the file
"""

from auditor.report.page.content import MOST_CHANGES
from auditor.report.page.records import PART, WHOLE
from auditor.report.page.write import NAME, owns, write

__all__ = ["MOST_CHANGES", "NAME", "PART", "WHOLE", "owns", "write"]
