"""The examples in docstrings and in the README do what they say."""

import doctest
import inspect
import re
from pathlib import Path

import pytest

import ndtape as nt

ROOT = Path(__file__).parent.parent
PLACES = {
    "nt": nt,
    "autograd": nt.autograd,
    "random": nt.random,
    "memory": nt.memory,
    "linalg": nt.linalg,
    "fft": nt.fft,
    "viz": nt.viz,
    "testing": nt.testing,
    "optim": nt.optim,
    "nn": nt.nn,
    "nn.functional": nt.nn.functional,
    "nn.init": nt.nn.init,
    "nn.callbacks": nt.nn.callbacks,
    "data": nt.data,
    "special": nt.special,
    "distributions": nt.distributions,
    "data.datasets": nt.data.datasets,
}


def public():
    """Every public function and class, and the public methods of the classes."""
    for place, module in PLACES.items():
        for name in module.__all__:
            value = getattr(module, name)
            if getattr(value, "__module__", None) == "numpy.linalg":
                continue  # NumPy's own error
            yield f"{place}.{name}", value
            if inspect.isclass(value):
                for attribute in dir(value):
                    member = inspect.getattr_static(value, attribute)
                    if not attribute.startswith("_") and callable(getattr(value, attribute)):
                        yield f"{place}.{name}.{attribute}", member


CALLABLE = [(path, value) for path, value in public() if callable(value)]


@pytest.mark.parametrize(("path", "value"), CALLABLE, ids=[path for path, _ in CALLABLE])
def test_docstring(path, value):
    text = inspect.getdoc(value)
    assert text, "has no docstring"
    test = doctest.DocTestParser().get_doctest(text, {}, path, None, 0)
    output = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=output.append)
    assert not output, "".join(output)


FUNCTIONS = [
    (f"{place}.{name}", getattr(module, name))
    for place, module in PLACES.items()
    for name in module.__all__
    if inspect.isroutine(getattr(module, name))
]


@pytest.mark.parametrize(("path", "value"), FUNCTIONS, ids=[path for path, _ in FUNCTIONS])
def test_functions_have_examples(path, value):
    text = inspect.getdoc(value)
    assert ">>> " in text
    assert inspect.signature(value) is not None


@pytest.mark.parametrize(("path", "value"), FUNCTIONS, ids=[path for path, _ in FUNCTIONS])
def test_parameters_are_documented(path, value):
    """By their names, in numpydoc's section."""
    text = inspect.getdoc(value)
    section = re.search(r"^Parameters\n-+\n(.*?)(?=\n\n\w[\w ]*\n-+\n|\Z)", text, re.S | re.M)
    said = re.findall(r"^(\S[^:\n]*?)(?: :.*)?$", section[1] if section else "", re.M)
    said = [name.lstrip("*") for names in said for name in names.split(", ")]
    assert sorted(said) == sorted(inspect.signature(value).parameters)


def test_readme_taste(capsys):
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S).group(1)
    exec(compile(code, "README.md", "exec"), {})
    gradient, transformed = capsys.readouterr().out.split("\n[")
    assert gradient.count("[") == 3
    assert transformed.startswith(" 0.3")
