"""Independent tasks in threads: each is done once, by whichever thread is free."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from softmix.sweep.by_number import ByNumber
from softmix.sweep.crew import Crew

T = TypeVar("T")


def for_each(tasks: Sequence[T], do: Callable[[T], None], n_jobs: int) -> None:
    """Do all `tasks`, the first ones first, with `n_jobs` threads.

    After an error or Ctrl-C no task is begun, those under way end, and the error is raised.
    """
    crew = Crew(max(min(n_jobs, len(tasks)) - 1, 0))
    try:
        with ByNumber(tasks) as items:

            def work() -> None:
                try:
                    while (taken := items.take()) is not None:
                        do(taken[1])
                finally:
                    items.close()

            crew.start(work)
            try:
                work()
            finally:
                error = crew.join()
        if error is not None:
            raise error
    finally:
        crew.dismiss()
