"""What leaves the machine after a run: messages, mails, pings. No judgement here: `core` decides what they say.

================  ================================================================================================
`channels`        a message to every channel at the same time
`webhook`         our own webhook: the JSON document, signed
`apprise_channel` the channels of apprise
`ping`            a dead man's switch
`metrics`         a file for Prometheus
`delivery`        one POST with bounded retries
================  ================================================================================================
"""

from auditor.notify.channels import Network, Outcome, check_channels, send_to_all
from auditor.notify.delivery import DeliveryError, Limits
from auditor.notify.metrics import METRICS, Labels, Values, write_metrics
from auditor.notify.ping import Ping

__all__ = [
    "METRICS",
    "DeliveryError",
    "Labels",
    "Limits",
    "Network",
    "Outcome",
    "Ping",
    "Values",
    "check_channels",
    "send_to_all",
    "write_metrics",
]
