//! Reflex, then models, then the caller: the cheapest way that is sure answers.

use crate::error::{Error, Result};
use crate::micro_model::{Answer, MicroModel, Outcome};
use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Which way an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Way {
    /// A fixed pattern of a model.
    Reflex,
    /// A model that reached its certified threshold.
    Model,
    /// The caller's function for texts no model is sure of.
    Caller,
    /// None of them: the label is the last model's best guess.
    Unsure,
}

/// What a cascade says of a text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Decision<'a> {
    /// The model's label, or what the caller's function gave.
    pub label: String,
    /// Which way it came.
    pub way: Way,
    /// The answer of the model that was asked last.
    pub answer: Answer<'a>,
}

/// How often each way was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Answered by a fixed pattern.
    pub reflex: u64,
    /// Answered by a model.
    pub model: u64,
    /// Answered by the caller's function.
    pub caller: u64,
    /// Not answered for sure.
    pub unsure: u64,
}

type Failed = Box<dyn StdError + Send + Sync + 'static>;
type OnUnsure<'f> = Box<dyn Fn(&str, &Answer<'_>) -> std::result::Result<Option<String>, Failed> + Send + Sync + 'f>;

/// Models of one question, asked in order until one is sure; then the caller's function, for instance an LLM.
///
/// Threads can share it.
///
/// ```no_run
/// use cerebellum::{Cascade, MicroModel};
/// # fn ask_llm(_: &str) -> Option<String> { None }
///
/// let cascade = Cascade::new([MicroModel::load("models", "is_question")?]).on_unsure(|text, _answer| ask_llm(text));
/// println!("{}", cascade.ask("今天天气怎么样")?.label);
/// println!("{:?}", cascade.counts());
/// # Ok::<(), cerebellum::Error>(())
/// ```
pub struct Cascade<'f, M> {
    models: Vec<M>,
    on_unsure: Option<OnUnsure<'f>>,
    taken: [AtomicU64; 4],
}

impl<'f, M: Borrow<MicroModel>> Cascade<'f, M> {
    /// A cascade of models: owned, borrowed or in an `Arc`.
    ///
    /// # Panics
    ///
    /// Without a model, and with models of different labels: they answer different questions.
    pub fn new(models: impl IntoIterator<Item = M>) -> Cascade<'f, M> {
        let models: Vec<M> = models.into_iter().collect();
        assert!(!models.is_empty(), "a cascade needs at least one model");
        let set = |model: &M| model.borrow().labels().iter().cloned().collect::<BTreeSet<String>>();
        for model in &models[1..] {
            assert!(
                set(model) == set(&models[0]),
                "models of one question have the same labels: '{}' has {}, '{}' has {}",
                models[0].borrow().task(),
                models[0].borrow().labels().join(", "),
                model.borrow().task(),
                model.borrow().labels().join(", ")
            );
        }
        Cascade { models, on_unsure: None, taken: Default::default() }
    }

    /// What to do with a text no model is sure of: a label, or `None` where that is not sure either.
    ///
    /// The label may be one no model has.
    #[must_use]
    pub fn on_unsure(self, ask: impl Fn(&str, &Answer<'_>) -> Option<String> + Send + Sync + 'f) -> Self {
        self.try_on_unsure(move |text, answer| Ok::<_, Failed>(ask(text, answer)))
    }

    /// The same for a function that can fail: its error comes out of [`ask`](Cascade::ask) as [`Error::Caller`], with
    /// the error itself as the source, and is not counted.
    ///
    /// ```
    /// use cerebellum::{Cascade, Error, MicroModel};
    ///
    /// let models = [MicroModel::load("../models", "is_question")?];
    /// let cascade = Cascade::new(models).try_on_unsure(|_text, _answer| "yes, 7".parse::<u8>().map(|_| None));
    /// assert!(matches!(cascade.ask(""), Err(Error::Caller { source, .. }) if source.is::<std::num::ParseIntError>()));
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn try_on_unsure<E: Into<Failed>>(
        mut self,
        ask: impl Fn(&str, &Answer<'_>) -> std::result::Result<Option<String>, E> + Send + Sync + 'f,
    ) -> Self {
        self.on_unsure = Some(Box::new(move |text, answer| ask(text, answer).map_err(Into::into)));
        self
    }

    /// The answer of the first that is sure.
    ///
    /// # Errors
    ///
    /// As [`MicroModel::predict`], and [`Error::Caller`] with what the function of
    /// [`try_on_unsure`](Cascade::try_on_unsure) failed with.
    pub fn ask(&self, text: &str) -> Result<Decision<'_>> {
        let mut last = None;
        for model in &self.models {
            let answer = model.borrow().predict(text)?;
            match answer.outcome {
                Outcome::Reflex => return Ok(self.decide(answer.label.to_owned(), Way::Reflex, answer)),
                Outcome::Accepted => return Ok(self.decide(answer.label.to_owned(), Way::Model, answer)),
                Outcome::Abstained => last = Some(answer),
            }
        }
        let answer = match last {
            Some(answer) => answer,
            None => self.models[0].borrow().predict(text)?, // never: there is a model
        };
        let label = match &self.on_unsure {
            Some(ask) => ask(text, &answer).map_err(|source| Error::Caller { message: source.to_string(), source })?,
            None => None,
        };
        match label {
            Some(label) => Ok(self.decide(label, Way::Caller, answer)),
            None => Ok(self.decide(answer.label.to_owned(), Way::Unsure, answer)),
        }
    }

    /// How often each way was taken so far.
    pub fn counts(&self) -> Counts {
        let [reflex, model, caller, unsure] = &self.taken;
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts { reflex: of(reflex), model: of(model), caller: of(caller), unsure: of(unsure) }
    }

    fn decide<'a>(&self, label: String, way: Way, answer: Answer<'a>) -> Decision<'a> {
        self.taken[way as usize].fetch_add(1, Ordering::Relaxed);
        Decision { label, way, answer }
    }
}

impl<M> fmt::Debug for Cascade<'_, M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Cascade")
            .field("models", &self.models.len())
            .field("on_unsure", &self.on_unsure.is_some())
            .field("taken", &self.taken)
            .finish()
    }
}
