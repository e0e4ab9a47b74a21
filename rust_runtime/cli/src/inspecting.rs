//! What a model holds, for people.

use cerebellum::MicroModel;
use std::fmt::Write;

/// Sizes, features, reflexes and certificates as lines.
pub fn describe(model: &MicroModel) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "{:<12} {}", name, value);
    };
    let [chars, words] = model.ngram_lengths();
    let (preprocessor, classifier) = model.file_sizes();
    let cues: Vec<&str> = model.cues().collect();
    line("task", model.task().to_owned());
    line("blueprint", model.blueprint().to_owned());
    line("languages", model.languages().join(", "));
    line("labels", model.labels().join(", "));
    line("format", format!("version {}, Unicode {}", cerebellum::FORMAT_VERSION, cerebellum::UNICODE_VERSION));
    line("files", format!("{} bytes .bin, {} bytes .onnx", preprocessor, classifier));
    line("features", format!("{} terms, {} cues", model.term_count(), cues.len()));
    let words = if words.1 == 0 { "none".to_owned() } else { format!("{} to {}", words.0, words.1) };
    line("n-grams", format!("characters {} to {}, words {}", chars.0, chars.1, words));
    line("cues", cues.join(", "));
    for (name, label) in model.reflexes() {
        line("reflex", format!("{} answers {}", name, label));
    }
    for threshold in model.thresholds() {
        let label = &model.labels()[threshold.label];
        let counted = format!("{} errors in {} calibration rows", threshold.errors, threshold.n);
        line(
            "certificate",
            match threshold.value {
                Some(value) => format!(
                    "{} accepted from {:.4}: {}; error rate at most {} with confidence {}",
                    label, value, counted, threshold.max_error, threshold.confidence
                ),
                None => format!("{} never accepted: no valid threshold ({})", label, counted),
            },
        );
    }
    out
}
