"""Measures the parts that are asked for, keeps raw figures in JSON, and renders RESULTS.md.

Parts not measured this time are kept from the last run, if that was on the same machine with
the same versions. --quick measures on few rows and prints, and changes no file.
"""

import argparse
import json
import os
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks import machine
from benchmarks.cells import CELLS, COVARIANCES, KINDS, make_problem
from benchmarks.iteration_cost import Effort, compare
from benchmarks.latency import measure_latency
from benchmarks.many_components import measure_many
from benchmarks.memory import CELL as MEMORY_CELL
from benchmarks.memory import measure_memory
from benchmarks.missing_values import measure_missing
from benchmarks.out_of_core import CELL as OUT_OF_CORE_CELL
from benchmarks.out_of_core import measure_out_of_core
from benchmarks.peers import Contestant, ScikitLearn, Softmix, one_dal
from benchmarks.report import render
from benchmarks.selection import measure_selection
from benchmarks.solution import measure_solution
from benchmarks.startup import measure_startup

if TYPE_CHECKING:
    from collections.abc import Callable

_HERE = Path(__file__).parent
_QUICK_FACTOR = 40
# Times that softmix is measured a round, by threads.
_AGAIN = {1: 2, 2: 6}
_QUICK = Effort(rounds=1, fast=0.005, slow=0.02, long=0.1)


def main() -> None:
    """Measure softmix beside scikit-learn and oneDAL, and write benchmarks/RESULTS.md."""
    given = _arguments()
    parts: dict[str, Callable[[], Any]] = {
        "peaks": machine.measure_peaks,
        "startup": lambda: measure_startup(2 if given.quick else 10),
        "latency": lambda: measure_latency(3 if given.quick else 40, peers=not given.no_peers),
        "memory": lambda: measure_memory(
            MEMORY_CELL.smaller(_QUICK_FACTOR) if given.quick else MEMORY_CELL, peers=not given.no_peers
        ),
        "many": lambda: measure_many(_QUICK_FACTOR if given.quick else 1),
        "missing": lambda: measure_missing(_QUICK_FACTOR if given.quick else 1),
        "out-of-core": lambda: measure_out_of_core(
            OUT_OF_CORE_CELL.smaller(_QUICK_FACTOR) if given.quick else OUT_OF_CORE_CELL
        ),
        "solution": lambda: measure_solution(1 if given.quick else 7),
        "selection": lambda: measure_selection(1 if given.quick else 3, _QUICK_FACTOR if given.quick else 1),
        "iteration": lambda: _iteration_costs(given, contestants),
    }
    chosen = given.only or ([] if given.report_only else list(parts))
    if unknown := set(chosen) - set(parts):
        sys.exit(f"--only takes {', '.join(parts)}; got {', '.join(sorted(unknown))}.")
    results = _earlier(given)
    contestants, onedal = _contestants(given) if "iteration" in chosen else ([], None)
    if onedal:
        results["onedal"] = onedal
    for name in chosen:
        _say(f"{name} …")
        before, begin = machine.others_seconds(), perf_counter()
        figures = parts[name]()
        command = _command()
        if name == "iteration" and given.cells and name in results["parts"]:
            figures = _with_new_cells(results["parts"][name]["figures"], figures)
            command = f"{results['parts'][name]['command']}`, then `{command}"
        seconds, after = perf_counter() - begin, machine.others_seconds()
        results["parts"][name] = {
            "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "command": command,
            "seconds": round(seconds),
            "others_cores": None if before is None or after is None else round((after - before) / seconds, 2),
            "figures": figures,
        }
    if given.quick:
        results["quick"] = True
    _deliver(results, given)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="few rows, one round; print, change no file")
    parser.add_argument("--only", type=lambda text: text.split(","), metavar="PARTS",
                        help="some of peaks,startup,latency,memory,out-of-core,many,missing,"
                        "solution,selection,iteration")  # fmt: skip
    parser.add_argument("--cells", default="", metavar="TEXT",
                        help="only such cells: '200k, 8, 16' (several: with ;); others stay")  # fmt: skip
    parser.add_argument("--no-peers", action="store_true", help="softmix alone")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each cell (default 3)")
    parser.add_argument("--onedal-python", metavar="PATH", default=os.environ.get("SOFTMIX_ONEDAL_PYTHON"),
                        help="an interpreter with daal4py (default: this one)")  # fmt: skip
    parser.add_argument("--report-only", action="store_true", help="render the last figures again")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="where to write (default: benchmarks)")
    return parser.parse_args()


