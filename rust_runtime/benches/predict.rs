//! Time of one answer and of a load, with nothing but the standard library: `cargo bench --bench predict`.
//!
//! Sentences are taken from the parity cases of the shipped models and cut or repeated to a length. Times are medians
//! and minima over rounds; every round asks all sentences once.

#![allow(clippy::incompatible_msrv)] // benches are built by the newest Rust

#[allow(dead_code, missing_docs, unused_imports)]
#[path = "../cli/src/json.rs"]
mod json;

use cerebellum::{MicroModel, Scratch};
use std::hint::black_box;
use std::time::Instant;

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models");
const ROUNDS: usize = 300;

fn main() {
    println!(
        "{:<14} {:>8} {:>6} {:>12} {:>12} {:>12}",
        "model", "chars", "texts", "median µs", "least µs", "predict µs"
    );
    for task in ["is_question", "confirmation"] {
        let model = MicroModel::load(MODELS, task).expect("a shipped model");
        let sentences = sentences(task);
        for length in [5, 20, 100, 1_000] {
            let texts = cut(&sentences, length);
            let mut scratch = Scratch::new();
            let with = per_call(&texts, |text| {
                black_box(model.predict_with(&mut scratch, text).expect("a valid text").confidence);
            });
            let plain = per_call(&texts, |text| {
                black_box(model.predict(text).expect("a valid text").confidence);
            });
            println!(
                "{:<14} {:>8} {:>6} {:>12.3} {:>12.3} {:>12.3}",
                task,
                length,
                texts.len(),
                with.0,
                with.1,
                plain.0
            );
        }
        let load = per_call(&[String::new()], |_| {
            black_box(MicroModel::load(MODELS, task).expect("a shipped model"));
        });
        println!("{:<14} load: median {:.0} µs, least {:.0} µs", task, load.0, load.1);
    }
}

/// Median and least time of a call in µs.
fn per_call(texts: &[String], mut call: impl FnMut(&str)) -> (f64, f64) {
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for text in texts {
            call(black_box(text));
        }
        rounds.push(start.elapsed().as_secs_f64() * 1e6 / texts.len() as f64);
    }
    rounds.sort_by(f64::total_cmp);
    (rounds[ROUNDS / 2], rounds[0])
}

fn sentences(task: &str) -> Vec<String> {
    let file = std::fs::read_to_string(format!("{}/{}_parity.jsonl", MODELS, task)).expect("parity cases");
    let cases = file.split('\n').filter(|line| !line.is_empty()).filter_map(|line| json::parse(line).ok());
    let texts: Vec<String> = cases.filter_map(|case| case.get("text")?.text()).collect();
    let is_sentence = |text: &&String| {
        text.chars().count() >= 4 && text.chars().all(|c| c.is_ascii() || ('\u{3000}'..'\u{a000}').contains(&c))
    };
    texts.iter().filter(is_sentence).cloned().collect()
}

/// Up to 200 texts of exactly this many characters.
fn cut(sentences: &[String], length: usize) -> Vec<String> {
    let starts = (0..sentences.len()).step_by((sentences.len() / 200).max(1));
    starts
        .map(|i| sentences[i..].iter().chain(sentences).flat_map(|text| text.chars()).take(length).collect())
        .collect()
}
