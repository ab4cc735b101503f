"""The rule language: text → tree. Small and closed; whatever it does not say is a ``builtin:`` check.

    r01 == sum(r02:r06)                  3 <= r17.c4 / r01.c4 <= 500
    c5 == if_(month == 1, c1, prev.c5 + c1)
    count(ledger, c6 == row) == t03.r02.c1

From loose to tight: ``or``, ``and``, ``not``, comparisons (which chain), ``+ -``, ``* /``, a leading minus.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from jinguo.rules.syntax import (
    And,
    Arithmetic,
    Call,
    Comparison,
    Measure,
    Name,
    Negation,
    Node,
    Not,
    Number,
    Or,
    Reference,
    Span,
)

FUNCTIONS = {
    "sum": (1, 99),
    "min": (1, 99),
    "max": (1, 99),
    "abs": (1, 1),
    "round": (1, 2),
    "count": (1, 2),
    "if_": (3, 3),
}
NAMES = ("month", "row", "column", "period.first_day", "period.last_day")
EARLIER = ("prev", "same_month_last_year")  # contexts whose figures are not in this file
CONTEXTS = (*EARLIER, "quarter")
COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")

_TOKEN = re.compile(
    r"""\s*(?:(?P<date>\d{4}-\d{2}-\d{2})
    |(?P<number>\d+(?:\.\d+)?%?)
    |(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    |(?P<symbol>==|!=|<=|>=|[-+*/():,<>])
    |(?P<other>\S))""",
    re.VERBOSE | re.ASCII,
)
_ROW, _COLUMN = re.compile(r"r(\d\d)"), re.compile(r"c([1-9]\d?)")


class LanguageError(ValueError):
    """An expression that cannot be read: names the token and its position (from 1)."""

    def __init__(self, text: str, position: int, token: str, accepted: str) -> None:
        super().__init__(f"position {position + 1}: {token!r} in {text!r} (accepted: {accepted})")
        self.position, self.token = position + 1, token
        self.advice = f"at position {position + 1}, instead of {token!r}: {accepted}"


class _Token(NamedTuple):
    kind: str  # date, number, name, symbol, end
    text: str
    position: int


@lru_cache(maxsize=4096)
def parse(text: str) -> Node:
    """The tree of an expression; LanguageError otherwise."""
    parser = _Parser(text)
    node = parser.read_or()
    parser.expect_end()
    return node


def _tokens(text: str) -> list[_Token]:
    found, position = [], 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match["other"]:
            at = match.start("other") if match else position
            raise LanguageError(text, at, text[at : at + 1], "names, numbers, dates and the operators of the language")
        kind = str(match.lastgroup)
        found.append(_Token(kind, match[kind], match.start(kind)))
        position = match.end()
    return [*found, _Token("end", "", end)]


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.at = text, _tokens(text), 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def fail(self, accepted: str, token: _Token | None = None) -> LanguageError:
        token = token or self.token
        return LanguageError(self.text, token.position, token.text or "end of the expression", accepted)

    def take(self, *texts: str) -> str | None:
        """The current token's text if it is one of ``texts`` (then it is consumed), else None."""
        token = self.token
        if token.kind in ("symbol", "name") and token.text in texts:
            self.at += 1
            return token.text
        return None

    def require(self, text: str) -> None:
        if not self.take(text):
            raise self.fail(f"'{text}'")

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise self.fail("an operator or the end")

    def read_or(self) -> Node:
        return self._read_joined("or", self._read_and, Or)

    def _read_and(self) -> Node:
        return self._read_joined("and", self._read_not, And)

    def _read_joined(self, word: str, read: Callable[[], Node], join: type[And] | type[Or]) -> Node:
        parts = [read()]
        while self.take(word):
            parts.append(read())
        return parts[0] if len(parts) == 1 else join(tuple(parts))

    def _read_not(self) -> Node:
        return Not(self._read_not()) if self.take("not") else self._read_comparison()

    def _read_comparison(self) -> Node:
        operands, operators = [self._read_sum()], []
        while operator := self.take(*COMPARISONS):
            operators.append(operator)
            operands.append(self._read_sum())
        return Comparison(tuple(operators), tuple(operands)) if operators else operands[0]

    def _read_sum(self) -> Node:
        return self._read_chain(("+", "-"), self._read_product)

    def _read_product(self) -> Node:
        return self._read_chain(("*", "/"), self._read_signed)

    def _read_chain(self, operators: tuple[str, ...], read: Callable[[], Node]) -> Node:
        node = read()
        while operator := self.take(*operators):
            node = Arithmetic(operator, node, read())
        return node

    def _read_signed(self) -> Node:
        return Negation(self._read_signed()) if self.take("-") else self._read_single()

    def _read_single(self) -> Node:
        token = self.token
        if self.take("("):
            node = self.read_or()
            self.require(")")
            return node
        if token.kind not in ("number", "date", "name") or token.text in ("and", "or", "not"):
            raise self.fail("a number, a date, a reference or '('")
        self.at += 1
        if token.kind == "number":
            return _number(token.text)
        if token.kind == "date":
            return self._date(token)
        if self.token.text == "(":
            return self._read_call(token)
        return self._name(token)

    def _date(self, token: _Token) -> Number:
        try:
            return Number(Fraction(dt.date.fromisoformat(token.text).toordinal()), is_date=True)
        except ValueError:
            raise self.fail("a date that exists", token) from None

    def _read_call(self, token: _Token) -> Node:
        if token.text not in FUNCTIONS:
            raise self.fail("the functions " + ", ".join(FUNCTIONS), token)
        self.require("(")
        arguments = [self._read_argument()]
        while self.take(","):
            arguments.append(self._read_argument())
        self.require(")")
        fewest, most = FUNCTIONS[token.text]
        if not fewest <= len(arguments) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            raise self.fail(f"{wanted} arguments, not {len(arguments)}", token)
        return Call(token.text, tuple(arguments), token.position)

    def _read_argument(self) -> Node:
        node = self.read_or()
        if not self.take(":"):
            return node
        last = self._read_single()
        if not (isinstance(node, Reference) and isinstance(last, Reference)):
            raise self.fail("':' between two references", self.tokens[self.at - 2])
        return Span(node, last)

    def _name(self, token: _Token) -> Node:
        """``t01.r17.c4``, ``prev.c4``, ``register.towns``, ``month``."""
        if token.text in NAMES:
            return Name(token.text, token.position)
        first, *rest = parts = token.text.split(".")
        if first == "register" and len(rest) == 1:
            return Measure(rest[0])
        context = first if first in CONTEXTS else ""
        parts = rest if context else parts
        table = parts.pop(0) if parts and not (_ROW.fullmatch(parts[0]) or _COLUMN.fullmatch(parts[0])) else ""
        row, column = "", 0
        if parts and (match := _ROW.fullmatch(parts[0])):
            row = match[1]
            parts = parts[1:]
        if parts and (match := _COLUMN.fullmatch(parts[0])):
            column = int(match[1])
            parts = parts[1:]
        if parts or (context and not (row or column)):
            raise self.fail("a reference such as t01.r17.c4, r17, c4, prev.c4, register.towns", token)
        return Reference(context, table, row, column, token.position)


def _number(text: str) -> Number:
    if text.endswith("%"):
        return Number(Fraction(text[:-1]) / 100, is_percent=True)
    return Number(Fraction(text))