def _contestants(given: argparse.Namespace) -> tuple[list[Contestant], str]:
    contestants: list[Contestant] = [Softmix(), Softmix("float32")]
    if given.no_peers:
        return contestants, "not asked for"
    contestants.append(ScikitLearn())
    peer = one_dal(given.onedal_python)
    if isinstance(peer, str):
        return contestants, peer
    where = "in an interpreter of its own" if given.onedal_python else "in the same process"
    return [*contestants, peer], f"em_gmm through daal4py, {where}"


def _iteration_costs(given: argparse.Namespace, contestants: list[Contestant]) -> list[dict[str, Any]]:
    wanted = [word.strip() for word in given.cells.split(";") if word.strip()]
    cells = [cell for cell in CELLS if not wanted or str(cell) in wanted]
    if given.quick:
        cells = [cell.smaller(_QUICK_FACTOR) for cell in cells]
    records = []
    for cell in cells:
        for covariance in COVARIANCES:
            for kind in KINDS:
                problem = make_problem(cell, covariance, kind)
                steps = None
                for threads in (1, 2):
                    effort = _QUICK if given.quick else Effort(max(1, given.rounds - (threads > 1)))
                    # Two threads are judged by one in the same rounds, as often: a machine is not the same
                    # for minutes, and is seldom idle on all cores.
                    effort = effort._replace(again=_AGAIN[threads])
                    beside = [Softmix(alone=True)] if threads > 1 else []
                    comparison = compare(problem, [*beside, *contestants], threads, effort, steps)
                    steps = comparison.steps
                    records.append(comparison.as_record())
                    costs = ", ".join(f"{cost.name} {cost.ns(problem) or 0:.4g}" for cost in comparison.costs)
                    _say(f"  ({cell}) {covariance}, {kind}, {threads} thread(s), ns: {costs}")
    return records


def _with_new_cells(earlier: list[dict[str, Any]], measured: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The figures of before, those of cells that were measured again replaced."""
    place = {(cell.n, cell.d, cell.K): number for number, cell in enumerate(CELLS)}

    def cell_of(record: dict[str, Any]) -> int:
        return place[record["n"], record["d"], record["K"]]

    again = {cell_of(record) for record in measured}
    return sorted([*(r for r in earlier if cell_of(r) not in again), *measured], key=cell_of)


def _earlier(given: argparse.Namespace) -> dict[str, Any]:
    """The last figures, if they are of this machine and these versions; else none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        facts = machine.describe()
    path = _folder(given) / "results" / "latest.json"
    if given.quick or not path.exists():
        return {"machine": facts, "parts": {}}
    earlier: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if given.report_only:
        return earlier
    if earlier["machine"] != facts:
        _say("The last figures are of another machine or other versions: they are dropped.")
        return {"machine": facts, "parts": {}}
    return earlier


def _deliver(results: dict[str, Any], given: argparse.Namespace) -> None:
    notes = _HERE / "NOTES.md"
    text = render(results, notes.read_text(encoding="utf-8") if notes.exists() else None)
    if given.quick and given.output is None:
        print(text)
        return
    folder = _folder(given)
    (folder / "results").mkdir(parents=True, exist_ok=True)
    (folder / "results" / "latest.json").write_text(_compact(results), encoding="utf-8")
    (folder / "RESULTS.md").write_text(text, encoding="utf-8")
    _say(f"Wrote {folder / 'RESULTS.md'}")


def _compact(results: dict[str, Any]) -> str:
    """JSON with one line for each measurement, so that changes can be read."""
    lines = json.dumps(results, ensure_ascii=False, indent=1, sort_keys=True).splitlines()
    joined: list[str] = []
    depth_limit = 5
    for line in lines:
        depth = len(line) - len(line.lstrip())
        closes = line.lstrip()[:1] in {"}", "]"}
        if depth >= depth_limit or (closes and depth == depth_limit - 1 and joined):
            joined[-1] += line.strip() if closes else line.strip() + " "
        else:
            joined.append(line)
    return "\n".join(line.rstrip() for line in joined) + "\n"


def _folder(given: argparse.Namespace) -> Path:
    return given.output or _HERE


def _command() -> str:
    """The command line as given, less paths."""
    words = [word if "/" not in word else "PATH" for word in sys.argv[1:]]
    return " ".join(["python -m benchmarks", *words])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
