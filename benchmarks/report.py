"""Raw figures -> RESULTS.md: ratios first, each beside its target, nanoseconds last."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import machine, memory, out_of_core, startup
from benchmarks.cells import (
    COVARIANCES,
    KINDS,
    Cell,
    float32_target,
    onedal_target,
    sklearn_target,
    threads_target,
)
from benchmarks.peers import SOFTMIX_ALONE
from benchmarks.selection_report import selection_section
from benchmarks.solution_report import solution_section, sweeps_section
from benchmarks.sweeps_report import many_section, missing_section
from benchmarks.tables import mark, number, table

LIMIT_TARGET = 2.5
# Beside other processes that use more cores than this, figures for two threads mean little.
_BUSY = 0.1
_NAMES = {"full": "Full covariance", "diag": "Diagonal covariance"}
_PEERS = (("scikit-learn", sklearn_target), ("oneDAL", onedal_target))
_CONTESTANTS = ("softmix", "softmix float32", "scikit-learn", "oneDAL")
_SWEEPS = {
    "in_memory_s": "in memory",
    "pyarrow_s": "pyarrow alone",
    "decoded_s": "`spool=False`",
    "first_pass_s": "scan, first",
    "second_pass_s": "second",
    "later_pass_s": "later",
    "out_of_core_s": "mean of 20",
}
_Record = dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """The two thread counts of one cell, structure and kind of data."""

    cell: Cell
    covariance: str
    kind: str
    by_threads: dict[int, _Record]

    def ns(self, name: str, threads: int = 1) -> float | None:
        ns: float | None = self.by_threads.get(threads, {}).get("ns", {}).get(name)
        return ns

    def times_faster(self, peer: str, threads: int = 1) -> float | None:
        return _ratio(self.ns(peer, threads), self.ns("softmix", threads))

    def two_threads(self) -> float | None:
        """By one thread in the same rounds, where it had a part in them."""
        return _ratio(self.ns(SOFTMIX_ALONE, 2) or self.ns("softmix"), self.ns("softmix", 2))

    def float32(self) -> float | None:
        return _ratio(self.ns("softmix"), self.ns("softmix float32"))


def render(results: _Record, notes: str | None) -> str:
    """The whole of RESULTS.md; `notes` (NOTES.md) come last, as they are."""
    parts = results["parts"]
    peaks = parts.get("peaks", {}).get("figures", {"skipped": "not measured"})
    measured = _grouped(parts.get("iteration", {}).get("figures", []))
    sections = [
        "# Benchmarks: softmix beside its peers\n\nWritten by `python -m benchmarks`; do not edit.",
        _header(results, peaks),
        _summary(measured, parts, peaks),
        *(_speed(measured, covariance, kind, peaks) for covariance in COVARIANCES for kind in KINDS),
        *(_scaling(measured, covariance) for covariance in COVARIANCES),
        _memory(parts),
        _out_of_core(parts),
        _startup(parts),
        _latency(parts),
        solution_section(parts),
        sweeps_section(parts),
        selection_section(parts.get("selection", {}).get("figures", {})),
        many_section(parts),
        missing_section(parts),
        *(_nanoseconds(measured, covariance) for covariance in COVARIANCES),
        _work_check(measured),
        _LEGEND,
    ]
    if notes:
        sections.append(notes.strip())
    return "\n\n".join(section for section in sections if section) + "\n"


# Sections


def _header(results: _Record, peaks: _Record) -> str:
    facts = results["machine"]
    versions = ", ".join(f"{name} {found}" for name, found in facts["versions"].items())
    if "skipped" in peaks:
        limits = f"not measured: {peaks['skipped']}"
    else:
        limits = (
            f"{peaks['fma_per_ns']:.1f} fused multiply-adds and {peaks['bytes_per_ns']:.1f} bytes read a ns "
            f"(float64, one thread, {peaks['vector_bits']}-bit vectors)"
        )
    machine_line = f"{facts['processor']}, {facts['cores']} cores, {facts['system']}"
    lines = [
        f"- **Machine**: {machine_line}",
        f"- **softmix's kernel**: {facts['softmix_isa']}",
        f"- **Limits**: {limits}",
        f"- **Versions**: Python {facts['python']}, {versions}",
        f"- **BLAS of NumPy and SciPy**: {'; '.join(facts['blas']) or 'unknown'}",
        f"- **Compiler found**: {facts['compiler']}",
        f"- **oneDAL**: {results.get('onedal', 'not asked for')}",
    ]
    for name, part in results["parts"].items():
        others = part.get("others_cores")
        busy = "" if others is None else f"; other processes used {max(others, 0.0):.2f} cores meanwhile"
        warning = " (**too busy to trust**)" if others is not None and others > _BUSY else ""
        lines.append(f"- {name}: {part['date']}, {part['seconds']} s, `{part['command']}`{busy}{warning}")
    if results.get("quick"):
        lines.append("\n**Quick: few rows, one round. Targets are for full size.**")
    return "\n".join(lines)


def _summary(measured: list[Measured], parts: _Record, peaks: _Record) -> str:
    rows = []
    for covariance in COVARIANCES:
        mine = [m for m in measured if m.covariance == covariance]
        for peer, target in _PEERS:
            pairs = [(m.times_faster(peer), target(covariance, m.cell.d)) for m in mine]
            rows.append(_tally(f"{_NAMES[covariance]}, times faster than {peer}", pairs))
    for covariance in COVARIANCES:
        mine = [m for m in measured if m.covariance == covariance]
        label = _NAMES[covariance]
        threads = [(m.two_threads(), threads_target(m.cell)) for m in mine]
        rows.append(_tally(f"{label}, two threads over one", threads))
        halves = [(m.float32(), float32_target(m.cell.d)) for m in mine]
        rows.append(_tally(f"{label}, float32 over float64", halves))
    rows += _limit_rows(measured, peaks)
    probes = [p for p in parts.get("memory", {}).get("figures", []) if p.get("library") == "softmix"]
    worst = max((p["above_mib"] for p in probes if "above_mib" in p), default=None)
    if worst is not None:
        met, most = mark(worst <= memory.TARGET_MIB), f"≤ {memory.TARGET_MIB:.0f} MiB"
        rows.append(["Peak memory above the data", most, met, f"{worst:.0f} MiB"])
    slower = _import_ratio(parts.get("startup", {}).get("figures", {}))
    if slower is not None:
        met, most = mark(slower <= 1 + startup.NOISE), f"≤ {1 + startup.NOISE:.2f}"
        rows.append(["Import time over scikit-learn's", most, met, f"{slower:.2f}"])
    rows = [row for row in rows if row]
    if not rows:
        return ""
    head = ["What is asked (one thread, float64, unless said)", "Target", "Met", "Worst"]
    return "## In short\n\n" + table(head, rows)


def _tally(label: str, pairs: Iterable[tuple[float | None, float | None]]) -> list[str]:
    """One line of the summary: how many cells reach their targets, and the worst share of a target."""
    sound = [(value, target) for value, target in pairs if value is not None and target is not None]
    if not sound:
        return []
    met = sum(value >= target for value, target in sound)
    worst, worst_target = min(sound, key=lambda pair: pair[0] / pair[1])
    targets = sorted({target for _, target in sound}, reverse=True)
    return [
        label,
        "≥ " + ", ".join(f"{target:g}" for target in targets),
        f"{met} of {len(sound)}" + ("" if met == len(sound) else " **miss**"),
        f"{worst:.2f} (≥ {worst_target:g})",
    ]


def _limit_rows(measured: list[Measured], peaks: _Record) -> Iterator[list[str]]:
    for kind in KINDS:
        mine = [m for m in measured if m.covariance == "full" and m.kind == kind]
        ratios = [_ratio(m.ns("softmix"), machine.limit_ns(m.cell, peaks)) for m in mine]
        shares = [ratio for ratio in ratios if ratio is not None]
        if shares:
            met = sum(share <= LIMIT_TARGET for share in shares)
            yield [
                f"Full, {kind}: cost over the limit",
                f"≤ {LIMIT_TARGET} in half",
                f"{met} of {len(shares)}" + ("" if 2 * met >= len(shares) else " **miss**"),
                f"{max(shares):.2f}",
            ]


def _speed(measured: list[Measured], covariance: str, kind: str, peaks: _Record) -> str:
    mine = [m for m in measured if (m.covariance, m.kind) == (covariance, kind)]
    if not mine:
        return ""
    full = covariance == "full"
    head = ["n, d, K", "× scikit-learn", "target", "", "× oneDAL", "target", "", "softmix ns"]
    head += ["limit ns", "cost / limit"] if full else []
    rows = []
    for m in mine:
        row = [str(m.cell)]
        for peer, target in _PEERS:
            value, least = m.times_faster(peer), target(covariance, m.cell.d)
            row += [number(value), f"≥ {least:g}", "" if value is None else mark(value >= least)]
        row.append(number(m.ns("softmix")))
        if full:
            limit = machine.limit_ns(m.cell, peaks)
            row += [number(limit), number(_ratio(m.ns("softmix"), limit))]
        rows.append(row)
    title = f"## {_NAMES[covariance]}, {kind} components: times faster, one thread, float64"
    return f"{title}\n\n{table(head, rows)}"


def _scaling(measured: list[Measured], covariance: str) -> str:
    mine = [m for m in measured if m.covariance == covariance]
    if not mine:
        return ""
    head = ["n, d, K", "components", "two threads / one", "target", "", "float32 / float64", "target", "",
            "× scikit-learn, two threads", "× oneDAL, two threads"]  # fmt: skip
    rows = []
    for m in mine:
        row = [str(m.cell), m.kind]
        pairs = (m.two_threads(), threads_target(m.cell)), (m.float32(), float32_target(m.cell.d))
        for value, target in pairs:
            row += [number(value), "" if target is None else f"≥ {target:g}"]
            row.append("" if target is None or value is None else mark(value >= target))
        row += [number(m.times_faster(peer, 2)) for peer, _ in _PEERS]
        rows.append(row)
    return f"## {_NAMES[covariance]}: two threads, and float32 (speed ratios)\n\n" + table(head, rows)


def _memory(parts: _Record) -> str:
    figures = parts.get("memory", {}).get("figures", [])
    if not figures:
        return ""
    title = "## Peak memory above the data"
    if "library" not in figures[0]:
        return f"{title}\n\nSkipped: {figures[0]['skipped']}."
    cell = Cell(figures[0]["n"], figures[0]["d"], figures[0]["K"])
    rows = []
    for probe in figures:
        asked = probe["library"] == "softmix"
        value = probe.get("above_mib")
        met = mark(value <= memory.TARGET_MIB) if asked and value is not None else ""
        shown = probe.get("skipped", "") if value is None else f"{value:.1f}"
        target = f"≤ {memory.TARGET_MIB:.0f}" if asked else ""
        rows.append([probe["library"], str(probe["threads"]), probe["start"], shown, target, met])
    head = ["Library", "threads", "start", "MiB", "target", ""]
    return f"{title}: {cell.n:,} × {cell.d}, K={cell.K}, full, float64\n\n" + table(head, rows)


def _out_of_core(parts: _Record) -> str:
    figures = parts.get("out-of-core", {}).get("figures", {})
    if not figures:
        return ""
    title = "## Rows that are not in memory"
    if "skipped" in figures:
        return f"{title}\n\nSkipped: {figures['skipped']}."
    cell = Cell(figures["n"], figures["d"], figures["K"])
    rows = []
    for fit, sweep in zip(figures["fits"], figures["sweeps"], strict=True):
        limit = out_of_core.bound(sweep)
        times = [f"{sweep[name]:.3f}" for name in _SWEEPS]
        fast, small = sweep["out_of_core_s"] <= limit, fit["peak_mib"] <= out_of_core.TARGET_MIB
        timed = [str(sweep["threads"]), *times, f"≤ {limit:.3f}", mark(fast)]
        rows.append([*timed, f"{fit['peak_mib']:.0f}", f"≤ {out_of_core.TARGET_MIB:.0f}", mark(small)])
    head = ["threads", *(f"{name}, s" for name in _SWEEPS.values()), "target", "", "peak MiB", "target", ""]
    file = f"a Parquet file of {figures['file_mib']:,.0f} MiB"
    return f"{title}: a sweep of {cell.n:,} × {cell.d}, K={cell.K}, full, float32, {file}\n\n" + table(
        head, rows
    )


def _startup(parts: _Record) -> str:
    figures = parts.get("startup", {}).get("figures", {})
    if not figures:
        return ""
    rows = []
    for name, figure in figures.items():
        if "skipped" in figure:
            rows.append([f"`{name}`", f"skipped: {figure['skipped']}", "", ""])
            continue
        target, met = "", ""
        if name == "softmix --help":
            target = f"< {startup.HELP_TARGET_SECONDS:g} s"
            met = mark(figure["median"] < startup.HELP_TARGET_SECONDS)
        elif "GaussianMixture" in name and (slower := _import_ratio(figures)) is not None:
            target, met = "scikit-learn's", mark(slower <= 1 + startup.NOISE)
        rows.append([f"`{name}`", f"{figure['median']:.3f}", target, met])
    startups = table(["Process", "seconds", "target", ""], rows)
    return f"## Start-up: median seconds of a fresh process\n\n{startups}"


def _import_ratio(figures: _Record) -> float | None:
    names = ("import softmix; softmix.GaussianMixture", "import sklearn.mixture")
    own, peer = (figures.get(name, {}).get("median") for name in names)
    return _ratio(own, peer)


def _latency(parts: _Record) -> str:
    figures = parts.get("latency", {}).get("figures", [])
    if not figures:
        return ""
    rows = []
    for figure in figures:
        if "skipped" in figure:
            rows.append([figure["data"], f"skipped: {figure['skipped']}", "", "", ""])
        else:
            rows.append([figure["data"], figure["library"], f"{figure['median_ms']:.2f}",
                         f"{figure['iterations']:g}", f"{figure['score']:.4f}"])  # fmt: skip
    head = ["Data", "Library", "ms", "iterations", "score per row"]
    return "## Small data, default settings: medians over seeds\n\n" + table(head, rows)


def _nanoseconds(measured: list[Measured], covariance: str) -> str:
    mine = [m for m in measured if m.covariance == covariance]
    if not mine:
        return ""
    head = ["n, d, K", "components", "effective", *(f"{name}, {t}" for t in (1, 2) for name in _CONTESTANTS)]
    rows = []
    for m in mine:
        effective = next(iter(m.by_threads.values()))["effective_components"]
        figures = [number(m.ns(name, threads)) for threads in (1, 2) for name in _CONTESTANTS]
        rows.append([str(m.cell), m.kind, f"{effective:.1f}", *figures])
    title = f"## {_NAMES[covariance]}: ns per row × component × iteration, one thread and two"
    return f"{title}\n\n{table(head, rows)}"


def _work_check(measured: list[Measured]) -> str:
    """Whether all contestants did the same work: their log-likelihoods at the last iteration."""
    worst = dict.fromkeys(_CONTESTANTS[1:], 0.0)
    failures: dict[tuple[str, str], list[str]] = {}
    for m in measured:
        for threads, record in m.by_threads.items():
            reached = record["log_likelihood"]
            for name in worst:
                if name in reached and "softmix" in reached:
                    worst[name] = max(worst[name], abs(reached[name] - reached["softmix"]))
            where = f"({m.cell}), {m.kind}, {threads} thread(s)"
            for name, reason in record["failures"].items():
                failures.setdefault((name, m.covariance), []).append(f"{where}: {reason}")
    if not measured:
        return ""
    seen = ", ".join(f"{name} {gap:.1g}" for name, gap in worst.items())
    text = (
        "## Same work\n\nLargest difference from softmix in log-likelihood per row at the last iteration, "
        f"nats: {seen}."
    )
    lines = [
        f"- {name}, {covariance}, {len(found)} time(s), the first on {found[0]}"
        for (name, covariance), found in failures.items()
    ]
    return text + ("\n\nNo figure:\n\n" + "\n".join(lines) if lines else "")


_LEGEND = f"""## Legend

