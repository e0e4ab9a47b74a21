//! `cerebellum bench MODELS TASK < JSON strings`: the times of an engine, taken inside its process.
//!
//! Not part of what users are told of: `scripts/bench_runtime.py` reads it and has the twins in Python and C++. Texts
//! are grouped by their code points. Each group is asked in rounds, every call timed by itself, for a while; then two
//! threads ask the texts of the group `THROUGHPUT` together. One line of JSON out.

use crate::digest::{read, Engine};
use crate::Stop;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

/// How long a group is asked.
const WHILE: Duration = Duration::from_millis(300);
const LEAST_ROUNDS: usize = 5;
/// Loads after the first, which alone has cold caches.
const RELOADS: usize = 9;
const THREADS: usize = 2;
/// Code points of the texts that the threads ask.
const THROUGHPUT: usize = 20;

/// Measures and writes the line.
pub(crate) fn measure(
    models: &str,
    task: &str,
    words: &[&str],
    source: impl BufRead,
    target: &mut impl Write,
) -> Result<(), Stop> {
    let mut groups: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for line in source.split(b'\n') {
        if let Some(text) = read(&line?).map_err(|wrong| Stop(1, wrong))? {
            groups.entry(text.chars().count()).or_default().push(text);
        }
    }
    let mut loads = Vec::new();
    let mut engine = timed_load(models, task, words, &mut loads)?;
    for _ in 0..RELOADS {
        drop(timed_load(models, task, words, &mut loads)?);
    }
    let first = loads.remove(0);
    loads.sort_unstable();
    let again = loads[RELOADS / 2];
    let (mut out, mut sum) = (format!("{{\"load_ns\": {}, \"reload_ns\": {}, \"groups\": {{", first, again), 0.0);
    for (i, (length, texts)) in groups.iter().enumerate() {
        let mut times = calls(&mut engine, texts, &mut sum)?;
        times.sort_unstable();
        let at = |part: f64| times[(part * (times.len() - 1) as f64) as usize];
        let comma = if i == 0 { "" } else { ", " };
        let _ = write!(out, "{}\"{}\": {{\"p50_ns\": {}, \"p99_ns\": {}}}", comma, length, at(0.5), at(0.99));
    }
    let per_second = match groups.get(&THROUGHPUT) {
        Some(texts) => throughput(models, task, words, engine, texts)?,
        None => 0.0,
    };
    let _ =
        write!(out, "}}, \"per_second\": {:.0}, \"resident_kib\": {}, \"sum\": {}}}", per_second, resident_kib(), sum);
    writeln!(target, "{}", out)?;
    Ok(())
}

fn timed_load(models: &str, task: &str, words: &[&str], loads: &mut Vec<u128>) -> Result<Engine, Stop> {
    let begun = Instant::now();
    let engine = Engine::load(models, task, words)?;
    loads.push(begun.elapsed().as_nanos());
    Ok(engine)
}

/// Nanoseconds of every call. The sum of the confidences is printed, so that no call can be optimized away.
fn calls(engine: &mut Engine, texts: &[String], sum: &mut f64) -> Result<Vec<u64>, Stop> {
    let (mut times, begun, mut rounds) = (Vec::new(), Instant::now(), 0);
    for text in texts {
        *sum += engine.predict(text)?.confidence;
    }
    while rounds < LEAST_ROUNDS || begun.elapsed() < WHILE {
        for text in texts {
            let start = Instant::now();
            *sum += engine.predict(text)?.confidence;
            times.push(start.elapsed().as_nanos() as u64);
        }
        rounds += 1;
    }
    Ok(times)
}

/// Answers a second of two threads: one shared native model, or a session each.
fn throughput(models: &str, task: &str, words: &[&str], engine: Engine, texts: &[String]) -> Result<f64, Stop> {
    let mut engines = vec![engine];
    while engines.len() < THREADS {
        engines.push(match &engines[0] {
            Engine::Native(model, _) => Engine::Native(model.clone(), cerebellum::Scratch::new()),
            #[cfg(feature = "onnxruntime")]
            _ => Engine::load(models, task, words)?,
        });
    }
    let _ = (models, task, words);
    let begun = Instant::now();
    let counts: Vec<Result<usize, Stop>> = std::thread::scope(|scope| {
        let run = |mut engine: Engine| {
            let (mut count, mut sum) = (0, 0.0);
            while begun.elapsed() < WHILE {
                for text in texts {
                    sum += engine.predict(text)?.confidence;
                }
                count += texts.len();
            }
            Ok(if sum >= 0.0 { count } else { 0 })
        };
        let threads: Vec<_> = engines.into_iter().map(|engine| scope.spawn(move || run(engine))).collect();
        let panicked = |_| Err(Stop(1, "a thread panicked".to_owned()));
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
    });
    let mut total = 0;
    for count in counts {
        total += count?;
    }
    Ok(total as f64 / begun.elapsed().as_secs_f64())
}

/// Resident memory of this process; 0 where `/proc` does not tell.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
