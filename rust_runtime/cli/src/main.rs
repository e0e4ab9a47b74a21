//! `cerebellum ask | inspect | verify`: models without Python.
#![allow(unknown_lints, unexpected_cfgs)] // the feature `onnxruntime` is that of ../onnx_cli

mod asking;
mod bench;
mod digest;
mod inspecting;
mod json;
mod parity;

use cerebellum::{Error, MicroModel};
use std::io::{self, Write};
use std::path::Path;
use std::process::exit;

const HELP: &str = "\
Ask, inspect and verify forged models.

  cerebellum ask MODELS TASK \"a sentence\"     the answer and its reasons
  cerebellum ask MODELS TASK TEXT --json      the answer as JSON
  cerebellum ask MODELS TASK --stdin          JSON Lines in (a string or {\"text\": ...} each), one line out per line in
  cerebellum inspect MODELS TASK              what a model holds: sizes, features, certificates
  cerebellum verify MODELS                    replay every <task>_parity.jsonl: features to the last bit, logits and
                                              probabilities within 1e-12; --task TASK: that one

Exit codes: 0 done, 1 failed, 2 wrong usage, 4 a verification failed, 5 a needed library is missing.
";

/// What ends the program: an exit code, and what to say on stderr.
struct Stop(i32, String);

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        let code = if let Error::MissingDependency { .. } = error { 5 } else { 1 };
        Stop(code, error.to_string())
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Stop(0, String::new()); // the reader has enough
        }
        Stop(1, error.to_string())
    }
}

fn main() {
    let mut arguments = Vec::new();
    for argument in std::env::args_os().skip(1) {
        match argument.into_string() {
            Ok(argument) => arguments.push(argument),
            Err(_) => end(Stop(2, "an argument is not UTF-8. See --help.".to_owned())),
        }
    }
    if let Err(stop) = run(&arguments) {
        end(stop);
    }
}

fn end(Stop(code, message): Stop) {
    if !message.is_empty() {
        let _ = writeln!(io::stderr(), "{}", message);
    }
    exit(code);
}

fn run(arguments: &[String]) -> Result<(), Stop> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = io::BufWriter::new(io::stdout());
    match words[..] {
        ["-h" | "--help" | "help"] => out.write_all(HELP.as_bytes())?,
        ["-V" | "--version"] => writeln!(out, "cerebellum {}", env!("CARGO_PKG_VERSION"))?,
        ["ask", models, task, "--stdin"] | ["ask", "--stdin", models, task] => {
            let model = load(models, task)?;
            asking::answer_stream(&model, io::stdin().lock(), &mut out)?;
        }
        ["ask", models, task, text, "--json"] | ["ask", "--json", models, task, text] => {
            let model = load(models, task)?;
            let mut line = String::new();
            asking::answer_object(&mut line, &model, &model.predict(text)?);
            writeln!(out, "{}", line)?;
        }
        ["ask", models, task, text] => {
            for line in asking::answer_lines(&load(models, task)?, text)? {
                writeln!(out, "{}", line)?;
            }
        }
        ["inspect", models, task] => out.write_all(inspecting::describe(&load(models, task)?).as_bytes())?,
        ["verify", models] => verify(Path::new(models), None, &mut out)?,
        ["verify", models, "--task", task] | ["verify", "--task", task, models] => {
            verify(Path::new(models), Some(task), &mut out)?
        }
        ["digest", models, task, ref words @ ..] => {
            digest::digest_stream(&mut digest::Engine::load(models, task, words)?, io::stdin().lock(), &mut out)?
        }
        ["bench", models, task, ref words @ ..] => bench::measure(models, task, words, io::stdin().lock(), &mut out)?,
        [] => return Err(Stop(2, HELP.trim_end().to_owned())),
        [command @ ("ask" | "inspect" | "verify"), ..] => {
            return Err(Stop(2, format!("these are not the arguments of {}. See --help.", command)))
        }
        [command, ..] => {
            return Err(Stop(2, format!("no command '{}'; known: ask, inspect, verify. See --help.", command)))
        }
    }
    out.flush()?;
    Ok(())
}

/// A model; a missing one names the tasks that are there.
fn load(models: &str, task: &str) -> Result<MicroModel, Stop> {
    let folder = Path::new(models);
    if !folder.join(format!("{}_preprocessor.bin", task)).exists() {
        let known = tasks_in(folder).unwrap_or_default();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let message = format!("no model for task '{}' in {}; known: {}. Forge it first.", task, models, known);
        return Err(Stop(1, message));
    }
    Ok(MicroModel::load(folder, task)?)
}

/// The tasks that have a preprocessor in a folder.
fn tasks_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut tasks = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        tasks.extend(name.strip_suffix("_preprocessor.bin").map(str::to_owned));
    }
    tasks.sort();
    Ok(tasks)
}

fn verify(folder: &Path, task: Option<&str>, out: &mut impl Write) -> Result<(), Stop> {
    let missing = |error| Stop(1, format!("{}: cannot be read: {}", folder.display(), error));
    let models = match task {
        Some(task) => vec![task.to_owned()],
        None => tasks_in(folder).map_err(missing)?,
    };
    if models.is_empty() {
        return Err(Stop(1, format!("{}: no model in it. Give the folder the models are in.", folder.display())));
    }
    let mut failed = 0;
    for task in models {
        let path = folder.join(format!("{}_parity.jsonl", task));
        let model = MicroModel::load(folder, &task)?;
        let data = std::fs::read(&path).map_err(|error| Stop(1, format!("{}: {}", path.display(), error)))?;
        let replay = parity::replay(&model, &data).map_err(|error| Stop(1, format!("{}:{}", path.display(), error)))?;
        for difference in replay.differences.iter().take(10) {
            writeln!(out, "{}:{}", path.display(), difference)?;
        }
        let wrong = replay.differences.len();
        let verdict = if wrong == 0 { "ok".to_owned() } else { format!("{} differ", wrong) };
        let (cases, largest) = (replay.cases, replay.largest);
        writeln!(
            out,
            "{}: {}, {} cases, largest difference of a logit or probability {:.1e}",
            task, verdict, cases, largest
        )?;
        failed += wrong;
    }
    out.flush()?;
    if failed > 0 {
        return Err(Stop(4, "this runtime does not answer as the models were made to".to_owned()));
    }
    Ok(())
}
