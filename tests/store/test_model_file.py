"""A model file gives back the model to the bit, or a ModelFileError: never anything else."""

import hashlib
import json
import os
import stat
import struct

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file
from simulate import MCLUST_TYPES, TYPES
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture as SklearnMixture

import softmix
from softmix import GaussianMixture, load
from softmix.store import ModelFileError, save
from softmix.store.model_file import read

COVARIANCES = [*TYPES, *MCLUST_TYPES]
ARRAYS = ["weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"]


def rows(n=120, d=3, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, d)) + 4.0 * rng.integers(0, 2, size=(n, 1))).astype(dtype)


@pytest.fixture(scope="module")
def fitted():
    return GaussianMixture(2, random_state=3).fit(rows())


@pytest.fixture
def saved(fitted, tmp_path):
    path = tmp_path / "model.softmix"
    fitted.save(path)
    return path


def same_bits(a, b):
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("covariance_type", COVARIANCES)
def test_a_loaded_model_predicts_to_the_same_bits(covariance_type, dtype, tmp_path):
    X = rows(dtype=dtype)
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(X)
    model.save(tmp_path / "m")
    loaded = load(tmp_path / "m")
    for method in ("predict_proba", "score_samples", "predict", "transform"):
        assert same_bits(getattr(loaded, method)(X), getattr(model, method)(X)), method
    for name in ARRAYS:
        assert same_bits(getattr(loaded, name), getattr(model, name)), name
    assert loaded.bic(X) == model.bic(X)
    assert same_bits(loaded.sample(5)[0], model.sample(5)[0])


@settings(max_examples=25, deadline=None)
@given(
    K=st.integers(1, 5),
    d=st.integers(1, 6),
    covariance_type=st.sampled_from(COVARIANCES[:4]),
    dtype=st.sampled_from([np.float64, np.float32]),
    scale=st.sampled_from([1e-6, 1.0, 1e6]),
    seed=st.integers(0, 2**16),
)
@pytest.mark.filterwarnings("ignore")
def test_any_fit_makes_the_round_trip(K, d, covariance_type, dtype, scale, seed, tmp_path_factory):
    X = (scale * rows(40, d, seed=seed)).astype(dtype)
    model = GaussianMixture(K, covariance_type=covariance_type, random_state=seed).fit(X)
    path = tmp_path_factory.mktemp("model") / "m"
    model.save(path)
    assert same_bits(load(path).predict_proba(X), model.predict_proba(X))


def test_fitted_attributes_and_parameters_come_back(tmp_path):
    X = pd.DataFrame(rows(), columns=["a", "b ü", 'c "'])
    model = GaussianMixture(
        2,
        covariance_type="diag",
        tol=1e-4,
        max_iter=50,
        means_init=[[0, 0, 0], [4, 4, 4]],
        random_state=np.int64(7),
        n_jobs=1,
    ).fit(X)
    save(model, tmp_path / "m")
    loaded = load(tmp_path / "m")
    before, after = model.get_params(), loaded.get_params()
    assert np.array_equal(before.pop("means_init"), after.pop("means_init"))
    assert after == before
    assert list(loaded.feature_names_in_) == ["a", "b ü", 'c "']
    assert loaded.n_features_in_ == 3
    assert (loaded.converged_, loaded.n_iter_) == (model.converged_, model.n_iter_)
    assert (loaded.lower_bound_, loaded.lower_bounds_) == (model.lower_bound_, model.lower_bounds_)
    assert loaded.predict(X).tolist() == model.labels_.tolist()


def test_a_loaded_model_can_be_fitted_on_and_saved_again(saved, tmp_path):
    X = rows(seed=5)
    loaded = load(saved).set_params(warm_start=True).fit(X)
    loaded.save(tmp_path / "again")
    assert same_bits(load(tmp_path / "again").means_, loaded.means_)


def test_the_file_holds_no_labels_and_no_generator(tmp_path):
    model = GaussianMixture(2, random_state=np.random.RandomState(0)).fit(rows())
    model.save(tmp_path / "m")
    assert load(tmp_path / "m").random_state is None
    assert not hasattr(load(tmp_path / "m"), "labels_")


def test_the_same_model_gives_the_same_bytes(fitted, tmp_path):
    contents = set()
    for number in range(10):
        fitted.save(tmp_path / str(number))
        contents.add((tmp_path / str(number)).read_bytes())
    assert len(contents) == 1


def test_parameters_set_by_hand_are_enough(tmp_path):
    model = GaussianMixture(2, covariance_type="spherical")
    model.weights_, model.means_ = np.array([0.25, 0.75]), np.array([[0.0, 1.0], [2.0, 3.0]])
    model.precisions_cholesky_ = np.array([1.0, 2.0])
    model.covariances_ = np.array([1.0, 0.25])
    model.save(tmp_path / "m")
    assert same_bits(load(tmp_path / "m").covariances_, model.covariances_)


def test_an_unfitted_model_is_not_saved(tmp_path):
    with pytest.raises(NotFittedError):
        GaussianMixture().save(tmp_path / "m")
    assert not list(tmp_path.iterdir())


