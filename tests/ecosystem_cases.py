"""Code that nobody here wrote, on tensors: scikit-learn, SciPy, einops, array-api-extra, -compat.

Run by test_ecosystem.py in a process of its own, for SciPy and scikit-learn read SCIPY_ARRAY_API
when they are imported. Each result is compared with the same call on NumPy arrays.
"""

import warnings

import numpy as np
import pytest

import ndtape as nt

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((2, 20, 3))
V, W = RNG.random((2, 30)) + 0.1


def leaves(result):
    """The arrays and numbers of a result: of tuples, and of SciPy's result objects."""
    if isinstance(result, (tuple, list)):
        return [leaf for part in result for leaf in leaves(part)]
    fields = [f for f in ("statistic", "pvalue", "x", "df", "mean_direction") if hasattr(result, f)]
    if fields and not isinstance(result, (nt.Tensor, np.ndarray, np.generic)):
        return [leaf for field in fields for leaf in leaves(getattr(result, field))]
    return [result]


def compare(got, want, tolerance=1e-9):
    found, wanted = leaves(got), leaves(want)
    assert len(found) == len(wanted)
    assert any(isinstance(g, nt.Tensor) for g in found) or not any(
        isinstance(w, np.ndarray) for w in wanted
    )
    for g, w in zip(found, wanted, strict=True):
        g = g.numpy() if isinstance(g, nt.Tensor) else np.asarray(g)
        assert g.shape == np.shape(w)
        np.testing.assert_allclose(g, w, rtol=tolerance, atol=tolerance)


def check(f, *arrays, tolerance=1e-9):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = f(np, *arrays)
        got = f(nt, *(nt.asarray(a) for a in arrays))
    compare(got, want, tolerance)


# ---- scikit-learn --------------------------------------------------------------------------------

sklearn = pytest.importorskip("sklearn", reason="scikit-learn is not installed")

FEATURES = RNG.standard_normal((60, 5))
TARGET = FEATURES @ RNG.standard_normal(5) + 0.1 * RNG.standard_normal(60)
CLASSES = (TARGET > 0).astype(np.int64) + (TARGET > 1)


def _estimators():
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.linear_model import Ridge, RidgeClassifier, RidgeCV
    from sklearn.mixture import GaussianMixture
    from sklearn.naive_bayes import GaussianNB
    from sklearn.preprocessing import (
        Binarizer,
        MaxAbsScaler,
        MinMaxScaler,
        Normalizer,
        PolynomialFeatures,
        StandardScaler,
    )

    def there_and_back(e, x):
        return [e.transform(x), e.inverse_transform(e.transform(x))]

    transform = lambda e, x: e.transform(x)  # noqa: E731
    predict = lambda e, x: e.predict(x)  # noqa: E731
    both = lambda e, x: [e.predict(x), e.predict_proba(x)]  # noqa: E731
    return {
        "PCA": (lambda: PCA(3, svd_solver="full"), (FEATURES,), there_and_back),
        "PCA by covariance": (
            lambda: PCA(3, svd_solver="covariance_eigh"),
            (FEATURES,),
            lambda e, x: [*there_and_back(e, x), e.explained_variance_ratio_],
        ),
        "PCA randomized": (
            lambda: PCA(
                3, svd_solver="randomized", power_iteration_normalizer="QR", random_state=0
            ),
            (FEATURES,),
            lambda e, x: e.explained_variance_,
        ),
        "PCA whitened": (lambda: PCA(0.9, svd_solver="full", whiten=True), (FEATURES,), transform),
        "Ridge": (
            lambda: Ridge(alpha=0.5, solver="svd"),
            (FEATURES, TARGET),
            lambda e, x: [e.predict(x), e.coef_],
        ),
        "RidgeCV": (RidgeCV, (FEATURES, TARGET), predict),
        "RidgeClassifier": (lambda: RidgeClassifier(solver="svd"), (FEATURES, CLASSES), predict),
        "LinearDiscriminantAnalysis": (
            lambda: LinearDiscriminantAnalysis(solver="svd"),
            (FEATURES, CLASSES),
            lambda e, x: [*both(e, x), e.transform(x)],
        ),
        "StandardScaler": (StandardScaler, (FEATURES,), there_and_back),
        "MinMaxScaler": (MinMaxScaler, (FEATURES,), there_and_back),
        "MaxAbsScaler": (MaxAbsScaler, (FEATURES,), there_and_back),
        "Normalizer": (Normalizer, (FEATURES,), transform),
        "Binarizer": (Binarizer, (FEATURES,), transform),
        "PolynomialFeatures": (lambda: PolynomialFeatures(2), (FEATURES,), transform),
        "GaussianMixture": (
            lambda: GaussianMixture(2, init_params="random", random_state=0),
            (FEATURES,),
            lambda e, x: e.predict_proba(x),
        ),
        "GaussianNB": (GaussianNB, (FEATURES, CLASSES), both),
    }


