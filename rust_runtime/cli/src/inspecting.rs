//! What a model holds, for people and for programs.

use crate::json;
use cerebellum::MicroModel;
use std::fmt::{Display, Write};

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

/// The same as a JSON object.
pub fn object(model: &MicroModel) -> String {
    let ([chars, words], (preprocessor, classifier)) = (model.ngram_lengths(), model.file_sizes());
    let strings = |out: &mut String, name: &str, items: &[&str]| {
        json::write_name(out, name);
        json::write_list(out, items, |out, item| json::write_string(out, item));
    };
    let range = |(least, most)| if most == 0 { "null".to_owned() } else { format!("[{}, {}]", least, most) };
    let mut out = "{".to_owned();
    string(&mut out, "task", model.task());
    string(&mut out, "blueprint", model.blueprint());
    strings(&mut out, "languages", &model.languages().iter().map(String::as_str).collect::<Vec<_>>());
    strings(&mut out, "labels", &model.labels().iter().map(String::as_str).collect::<Vec<_>>());
    plain(&mut out, "format_version", cerebellum::FORMAT_VERSION);
    string(&mut out, "unicode_version", cerebellum::UNICODE_VERSION);
    plain(&mut out, "preprocessor_bytes", preprocessor);
    plain(&mut out, "classifier_bytes", classifier);
    plain(&mut out, "terms", model.term_count());
    plain(&mut out, "char_ngrams", range(chars));
    plain(&mut out, "word_ngrams", range(words));
    strings(&mut out, "cues", &model.cues().collect::<Vec<_>>());
    json::write_name(&mut out, "reflexes");
    json::write_list(&mut out, &model.reflexes().collect::<Vec<_>>(), |out, (name, label)| {
        out.push('{');
        string(out, "name", name);
        string(out, "label", label);
        out.push('}');
    });
    json::write_name(&mut out, "thresholds");
    json::write_list(&mut out, model.thresholds(), |out, threshold| {
        out.push('{');
        string(out, "label", &model.labels()[threshold.label]);
        number(out, "threshold", threshold.value.unwrap_or(f64::NAN)); // null: never accepted
        plain(out, "n", threshold.n);
        plain(out, "errors", threshold.errors);
        number(out, "max_error", threshold.max_error);
        number(out, "confidence", threshold.confidence);
        out.push('}');
    });
    out.push('}');
    json::with_schema(&out)
}

fn string(out: &mut String, name: &str, value: &str) {
    json::write_name(out, name);
    json::write_string(out, value);
}

fn number(out: &mut String, name: &str, value: f64) {
    json::write_name(out, name);
    json::write_number(out, value);
}

/// A member whose value is JSON as it is displayed.
fn plain(out: &mut String, name: &str, value: impl Display) {
    json::write_name(out, name);
    let _ = write!(out, "{}", value);
}
