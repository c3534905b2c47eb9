"""Frozen settings. Flag or keyword > environment > file > default, with one exception for an explicit profile (`identity`). An
unknown key is an error. A secret is never shown.
"""

from auditor.settings.fields import FLAG, KEYWORD, PREFIX, Settings, SettingsKeywords, all_fields, reparse
from auditor.settings.layers import Origins, load
from auditor.settings.parsers import (
    AUTO,
    BLOCKED_FIRST,
    CHANGED_FIRST,
    CLOUDS,
    SUM_FIRST,
    Secret,
    is_loopback,
    local_folder,
)

__all__ = [
    "AUTO",
    "BLOCKED_FIRST",
    "CHANGED_FIRST",
    "CLOUDS",
    "FLAG",
    "KEYWORD",
    "PREFIX",
    "SUM_FIRST",
    "Origins",
    "Secret",
    "Settings",
    "SettingsKeywords",
    "all_fields",
    "is_loopback",
    "load",
    "local_folder",
    "reparse",
]
