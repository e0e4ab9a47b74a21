//! `cerebellum ask | inspect | verify`: models without Python.
#![allow(unknown_lints, unexpected_cfgs)] // the feature `onnxruntime` is that of ../onnx_cli

mod arguments;
mod asking;
mod bench;
mod digest;
mod inspecting;
mod json;
mod parity;
mod verifying;

use arguments::{ASK, INSPECT, VERIFY};
use cerebellum::{Error, MicroModel};
use std::io::{self, Write};
use std::path::Path;
use std::process::exit;

const HELP: &str = "\
Ask, inspect and verify forged models.

  cerebellum ask MODELS TASK TEXT       the answer and its reasons
  cerebellum ask MODELS TASK --stdin    JSON Lines in (a string or {\"text\": ...} each), one line out per line in
  cerebellum inspect MODELS TASK        what a model holds: sizes, features, certificates
  cerebellum verify MODELS              replay every <task>_parity.jsonl: features to the last bit, logits and
                                        probabilities within 1e-12; --task TASK: that one

With --json the result is one JSON object. Behind -- every word is itself, also one that begins with a -.
Results go to stdout, everything else to stderr.

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
        let _ = writeln!(io::stderr(), "error: {}", message);
    }
    exit(code);
}

fn run(said: &[String]) -> Result<(), Stop> {
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    let mut out = io::BufWriter::new(io::stdout());
    match said[..] {
        [] => return Err(Stop(2, format!("no command\n\n{}", HELP.trim_end()))),
        ["-h" | "--help" | "help", ..] => out.write_all(HELP.as_bytes())?,
        ["-V" | "--version"] => writeln!(out, "cerebellum {}", env!("CARGO_PKG_VERSION"))?,
        ["ask", ref rest @ ..] => ask(rest, &mut out)?,
        ["inspect", ref rest @ ..] => inspect(rest, &mut out)?,
        ["verify", ref rest @ ..] => verify(rest, &mut out)?,
        ["digest", models, task, ref words @ ..] => {
            digest::digest_stream(&mut digest::Engine::load(models, task, words)?, io::stdin().lock(), &mut out)?
        }
        ["bench", models, task, ref words @ ..] => bench::measure(models, task, words, io::stdin().lock(), &mut out)?,
        [command, ..] => {
            return Err(Stop(2, format!("no command '{}'; known: ask, inspect, verify. See --help.", command)))
        }
    }
    out.flush()?;
    Ok(())
}

fn ask(said: &[&str], out: &mut impl Write) -> Result<(), Stop> {
    let arguments = ASK.read(said)?;
    match (&arguments.words[..], arguments.has("--stdin")) {
        _ if arguments.help => out.write_all(HELP.as_bytes())?,
        ([models, task], true) => asking::answer_stream(&load(models, task)?, io::stdin().lock(), out)?,
        ([models, task, text], false) if arguments.has("--json") => {
            let (model, mut object) = (load(models, task)?, String::new());
            asking::answer_object(&mut object, &model, &model.predict(text)?);
            writeln!(out, "{}", json::with_schema(&object))?;
        }
        ([models, task, text], false) => {
            for line in asking::answer_lines(&load(models, task)?, text)? {
                writeln!(out, "{}", line)?;
            }
        }
        ([_, _], false) => return Err(ASK.wrong("give either a text or --stdin")),
        ([_, _, _], true) => return Err(ASK.wrong("give either a text or --stdin")),
        _ => return Err(ASK.not_its_words()),
    }
    Ok(())
}

fn inspect(said: &[&str], out: &mut impl Write) -> Result<(), Stop> {
    let arguments = INSPECT.read(said)?;
    match arguments.words[..] {
        _ if arguments.help => out.write_all(HELP.as_bytes())?,
        [models, task] if arguments.has("--json") => writeln!(out, "{}", inspecting::object(&load(models, task)?))?,
        [models, task] => out.write_all(inspecting::describe(&load(models, task)?).as_bytes())?,
        _ => return Err(INSPECT.not_its_words()),
    }
    Ok(())
}

fn verify(said: &[&str], out: &mut impl Write) -> Result<(), Stop> {
    let arguments = VERIFY.read(said)?;
    match arguments.words[..] {
        _ if arguments.help => out.write_all(HELP.as_bytes())?,
        [models] => verifying::verify(Path::new(models), arguments.task, arguments.has("--json"), out)?,
        _ => return Err(VERIFY.not_its_words()),
    }
    Ok(())
}

/// A model; a missing one names the tasks that are there.
fn load(models: &str, task: &str) -> Result<MicroModel, Stop> {
    let folder = Path::new(models);
    let known = tasks_in(folder).map_or(false, |tasks| tasks.iter().any(|other| other == task));
    if !known && !folder.join(format!("{}_preprocessor.bin", task)).exists() {
        return Err(no_model(folder, task));
    }
    Ok(MicroModel::load(folder, task)?)
}

fn no_model(folder: &Path, task: &str) -> Stop {
    let known = tasks_in(folder).unwrap_or_default();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Stop(1, format!("no model for task '{}' in {}; known: {}. Forge it first.", task, folder.display(), known))
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