ESTIMATORS = _estimators()


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_estimators(name, dtype):
    make, data, use = ESTIMATORS[name]
    data = [a.astype(dtype) if a.dtype.kind == "f" else a for a in data]
    want = use(make().fit(*data), data[0])
    tensors = [nt.asarray(a) for a in data]
    with sklearn.config_context(array_api_dispatch=True):
        got = use(make().fit(*tensors), tensors[0])
    # Signs of components are no part of the result.
    size = lambda r: [abs(leaf) for leaf in leaves(r)]  # noqa: E731
    assert all(isinstance(leaf, nt.Tensor) for leaf in leaves(got))
    compare(size(got), size(want), 1e-8 if dtype == "float64" else 2e-3)


POSITIVE, GUESS = np.abs(TARGET) + 0.1, np.abs(TARGET + 0.1) + 0.2
LABEL, GUESSED = (TARGET > 0).astype(np.int64), (TARGET > 0.3).astype(np.int64)
CHANCE = 1 / (1 + np.exp(-TARGET - 0.2))
METRICS = {
    **dict.fromkeys(
        """mean_squared_error mean_absolute_error r2_score explained_variance_score max_error
        mean_absolute_percentage_error mean_squared_log_error root_mean_squared_error
        d2_tweedie_score mean_tweedie_deviance mean_pinball_loss median_absolute_error
        d2_absolute_error_score mean_gamma_deviance mean_poisson_deviance""".split(),
        (POSITIVE, GUESS),
    ),
    **dict.fromkeys(
        """accuracy_score zero_one_loss confusion_matrix f1_score precision_score recall_score
        jaccard_score hamming_loss balanced_accuracy_score cohen_kappa_score
        multilabel_confusion_matrix""".split(),
        (LABEL, GUESSED),
    ),
    **dict.fromkeys(
        """log_loss brier_score_loss average_precision_score d2_log_loss_score
        roc_auc_score""".split(),
        (LABEL, CHANCE),
    ),
    **dict.fromkeys(
        """cosine_similarity euclidean_distances rbf_kernel linear_kernel polynomial_kernel
        sigmoid_kernel laplacian_kernel chi2_kernel additive_chi2_kernel cosine_distances
        paired_cosine_distances paired_euclidean_distances manhattan_distances pairwise_distances
        pairwise_kernels""".split(),
        (np.abs(FEATURES[:7]), np.abs(FEATURES[10:17])),
    ),
}


@pytest.mark.parametrize("name", METRICS)
def test_metrics(name):
    from sklearn import metrics
    from sklearn.metrics import pairwise

    function = getattr(metrics, name, None) or getattr(pairwise, name)
    data = METRICS[name]
    want = function(*data)
    with sklearn.config_context(array_api_dispatch=True):
        got = function(*(nt.asarray(a) for a in data))
    got, want = (x.numpy() if isinstance(x, nt.Tensor) else np.asarray(x) for x in (got, want))
    # Means of integers are of the default dtype, float32.
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-9)


def test_splits_and_labels():
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import LabelEncoder

    with sklearn.config_context(array_api_dispatch=True):
        train, test = train_test_split(nt.asarray(FEATURES), random_state=0)
        codes = LabelEncoder().fit_transform(nt.asarray(CLASSES * 3))
    compare([train, test], train_test_split(FEATURES, random_state=0))
    assert codes.tolist() == CLASSES.tolist()


# Where scikit-learn itself leaves the standard.
OWN_FAULTS = {
    "matthews_corrcoef": "mixes NumPy arrays of its own with the caller's",
}


@pytest.mark.parametrize("name", OWN_FAULTS)
def test_metrics_that_fail_by_their_own_fault(name):
    from sklearn import metrics

    data = LABEL, GUESSED
    with sklearn.config_context(array_api_dispatch=True):
        try:
            got = getattr(metrics, name)(*(nt.asarray(a) for a in data))
        except TypeError as error:
            pytest.xfail(f"{OWN_FAULTS[name]}: {error}")
    np.testing.assert_allclose(np.asarray(got), getattr(metrics, name)(*data))  # since mended


# ---- SciPy ---------------------------------------------------------------------------------------

scipy = pytest.importorskip("scipy", reason="SciPy is not installed")


def _of(module, names, *arrays):
    import importlib

    functions = importlib.import_module(f"scipy.{module}")
    return {
        f"{module}.{name}": (lambda xp, *a, f=getattr(functions, name): f(*a), arrays)
        for name in names.split()
    }


