"""One cell, at once: python -m benchmarks.cell 200000 8 16 --covariance full --kind overlapping."""

from benchmarks.environment import ensure_clean

if __name__ == "__main__":
    ensure_clean()

import argparse

from benchmarks.cells import COVARIANCES, KINDS, Cell, make_problem
from benchmarks.iteration_cost import Effort, compare
from benchmarks.peers import Contestant, ScikitLearn, Softmix, one_dal


def main() -> None:
    """Print ns per row × component × iteration of softmix and its peers on one cell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cell", description=main.__doc__)
    for name in ("n", "d", "K"):
        parser.add_argument(name, type=int)
    parser.add_argument("--covariance", choices=COVARIANCES, default="full")
    parser.add_argument("--dtype", choices=("float64", "float32"), default="float64")
    parser.add_argument("--kind", choices=tuple(KINDS), default="overlapping")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true", help="softmix alone")
    parser.add_argument("--onedal", action="store_true", help="oneDAL too (float64)")
    parser.add_argument("--onedal-python", metavar="PATH", help="an interpreter that has daal4py")
    given = parser.parse_args()

    contestants: list[Contestant] = [Softmix(given.dtype)]
    if not given.no_peers:
        contestants.append(ScikitLearn(given.dtype))
    if given.onedal or given.onedal_python:
        peer = one_dal(given.onedal_python)
        if isinstance(peer, str):
            print(f"oneDAL {peer}")
        else:
            contestants.append(peer)
    problem = make_problem(Cell(given.n, given.d, given.K), given.covariance, given.kind)
    comparison = compare(problem, contestants, given.threads, Effort(given.rounds))
    print(
        f"({problem.cell}) {given.covariance} {given.kind} {given.dtype}, {given.threads} thread(s), "
        f"{problem.effective_components:.1f} effective components a row"
    )
    own = comparison.costs[0].ns(problem)
    for cost in comparison.costs:
        ns = cost.ns(problem)
        if ns is None:
            print(f"  {cost.name:16s} {cost.failure or 'no sound difference'}")
            continue
        ratio = f"  {ns / own:6.2f} x softmix" if own else ""
        work = f"{cost.iterations} iterations to log-likelihood {cost.log_likelihood:.10g} per row"
        print(f"  {cost.name:16s} {ns:9.3f} ns{ratio}   {work}")


if __name__ == "__main__":
    main()
