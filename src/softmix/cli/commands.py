"""The commands and their options, as click knows them. What they do is imported when they run."""

from collections.abc import Callable
from typing import Any

import click

from softmix import __version__
from softmix.cli.several import Names, Sizes
from softmix.cli.share import GUESSED, Share

_COVARIANCES = (
    *("full", "tied", "diag", "spherical", "EII", "VII", "EEI", "VEI", "EVI", "VVI"),
    *("EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV", "E", "V"),
)
_INITS = ("auto", "hierarchical", "kmeans", "k-means++", "random", "random_from_data")
_COMPARED = ("noise", "prior")
_KINDS = ("memberships", "classification", "uncertainty", "density", "pairs")
_DRAWN = "Columns to draw. Default: the first two; of pairs, all."
_MAX_SEED = 2**32 - 1

Command = Callable[..., Any]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="softmix")
def cli() -> None:
    """Gaussian-mixture soft clustering of tables.

    Fit a mixture to the rows of a table, then give each row its membership of every cluster.

    \b
      softmix example faithful -o faithful.csv
      softmix fit faithful.csv -k 2 -o model.softmix --plot picture.png
      softmix predict model.softmix faithful.csv -o clusters.csv
    """


def _speaking(command: Command) -> Command:
    command = click.option("--quiet", is_flag=True, help="Print errors only.")(command)
    return click.option("--json", is_flag=True, help="Print one JSON object instead of text.")(command)


def _ids(command: Command) -> Command:
    return click.option(
        "--id",
        "ids",
        multiple=True,
        metavar="A,B",
        help="Columns carried through to the output, as they are.",
    )(command)


def _reading(command: Command) -> Command:
    for option in (
        click.option(
            "--connection",
            metavar="ADDRESS",
            help="DATA is a query in SQL to the database at ADDRESS (postgresql://…, sqlite:///FILE).",
        ),
        click.option(
            "--na",
            multiple=True,
            metavar="TEXT",
            help="TEXT in a text file is a missing value, as are empty fields, NA, NaN and NULL.",
        ),
        click.option(
            "--decimal", metavar="CHAR", help="Decimal mark of text files. Default: it is found out."
        ),
        click.option(
            "--delimiter",
            metavar="CHAR",
            help="What separates the fields of text files; 'tab' is one. Default: it is found out.",
        ),
    ):
        command = option(command)
    return command


def _output(help_text: str) -> Callable[[Command], Command]:
    return click.option("-o", "--output", metavar="FILE", help=help_text)


def _jobs(command: Command) -> Command:
    return click.option(
        "--jobs", type=click.IntRange(min=1), metavar="N", help="Threads. Default: all cores."
    )(command)


def _kind(option: str, name: str) -> Callable[[Command], Command]:
    return click.option(
        option,
        name,
        type=click.Choice(_KINDS),
        default="memberships",
        show_default=True,
        help="What to draw.",
    )


