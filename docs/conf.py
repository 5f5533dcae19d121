"""The site: ``pip install ".[docs]" && sphinx-build -W docs docs/_build``."""

import inspect
import os
from typing import Any

os.environ.setdefault("MPLBACKEND", "Agg")

from numpydoc.xref import DEFAULT_LINKS

import ndtape as nt

project = "ndtape"
copyright = "The ndtape authors"
version = release = nt.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "tutorials/GALLERY_HEADER.rst"]
templates_path = ["_templates"]

# The pages stay plain Markdown, to be read in the repository too.
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

autosummary_ignore_module_all = False
autosummary_filename_map = {"ndtape.tensor": "ndtape.tensor-function"}  # not beside ndtape.Tensor
autodoc_typehints = "none"  # numpydoc's sections say them
numpydoc_show_class_members = False  # the template of classes lists them
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"  # other projects' pages would need a network
numpydoc_xref_aliases = {
    **{name: name for name in DEFAULT_LINKS},
    "Tensor": "ndtape.Tensor",
    "Module": "ndtape.nn.Module",
    "Optimizer": "ndtape.optim.Optimizer",
    "Callback": "ndtape.nn.callbacks.Callback",
    "History": "ndtape.nn.callbacks.History",
    "DataLoader": "ndtape.data.DataLoader",
    "Distribution": "ndtape.distributions.Distribution",
}

sphinx_gallery_conf = {
    "examples_dirs": "../tutorials",
    "gallery_dirs": "tutorials",
    "filename_pattern": r"/\d_\w+\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "reference_url": {"ndtape": None},
    "capture_repr": (),
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
    "min_reported_time": 1e9,
}

html_theme = "pydata_sphinx_theme"
html_title = f"ndtape {release}"
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
}


def signature(
    app: Any, what: str, name: str, value: Any, options: Any, text: str, returns: str
) -> tuple[str, None] | None:
    """Give a module's arguments, which autodoc takes from `Module.__new__`."""
    if what != "class" or not issubclass(value, nt.nn.Module):
        return None
    if value.__init__ is object.__init__:
        return "()", None
    found = inspect.signature(value.__init__)
    parameters = list(found.parameters.values())[1:]
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
    return str(inspect.Signature(plain)), None


def setup(app: Any) -> None:
    """Register what this page defines."""
    app.connect("autodoc-process-signature", signature)
