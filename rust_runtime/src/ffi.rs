//! The C ABI: what `include/cerebellum.h` declares, function for function.
//!
//! Every entry checks its pointers for null, works inside `catch_unwind` and answers with a status; the message of a
//! failure waits in the thread (`ffi/failure.rs`). What a caller must promise beyond that is in the header: pointers that are not null are
//! good for their length, handles come from this library and are freed once, a scratch is used by one thread at a time.
//! `tests/c/` holds header and this file together: the types of every function, the layout of every struct.
#![allow(unsafe_code)]
#![allow(missing_docs, clippy::missing_safety_doc)] // the header has them
#![allow(non_camel_case_types)] // the names of the header

mod failure;

use crate::{Answer, MicroModel, Outcome, Scratch, Threshold, FORMAT_VERSION, UNICODE_VERSION};
use failure::{guard, guard_or, Failure, INTERNAL_ERROR, INVALID_TEXT};
use std::mem::{size_of, MaybeUninit};
use std::os::raw::c_char;
use std::{ptr, slice, str};

/// Raised when a function or struct changes so that callers must be compiled anew.
const ABI_VERSION: u32 = 1;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct cerebellum_string {
    data: *const c_char,
    length: usize,
}

#[repr(C)]
pub struct cerebellum_answer {
    label: cerebellum_string,
    probabilities: *const f64,
    label_count: usize,
    label_index: usize,
    confidence: f64,
    outcome: i32,
}

#[repr(C)]
pub struct cerebellum_threshold {
    has_value: i32,
    value: f64,
    n: u32,
    errors: u32,
    max_error: f64,
    confidence: f64,
}

#[repr(C)]
pub struct cerebellum_steps {
    normalized: cerebellum_string,
    ngrams: *const cerebellum_string,
    ngram_count: usize,
    reflex: cerebellum_string,
    indices: *const u32,
    values: *const f64,
    feature_count: usize,
    logits: *const f64,
    probabilities: *const f64,
    answer: cerebellum_answer,
}

#[repr(C)]
pub struct cerebellum_contribution {
    feature: cerebellum_string,
    value: f64,
}

#[repr(C)]
pub struct cerebellum_explanation {
    items: *const cerebellum_contribution,
    count: usize,
}

/// What a `cerebellum_steps` points into stands behind it; a pointer to the one is a pointer to the other.
#[repr(C)]
struct OwnedSteps {
    face: cerebellum_steps,
    normalized: String,
    ngrams: Vec<String>,
    ngram_faces: Vec<cerebellum_string>,
    indices: Vec<u32>,
    values: Vec<f64>,
    logits: Vec<f64>,
    probabilities: Vec<f64>,
    answer_probabilities: Vec<f64>,
}

#[repr(C)]
struct OwnedExplanation {
    face: cerebellum_explanation,
    features: Vec<String>,
    items: Vec<cerebellum_contribution>,
}

const NO_STRING: cerebellum_string = cerebellum_string { data: ptr::null(), length: 0 };
const NO_ANSWER: cerebellum_answer = cerebellum_answer {
    label: NO_STRING,
    probabilities: ptr::null(),
    label_count: 0,
    label_index: 0,
    confidence: 0.0,
    outcome: 1,
};

fn string_of(text: &str) -> cerebellum_string {
    cerebellum_string { data: text.as_ptr().cast(), length: text.len() }
}

/// The probabilities are where the answer has them: for a borrowed answer in the scratch.
fn answer_of(model: &MicroModel, answer: &Answer<'_>) -> cerebellum_answer {
    let label_index = model.labels().iter().position(|label| ptr::eq(label.as_ptr(), answer.label.as_ptr()));
    cerebellum_answer {
        label: string_of(answer.label),
        probabilities: answer.probabilities.as_ptr(),
        label_count: answer.probabilities.len(),
        label_index: label_index.unwrap_or(0),
        confidence: answer.confidence,
        outcome: match answer.outcome {
            Outcome::Accepted => 0,
            Outcome::Abstained => 1,
            Outcome::Reflex => 2,
        },
    }
}

// ---- arguments

