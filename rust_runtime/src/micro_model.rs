//! A forged model that answers: text in, label, confidence and outcome out.

use crate::artifact::graph::Weights;
use crate::artifact::preprocessor::{Preprocessor, Threshold};
use crate::artifact::reader::{artifact_of, read_artifact, Artifact};
use crate::artifact::terms::{Budget, Terms};
use crate::error::Result;
use crate::features::hits::Hits;
use crate::features::ngrams::ngrams;
use crate::features::normalizer::{check_length, normalize_into, string_of, Char};
use crate::features::patterns::Done;
use crate::features::tfidf::term_values;
use crate::scorer::softmax;
use std::borrow::Cow;
use std::fmt;
use std::path::Path;

/// Whether to rely on an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The confidence reaches the certified threshold of the label.
    Accepted,
    /// It does not, or nothing in the text is known.
    Abstained,
    /// A fixed pattern answered, before the model.
    Reflex,
}

impl Outcome {
    /// `accepted`, `abstained` or `reflex`, as in Python and in parity cases.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Accepted => "accepted",
            Outcome::Abstained => "abstained",
            Outcome::Reflex => "reflex",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// What a model says of a text.
///
/// The label is borrowed from the model, the probabilities from the scratch where there is one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answer<'a> {
    /// Always the most probable label; of equal ones, the earlier.
    pub label: &'a str,
    /// Its probability; 1.0 for a reflex.
    pub confidence: f64,
    /// One a label, in the order of [`MicroModel::labels`].
    pub probabilities: Cow<'a, [f64]>,
    /// Whether to rely on it.
    pub outcome: Outcome,
}

/// How much a feature speaks for a label: its value times the weight, less the mean weight over all labels.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Contribution {
    /// Readable: `^` and `$` for the text's ends, `‹…›` around words, `cue:…` for a cue.
    pub feature: String,
    /// Positive: for the label; negative: against it.
    pub value: f64,
}

/// Every intermediate value of an answer, as in a parity case.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Steps<'a> {
    /// The normalized text.
    pub normalized: String,
    /// All n-grams, characters first.
    pub ngrams: Vec<String>,
    /// Name of the reflex group that answers.
    pub reflex: Option<&'a str>,
    /// Ascending indices of the features.
    pub indices: Vec<u32>,
    /// Their values.
    pub values: Vec<f64>,
    /// One a label.
    pub logits: Vec<f64>,
    /// The model's, also where a reflex answers.
    pub probabilities: Vec<f64>,
    /// The answer.
    pub answer: Answer<'a>,
}

/// Room for the intermediate values of one text at a time; any model can use it.
///
/// With one, [`MicroModel::predict_with`] allocates nothing for a text that has no more bytes than one the model has
/// answered before: the room has grown to whatever such a text can have.
#[derive(Debug, Default)]
pub struct Scratch {
    text: Vec<Char>,
    symbols: Vec<u32>,
    items: Vec<u32>,
    hits: Hits,
    done: Done,
    pub(crate) indices: Vec<u32>,
    pub(crate) values: Vec<f64>,
    logits: Vec<f64>,
    probabilities: Vec<f64>,
}

impl Scratch {
    /// Empty room.
    pub fn new() -> Scratch {
        Scratch::default()
    }

    #[cfg(feature = "onnxruntime")]
    pub(crate) fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }
}

/// One task's model. It never changes, so threads can share it.
#[derive(Debug)]
pub struct MicroModel {
    preprocessor: Preprocessor,
    weights: Weights,
    /// Least probability to accept an answer with a label; above 1: never.
    minimum: Vec<f64>,
    bytes: (usize, usize),
}

impl MicroModel {
    /// Loads `<folder>/<task>_preprocessor.bin` and `<task>_classifier.onnx`.
    ///
    /// # Errors
    ///
    /// [`MissingPart`](crate::Error::MissingPart), [`MalformedArtifact`](crate::Error::MalformedArtifact),
    /// [`VersionMismatch`](crate::Error::VersionMismatch) or [`ChecksumMismatch`](crate::Error::ChecksumMismatch). The
    /// files may be hostile: time and memory are bounded by their size.
    pub fn load(folder: impl AsRef<Path>, task: &str) -> Result<MicroModel> {
        read_artifact(folder.as_ref(), task).map(|artifact| MicroModel::of(artifact).0)
    }

