"""What a unit wrote into 问题清单 as explanations 情况说明, and what of it does not count, with the reason."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from jinguo.reading.model import Answer
from jinguo.review.matching import Key
from jinguo.warehouse.records import Explanation

SHORTEST = 10  # characters
BOILERPLATE_RULES = 3  # one text under so many different rules explains none of them


@dataclass(frozen=True)
class Explained:
    """By (rule id, cell id): everything ``written``; the ``texts`` that count; why others are ``refused``; 是/否."""

    written: dict[Key, str]
    texts: dict[Key, str]
    refused: dict[Key, str]
    confirmations: dict[Key, str]


def judge_answers(answers: Sequence[Answer]) -> Explained:
    """The answers of one file. The last one counts where a finding is answered twice; an empty one is none."""
    given = {(answer.rule_id, answer.cell_id): answer.text.strip() for answer in answers if answer.text.strip()}
    rules_of = defaultdict(set)
    for (rule_id, _), text in given.items():
        rules_of[_bare(text)].add(rule_id)
    refused: dict[Key, str] = {}
    for key, text in given.items():
        same = len(rules_of[_bare(text)])
        if len("".join(text.split())) < SHORTEST:
            refused[key] = f"情况说明不足{SHORTEST}个字，请写明具体原因。"
        elif same >= BOILERPLATE_RULES:
            refused[key] = f"同一段话用在了{same}种不同的问题上，不能作为说明，请逐条写明具体原因。"
    return Explained(
        written=given,
        texts={key: text for key, text in given.items() if key not in refused},
        refused=refused,
        confirmations={
            (answer.rule_id, answer.cell_id): answer.confirmation for answer in answers if answer.confirmation
        },
    )


def explanation_records(
    answers: Sequence[Answer], *, unit_id: int, period_key: int, submission_id: int, given_at: dt.datetime
) -> list[Explanation]:
    """The explanations that count, as the warehouse keeps them; a steward has still to accept them."""
    return [
        Explanation(unit_id, period_key, rule_id, cell_id, text, submission_id, given_at)
        for (rule_id, cell_id), text in judge_answers(answers).texts.items()
    ]


def _bare(text: str) -> str:
    """Letters and digits only: another full stop does not make another explanation."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())
