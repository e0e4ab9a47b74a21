//! The `.bin`: all that is needed to answer besides the graph, read and checked.

use super::lookup_builder::LookupBuilder;
use super::messages::{self, LOG_TF, PRESENCE};
use super::sha256::hex;
use super::terms::varint;
use super::wire;
use crate::error::{Error, Result};
use crate::features::lookup::{Lookup, Walker};
use crate::features::ngrams::NGramSettings;
use crate::features::normalizer::with_commas;
use crate::features::trie::Key;
use crate::features::unicode_tables::{TABLES_SHA256, UNICODE_VERSION};
use std::collections::HashSet;

/// The version of the format this runtime reads.
pub const FORMAT_VERSION: u32 = 1;
const MAX_NGRAM: u32 = 16;
const MAX_LABELS: usize = 10_000;
const MAX_TF_WEIGHTS: usize = 65_535;
/// Of cues, and of reflexes.
const MAX_GROUPS: usize = 10_000;

/// A cue's or reflex' name, and the label a reflex answers.
#[derive(Debug)]
pub(crate) struct Group {
    pub name: String,
    pub label: usize,
}

/// From which probability an answer with a label is accepted, and how sure one may be of it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Threshold {
    /// Index of the label.
    pub label: usize,
    /// Least confidence of an accepted answer; `None`: there is no valid one, never accepted.
    pub value: Option<f64>,
    /// How many calibration rows were answered with the label at or above the threshold.
    pub n: u32,
    /// How many of them were wrong.
    pub errors: u32,
    /// With probability `confidence` the error rate on rows exchangeable with them is at most this.
    pub max_error: f64,
    /// The probability, over the choice of calibration rows.
    pub confidence: f64,
}

/// The content of a `.bin`, the terms and patterns as a lookup.
#[derive(Debug)]
pub(crate) struct Preprocessor {
    pub task: String,
    pub blueprint: String,
    pub labels: Vec<String>,
    pub languages: Vec<String>,
    pub ngrams: NGramSettings,
    /// Front-coded, as in the file; only `explain` unfolds them.
    pub terms: Vec<u8>,
    pub size: usize,
    pub lookup: Lookup,
    /// One a term, or none: 1.
    pub idf: Vec<f32>,
    /// None for presence.
    pub tf_weights: Vec<f64>,
    pub cue_value: f64,
    pub cues: Vec<Group>,
    pub reflexes: Vec<Group>,
    pub thresholds: Vec<Threshold>,
    pub classifier_sha256: [u8; 32],
}

impl Preprocessor {
    pub(crate) fn feature_count(&self) -> usize {
        self.size + self.cues.len()
    }

    /// The content of these bytes; every length and number is checked.
    pub(crate) fn decode(data: &[u8]) -> Result<Preprocessor> {
        let message: messages::Preprocessor =
            wire::decode(data).map_err(|_| Error::malformed("not a Protobuf message of this kind"))?;
        check_versions(&message)?;
        let labels = check_labels(&message.labels)?;
        let classifier_sha256 =
            message.classifier_sha256.try_into().map_err(|_| Error::malformed("no SHA-256 of the classifier"))?;
        if !is_weight(message.cue_value) {
            return Err(Error::malformed(format!("cue value {} is not between 1e-6 and 1e6", message.cue_value)));
        }
        for (kind, groups) in [("cue", &message.cues), ("reflex", &message.reflexes)] {
            if groups.len() > MAX_GROUPS {
                let (most, got) = (with_commas(MAX_GROUPS), with_commas(groups.len()));
                return Err(Error::malformed(format!("{}: expected at most {} groups, got {}", kind, most, got)));
            }
        }
        let ngrams = ngram_settings(&message.ngrams)?;
        let size = message.vocabulary.size as usize;
        let (mut lookup, cues, reflexes) = read_lookup::<u32>(&message, ngrams, labels.len())?;
        if lookup.is_none() {
            lookup = read_lookup::<u64>(&message, ngrams, labels.len())?.0;
        }
        let lookup = lookup.ok_or_else(|| Error::malformed("more terms than this runtime holds"))?;
        let idf = idf_of_terms(&message.vocabulary, size)?;
        Ok(Preprocessor {
            task: message.task.to_owned(),
            blueprint: message.blueprint.to_owned(),
            languages: message.languages.iter().map(|&language| language.to_owned()).collect(),
            ngrams,
            terms: message.vocabulary.terms.to_vec(),
            size,
            lookup,
            idf,
            cue_value: message.cue_value,
            cues,
            reflexes,
            thresholds: thresholds(&message.thresholds, labels.len())?,
            labels,
            classifier_sha256,
            tf_weights: message.ngrams.tf_weights,
        })
    }
}

