import pytest


@pytest.mark.parametrize("unit_type", ["city", "county", "organs", "own"])
@pytest.mark.parametrize("period", ["2026-10", "2026-12"])
def test_a_coherent_report_has_no_findings(report, unit_type, period):
    assert [(f.rule_id, f.cell_id, f.message) for f in report(unit_type, period).findings()] == []