unsafe fn needed<'a, T>(pointer: *const T, name: &str) -> Result<&'a T, Failure> {
    pointer.as_ref().ok_or_else(|| Failure::argument(format!("{} is null", name)))
}

unsafe fn needed_mut<'a, T>(pointer: *mut T, name: &str) -> Result<&'a mut T, Failure> {
    pointer.as_mut().ok_or_else(|| Failure::argument(format!("{} is null", name)))
}

/// `count` items from a pointer, which may be null when there is none.
unsafe fn items<'a, T>(pointer: *const T, count: usize, name: &str) -> Result<&'a [T], Failure> {
    check_room(pointer, count, name)?;
    Ok(if count == 0 { &[] } else { slice::from_raw_parts(pointer, count) })
}

fn check_room<T>(pointer: *const T, count: usize, name: &str) -> Result<(), Failure> {
    if count > 0 && pointer.is_null() {
        return Err(Failure::argument(format!("{} is null, its length is {}", name, count)));
    }
    if count > isize::MAX as usize / size_of::<T>() {
        return Err(Failure::argument(format!("{}: no memory holds a length of {}", name, count)));
    }
    Ok(())
}

unsafe fn name<'a>(data: *const c_char, length: usize, name: &str) -> Result<&'a str, Failure> {
    str::from_utf8(items(data.cast(), length, name)?)
        .map_err(|error| Failure::argument(format!("{}: not UTF-8 at byte {}", name, error.valid_up_to())))
}

unsafe fn text<'a>(data: *const c_char, length: usize) -> Result<&'a str, Failure> {
    str::from_utf8(items(data.cast(), length, "text")?).map_err(|error| Failure {
        status: INVALID_TEXT,
        message: format!("not UTF-8 at byte {}", error.valid_up_to()),
    })
}

/// Frees what `Box::into_raw` gave; null is nothing.
unsafe fn free<T>(pointer: *mut T) {
    guard_or((), || {
        if !pointer.is_null() {
            drop(Box::from_raw(pointer));
        }
        Some(())
    });
}

// ---- versions and messages

#[no_mangle]
pub extern "C" fn cerebellum_abi_version() -> u32 {
    ABI_VERSION
}

#[no_mangle]
pub extern "C" fn cerebellum_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

#[no_mangle]
pub extern "C" fn cerebellum_format_version() -> u32 {
    FORMAT_VERSION
}

#[no_mangle]
pub extern "C" fn cerebellum_unicode_version() -> cerebellum_string {
    string_of(UNICODE_VERSION)
}

#[no_mangle]
pub extern "C" fn cerebellum_status_name(status: i32) -> *const c_char {
    failure::name_of(status).as_ptr().cast()
}

#[no_mangle]
pub extern "C" fn cerebellum_last_error() -> *const c_char {
    const NONE: *const c_char = b"\0".as_ptr() as *const c_char;
    guard_or(NONE, failure::last_message)
}

// ---- models

