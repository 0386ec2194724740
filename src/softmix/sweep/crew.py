"""Helper threads that wait for work: handing it to them costs a few microseconds.

An iteration of EM may take a millisecond, of which the futures of a thread pool would be a tenth.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from softmix.kernels import kernel
from softmix.kernels.team import offered

Ends = SimpleQueue[BaseException | None]


class Crew:
    """`n_helpers` threads beside the caller's own; `dismiss` ends them.

    `team` is where they wait between jobs, and what the kernel shares its own work by; None without a
    native kernel.
    """

    def __init__(self, n_helpers: int) -> None:
        self.team: Any = kernel().team(n_helpers)
        self._jobs: SimpleQueue[tuple[Callable[[], None], Ends] | None] = SimpleQueue()
        # Of each job anew: Ctrl-C may come between a job's end and its count, and the next must not
        # wait for what is lost.
        self._ends: Ends = SimpleQueue()
        self._threads = [
            Thread(target=self._serve, args=(i,), name=f"softmix_{i}", daemon=True) for i in range(n_helpers)
        ]
        for thread in self._threads:
            thread.start()

    def __len__(self) -> int:
        return len(self._threads)

    def start(self, job: Callable[[], None]) -> None:
        """Have every helper run `job` once."""
        self._ends = SimpleQueue()
        self._hand_out((job, self._ends))

    def join(self) -> BaseException | None:
        """Wait until all helpers are done with the job; gives an error that one of them met."""
        met = None
        for _ in self._threads:
            error = self._ends.get()
            met = met or error
        return met

    def dismiss(self) -> None:
        """Let the helpers finish what they do, and end them."""
        self._hand_out(None)
        for thread in self._threads:
            thread.join()
        if self.team is not None:
            self.team.retire()

    def _hand_out(self, given: tuple[Callable[[], None], Ends] | None) -> None:
        for _ in self._threads:
            self._jobs.put(given)
        if self.team is not None:
            self.team.call()

    def _serve(self, helper: int) -> None:
        while (given := self._next(helper)) is not None:
            job, ends = given
            try:
                job()
            except BaseException as error:  # noqa: BLE001 (the caller's thread raises it)
                ends.put(error)
            else:
                ends.put(None)

    def _next(self, helper: int) -> tuple[Callable[[], None], Ends] | None:
        """The next job, in time: until then the helper has its part in the work of the kernel."""
        while self.team is not None:
            try:
                return self._jobs.get_nowait()
            except Empty:
                self.team.serve(helper)
        return self._jobs.get()


@contextmanager
def helpers(n_helpers: int) -> Iterator[None]:
    """Inside, the kernel may share what it is called for with so many threads more."""
    crew = Crew(n_helpers)
    try:
        with offered(crew.team):
            yield
    finally:
        crew.dismiss()
