"""Every scenario of ``cases/*.yaml``, as written and with left and right swapped."""

import pytest
from scenario_file import Case, mirrored, read_raw, read_theme, theme_files
from scenario_play import find_differences
from scenario_stage import set_stage


def _cases():
    for path in theme_files():
        text = path.read_text(encoding="utf-8")
        theme, lines = read_theme(text, path.name)
        raw = read_raw(text, path.name)["cases"]
        for case, line, written in zip(theme.cases, lines, raw, strict=True):
            place = f"{path.name}:{line}"
            marks = [pytest.mark.xfail(reason=f"open: {case.open}")] if case.open else []
            yield pytest.param(case, id=f"{place} {case.title}", marks=marks)
            if not case.mirror:
                swapped = Case.model_validate(mirrored(written))
                yield pytest.param(swapped, id=f"{place} mirrored: {case.title}", marks=marks)


@pytest.mark.parametrize("case", list(_cases()))
def test_scenario(case):
    with set_stage(case) as stage:
        differences = find_differences(case, stage)
    if differences:
        pytest.fail(differences, pytrace=False)
