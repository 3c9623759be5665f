"""Erase posts and members from everything that is kept, and say what was done.

Seals come first, so that nothing is collected again; then the other tables, then ``posts``, by
which a cut-off erasure is known and finished; then old versions, then published digests.
"""

from feedbackminer.erase.operation import erase_posts, forget, retain
from feedbackminer.erase.receipt import Receipt

__all__ = ["Receipt", "erase_posts", "forget", "retain"]
