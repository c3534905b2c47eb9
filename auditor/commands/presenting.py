"""How a run's documents for people are to look. Rule: settled once, when the run begins; a later report asks the journal."""

from auditor.core.presentation import Presentation
from auditor.settings import Settings


def presentation(settings: Settings, sums: tuple[str, ...] = ()) -> Presentation:
    """What the journal's header keeps.

    Args:
        settings: of the run.
        sums: columns of its lists that are added up.
    """
    return Presentation(settings.customer_link, settings.packs, settings.zone or _local_zone(), sums)


def _local_zone() -> str:
    """The name of this machine's time zone; UTC where it has none that others know."""
    import tzlocal

    try:
        return tzlocal.get_localzone_name() or "UTC"
    except (LookupError, ValueError, OSError):
        return "UTC"