fn check_versions(message: &messages::Preprocessor) -> Result<()> {
    let tables = message
        .tables
        .as_ref()
        .ok_or_else(|| Error::malformed("not a preprocessor file: it names no Unicode tables"))?;
    if message.format_version != FORMAT_VERSION {
        return Err(Error::VersionMismatch {
            message: format!(
                "format version {}, this runtime reads {}. \
                 Forge the model again with this version, or use the runtime it was made for.",
                message.format_version, FORMAT_VERSION
            ),
        });
    }
    if tables.sha256 != TABLES_SHA256 {
        return Err(Error::VersionMismatch {
            message: format!(
                "other Unicode tables: expected Unicode {}, {}…, got Unicode {}, {}…. \
                 Use a runtime of the model's version, or forge the model again.",
                UNICODE_VERSION,
                hex(&TABLES_SHA256[..8]),
                tables.unicode_version.chars().take(20).collect::<String>(),
                hex(&tables.sha256[..tables.sha256.len().min(8)])
            ),
        });
    }
    Ok(())
}

fn check_labels(labels: &[&str]) -> Result<Vec<String>> {
    let few = 2 <= labels.len() && labels.len() <= MAX_LABELS;
    let distinct = |labels: &[&str]| labels.iter().collect::<HashSet<_>>().len() == labels.len();
    if !few || labels.iter().any(|label| label.is_empty()) || !distinct(labels) {
        return Err(Error::malformed(format!("expected at least two different labels, got {}", labels.len())));
    }
    Ok(labels.iter().map(|&label| label.to_owned()).collect())
}

/// Of such numbers every product stays far from the ends of a double.
fn is_weight(number: f64) -> bool {
    (1e-6..1e6).contains(&number)
}

fn ngram_settings(message: &messages::NGrams) -> Result<NGramSettings> {
    let (char_min, char_max, word_min, word_max) =
        (message.char_min, message.char_max, message.word_min, message.word_max);
    let range_ok = |min, max| 1 <= min && min <= max && max <= MAX_NGRAM;
    if !range_ok(char_min, char_max) || !(word_max == 0 || range_ok(word_min, word_max)) {
        return Err(Error::malformed(format!(
            "n-gram lengths out of range: characters {} to {}, words {} to {}",
            char_min, char_max, word_min, word_max
        )));
    }
    let count = message.tf_weights.len();
    let count_ok = match message.term_weight {
        PRESENCE => count == 0,
        LOG_TF => 0 < count && count <= MAX_TF_WEIGHTS,
        _ => false,
    };
    if !count_ok {
        return Err(Error::malformed(format!("term weight {} with {} tf weights", message.term_weight, count)));
    }
    if !message.tf_weights.iter().all(|weight| is_weight(*weight)) {
        return Err(Error::malformed("a tf weight is not between 1e-6 and 1e6"));
    }
    Ok(NGramSettings {
        char_min: char_min as usize,
        char_max: char_max as usize,
        word_min: word_min as usize,
        word_max: word_max as usize,
    })
}