@cli.command(short_help="Fit a mixture to a table.")
@click.argument("data", metavar="DATA")
@click.option(
    "-k",
    "--components",
    type=Sizes(),
    required=True,
    metavar="K",
    help="Number of clusters. Several, such as 1:9 or 2,4,6, are tried, and the best is kept.",
)
@click.option(
    "--covariance",
    type=Names(_COVARIANCES),
    default="full",
    show_default=True,
    metavar="TYPE",
    help=f"What the clusters may look like: any ellipses, alike, axis-parallel, round. One of "
    f"{', '.join(_COVARIANCES)}. Several, such as full,diag, or all are tried, and the best is kept.",
)
@click.option(
    "--criterion",
    type=click.Choice(("bic", "icl", "aic", "cv")),
    default="bic",
    show_default=True,
    help="What decides which of several models is kept.",
)
@click.option("--table", metavar="FILE", help="Write what became of each model (.csv, .parquet).")
@click.option("--columns", multiple=True, metavar="A,B", help="Columns to cluster by. Default: all.")
@_ids
@click.option("--weights", metavar="COLUMN", help="Column of row weights; 2 counts the row twice.")
@_reading
@click.option(
    "--spool/--no-spool",
    default=None,
    help="Read large DATA once only, into a temporary file, or anew in each sweep. Default: a file from "
    "the second pass on, where its disk has ample room.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, _MAX_SEED),
    default=0,
    show_default=True,
    metavar="N",
    help="Seed of the starts: the same seed gives the same fit.",
)
@_output("Write the model to FILE (.softmix).")
@click.option("--memberships", metavar="FILE", help="Write what `predict` gives for DATA (.csv, .parquet).")
@click.option("--plot", metavar="FILE", help="Draw the clusters (.png, .pdf, .svg).")
@_kind("--plot-kind", "plot_kind")
@click.option("--plot-columns", multiple=True, metavar="A,B", help=_DRAWN)
@click.option(
    "--plot-criterion",
    metavar="FILE",
    help="Draw the criterion of each model that was tried (.png, .pdf, .svg).",
)
@click.option(
    "--n-init",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Number of starts; the best fit is kept.",
)
@click.option(
    "--init", type=click.Choice(_INITS), default="auto", show_default=True, help="How a start is made."
)
@click.option(
    "--tol",
    type=click.FloatRange(min=0),
    metavar="GAIN",
    help="Stop when at most this log-likelihood per row is still to be gained. Default: 0.00001; 0.0001 "
    "where several models are tried.",
)
@click.option(
    "--max-iter",
    type=click.IntRange(min=0),
    metavar="N",
    help="Largest number of sweeps of a start. Default: 1000.",
)
@click.option(
    "--reg-covar",
    type=click.FloatRange(min=0),
    default=1e-14,
    show_default=True,
    metavar="SHARE",
    help="Smallest spread of a cluster, as a share of the data's own.",
)
@click.option("--prior", is_flag=True, help="Keep clusters from collapsing by a conjugate prior.")
@click.option("--equal-weights", is_flag=True, help="Give all clusters the same weight.")
@click.option(
    "--checkpoint",
    metavar="FILE",
    help="Keep in FILE where the fit is; the same command, run again, goes on from there.",
)
@click.option(
    "--checkpoint-every",
    default="60",
    show_default=True,
    metavar="TIME",
    help="Seconds between two checkpoints, or, as '10 sweeps', sweeps.",
)
@click.option(
    "--missing",
    type=click.Choice(["marginal"]),
    help="Let values be missing, and fit what is observed of each row. Default: an error.",
)
@click.option(
    "--noise",
    type=Share(),
    is_flag=False,
    flag_value=GUESSED,
    metavar="[SHARE]",
    help="Let rows that belong to no cluster be noise, label -1; begin with this share of them as noise.",
)
@click.option(
    "--compare",
    type=Names(_COMPARED),
    default=(),
    metavar="WHAT",
    help="Try every model with noise and without: 'noise'; with the prior and without: 'prior'; or 'all'.",
)
@_jobs
@_speaking
def fit(**options: Any) -> int:
    """Fit a Gaussian mixture to the rows of DATA.

    DATA is a table: .parquet; .csv or .tsv, also .gz or .zst; .arrow, .feather, .npy, .npz; a folder
    or a quoted glob of such files; or, with --connection, a query. It may be larger than memory.

    \b
      softmix fit faithful.csv -k 2 -o model.softmix
      softmix fit flowers.parquet -k 3 --id plant --columns petal_length,petal_width \\
          -o model.softmix --memberships clusters.csv --plot clusters.png
      softmix fit faithful.csv -k 1:9 --covariance all --criterion icl -o best.softmix \\
          --plot-criterion icl.png
    """
    from softmix.cli.fit import FitRequest, run  # noqa: PLC0415

    return run(FitRequest(**options))


