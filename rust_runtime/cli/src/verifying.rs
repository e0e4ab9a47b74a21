//! Verifying the models of a folder: every one is tried, whatever is wrong with another.

use crate::json;
use crate::parity::{self, Replay};
use crate::{tasks_in, Stop};
use cerebellum::MicroModel;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

/// Replays the parity cases of one task, or of all; for people as lines, else as a JSON object.
pub(crate) fn verify(folder: &Path, task: Option<&str>, as_json: bool, out: &mut impl Write) -> Result<(), Stop> {
    let missing =
        |error| Stop(1, format!("{}: cannot be read: {}. Give the folder the models are in.", folder.display(), error));
    let known = tasks_in(folder).map_err(missing)?;
    let tasks = match task {
        Some(task) if known.iter().any(|other| other == task) => vec![task.to_owned()],
        Some(task) => return Err(crate::no_model(folder, task)),
        None => known,
    };
    if tasks.is_empty() {
        return Err(Stop(1, format!("{}: no model in it. Give the folder the models are in.", folder.display())));
    }
    let results: Vec<_> = tasks.iter().map(|task| (task.as_str(), replay(folder, task))).collect();
    if as_json {
        writeln!(out, "{}", object(&results))?;
    } else {
        for (task, result) in &results {
            write!(out, "{}", lines(task, result))?;
        }
    }
    out.flush()?;
    let failed = results.iter().filter(|(_, result)| result.as_ref().map_or(true, |replay| replay.wrong > 0)).count();
    if failed > 0 {
        let (all, next) = (results.len(), "Copy their files again, or forge them again with this version.");
        return Err(Stop(4, format!("{} of {} models failed the verification. {}", failed, all, next)));
    }
    Ok(())
}

/// One model's cases, or why they cannot be replayed.
fn replay(folder: &Path, task: &str) -> Result<Replay, String> {
    let model = MicroModel::load(folder, task).map_err(|error| error.to_string())?;
    let path = folder.join(format!("{}_parity.jsonl", task));
    let cannot = |what: String| format!("{}: {}. Copy it from where the model was forged.", path.display(), what);
    let metadata = std::fs::metadata(&path).map_err(|error| cannot(format!("cannot be read: {}", error)))?;
    if !metadata.is_file() {
        return Err(cannot("is not a file".to_owned())); // and may never end
    }
    let file = File::open(&path).map_err(|error| cannot(format!("cannot be read: {}", error)))?;
    let mut replay =
        parity::replay(&model, BufReader::new(file)).map_err(|error| format!("{}:{}", path.display(), error))?;
    for difference in &mut replay.differences {
        *difference = format!("{}:{}", path.display(), difference);
    }
    Ok(replay)
}

fn lines(task: &str, result: &Result<Replay, String>) -> String {
    let replay = match result {
        Ok(replay) => replay,
        Err(message) => return format!("{}: cannot be verified: {}\n", task, message),
    };
    let mut out: String = replay.differences.iter().map(|difference| format!("{}\n", difference)).collect();
    let verdict = if replay.wrong == 0 { "ok".to_owned() } else { format!("{} differ", replay.wrong) };
    let largest = format!("largest difference of a logit or probability {:.1e}", replay.largest);
    out.push_str(&format!("{}: {}, {} cases, {}\n", task, verdict, replay.cases, largest));
    out
}

fn object(results: &[(&str, Result<Replay, String>)]) -> String {
    let mut out = "{".to_owned();
    json::write_name(&mut out, "models");
    json::write_list(&mut out, results, |out, (task, result)| {
        out.push('{');
        json::write_name(out, "task");
        json::write_string(out, task);
        json::write_name(out, "ok");
        out.push_str(if matches!(result, Ok(replay) if replay.wrong == 0) { "true" } else { "false" });
        match result {
            Ok(replay) => counted(out, replay),
            Err(message) => {
                json::write_name(out, "error");
                json::write_string(out, message);
            }
        }
        out.push('}');
    });
    out.push('}');
    json::with_schema(&out)
}

fn counted(out: &mut String, replay: &Replay) {
    for (name, count) in [("cases", replay.cases), ("differing", replay.wrong)] {
        json::write_name(out, name);
        out.push_str(&count.to_string());
    }
    json::write_name(out, "largest_difference");
    json::write_number(out, replay.largest);
    json::write_name(out, "differences");
    json::write_list(out, &replay.differences, |out, difference| json::write_string(out, difference));
}