    /// A model from the bytes of its two files, for instance from `include_bytes!`.
    ///
    /// # Errors
    ///
    /// As [`load`](MicroModel::load), without `MissingPart`.
    pub fn from_bytes(preprocessor: &[u8], classifier: &[u8]) -> Result<MicroModel> {
        artifact_of(preprocessor, classifier).map(|artifact| MicroModel::of(artifact).0)
    }

    /// The model, and the classifier's bytes for ONNX Runtime.
    pub(crate) fn of(artifact: Artifact) -> (MicroModel, Vec<u8>) {
        let Artifact { preprocessor, weights, preprocessor_bytes, classifier } = artifact;
        let mut minimum = vec![0.0; preprocessor.labels.len()];
        for threshold in &preprocessor.thresholds {
            minimum[threshold.label] = threshold.value.unwrap_or(2.0);
        }
        let bytes = (preprocessor_bytes, classifier.len());
        (MicroModel { preprocessor, weights, minimum, bytes }, classifier)
    }

    /// The task it was made for.
    pub fn task(&self) -> &str {
        &self.preprocessor.task
    }

    /// The blueprint it was made from.
    pub fn blueprint(&self) -> &str {
        &self.preprocessor.blueprint
    }

    /// The answers it can give, in the order of the probabilities.
    pub fn labels(&self) -> &[String] {
        &self.preprocessor.labels
    }

    /// The languages it was made for.
    pub fn languages(&self) -> &[String] {
        &self.preprocessor.languages
    }

    /// The certified thresholds, by label; a label without one is always accepted.
    pub fn thresholds(&self) -> &[Threshold] {
        &self.preprocessor.thresholds
    }

    /// How many terms it knows.
    pub fn term_count(&self) -> usize {
        self.preprocessor.size
    }

    /// Names of its cues.
    pub fn cues(&self) -> impl Iterator<Item = &str> {
        self.preprocessor.cues.iter().map(|group| group.name.as_str())
    }

    /// Names of its reflexes, each with the label it answers.
    pub fn reflexes(&self) -> impl Iterator<Item = (&str, &str)> {
        let labels = &self.preprocessor.labels;
        self.preprocessor.reflexes.iter().map(move |group| (group.name.as_str(), labels[group.label].as_str()))
    }

    /// Least and greatest length of its character and of its word n-grams.
    pub fn ngram_lengths(&self) -> [(usize, usize); 2] {
        let n = &self.preprocessor.ngrams;
        [(n.char_min, n.char_max), (n.word_min, n.word_max)]
    }

    /// Bytes of the `.bin` and of the `.onnx`.
    pub fn file_sizes(&self) -> (usize, usize) {
        self.bytes
    }

