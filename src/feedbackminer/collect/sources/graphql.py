"""Ask a GraphQL server: errors come with status 200, and each answer gets a name of its own.

All requests go to one address, so an answer to an earlier one (a proxy, a cache) could not be told
from the right one. GraphQL lets the reader name what is answered; a name that was never used before
makes sure.
https://spec.graphql.org
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from feedbackminer.collect.http.answers import MissingError, RefusedError
from feedbackminer.collect.http.client import Web
from feedbackminer.errors import SourceError

REFUSED = {"FORBIDDEN", "INSUFFICIENT_SCOPES"}
Node = Mapping[str, Any]


@dataclass(frozen=True)
class GraphQL:
    """Asks one server.

    Args:
        name: of the source, for messages.
        types: variable -> its type in the schema.
    """

    web: Web
    name: str
    types: Mapping[str, str]
    path: str = "graphql"

    def ask(self, field: str, **variables: Any) -> tuple[Any, list[Node]]:
        """Return what a field of the root holds, and the errors that came with it.

        Raises:
            MissingError: it holds nothing.
            RefusedError: the token may not read it, or the server does not know it.
            SourceError: the token's allowance is used up, or other errors stay.
        """
        alias = f"q{uuid4().hex}"
        declared = ", ".join(f"${variable}: {self.types[variable]}" for variable in variables)
        query = f"query({declared}) {{ {alias}: {field} }}"
        limited: list[Any] = []

        def is_right(answer: Any) -> bool:
            errors = _errors(answer)
            kinds = {error.get("type") for error in errors}
            if "RATE_LIMITED" in kinds:  # asked once more, after the wait that the server names
                limited.append(answer)
            if len(limited) > 1:
                raise SourceError(
                    f"{self.name}: the allowance of this token is used up for now; what was read "
                    "is kept, run the same command again in an hour"
                )
            if kinds & REFUSED:
                raise RefusedError(f"{self.name}: refused: {str(errors[0].get('message'))[:200]!r}")
            if any(_is_unknown_field(error) for error in errors):  # of an older server
                message = str(errors[0].get("message"))[:200]
                raise RefusedError(f"{self.name}: the server does not have it: {message!r}")
            return kinds <= {"NOT_FOUND"} and alias in (answer.get("data") or {})

        body = {"query": query, "variables": variables}
        answer = self.web.json(self.path, body=body, is_right=is_right)
        if answer["data"][alias] is None:
            raise MissingError(f"{self.name}: there is no such {field.partition('(')[0]}")
        return answer["data"][alias], _errors(answer)


def _is_unknown_field(error: Node) -> bool:
    return (error.get("extensions") or {}).get("code") == "undefinedField"


def _errors(answer: Any) -> list[Node]:
    """Return the errors of an answer; one that is no answer of GraphQL is an error itself."""
    if not isinstance(answer, dict):
        return [{"message": "not an object"}]
    return [error for error in answer.get("errors") or [] if isinstance(error, dict)]
