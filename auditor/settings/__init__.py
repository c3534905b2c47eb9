"""Frozen settings. Rule: flag > environment > file > default, with one exception for an explicit profile (`identity`); an
unknown key is an error; a secret never shows itself.

==========  ===================================================
`values`    text -> the value of a setting
`known`     what can be set
`sources`   flags, environment, file: what is set
`identity`  who signs in: a profile or the environment, never a mix
==========  ===================================================
"""

from auditor.settings.known import PREFIX, Settings, reparse
from auditor.settings.sources import Origins, load
from auditor.settings.values import AUTO, CLOUDS, Secret, duration, is_loopback

__all__ = ["AUTO", "CLOUDS", "PREFIX", "Origins", "Secret", "Settings", "duration", "is_loopback", "load", "reparse"]