def test_what_could_not_be_loaded_is_not_saved(tmp_path):
    broken = GaussianMixture(2).fit(rows())
    broken.weights_ = np.array([0.5, 0.9])
    with pytest.raises(ValueError, match=r"weights_ sums to 1\.4"):
        broken.save(tmp_path / "m")
    assert not list(tmp_path.iterdir())


def test_other_estimators_are_refused(tmp_path):
    with pytest.raises(TypeError, match="softmix saves GaussianMixture"):
        save(SklearnMixture().fit(rows()), tmp_path / "m")


# Damage


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=300))
def test_random_bytes_are_no_model(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("junk") / "m"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="not a usable softmix model file"):
        load(path)


@settings(max_examples=100, deadline=None)
@given(
    header=st.dictionaries(st.text(max_size=8), st.text(max_size=20) | st.integers() | st.none(), max_size=3)
)
def test_any_header_of_the_right_length_is_no_model(header, tmp_path_factory):
    path = tmp_path_factory.mktemp("junk") / "m"
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    with pytest.raises(ModelFileError):
        load(path)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_one_flipped_bit_is_noticed(data, fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("flip") / "m"
    fitted.save(path)
    content = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    try:
        loaded = load(path)
    except ModelFileError:
        return
    # A bit that no reader looks at, such as the version that wrote the file.
    X = rows()
    assert same_bits(loaded.predict_proba(X), fitted.predict_proba(X))
    assert same_bits(loaded.covariances_, fitted.covariances_)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_truncated_file_is_noticed(data, fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("cut") / "m"
    fitted.save(path)
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(ModelFileError):
        load(path)


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing")


def test_a_directory_is_not_a_file(tmp_path):
    with pytest.raises(IsADirectoryError):
        load(tmp_path)


def test_a_foreign_safetensors_file_is_named_as_such(tmp_path):
    save_file({"weights_": np.ones(1)}, tmp_path / "m")
    with pytest.raises(ModelFileError, match="safetensors file without softmix's header"):
        load(tmp_path / "m")


# Forgery: the digest is right, the contents are not. `forge` writes what `save` would refuse.


def parts(path):
    with safe_open(path, "numpy") as file:
        return json.loads(file.metadata()["softmix"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def forge(path, header, arrays):
    digest = hashlib.sha256(json.dumps(header["model"], sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(f"{name}{arrays[name].dtype.str}{arrays[name].shape}".encode())
        digest.update(arrays[name].tobytes())
    header["sha256"] = digest.hexdigest()
    save_file(arrays, path, metadata={"softmix": json.dumps(header)})


def test_a_forged_copy_of_a_sound_model_loads(saved, fitted):
    """The control: what follows fails for the reason given, not for the digest."""
    forge(saved, *parts(saved))
    assert same_bits(load(saved).means_, fitted.means_)


@pytest.mark.parametrize(
    ("name", "change", "finding"),
    [
        ("weights_", lambda w: w * 2, "weights_ sums to 2"),
        ("weights_", lambda w: np.array([-1.0, 2.0]), "negative"),
        ("weights_", lambda w: w[:1], r"weights_ has shape \(1,\)"),
        ("weights_", lambda w: w.astype(np.float32), "float32, float64"),
        ("weights_", lambda w: w.astype(np.int64), "int64"),
        ("means_", lambda m: m * np.nan, "means_ has values that are not finite"),
        ("means_", lambda m: m * np.inf, "not finite"),
        ("means_", lambda m: m[:, :0].copy(), "means_ has shape"),
        ("means_", lambda m: m.ravel(), "means_ has shape"),
        ("precisions_cholesky_", lambda p: -p, "diagonal that is not positive"),
        ("precisions_cholesky_", lambda p: p.swapaxes(1, 2).copy(), "not upper triangular"),
        ("precisions_cholesky_", lambda p: p[0].copy(), "precisions_cholesky_ has shape"),
        ("covariances_", lambda c: c * np.nan, "covariances_ has values"),
        ("covariances_", lambda c: c[0].copy(), "covariances_ has shape"),
        ("lower_bounds_", lambda t: t.astype(np.float32), "lower_bounds_ is not"),
        ("lower_bounds_", lambda t: t[:, None].copy(), "lower_bounds_ is not"),
        ("extra", lambda _: np.ones(1), "unknown arrays: 'extra'"),
    ],
)
def test_foreign_arrays_are_refused(saved, name, change, finding):
    header, arrays = parts(saved)
    arrays[name] = change(arrays.get(name))
    forge(saved, header, arrays)
    with pytest.raises(ModelFileError, match=finding) as caught:
        load(saved)
    assert str(saved) in str(caught.value)


def test_a_missing_array_is_named(saved):
    header, arrays = parts(saved)
    del arrays["means_"]
    forge(saved, header, arrays)
    with pytest.raises(ModelFileError, match="missing arrays: means_"):
        load(saved)


@pytest.mark.parametrize(
    ("path", "value", "finding"),
    [
        (("model", "params"), None, "constructor parameters are missing"),
        (("model", "params", "n_components"), 0, "n_components"),
        (("model", "params", "n_components"), "2", "n_components"),
        (("model", "params", "n_components"), 3, "shape"),
        (("model", "params", "covariance_type"), "round", "covariance_type"),
        (("model", "params", "covariance_type"), ["full"], "covariance_type"),
        (("model", "params", "tol"), -1, "tol"),
        (("model", "params", "colour"), "red", "unknown constructor parameters: 'colour'"),
        (("model", "converged"), 1, "'converged'"),
        (("model", "n_iter"), -1, "'n_iter'"),
        (("model", "n_iter"), 1.5, "'n_iter'"),
        (("model", "lower_bound"), "high", "'lower_bound'"),
        (("model", "feature_names"), ["a", "b"], "2 column names for 3 columns"),
        (("model", "feature_names"), ["a", "b", "b"], "column names repeat"),
        (("model", "feature_names"), ["a", "b", 3], "not text"),
        (("model",), [], "no model"),
        (("format",), "another format", "does not say format"),
        (("format_version",), "1", "format_version is '1'"),
        (("format_version",), 0, "format_version is 0"),
    ],
)
def test_foreign_scalars_are_refused(saved, path, value, finding):
    header, arrays = parts(saved)
    inner = header
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    forge(saved, header, arrays)
    with pytest.raises(ModelFileError, match=finding):
        load(saved)


def test_a_newer_format_asks_for_a_newer_softmix(saved):
    header, arrays = parts(saved)
    forge(saved, header | {"format_version": 2, "softmix_version": "9.0"}, arrays)
    with pytest.raises(ModelFileError, match=r"format version 2 \(softmix 9.0\).*Upgrade softmix"):
        load(saved)


def test_a_deeply_nested_header_is_refused(saved):
    _, arrays = parts(saved)
    save_file(arrays, saved, metadata={"softmix": "[" * 100_000})
    with pytest.raises(ModelFileError, match="header is not JSON"):
        load(saved)


def test_an_edited_array_is_noticed(saved):
    header, arrays = parts(saved)
    arrays["means_"] = arrays["means_"] + 1
    save_file(arrays, saved, metadata={"softmix": json.dumps(header)})
    with pytest.raises(ModelFileError, match="do not match their checksum"):
        load(saved)


def test_the_header_says_who_wrote_it(saved):
    header = read(saved)[1]
    assert header["format"] == "softmix model"
    assert header["format_version"] == 1
    assert header["softmix_version"] == softmix.__version__


# Writing


def test_a_file_that_cannot_be_written_leaves_the_old_one(fitted, saved):
    before = saved.read_bytes()
    with pytest.raises(FileNotFoundError):
        fitted.save(saved.parent / "nowhere" / "m")
    broken = GaussianMixture(2).fit(rows())
    broken.means_ = broken.means_ * np.nan
    with pytest.raises(ValueError, match="not finite"):
        broken.save(saved)
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


def test_saving_replaces_and_leaves_nothing_else(fitted, saved):
    saved.write_bytes(b"old")
    fitted.save(saved)
    assert same_bits(load(saved).means_, fitted.means_)
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX's")
def test_a_new_file_has_the_permissions_of_new_files(fitted, tmp_path):
    before = os.umask(0o027)
    try:
        fitted.save(tmp_path / "m")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "m").stat().st_mode) == 0o640


def test_a_symbolic_link_stays_a_link(fitted, tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    fitted.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert same_bits(load(tmp_path / "real").means_, fitted.means_)


@pytest.mark.parametrize("covariance_type", COVARIANCES)
@pytest.mark.parametrize("noise", [True, 0.1, np.arange(120) < 9], ids=["True", "share", "mask"])
def test_noise(covariance_type, noise, tmp_path):
    X = rows(dtype=np.float32)
    model = GaussianMixture(2, covariance_type=covariance_type, noise=noise, random_state=0).fit(X)
    model.save(tmp_path / "m.softmix")
    loaded = load(tmp_path / "m.softmix")
    assert (loaded.noise_weight_, loaded.noise_log_density_) == (
        model.noise_weight_,
        model.noise_log_density_,
    )
    np.testing.assert_array_equal(loaded.noise_box_, model.noise_box_)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(loaded.set_params(max_iter=1000).fit(X).labels_, model.labels_)


@pytest.mark.parametrize(
    ("name", "value", "finding"),
    [
        ("noise_weight_", -0.1, "not a share"),
        ("noise_weight_", 0.9, "sums to .* with that of the noise, not to 1"),
        ("noise_log_density_", np.nan, "not two numbers"),
        ("noise_box_", np.zeros((2, 2)), "does not go with 3 columns"),
        ("noise_box_", np.full((4, 3), np.inf), "not finite"),
    ],
)
def test_noise_that_is_none(name, value, finding, tmp_path):
    model = GaussianMixture(2, noise=True, random_state=0).fit(rows())
    setattr(model, name, value)
    with pytest.raises(ValueError, match=finding):
        model.save(tmp_path / "m.softmix")