- **ns per row × component × iteration**: (t(b) − t(a)) / ((b − a) n K), t(i) being the best time of a fit
  with i iterations at tolerance 0. All contestants alternate in one process, from the same weights, means
  and covariances. What a fit does once cancels.
- **Overlapping, separated**: means are normal draws scaled so that the median distance to the nearest other
  mean is {KINDS["overlapping"]:g} or {KINDS["separated"]:g} standard deviations. "effective" is
  exp(mean entropy of the memberships at the start). On separated data softmix leaves out work that is
  provably below rounding, so its cost may lie below the dense limit.
- **Many components**: two climbs of plain EM from one start take turns, sweep by sweep. The target of
  separated components is for a converged sweep, that of overlapping ones for all sweeps together.
- **Limit**: (d² + 3d + 20) fused multiply-adds at the measured peak, 8d/K bytes at the measured bandwidth.
- **× peer**: the peer's time over softmix's, with the same number of threads.
- **Fairness**: variables that steer BLAS, OpenMP or NumPy are removed before anything is loaded;
  scikit-learn's BLAS has as many threads as softmix; oneDAL is em_gmm through daal4py, float64. oneDAL stops
  when the log-likelihood no longer changes, even at threshold 0: it is divided by the iterations it made.
- **Memory**: high-water mark of resident memory during a fit of 3 iterations, less what was resident before,
  in a fresh process: thread pools, lazy imports and results count. "default" starts from k-means, "given"
  from given parameters.
- **Rows that are not in memory**: the peak is the most that the fitting process ever had resident, all
  libraries included, in a fit of 5 sweeps from the default start. Times in memory, of pyarrow's dataset,
  which decodes the file and does nothing with it, and of `scan(…, spool=False)`, which decodes it at each
  sweep, are the fastest of 7. The scan as it comes is swept over 20 times, as by a fit: the first sweep
  decodes, the second also writes the rows to a temporary file, the later ones (their median) read that. The
  mean of the 20 should be at most {out_of_core.TARGET_RATIO} times the sweep of the same rows in memory, or
  the time of pyarrow alone, whichever is longer. All files were in the system's cache.
- Imports are compared within {startup.NOISE:.0%}, which is noise."""


# Figures


def _grouped(records: Sequence[_Record]) -> list[Measured]:
    groups: dict[tuple[Cell, str, str], dict[int, _Record]] = {}
    for record in records:
        key = Cell(record["n"], record["d"], record["K"]), record["covariance"], record["kind"]
        groups.setdefault(key, {})[record["threads"]] = record
    return [Measured(*key, by_threads) for key, by_threads in groups.items()]


def _ratio(over: float | None, under: float | None) -> float | None:
    return over / under if over and under else None