#[no_mangle]
pub unsafe extern "C" fn cerebellum_model_load(
    folder: *const c_char,
    folder_length: usize,
    task: *const c_char,
    task_length: usize,
    model: *mut *mut MicroModel,
) -> i32 {
    guard(|| {
        let out = needed_mut(model, "model")?;
        *out = ptr::null_mut();
        let (folder, task) = (name(folder, folder_length, "folder")?, name(task, task_length, "task")?);
        *out = Box::into_raw(Box::new(MicroModel::load(folder, task)?));
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_model_from_bytes(
    preprocessor: *const u8,
    preprocessor_length: usize,
    classifier: *const u8,
    classifier_length: usize,
    model: *mut *mut MicroModel,
) -> i32 {
    guard(|| {
        let out = needed_mut(model, "model")?;
        *out = ptr::null_mut();
        let preprocessor = items(preprocessor, preprocessor_length, "preprocessor")?;
        let classifier = items(classifier, classifier_length, "classifier")?;
        *out = Box::into_raw(Box::new(MicroModel::from_bytes(preprocessor, classifier)?));
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_model_free(model: *mut MicroModel) {
    free(model);
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_model_task(model: *const MicroModel) -> cerebellum_string {
    guard_or(NO_STRING, || Some(string_of(model.as_ref()?.task())))
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_model_blueprint(model: *const MicroModel) -> cerebellum_string {
    guard_or(NO_STRING, || Some(string_of(model.as_ref()?.blueprint())))
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_model_label_count(model: *const MicroModel) -> usize {
    guard_or(0, || Some(model.as_ref()?.labels().len()))
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_model_label(model: *const MicroModel, place: usize) -> cerebellum_string {
    guard_or(NO_STRING, || Some(string_of(model.as_ref()?.labels().get(place)?)))
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_model_language_count(model: *const MicroModel) -> usize {
    guard_or(0, || Some(model.as_ref()?.languages().len()))
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_model_language(model: *const MicroModel, place: usize) -> cerebellum_string {
    guard_or(NO_STRING, || Some(string_of(model.as_ref()?.languages().get(place)?)))
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_model_term_count(model: *const MicroModel) -> usize {
    guard_or(0, || Some(model.as_ref()?.term_count()))
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_model_threshold(
    model: *const MicroModel,
    label: usize,
    threshold: *mut cerebellum_threshold,
) -> i32 {
    guard_or(0, || {
        let (model, out) = (model.as_ref()?, threshold.as_mut()?);
        let Threshold { value, n, errors, max_error, confidence, .. } =
            *model.thresholds().iter().find(|threshold| threshold.label == label)?;
        let (has_value, value) = (i32::from(value.is_some()), value.unwrap_or(0.0));
        *out = cerebellum_threshold { has_value, value, n, errors, max_error, confidence };
        Some(1)
    })
}

// ---- answers

#[no_mangle]
pub extern "C" fn cerebellum_scratch_new() -> *mut Scratch {
    guard_or(ptr::null_mut(), || Some(Box::into_raw(Box::new(Scratch::new()))))
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_scratch_free(scratch: *mut Scratch) {
    free(scratch);
}

/// A panic may leave a scratch half written: the next text gets a new one.
unsafe fn renew_after(status: i32, scratch: *mut Scratch) -> i32 {
    if status == INTERNAL_ERROR && !scratch.is_null() {
        *scratch = Scratch::new();
    }
    status
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_predict(
    model: *const MicroModel,
    scratch: *mut Scratch,
    data: *const c_char,
    length: usize,
    answer: *mut cerebellum_answer,
) -> i32 {
    let status = guard(|| {
        let out = needed_mut(answer, "answer")?;
        *out = NO_ANSWER;
        let (model, scratch) = (needed(model, "model")?, needed_mut(scratch, "scratch")?);
        *out = answer_of(model, &model.predict_with(scratch, text(data, length)?)?);
        Ok(())
    });
    renew_after(status, scratch)
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_predict_batch(
    model: *const MicroModel,
    scratch: *mut Scratch,
    texts: *const cerebellum_string,
    count: usize,
    answers: *mut cerebellum_answer,
    probabilities: *mut f64,
    capacity: usize,
) -> i32 {
    let status = guard(|| {
        check_room(answers, count, "answers")?;
        for place in 0..count {
            answers.add(place).write(NO_ANSWER);
        }
        let (model, scratch) = (needed(model, "model")?, needed_mut(scratch, "scratch")?);
        let labels = model.labels().len();
        if !probabilities.is_null() && count.checked_mul(labels).map_or(true, |needed| needed > capacity) {
            let message = format!("probabilities: room for {}, needed {} × {}", capacity, count, labels);
            return Err(Failure::argument(message));
        }
        for (place, face) in items(texts, count, "texts")?.iter().enumerate() {
            let of_text = |failure: Failure| failure.of_text(place);
            let text = text(face.data, face.length).map_err(of_text)?;
            let answer = model.predict_with(scratch, text).map_err(|error| of_text(error.into()))?;
            let mut face = answer_of(model, &answer);
            let room = if probabilities.is_null() { ptr::null_mut() } else { probabilities.add(place * labels) };
            if !room.is_null() {
                ptr::copy_nonoverlapping(face.probabilities, room, labels);
            }
            face.probabilities = room;
            answers.add(place).write(face);
        }
        Ok(())
    });
    renew_after(status, scratch)
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_steps_of(
    model: *const MicroModel,
    data: *const c_char,
    length: usize,
    steps: *mut *mut cerebellum_steps,
) -> i32 {
    guard(|| {
        let out = needed_mut(steps, "steps")?;
        *out = ptr::null_mut();
        let model = needed(model, "model")?;
        let steps = model.steps(text(data, length)?)?;
        let ngram_faces: Vec<cerebellum_string> = steps.ngrams.iter().map(|ngram| string_of(ngram)).collect();
        // No vector moves its content when it is moved itself, so these pointers stay good in the box below.
        let face = cerebellum_steps {
            normalized: string_of(&steps.normalized),
            ngrams: ngram_faces.as_ptr(),
            ngram_count: ngram_faces.len(),
            reflex: steps.reflex.map_or(NO_STRING, string_of),
            indices: steps.indices.as_ptr(),
            values: steps.values.as_ptr(),
            feature_count: steps.indices.len(),
            logits: steps.logits.as_ptr(),
            probabilities: steps.probabilities.as_ptr(),
            answer: NO_ANSWER,
        };
        let mut owned = Box::new(OwnedSteps {
            face,
            normalized: steps.normalized,
            ngrams: steps.ngrams,
            ngram_faces,
            indices: steps.indices,
            values: steps.values,
            logits: steps.logits,
            probabilities: steps.probabilities,
            answer_probabilities: Vec::new(),
        });
        owned.face.answer = answer_of(model, &steps.answer);
        owned.answer_probabilities = steps.answer.probabilities.into_owned();
        owned.face.answer.probabilities = owned.answer_probabilities.as_ptr();
        *out = Box::into_raw(owned).cast();
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_steps_free(steps: *mut cerebellum_steps) {
    free(steps.cast::<OwnedSteps>());
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_explain(
    model: *const MicroModel,
    data: *const c_char,
    length: usize,
    top: usize,
    explanation: *mut *mut cerebellum_explanation,
) -> i32 {
    guard(|| {
        let out = needed_mut(explanation, "explanation")?;
        *out = ptr::null_mut();
        let found = needed(model, "model")?.explain(text(data, length)?, top)?;
        let (features, values): (Vec<String>, Vec<f64>) =
            found.into_iter().map(|contribution| (contribution.feature, contribution.value)).unzip();
        let of_both = |(feature, value): (&String, f64)| cerebellum_contribution { feature: string_of(feature), value };
        let items: Vec<cerebellum_contribution> = features.iter().zip(values).map(of_both).collect();
        let face = cerebellum_explanation { items: items.as_ptr(), count: items.len() };
        *out = Box::into_raw(Box::new(OwnedExplanation { face, features, items })).cast();
        Ok(())
    })
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_explanation_free(explanation: *mut cerebellum_explanation) {
    free(explanation.cast::<OwnedExplanation>());
}

// ---- layout

/// Size of a struct, then the offset of each field.
macro_rules! layout {
    ($numbers:ident, $type:ty: $($field:ident),+) => {
        let room = MaybeUninit::<$type>::uninit();
        let base = room.as_ptr();
        $numbers.push(size_of::<$type>());
        $($numbers.push(ptr::addr_of!((*base).$field) as usize - base as usize);)+
    };
}

#[no_mangle]
pub unsafe extern "C" fn cerebellum_layout(numbers: *mut usize, capacity: usize) -> usize {
    guard_or(0, || {
        let mut found = Vec::new();
        layout!(found, cerebellum_string: data, length);
        layout!(found, cerebellum_answer: label, probabilities, label_count, label_index, confidence, outcome);
        layout!(found, cerebellum_threshold: has_value, value, n, errors, max_error, confidence);
        layout!(found, cerebellum_steps: normalized, ngrams, ngram_count, reflex, indices, values, feature_count,
            logits, probabilities, answer);
        layout!(found, cerebellum_contribution: feature, value);
        layout!(found, cerebellum_explanation: items, count);
        if !numbers.is_null() {
            ptr::copy_nonoverlapping(found.as_ptr(), numbers, found.len().min(capacity));
        }
        Some(found.len())
    })
}
