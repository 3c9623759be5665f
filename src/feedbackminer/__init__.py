"""Mine a product community's posts into digests of checkable claims."""

from importlib.metadata import version

__version__ = version("feedbackminer")
