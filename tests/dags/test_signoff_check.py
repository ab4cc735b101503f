"""Whose approval publishes a release."""

from __future__ import annotations

import dataclasses

import pytest
from jinguo.errors import Refused
from jinguo.settings import load_settings
from jinguo.signoff import verify_approver

SETTINGS = dataclasses.replace(load_settings({}), province_staff=frozenset({"shengban"}))


def answer(option: str, account: str) -> dict:
    return {"chosen_options": [option], "responded_by_user": {"id": account, "name": account}}


def test_the_province_approves():
    assert verify_approver(answer("Approve", "shengban"), SETTINGS) == "shengban"


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (None, "nobody has answered"),
        ({}, "nobody has answered"),
        ({"chosen_options": ["Approve"], "responded_by_user": None}, "nobody has answered"),
        (answer("Reject", "shengban"), "the answer was"),
        (answer("Approve", "admin"), "'admin' is not among the province's staff"),
    ],
    ids=["marked as done", "empty", "timed out", "rejected", "another account"],
)
def test_anything_else_is_refused(response, reason):
    with pytest.raises(Refused, match=reason):
        verify_approver(response, SETTINGS)


def test_without_a_list_nobody_signs():
    with pytest.raises(Refused):
        verify_approver(answer("Approve", "shengban"), load_settings({}))


def test_the_list_comes_from_the_environment():
    assert load_settings({"JINGUO_PROVINCE_STAFF": " wang, li ,"}).province_staff == {"wang", "li"}
