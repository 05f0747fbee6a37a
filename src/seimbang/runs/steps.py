"""THE ordered table of steps."""

from seimbang.record.seal import DIGESTS
from seimbang.reports.report import report_files
from seimbang.runs import (
    auditing,
    box_stats,
    compared,
    describe,
    explained,
    labels,
    levers,
    openings,
    pictures,
    provenance,
    quality,
    refusal,
    results,
    table_explanations,
)
from seimbang.runs.engine import Step

BEFORE = (
    Step("study", describe.study_files, ("study.json", "study.toml")),
    Step("splits", describe.split_files, ("splits.csv",)),
    Step("data", describe.data_files, ("data.json", "clusters.png", "samples/*.png"), version=2),
    Step("audit", auditing.audit_files, ("audit.json",), version=4),
    Step("measures", quality.measure_files, ("quality.csv",)),
)
"""Once, before any job."""

EACH_ARM = (
    Step("predictions", results.prediction_files, ("predictions.csv",), "arm"),
    Step("search", results.search_files, ("search.csv",), "arm", version=2),
    Step("metrics", results.metric_files, ("metrics.json",), "arm", version=8),
    Step("clinical", results.clinical_files, ("clinical.json",), "arm", version=2),
    Step("refusal", refusal.refusal_files, ("refusal.json", "gate.npz"), "arm"),
    Step("package", results.package_files, ("model.json",), "arm", version=2),
    Step("digests", results.digest_files, (DIGESTS,), "arm"),
    Step("facts", results.fact_files, ("arm.json",), "arm"),
    Step("gallery", pictures.gallery_files, ("gallery.json", "gallery/*.png"), "arm"),
    Step("examples", pictures.example_files, ("examples.json", "examples/*.png"), "arm"),
    Step("heat", explained.heat_files, ("heat.json", "heat/*.png"), "arm"),
    Step("quality", quality.quality_files, ("quality.json", "worst/*.png"), "arm"),
    Step("boxes", box_stats.box_files, ("boxes.json",), "arm"),
    Step("table", table_explanations.table_files, ("neighbours.npz", "importance.json"), "arm"),
)
"""For each arm, as soon as its last job is done."""

AFTER = (
    Step("comparisons", compared.comparison_files, ("comparisons.json",), version=5),
    Step("sample size", compared.sample_size_files, ("sample_size.json",), version=2),
    Step("levers", levers.lever_files, ("levers.json",)),
    Step("openings", openings.opening_files, ("openings.json",)),
    Step("probabilities", compared.probability_files, ("probabilities.json",)),
    Step("labels", labels.label_files, ("labels.json", "labels.csv", "labels/*.png")),
    Step("provenance", provenance.provenance_files, ("provenance.json",)),
    Step("report", report_files, ("report.html", "metrics.csv", "table.tex", "figures/*.*"), version=5),
)
"""Once, when no job is left."""