fn idf_of_terms(message: &messages::Vocabulary, size: usize) -> Result<Vec<f32>> {
    let values = &message.idf_values;
    if values.is_empty() && message.idf_places.is_empty() {
        return Ok(Vec::new());
    }
    if !values.iter().all(|value| is_weight(f64::from(*value))) {
        return Err(Error::malformed("an idf value is not between 1e-6 and 1e6"));
    }
    let mut idf = Vec::with_capacity(size);
    let mut at = 0;
    while at < message.idf_places.len() {
        let (place, next) = varint(message.idf_places, at)?;
        let value = values.get(place as usize).ok_or_else(|| {
            Error::malformed(format!("idf of term {}: place {} of {}", idf.len(), place, values.len()))
        })?;
        idf.push(*value);
        at = next;
    }
    if idf.len() != size {
        return Err(Error::malformed(format!("expected idf places for {} terms, got {}", size, idf.len())));
    }
    Ok(idf)
}

/// Vocabulary, cues and reflexes; no lookup where there is more than its keys hold.
fn read_lookup<K: Key>(
    message: &messages::Preprocessor,
    ngrams: NGramSettings,
    labels: usize,
) -> Result<(Option<Lookup>, Vec<Group>, Vec<Group>)>
where
    Lookup: From<Walker<K>>,
{
    let (size, terms) = (message.vocabulary.size as usize, message.vocabulary.terms);
    let mut builder = LookupBuilder::<K>::new(ngrams, size, terms.len(), &[&message.cues, &message.reflexes]);
    let found = builder.add_terms(terms)?;
    if found != size {
        return Err(Error::malformed(format!("vocabulary: expected {} terms, got {}", size, found)));
    }
    let cues = read_groups(&message.cues, 1, "cue", &mut builder, size)?;
    let reflexes = read_groups(&message.reflexes, labels, "reflex", &mut builder, size + cues.len())?;
    Ok((builder.finish(), cues, reflexes))
}

/// Checks groups and puts their literals into the lookup; `first` is the number of the first of them there.
fn read_groups<K: Key>(
    written: &[messages::PatternGroup],
    labels: usize,
    kind: &str,
    builder: &mut LookupBuilder<K>,
    first: usize,
) -> Result<Vec<Group>> {
    let mut groups = Vec::with_capacity(written.len());
    for (i, group) in written.iter().enumerate() {
        let named = |error: Error| match error {
            Error::MalformedArtifact { message } => Error::malformed(format!("{} '{}': {}", kind, group.name, message)),
            other => other,
        };
        builder.add_group(first + i, group).map_err(named)?;
        if group.label as usize >= labels {
            let message = format!("{} '{}': label {} of {}", kind, group.name, group.label, labels);
            return Err(Error::malformed(message));
        }
        groups.push(Group { name: group.name.to_owned(), label: group.label as usize });
    }
    Ok(groups)
}

fn thresholds(written: &[messages::Threshold], labels: usize) -> Result<Vec<Threshold>> {
    let is_probability = |number: f64| (0.0..=1.0).contains(&number);
    let mut seen = HashSet::new();
    let mut thresholds = Vec::with_capacity(written.len());
    for entry in written {
        if entry.label as usize >= labels || !seen.insert(entry.label) {
            return Err(Error::malformed(format!("threshold for label {} of {}", entry.label, labels)));
        }
        if let Some(value) = entry.threshold.filter(|value| !is_probability(*value)) {
            return Err(Error::malformed(format!("threshold {} is not a probability", value)));
        }
        let c = &entry.certificate;
        if c.errors > c.n || !is_probability(c.max_error) || !is_probability(c.confidence) {
            return Err(Error::malformed(format!("impossible certificate for label {}", entry.label)));
        }
        thresholds.push(Threshold {
            label: entry.label as usize,
            value: entry.threshold,
            n: c.n,
            errors: c.errors,
            max_error: c.max_error,
            confidence: c.confidence,
        });
    }
    thresholds.sort_by_key(|threshold| threshold.label);
    Ok(thresholds)
}
