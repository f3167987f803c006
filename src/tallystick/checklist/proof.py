"""What the check list proves or disproves of the manifests, as facts that can be written into them."""

from datetime import UTC, datetime

from tallystick.checklist.report import Report
from tallystick.core.checks import Finding
from tallystick.project.manifest import Fact


def facts_of(report: Report) -> dict[str, dict[str, Fact]]:
    """Give, by system and entry of its manifest, what was confirmed or contradicted.

    What could not be told is left out. What one question confirms and another contradicts is contradicted.
    """
    found: dict[str, dict[str, Fact]] = {}
    for row in report.rows:
        for finding in row.findings:
            if finding.verdict not in {"pass", "fail"}:
                continue
            facts = found.setdefault(finding.system, {}) if finding.about else {}
            for entry in finding.about:
                if entry not in facts or finding.verdict == "fail":
                    facts[entry] = _fact(report, finding)
    return found


def _fact(report: Report, finding: Finding) -> Fact:
    where = f" on {report.environment}" if report.environment else ""
    proven = finding.verdict == "pass"
    # What failed may name records, which have no business in a file that goes into Git.
    said = finding.summary if proven else "it fails; ask again to see why"
    return Fact(
        label="confirmed" if proven else "contradicted",
        because=f"tally check {finding.question}{where}: {said}",
        on=datetime.fromtimestamp(report.at, UTC).date().isoformat(),
    )