@cli.command(short_help="Cluster the rows of a table with a model.")
@click.argument("model", metavar="MODEL")
@click.argument("data", metavar="DATA")
@_ids
@_reading
@_output("Write to FILE (.csv, .parquet) instead of standard output.")
@_jobs
@_speaking
def predict(**options: Any) -> None:
    """Give each row of DATA its cluster, its membership of every cluster, and more.

    The output has the --id columns, then label, membership_0, membership_1, …, uncertainty
    (1 − the largest membership) and log_density. Of a model with noise, label -1 and
    membership_noise are the noise's.

    \b
      softmix predict model.softmix new.csv --id plant -o clusters.parquet
    """
    from softmix.cli.apply import ApplyRequest, predict  # noqa: PLC0415

    predict(ApplyRequest(**options))


@cli.command(short_help="Embed the rows of a table with a model.")
@click.argument("model", metavar="MODEL")
@click.argument("data", metavar="DATA")
@_ids
@_reading
@_output("Write to FILE (.csv, .parquet) instead of standard output.")
@_jobs
@_speaking
def embed(**options: Any) -> None:
    """Give each row of DATA its coordinates in the membership embedding, one column a cluster.

    \b
      softmix embed model.softmix new.csv --id plant -o embedding.parquet
    """
    from softmix.cli.apply import ApplyRequest, embed  # noqa: PLC0415

    embed(ApplyRequest(**options))


@cli.command(short_help="Draw the rows of a table under a model.")
@click.argument("model", metavar="MODEL")
@click.argument("data", metavar="DATA")
@click.option("-o", "--output", metavar="FILE", required=True, help="Draw in FILE (.png, .pdf, .svg).")
@_kind("--kind", "kind")
@click.option("--columns", multiple=True, metavar="A,B", help=_DRAWN)
@_reading
@_jobs
@_speaking
def plot(**options: Any) -> None:
    """Draw the rows of DATA under a model.

    \b
    memberships     rows in their components' colours, blended by membership
    classification  rows by label, with ellipses that hold 90 % of each component
    uncertainty     rows the larger and darker, the less sure their label is
    density         regions that hold 25 to 99 % of the mixture
    pairs           classification in every two of up to 8 columns

    Of many rows a sample is drawn, and the picture says so.

    \b
      softmix plot model.softmix faithful.csv --kind density -o density.png
    """
    from softmix.cli.plot import PlotRequest, run  # noqa: PLC0415

    run(PlotRequest(**options))


@cli.command(short_help="Fill in the missing values of a table with a model.")
@click.argument("model", metavar="MODEL")
@click.argument("data", metavar="DATA")
@_ids
@_reading
@_output("Write to FILE (.csv, .parquet) instead of standard output.")
@_jobs
@_speaking
def impute(**options: Any) -> None:
    """Give the model's columns of DATA, each missing value with its mean given the rest of the row.

    \b
      softmix impute model.softmix new.csv --id plant -o complete.parquet
    """
    from softmix.cli.apply import ApplyRequest, impute  # noqa: PLC0415

    impute(ApplyRequest(**options))


@cli.command()
@click.argument("model", metavar="MODEL")
@_speaking
def info(model: str, *, json: bool, quiet: bool) -> None:
    """Show what is in a model file."""
    from softmix.cli.info import run  # noqa: PLC0415

    run(model, json=json, quiet=quiet)


@cli.command()
@click.argument("name", type=click.Choice(["faithful"]))
@_output("Write to FILE instead of standard output.")
@_speaking
def example(name: str, output: str | None, *, json: bool, quiet: bool) -> None:
    """Copy out a data set that comes with softmix.

    faithful: 272 eruptions of the Old Faithful geyser, their length and the wait for the next.

    \b
      softmix example faithful -o faithful.csv
    """
    from softmix.cli.example import run  # noqa: PLC0415

    run(name, output, json=json, quiet=quiet)