def _scipy_calls():
    from scipy import differentiate, fft, integrate, ndimage, optimize, signal, stats
    from scipy.cluster import hierarchy, vq
    from scipy.optimize import elementwise

    sos, (b, a) = signal.butter(2, 0.3, output="sos"), signal.butter(2, 0.3)
    return {
        **_of(
            "stats",
            """zscore skew kurtosis sem variation gmean hmean describe kurtosistest skewtest
            normaltest jarque_bera entropy circmean circvar circstd tmean tvar tstd tsem kstat gstd
            gzscore differential_entropy iqr rankdata lmoment directional_stats""",
            np.abs(X) + 0.1,
        ),
        **_of("stats", "ttest_ind ttest_rel", X, Y),
        **_of(
            "stats",
            """pearsonr spearmanr f_oneway mannwhitneyu wilcoxon linregress kruskal zmap bartlett
            levene""",
            V,
            W,
        ),
        **_of("stats", "chisquare power_divergence", V),
        **_of("stats", "combine_pvalues false_discovery_control", V / 2),
        "stats.moment": (lambda xp, x: stats.moment(x, 3), (X,)),
        "stats.ttest_1samp": (lambda xp, x: stats.ttest_1samp(x, 0.1), (X,)),
        "stats.trim_mean": (lambda xp, x: stats.trim_mean(x, 0.1), (V,)),
        **_of("signal", "convolve correlate oaconvolve", V, W),
        **_of("signal", "fftconvolve", X, Y),
        **_of("signal", "detrend", X),
        **_of("signal", "hilbert envelope", V),
        "signal.savgol_filter": (lambda xp, v: signal.savgol_filter(v, 5, 2), (V,)),
        "signal.resample": (lambda xp, v: signal.resample(v, 12), (V,)),
        "signal.resample_poly": (lambda xp, v: signal.resample_poly(v, 3, 2), (V,)),
        "signal.sosfilt": (lambda xp, s, v: signal.sosfilt(s, v), (sos, V)),
        "signal.filtfilt": (lambda xp, b, a, v: signal.filtfilt(b, a, v), (b, a, V)),
        "signal.lfilter": (lambda xp, b, a, v: signal.lfilter(b, a, v), (b, a, V)),
        "signal.freqz": (lambda xp, b, a: signal.freqz(b, a, worN=16), (b, a)),
        "signal.upfirdn": (lambda xp, h, v: signal.upfirdn(h, v), (V[:4], W)),
        "signal.hann": (lambda xp, v: v * signal.windows.hann(30, xp=xp), (V,)),
        **_of(
            "special",
            """erf erfc gammaln gamma digamma expit logit i0 i1 j0 j1 log_ndtr ndtr ndtri entr
            logsumexp softmax log_softmax i0e i1e""",
            V,
        ),
        **_of("special", "gammainc gammaincc betaln rel_entr xlogy zeta chdtrc poch", V, W),
        **_of("special", "betainc", V, W, W / 2),
        **_of("cluster.vq", "whiten", X),
        "cluster.kmeans": (lambda xp, x: vq.kmeans(x, x[:3]), (X,)),
        "cluster.kmeans2": (lambda xp, x: vq.kmeans2(x, x[:3], minit="matrix"), (X,)),
        "cluster.vq": (lambda xp, x: vq.vq(x, x[:3]), (X,)),
        **_of("cluster.hierarchy", "linkage", X),
        "cluster.fcluster": (lambda xp, x: hierarchy.fcluster(hierarchy.linkage(x), 1.0), (X,)),
        "cluster.cophenet": (lambda xp, x: hierarchy.cophenet(hierarchy.linkage(x)), (X,)),
        **_of("fft", "fft ifft rfft fftn hfft dct dst fftshift", X),
        "fft.fht": (lambda xp, v: fft.fht(v, 0.1, 0.2), (V,)),
        **_of("integrate", "trapezoid simpson cumulative_trapezoid", V),
        "ndimage.gaussian_filter": (lambda xp, x: ndimage.gaussian_filter(x, 2), (X,)),
        **_of("ndimage", "sobel", X),
        **_of("optimize", "rosen rosen_der", V),
        "differentiate.derivative": (
            lambda xp, v: differentiate.derivative(lambda z: z**3, v).df,
            (V,),
        ),
        "optimize.find_root": (
            lambda xp, v: elementwise.find_root(lambda z, c: z**2 - c, (0 * v, v + 1), args=(v,)).x,
            (V,),
        ),
        "integrate.cumulative_simpson": (lambda xp, v: integrate.cumulative_simpson(v), (V,)),
        "optimize.rosen_hess": (lambda xp, v: optimize.rosen_hess(v), (V[:5],)),
    }


SCIPY = _scipy_calls()


