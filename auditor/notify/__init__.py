"""What leaves the machine after a run: messages, mails, pings. No judgement here: `core` decides what they say."""

from auditor.notify.metrics import METRICS, Values, write_metrics

__all__ = ["METRICS", "Values", "write_metrics"]