    /// The answer to one text.
    ///
    /// # Errors
    ///
    /// [`InvalidText`](crate::Error::InvalidText) for more than [`MAX_CODE_POINTS`](crate::MAX_CODE_POINTS).
    pub fn predict(&self, text: &str) -> Result<Answer<'_>> {
        let mut scratch = Scratch::new();
        let (label, confidence, outcome) = self.answer(&mut scratch, text)?;
        let probabilities = Cow::Owned(scratch.probabilities);
        Ok(Answer { label, confidence, probabilities, outcome })
    }

    /// The same without allocating, once the scratch has grown: everything that depends on the text is in it.
    ///
    /// ```
    /// let model = cerebellum::MicroModel::load("../models", "is_question")?;
    /// let mut scratch = cerebellum::Scratch::new();
    /// for text in ["今天天气怎么样", "what time is it"] {
    ///     assert_eq!(model.predict_with(&mut scratch, text)?.label, "Question");
    /// }
    /// # Ok::<(), cerebellum::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`predict`](MicroModel::predict).
    pub fn predict_with<'a>(&'a self, scratch: &'a mut Scratch, text: &str) -> Result<Answer<'a>> {
        let (label, confidence, outcome) = self.answer(scratch, text)?;
        let probabilities = Cow::Borrowed(&scratch.probabilities[..]);
        Ok(Answer { label, confidence, probabilities, outcome })
    }

    /// The answers to many texts, in order.
    ///
    /// # Errors
    ///
    /// As [`predict`](MicroModel::predict), for the first text that is not valid.
    pub fn predict_batch<T: AsRef<str>>(&self, texts: &[T]) -> Result<Vec<Answer<'_>>> {
        let mut scratch = Scratch::new();
        texts
            .iter()
            .map(|text| {
                let (label, confidence, outcome) = self.answer(&mut scratch, text.as_ref())?;
                let probabilities = Cow::Owned(scratch.probabilities.clone());
                Ok(Answer { label, confidence, probabilities, outcome })
            })
            .collect()
    }

    /// The features that speak most for or against the answer's label, strongest first; none for a reflex.
    ///
    /// ```
    /// let model = cerebellum::MicroModel::load("../models", "is_question")?;
    /// for why in model.explain("今天天气怎么样", 3)? {
    ///     println!("{:+.2}  {}", why.value, why.feature);
    /// }
    /// # Ok::<(), cerebellum::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`predict`](MicroModel::predict).
    pub fn explain(&self, text: &str, top: usize) -> Result<Vec<Contribution>> {
        let mut scratch = Scratch::new();
        let (label, _, outcome) = self.answer(&mut scratch, text)?;
        if outcome == Outcome::Reflex {
            return Ok(Vec::new());
        }
        let labels = self.labels();
        let place = labels.iter().position(|other| other == label).unwrap_or(0);
        let mut found: Vec<(u32, f64)> = Vec::with_capacity(scratch.indices.len());
        for (index, value) in scratch.indices.iter().zip(&scratch.values) {
            let weight = |label| self.weights.weight(*index as usize, label);
            let mean = exact_sum((0..labels.len()).map(weight)) / labels.len() as f64;
            found.push((*index, value * (weight(place) - mean)));
        }
        let names = self.readable(&scratch.indices)?;
        let mut contributions: Vec<Contribution> =
            found.into_iter().zip(names).map(|((_, value), feature)| Contribution { feature, value }).collect();
        contributions.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()).then_with(|| a.feature.cmp(&b.feature)));
        contributions.truncate(top);
        Ok(contributions)
    }

    /// Every intermediate value; the features and scores are there also when a reflex answers.
    ///
    /// # Errors
    ///
    /// As [`predict`](MicroModel::predict).
    pub fn steps(&self, text: &str) -> Result<Steps<'_>> {
        check_length(text)?;
        let mut scratch = Scratch::new();
        let reflex = self.features(&mut scratch, text);
        self.weights.logits(&scratch.indices, &scratch.values, &mut scratch.logits);
        softmax(&scratch.logits, &mut scratch.probabilities);
        let probabilities = scratch.probabilities.clone();
        let (label, confidence, outcome) = match reflex {
            Some(reflex) => self.by_reflex(reflex, &mut scratch),
            None => self.by_probabilities(&scratch.probabilities, !scratch.indices.is_empty()),
        };
        Ok(Steps {
            normalized: string_of(&scratch.text[1..scratch.text.len() - 1]),
            ngrams: ngrams(&scratch.text, &self.preprocessor.ngrams),
            reflex: reflex.map(|reflex| self.preprocessor.reflexes[reflex].name.as_str()),
            indices: scratch.indices,
            values: scratch.values,
            logits: scratch.logits,
            probabilities,
            answer: Answer { label, confidence, probabilities: Cow::Owned(scratch.probabilities), outcome },
        })
    }

    fn answer(&self, scratch: &mut Scratch, text: &str) -> Result<(&str, f64, Outcome)> {
        check_length(text)?;
        if let Some(reflex) = self.features(scratch, text) {
            return Ok(self.by_reflex(reflex, scratch));
        }
        self.weights.logits(&scratch.indices, &scratch.values, &mut scratch.logits);
        softmax(&scratch.logits, &mut scratch.probabilities);
        Ok(self.by_probabilities(&scratch.probabilities, !scratch.indices.is_empty()))
    }

    /// Leaves the text's features in the scratch; gives the place of the reflex that answers.
    pub(crate) fn features(&self, scratch: &mut Scratch, text: &str) -> Option<usize> {
        let p = &self.preprocessor;
        let Scratch { text: marked, symbols, items, hits, done, indices, values, .. } = scratch;
        hits.prepare(p.feature_count(), p.size, !p.tf_weights.is_empty());
        done.prepare(p.lookup.list_count());
        let chars = text.len() + 2; // no character becomes more than its bytes
        let per_char = p.ngrams.char_max - p.ngrams.char_min + 1 + p.ngrams.word_max;
        let most = p.feature_count().min(chars * per_char + p.cues.len());
        make_room(symbols, chars + 1);
        make_room(items, chars / 2 + 2);
        make_room(indices, most);
        make_room(values, most);
        normalize_into(text, marked);
        p.lookup.find(marked, symbols, items, done, hits);
        done.clear();
        hits.drain_into(indices);
        let terms = indices.partition_point(|index| (*index as usize) < p.size);
        values.clear();
        term_values(&indices[..terms], |index| hits.take_count(index), &p.idf, &p.tf_weights, values);
        values.resize(indices.len(), p.cue_value);
        hits.reflex()
    }

    pub(crate) fn by_reflex(&self, reflex: usize, scratch: &mut Scratch) -> (&str, f64, Outcome) {
        let label = self.preprocessor.reflexes[reflex].label;
        scratch.probabilities.clear();
        scratch.probabilities.resize(self.labels().len(), 0.0);
        scratch.probabilities[label] = 1.0;
        (&self.labels()[label], 1.0, Outcome::Reflex)
    }

    pub(crate) fn by_probabilities(&self, probabilities: &[f64], known: bool) -> (&str, f64, Outcome) {
        let (mut label, mut confidence) = (0, f64::NEG_INFINITY);
        for (i, probability) in probabilities.iter().enumerate() {
            if *probability > confidence {
                label = i;
                confidence = *probability;
            }
        }
        let accepted = known && confidence >= self.minimum[label];
        (&self.labels()[label], confidence, if accepted { Outcome::Accepted } else { Outcome::Abstained })
    }

    /// Readable names of features with these ascending indices.
    fn readable(&self, indices: &[u32]) -> Result<Vec<String>> {
        let mut names = Vec::with_capacity(indices.len());
        let (mut terms, mut at) = (Terms::new(&self.preprocessor.terms, Budget::TERMS), 0);
        for &index in indices {
            if index as usize >= self.preprocessor.size {
                names.push(format!("cue:{}", self.preprocessor.cues[index as usize - self.preprocessor.size].name));
                continue;
            }
            while let Some(term) = terms.next()? {
                at += 1;
                if at > index {
                    let text: String = term.chars.iter().collect();
                    let marked = text.replace('\u{2}', "^").replace('\u{3}', "$");
                    names.push(match marked.strip_prefix('\u{1}') {
                        Some(words) => format!("‹{}›", words),
                        None => marked,
                    });
                    break;
                }
            }
        }
        Ok(names)
    }
}