@pytest.mark.parametrize("name", SCIPY)
def test_scipy(name):
    if name == "integrate.cumulative_simpson":
        # It makes constants of the default dtype, and trusts that this is float64.
        nt.set_default_dtype(nt.float64)
    call, arrays = SCIPY[name]
    if name == "optimize.rosen_hess":
        call = lambda xp, v: xp.asarray(scipy.optimize.rosen_hess(v))  # noqa: E731
    check(call, *arrays)


def test_scipy_tanhsinh_fails_by_its_own_fault():
    from scipy import integrate

    x = nt.asarray(V)
    try:
        got = integrate.tanhsinh(lambda z: z**2, 0 * x, x).integral
    except TypeError as error:
        pytest.xfail(f"divides a float by a power of an integer array: {error}")
    np.testing.assert_allclose(got, V**3 / 3)  # since mended


# ---- einops --------------------------------------------------------------------------------------


def test_einops():
    pytest.importorskip("einops", reason="einops is not installed")
    import einops
    import einops.array_api as e

    array = RNG.random((2, 3, 4))
    x = nt.asarray(array)
    for pattern, sizes in (("a b c -> c (a b)", {}), ("a b (c d) -> d a b c", {"d": 2})):
        compare(e.rearrange(x, pattern, **sizes), einops.rearrange(array, pattern, **sizes))
    for how in ("sum", "mean", "max", "min", "prod"):
        compare(e.reduce(x, "a b c -> c a", how), einops.reduce(array, "a b c -> c a", how))
    compare(e.reduce(x > 0.5, "a b c -> a", "any"), einops.reduce(array > 0.5, "a b c -> a", "any"))
    repeated = e.repeat(x, "a b c -> a r b c", r=2)
    compare(repeated, einops.repeat(array, "a b c -> a r b c", r=2))
    packed, shapes = e.pack([x, x[0]], "* b c")
    assert packed.shape == (3, 3, 4)
    compare(e.unpack(packed, shapes, "* b c"), [array, array[0]])
    np.testing.assert_array_equal(e.asnumpy(x), array)


# ---- array-api-compat and array-api-extra --------------------------------------------------------


def test_array_api_compat():
    compat = pytest.importorskip("array_api_compat", reason="array-api-compat is not installed")
    x = nt.asarray(X)
    assert compat.array_namespace(x, nt.ones(2)) is nt
    assert compat.array_namespace(x, api_version="2025.12") is nt
    earlier = compat.array_namespace(x, api_version="2024.12")
    assert earlier.__array_api_version__ == "2024.12"
    assert compat.is_array_api_obj(x)
    assert compat.device(x) == x.device
    assert compat.to_device(x, "cpu").shape == x.shape
    assert compat.size(x) == x.size
    assert not compat.is_lazy_array(x)
    assert compat.is_writeable_array(x)
    with pytest.raises(TypeError, match="Multiple namespaces"):
        compat.array_namespace(x, X)


def _extra():
    xpx = pytest.importorskip("array_api_extra", reason="array-api-extra is not installed")
    m = np.arange(12.0).reshape(3, 4)
    missing = np.where(m % 5 == 0, np.nan, m)
    return {
        "apply_where": lambda xp, x: xpx.apply_where(x > 5, x, lambda a: a * 2, lambda a: -a),
        "at": lambda xp, x: xpx.at(x)[1, :].add(3.0, copy=True),
        "atleast_nd": lambda xp, x: xpx.atleast_nd(x, ndim=3),
        "cov": lambda xp, x: xpx.cov(x),
        "create_diagonal": lambda xp, x: xpx.create_diagonal(x[0, :]),
        "expand_dims": lambda xp, x: xpx.expand_dims(x, axis=(0, 2)),
        "isclose": lambda xp, x: xpx.isclose(x, x + 1e-9),
        "isin": lambda xp, x: xpx.isin(x, x[0, :]),
        "kron": lambda xp, x: xpx.kron(x, x),
        "nan_to_num": lambda xp, x: xpx.nan_to_num(x / x),
        "nunique": lambda xp, x: xpx.nunique(x),
        "one_hot": lambda xp, x: xpx.one_hot(xp.asarray([0, 2]), 3, dtype=xp.float64),
        "pad": lambda xp, x: xpx.pad(x, 1),
        "setdiff1d": lambda xp, x: xpx.setdiff1d(x[0, :], x[0, 1:]),
        "sinc": lambda xp, x: xpx.sinc(x),
        "union1d": lambda xp, x: xpx.union1d(x[0, :], x[1, :]),
        "partition": lambda xp, x: xpx.partition(x[0, :], 2)[2],
        "nansum": lambda xp, x: xpx.nansum(xp.asarray(missing)),
        "nanmax": lambda xp, x: xpx.nanmax(xp.asarray(missing), axis=1),
    }, m


@pytest.mark.parametrize("name", _extra()[0])
def test_array_api_extra(name):
    calls, m = _extra()
    check(calls[name], m)
