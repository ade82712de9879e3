"""The first page: what the run came to."""

from nnparity.pages import INDEX, Page

PAGE = Page(name="overview", order=10, title="Overview", file=INDEX)