/// Room for so many items in all.
fn make_room<T>(items: &mut Vec<T>, count: usize) {
    items.clear();
    items.reserve(count);
}

/// The sum rounded once, as Python's `math.fsum` (Shewchuk's partial sums), for numbers far from overflow.
fn exact_sum(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut partials: Vec<f64> = Vec::new();
    for mut x in numbers {
        let mut kept = 0;
        for i in 0..partials.len() {
            let mut y = partials[i];
            if x.abs() < y.abs() {
                std::mem::swap(&mut x, &mut y);
            }
            let high = x + y;
            let low = y - (high - x);
            if low != 0.0 {
                partials[kept] = low;
                kept += 1;
            }
            x = high;
        }
        partials.truncate(kept);
        partials.push(x);
    }
    let mut high = partials.pop().unwrap_or(0.0);
    let mut low = 0.0;
    while let Some(y) = partials.pop() {
        let x = high;
        high = x + y;
        low = y - (high - x);
        if low != 0.0 {
            break;
        }
    }
    if let Some(next) = partials.last() {
        if (low < 0.0 && *next < 0.0) || (low > 0.0 && *next > 0.0) {
            let (twice, x) = (low * 2.0, high + low * 2.0);
            if twice == x - high {
                high = x;
            }
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of CPython's own test of `math.fsum` that are far from overflow.
    #[test]
    fn sums_are_rounded_once() {
        let tiny = 2f64.powi(-54);
        for (numbers, expected) in [
            (&[][..], 0.0),
            (&[0.1; 10], 1.0),
            (&[1.0, 1e100, 1.0, -1e100], 2.0),
            (&[1e16, 1.0, 1e-16], 10_000_000_000_000_002.0),
            (&[9_007_199_254_740_992.0, -0.5, -tiny], 9_007_199_254_740_991.0),
            (&[1e16 - 2.0, 1.0 - 2.0 * tiny, -(1e16 - 2.0), -(1.0 - 2.0 * tiny)], 0.0),
        ] {
            assert_eq!(exact_sum(numbers.iter().copied()), expected, "{:?}", numbers);
        }
    }
}
