"""A file of metrics for Prometheus, which the textfile collector of node_exporter reads.

The file appears complete or not at all. It describes the last run: a command that learns nothing new about a metric, because it
failed before it had a run, keeps what the earlier file says. So the time of the last success outlives a bad night.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from auditor.atomic_file import replace_file
from auditor.errors import OutputError, SettingsError, describe_os_error


class Metric(NamedTuple):
    """A gauge.

    Attributes:
        help: what it says, in one line.
        label: its own label beside `partner` and `list`; empty for none.
    """

    help: str
    label: str = ""


METRICS: Mapping[str, Metric] = {
    "auditor_info": Metric("Version of auditor that wrote this file; always 1.", "version"),
    "auditor_exit_code": Metric("Exit code of the last command, without that of its notifications."),
    "auditor_last_attempt_timestamp_seconds": Metric("When the last command ended, well or not."),
    "auditor_last_success_timestamp_seconds": Metric("When a command last ended with exit code 0 or 10."),
    "auditor_last_complete_run_timestamp_seconds": Metric("When the newest complete run ended."),
    "auditor_run_complete": Metric("1 if the last run is complete, else 0."),
    "auditor_run_simulated": Metric("1 if the answers of the last run came from the simulator, else 0."),
    "auditor_run_start_timestamp_seconds": Metric("When the last run started."),
    "auditor_run_end_timestamp_seconds": Metric("When the last run ended; missing if it was killed."),
    "auditor_run_duration_seconds": Metric("Duration of all sessions of the last run together."),
    "auditor_customers": Metric("Customers of the last run by verdict.", "verdict"),
    "auditor_rows": Metric("Rows of the last run by verdict.", "verdict"),
    "auditor_undetermined_rows": Metric("Undetermined rows of the last run by reason, without zeros.", "reason"),
    "auditor_newly_blocked_customers": Metric(
        "Customers that are blocked and were not in the baseline run; missing without a baseline."
    ),
    "auditor_oldest_evidence_timestamp_seconds": Metric("When the oldest answer of the last run arrived."),
    "auditor_requests": Metric("Requests of the last run by outcome.", "outcome"),
    "auditor_waited_seconds": Metric("Time by which the rate limit delayed the last session of the last run."),
    "auditor_learned_requests_per_minute": Metric("Rate at the end of the last run; missing without a rate limit."),
    "auditor_sign_in_end_timestamp_seconds": Metric(
        "When the sign-in ends if it is not used until then; missing where that is not known."
    ),
}
"""Name -> metric. Times are seconds since 1970, UTC."""
NEVER_EARLIER = frozenset({"auditor_last_success_timestamp_seconds", "auditor_last_complete_run_timestamp_seconds"})
"""Metrics that never go back: to finish an old run is no newer success."""


class Labels(NamedTuple):
    """The labels of every metric. None means not known.

    Attributes:
        partner: tenant id of the partner.
        list: of the customer list.
    """

    partner: str | None
    list: str | None


Values = Mapping[str, Mapping[str, float]]
"""Name of a metric -> value of its own label (empty where it has none) -> number. An empty mapping: known to have no value."""

_OTHER_FILE = "name a file in a folder that can be written to with --metrics (AUDITOR_METRICS)"
_LARGEST = 1 << 20
"""Bytes of an earlier file that are read."""


def write_metrics(file: str, values: Values, labels: Labels) -> None:
    """Write a file of metrics; what `values` does not name is kept from the earlier file.

    Args:
        file: path of the file; node_exporter reads those that end in `.prom`.
        values: what is known after this command.
        labels: of every metric. What is not known is as in the earlier file.

    Raises:
        OutputError: the file cannot be written; an earlier one is unchanged.
        SettingsError: the library for it is missing.
    """
    try:
        from prometheus_client import CollectorRegistry, Gauge, generate_latest
    except ImportError:
        raise SettingsError(
            f"the metrics file {file} needs the library prometheus-client, which is not installed",
            'pip install "partner-center-auditor[metrics]"',
        ) from None

    if Path(file).exists() and not Path(file).is_file():
        # root could put a file in the place of /dev/null, and to read a pipe may take for ever
        raise OutputError(f"the metrics file {file} cannot be written: it is not a file", _OTHER_FILE)
    earlier, labels = _read_earlier(Path(file), labels)
    registry = CollectorRegistry()
    for name, metric in METRICS.items():
        found = _newer(name, values.get(name), earlier.get(name, {}))
        gauge = Gauge(name, metric.help, [*Labels._fields, *filter(None, [metric.label])], registry=registry)
        for label, number in found.items():
            gauge.labels(*(text or "" for text in labels), *([label] if metric.label else [])).set(number)
    try:
        # node_exporter is another user
        replace_file(Path(file).resolve(), generate_latest(registry), 0o644)
    except OSError as error:
        raise OutputError(
            f"the metrics file {file} cannot be written: {describe_os_error(error)}", _OTHER_FILE
        ) from error


def _newer(name: str, value: Mapping[str, float] | None, earlier: Mapping[str, float]) -> Mapping[str, float]:
    """What a metric says now."""
    if value is None:
        return earlier
    if name in NEVER_EARLIER:
        return {label: max(number, earlier.get(label, number)) for label, number in value.items()}
    return value


def _read_earlier(file: Path, labels: Labels) -> tuple[dict[str, dict[str, float]], Labels]:
    """The values of an earlier file with these labels, and the labels with what that file knows. A damaged file has none."""
    found: dict[str, dict[str, float]] = {}
    known = labels
    try:
        with file.open("rb") as opened:
            text = opened.read(_LARGEST).decode()
        from prometheus_client.parser import text_string_to_metric_families

        for sample in (one for family in text_string_to_metric_families(text) for one in family.samples):
            theirs = Labels(*(sample.labels[name] for name in Labels._fields))
            if sample.name in METRICS and all(ours in (None, text) for ours, text in zip(known, theirs, strict=True)):
                known = theirs
                found.setdefault(sample.name, {})[sample.labels.get(METRICS[sample.name].label, "")] = sample.value
    except Exception:  # noqa: BLE001 - the library's parser raises whatever it trips over, and any damage is the same to us
        return {}, labels
    return found, known
