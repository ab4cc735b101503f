"""更正建议 of a steward, as the unit is asked: a line in 问题清单 with 确认建议值, in the workbook and on the page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jinguo.errors import Refused
from jinguo.forms.model import SCALE, Cell, Form
from jinguo.periods import Period
from jinguo.reading.formulas import recipe_for
from jinguo.reading.model import CellState, Normalisation, Reading, format_number
from jinguo.review.confirmations import HOW, YES
from jinguo.review.issues import PROPOSED
from jinguo.rules.findings import Finding
from jinguo.warehouse.proposals import CONFIRMED, DECLINED, OPEN, OVERTAKEN, Reply
from jinguo.warehouse.records import Proposal

NO = "否"
_VALUE = re.compile(r"-?\d{1,12}(\.\d{1,3})?")


def rule_of(proposal: Proposal) -> str:
    """How a list of problems names a proposal. With its number, so that an old list answers nothing newer."""
    return f"{PROPOSED}{proposal.id}"


def finding_of(proposal: Proposal, reading: Reading) -> Finding:
    """The proposal as a line of the list of problems."""
    sheet, address = reading.place(proposal.cell_id)
    found, value = proposal.found or "空", format_number(proposal.value)
    message = f"审核人请您核对：这一格现为{found}，建议值{value}。理由：{proposal.reason}"
    table = proposal.cell_id.partition(".")[0]
    cells = (proposal.cell_id,)
    return Finding(rule_of(proposal), "query", table, sheet, address, proposal.cell_id, cells, proposal.found, message)


def standing_text(reading: Reading, cell: Cell) -> str:
    """What stands in a cell of a grid: its figure, what could not be read, "" when it is empty."""
    if reading.states is None or reading.numbers is None:
        return ""
    state = CellState(int(reading.states[cell.index]))
    if state == CellState.UNREADABLE:
        return next((problem.value for problem in reading.problems if problem.cell_id == cell.id), "")
    return format_number(float(reading.numbers[cell.index])) if state != CellState.NO_ACTIVITY else "未开展"


def is_proposable(cell_id: str, *, reading: Reading, form: Form) -> bool:
    """Whether a value for the cell could be confirmed: see ``value_for``."""
    return not _objection(cell_id, reading, form)


def value_for(cell_id: str, text: str, *, reading: Reading, form: Form) -> int:
    """The proposed value in thousandths; Refused where nobody could confirm it: no such cell, computed, no number."""
    objection, cell, text = _objection(cell_id, reading, form), form.cell_by_id.get(cell_id), text.strip()
    if objection or cell is None:
        raise Refused(objection)
    if not _VALUE.fullmatch(text):
        raise Refused(f"建议值“{text[:20]}”不是数字，请写成 120 或 12.5 的样子。")
    if len(text.partition(".")[2].rstrip("0")) > cell.decimals:
        raise Refused(f"这一格最多{cell.decimals}位小数，建议值为{text}。" if cell.decimals else "这一格只能填整数。")
    value = round(float(text) * SCALE)
    if format_number(value) == standing_text(reading, cell):
        raise Refused("建议值和现在填的数相同。")
    return value


def _objection(cell_id: str, reading: Reading, form: Form) -> str:
    """Why no value can be proposed for a cell, "" where it can."""
    cell = form.cell_by_id.get(cell_id)
    if cell is None:
        return f"“{cell_id}”不是各表里的一格；封面、名单和台账请退回，由单位自己改。"
    if reading.numbers is None or reading.states is None:
        return "这一版没有读出数据，不能提建议值，请退回重报。"
    if reading.unit_type in cell.na_for or reading.states[cell.index] in (CellState.NA, CellState.NOT_DUE):
        return "这一格不适用于这个单位，不能填数。"
    recipe = recipe_for(form, reading.unit_type, Period.parse(reading.period), reading.prefilled)
    is_computed = any(step.index == cell.index for step in recipe.steps)
    return "这一格由公式算出，请对它的分项提建议值，合计会随之重算。" if is_computed else ""


def replies_in(reading: Reading, proposals: Sequence[Proposal], *, form: Form) -> list[Reply]:
    """What a file, or the page, answers to open proposals: 是, 否, nothing (open), or another value in the cell."""
    given = {(answer.rule_id, answer.cell_id): answer for answer in reading.answers}
    replies = []
    for proposal in proposals:
        answer, cell = given.get((rule_of(proposal), proposal.cell_id)), form.cell_by_id.get(proposal.cell_id)
        if cell is None or standing_text(reading, cell) != proposal.found:
            replies.append(Reply(proposal, OVERTAKEN))
            continue
        state = {YES: CONFIRMED, NO: DECLINED}.get(answer.confirmation.strip(), OPEN) if answer else OPEN
        replies.append(Reply(proposal, state, answer.text if answer else ""))
    return replies


def changes_of(replies: Sequence[Reply], reading: Reading) -> dict[str, Normalisation]:
    """The confirmed values, for ``confirmations.amend``; what the file itself says stays as the raw text."""
    raws = {note.cell_id: note.raw for note in reading.normalisations}
    changes = {}
    for reply in replies:
        if reply.state == CONFIRMED:
            proposal = reply.proposal
            sheet, address = reading.place(proposal.cell_id)
            raw = raws.get(proposal.cell_id, proposal.found)
            value = format_number(proposal.value)
            changes[proposal.cell_id] = Normalisation(sheet, address, proposal.cell_id, raw, value, HOW)
    return changes
