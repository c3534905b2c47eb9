"""Frozen settings. Flag or keyword > environment > file > default, with one exception for an explicit profile (`identity`). An
unknown key is an error. A secret is never shown.
"""

from auditor.settings.fields import FLAG, KEYWORD, PREFIX, Settings, all_fields, reparse
from auditor.settings.keywords import SettingsKeywords, keywords_in_messages
from auditor.settings.layers import TABLES, Origins, find_file, load, read_file
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
from auditor.settings.toml_text import format_settings

__all__ = [
    "AUTO",
    "BLOCKED_FIRST",
    "CHANGED_FIRST",
    "CLOUDS",
    "FLAG",
    "KEYWORD",
    "PREFIX",
    "SUM_FIRST",
    "TABLES",
    "Origins",
    "Secret",
    "Settings",
    "SettingsKeywords",
    "all_fields",
    "find_file",
    "format_settings",
    "is_loopback",
    "keywords_in_messages",
    "load",
    "local_folder",
    "read_file",
    "reparse",
]
