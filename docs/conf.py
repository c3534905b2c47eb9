"""How Sphinx builds the site and the man page from the pages in this folder: `make docs`, `make man`.

Nothing is fetched, neither by the build nor by the built pages: fonts are the reader's own, scripts and styles are files of the site.
"""

from sphinx.application import Sphinx

from auditor.version import __version__

project = "auditor"
author = "The auditor maintainers"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]

root_doc = "index"
exclude_patterns = ["_build", "man", "notebooks"]
show_warning_types = True
suppress_warnings = ["myst.header"]  # a page that another page includes begins with a heading of any level

# links between pages work in the repository, too: to files, and to headings by the names that GitHub gives them
myst_heading_anchors = 4

default_role = "code"  # `name` in docstrings
autodoc_member_order = "groupwise"
autodoc_typehints = "description"
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"auditor {__version__}"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_static_path = ["site"]
html_css_files = ["site.css"]

man_pages = [("auditor", "auditor", "audit the validation status of a partner's customers", [], 1)]
man_show_urls = True
today = f"auditor {__version__}"  # no date in the man page: the same sources give the same file


def lead_to_pages(_app: object, _page: str, source: list[str]) -> None:
    """Turn links to files beside this folder, which work in the repository, into links to the pages that include them."""
    for file, page in {"README": "index", "CONTRIBUTING": "contributing", "CHANGELOG": "changelog"}.items():
        source[0] = (
            source[0].replace(f"](../{file}.md", f"]({page}.md").replace(f"](../../{file}.md", f"](../{page}.md")
        )


def setup(app: Sphinx) -> None:
    """Register what is above."""
    app.connect("source-read", lead_to_pages)
