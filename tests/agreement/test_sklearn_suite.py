"""scikit-learn's own tests of its mixtures, from the installed scikit-learn, run on softmix.

Only the import of ``GaussianMixture`` is changed, in the parsed source; nothing is copied. A
test that a later scikit-learn adds runs here without being asked.
"""

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

# Upstream tests that do not run here, and why. Every other one does.
_PRIVATE = "calls the private methods _initialize and _set_parameters"
_PATCHES = "counts calls of a private function that it patches inside scikit-learn's module"
_DISPATCH = "needs array API dispatch beyond NumPy, which softmix does not have"
EXCLUDED = {
    "test_gaussian_mixture_precisions_init": _PRIVATE,
    "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters": _PATCHES,
    "test_gaussian_mixture_array_api_compliance": _DISPATCH,
    "test_gaussian_mixture_raises_where_array_api_not_implemented": _DISPATCH,
}
pytestmark = pytest.mark.filterwarnings("ignore::softmix.DegenerateComponentWarning")
MODULES = ("test_gaussian_mixture", "test_mixture")


class _ImportSoftmix(ast.NodeTransformer):
    """``from sklearn.mixture import GaussianMixture`` becomes ``from softmix import …``."""

    changed = False

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.ImportFrom]:
        ours = [name for name in node.names if name.name == "GaussianMixture"]
        if node.module != "sklearn.mixture" or not ours:
            return [node]
        self.changed = True
        theirs = [name for name in node.names if name.name != "GaussianMixture"]
        imports = [ast.ImportFrom("softmix", ours, 0)]
        if theirs:
            imports.append(ast.ImportFrom("sklearn.mixture", theirs, 0))
        return [ast.copy_location(statement, node) for statement in imports]


def _upstream(name: str) -> ModuleType:
    folder = importlib.util.find_spec("sklearn.mixture").submodule_search_locations[0]
    path = Path(folder, "tests", f"{name}.py")
    if not path.exists():
        pytest.skip(f"this scikit-learn was installed without its tests: no {path}", allow_module_level=True)
    transformer = _ImportSoftmix()
    tree = ast.fix_missing_locations(transformer.visit(ast.parse(path.read_text())))
    assert transformer.changed, f"{path} does not import GaussianMixture as expected"
    module = ModuleType(f"upstream_{name}")
    exec(compile(tree, str(path), "exec"), vars(module))  # noqa: S102 (their tests, from the installed package)
    return module


for _name in MODULES:
    _tests = {name: value for name, value in vars(_upstream(_name)).items() if name.startswith("test_")}
    assert not _tests.keys() & globals().keys(), "two upstream modules have a test of the same name"
    globals().update({name: test for name, test in _tests.items() if name not in EXCLUDED})


@pytest.fixture(params=["float64", "float32"])
def global_dtype(request):
    """scikit-learn's fixture of this name; both types always run."""
    return np.dtype(request.param).type


@pytest.fixture(params=[0, 1, 42])
def global_random_seed(request):
    """scikit-learn's fixture of this name."""
    return request.param
