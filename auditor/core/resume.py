"""(wanted, journaled) -> still to ask. Rule: only a final answer counts as done; a transient failure is asked again."""

from collections.abc import Container, Iterable, Iterator


def still_to_ask(wanted: Iterable[tuple[int, str]], done: Container[str]) -> Iterator[tuple[int, str]]:
    """The customers that have no final answer yet, in list order.

    Args:
        wanted: (row index, customer id) of each distinct customer.
        done: ids of customers with a final answer.
    """
    return (item for item in wanted if item[1] not in done)
