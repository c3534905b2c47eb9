"""What is done with each answer as it comes: into the journal first, then told. Rule: only the disk may refuse one."""

from auditor import journal
from auditor.commands.job import Watch
from auditor.core.model import CustomerResult, Reason
from auditor.fetch import internal_error_result


class Recorder:
    """Takes the answers of one session.

    Args:
        opened: the journal.
        watch: who hears of the answers.
        simulated: True where the journal says already that the answers come from the simulator.
    """

    def __init__(self, opened: journal.Journal, watch: Watch, *, simulated: bool) -> None:
        self._journal = opened
        self._watch = watch
        self._simulated = simulated
        self._unanswered: dict[int, Reason] = {}
        self.last_failure = ""

    def take(self, row: int, answer: CustomerResult) -> None:
        """Writes an answer down and tells of it.

        Raises:
            OSError: the disk takes nothing more; the answer is not in the journal.
        """
        self.last_failure = answer.response.failure or ""
        if answer.response.simulated and not self._simulated:
            self._simulated = True
            self._journal.mark_simulated()
        answer = self._written(row, answer)
        if row in self._unanswered:
            # after an outage it was asked once more
            self._watch.taken_back(self._unanswered.pop(row))
        if answer.finding.reason.asked_again:
            self._unanswered[row] = answer.finding.reason
        self._watch.told(answer)

    def _written(self, row: int, answer: CustomerResult) -> CustomerResult:
        """The answer as it was written down: one that cannot be, for a defect of auditor's, is `internal_error`."""
        try:
            self._journal.record(row, answer)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - one customer's answer must not end the run
            answer = internal_error_result(error, answer.customer_id, answer.attempts)
            self._journal.record(row, answer)
        return answer
