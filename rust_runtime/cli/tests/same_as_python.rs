//! `cerebellum ask --stdin` and `main.py ask --stdin` give the same bytes, on lines that are wrong in every way.
//!
//! Python is `$FOUNDRY_PYTHON`, else the repository's `.venv`; this test fails where neither is there.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn python() -> String {
    let own = format!("{}/.venv/bin/python", ROOT);
    let python = std::env::var("FOUNDRY_PYTHON").unwrap_or(own);
    assert!(Path::new(&python).exists(), "{}: no such Python. Run make test once, or set FOUNDRY_PYTHON.", python);
    python
}

fn run(command: &mut Command, input: &[u8]) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("the writer");
    output
}

fn ours(arguments: &[&str], input: &[u8]) -> Output {
    run(Command::new(env!("CARGO_BIN_EXE_cerebellum")).args(arguments).current_dir(ROOT), input)
}

fn theirs(arguments: &[&str], input: &[u8]) -> Output {
    run(Command::new(python()).arg("main.py").args(arguments).current_dir(ROOT), input)
}

/// Valid and broken lines, joined by LF.
fn hostile_lines() -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = [
        r#""今天天气怎么样""#,
        r#"{"text": "yes please", "id": 7}"#,
        r#"{"text": "a", "text": "no way"}"#,
        r#""""#,
        "",
        "   ",
        "\t\r",
        "\u{b}\u{c}",
        "null",
        "true",
        "12",
        "-",
        "-0",
        "01",
        "1.",
        "1e",
        "1e5",
        "NaN",
        "-Infinity",
        "Infinit",
        "[]",
        "[1,]",
        "[1 2]",
        "[",
        "]",
        "{",
        "}",
        "{}",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{"a":1 "b":2}"#,
        "{1:2}",
        r#"{"text": 5}"#,
        r#"{"text": null}"#,
        r#"{"Text": "x"}"#,
        r#""abc"#,
        r#""\"#,
        r#""\x""#,
        r#""\u12"#,
        r#""\u12g4""#,
        r#""\ud83d\ude00 ok""#,
        r#""\ud800""#,
        r#""ab\udc00c""#,
        r#""\ud800\u0041""#,
        r#""\ud83d\ud83d\ude00""#,
        r#""\u0000\u0007""#,
        "\"a\tb\"",
        "\"a\u{7f}\u{85}\u{2028}b\"",
        r#""a" "b""#,
        r#""a" x"#,
        "\u{feff}\"a\"",
        "\u{a0}\"a\"",
        "'a'",
        "tru",
        "nul",
        "{\"text\": \"a\"",
        "\"quote \\\" \\\\ \\/\"",
        "\"İ ß ς …\"",
        "\"\\u3000ＯＫ, ok…好!\"",
        "{\"text\": [\"a\"]}",
        "\"\\n\\r\\t\\b\\f\"",
        "ünïcode",
        "\"👨‍👩‍👧‍👦\"",
    ]
    .iter()
    .map(|line| line.as_bytes().to_vec())
    .collect();
    lines.push(b"\"\xff\"".to_vec());
    lines.push(b"\"abc\xe4\xbd\"".to_vec());
    lines.push(b"\xed\xa0\x80".to_vec());
    lines.push(format!("\"{}\"", "好".repeat(100_000)).into_bytes());
    lines.push(format!("\"{}\"", "好".repeat(100_001)).into_bytes());
    lines.push(format!("\"{}\"", "\\ud83d\\ude00".repeat(100_000)).into_bytes());
    lines.push(vec![b'x'; 1_300_001]);
    lines.push(vec![b' '; 3_000_000]);
    lines.push("[".repeat(100_000).into_bytes());
    lines.push("{\"a\":".repeat(50_000).into_bytes());
    lines.push([vec![b'['; 200], vec![b']'; 200]].concat());
    lines.push("1".repeat(5_000).into_bytes());
    lines.push(b"\"last, without a line end\"".to_vec());
    lines.join(&b'\n')
}

#[test]
fn streams_are_the_same_to_the_byte() {
    let input = hostile_lines();
    for task in ["is_question", "confirmation"] {
        let expected = theirs(&["ask", task, "--stdin"], &input);
        assert!(expected.status.success(), "{}", String::from_utf8_lossy(&expected.stderr));
        let found = ours(&["ask", "models", task, "--stdin"], &input);
        assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
        let (expected, found) = (text(&expected.stdout), text(&found.stdout));
        for (i, (expected, found)) in expected.lines().zip(found.lines()).enumerate() {
            let line = input.split(|byte| *byte == b'\n').nth(i).unwrap_or(b"");
            let shown = String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
            assert_eq!(found, expected, "line {}: {:?}", i + 1, shown);
        }
        assert_eq!(found.len(), expected.len());
    }
}

#[test]
fn one_sentence_is_answered_the_same() {
    for sentence in ["今天天气怎么样", "yes please", "stop", "", "no no no", "can you tell me where it is"] {
        for more in [&[][..], &["--json"]] {
            let expected = theirs(&[&["ask", "confirmation", sentence], more].concat(), b"");
            let found = ours(&[&["ask", "models", "confirmation", sentence], more].concat(), b"");
            if more.is_empty() {
                assert_eq!(text(&found.stdout), text(&expected.stdout));
            } else {
                // the last digits of a probability may differ
                let shape =
                    |out: &[u8]| text(out).replace(|char: char| char.is_ascii_digit() || ".e-".contains(char), "");
                assert_eq!(shape(&found.stdout), shape(&expected.stdout));
                assert!(text(&found.stdout).starts_with("{\"schema_version\": 1, \"label\": \""));
            }
        }
    }
}

#[test]
fn exit_codes() {
    for (arguments, code, said) in [
        (&["--help"][..], 0, ""),
        (&["ask", "--help"], 0, ""),
        (&["ask", "models", "is_question", "hi", "-h"], 0, ""),
        (&["inspect", "--help"], 0, ""),
        (&["verify", "models", "--help"], 0, ""),
        (&[], 2, "error: no command\n\nAsk, inspect"),
        (&["forge"], 2, "error: no command 'forge'"),
        (&["ask", "models"], 2, "error: these are not the arguments of ask\nusage: cerebellum ask MODELS TASK TEXT"),
        (&["ask", "models", "mood"], 2, "error: give either a text or --stdin\nusage: cerebellum ask"),
        (&["ask", "models", "mood", "hi", "--stdin"], 2, "error: give either a text or --stdin"),
        (&["ask", "models", "is_question", "-hello"], 2, "error: ask has no option '-hello'. Put -- before"),
        (&["ask", "models", "is_question", "hi", "--jsn"], 2, "no option '--jsn'"),
        (&["ask", "models", "is_question", "--", "-hello"], 0, ""),
        (&["ask", "models", "is_question", "-"], 0, ""),
        (&["ask", "--json", "models", "is_question", "--", "--json"], 0, ""),
        (&["inspect", "models"], 2, "usage: cerebellum inspect MODELS TASK"),
        (&["inspect", "models", "is_question", "--stdin"], 2, "inspect has no option '--stdin'"),
        (&["verify"], 2, "usage: cerebellum verify MODELS"),
        (&["verify", "models", "--task"], 2, "--task wants a task"),
        (
            &["ask", "models", "mood", "hi"],
            1,
            "error: no model for task 'mood' in models; known: confirmation, is_question",
        ),
        (&["verify", "models", "--task", "mood"], 1, "error: no model for task 'mood' in models; known: confirmation"),
        (&["inspect", "models", "is_question"], 0, ""),
        (&["verify", "nowhere"], 1, "error: nowhere: cannot be read: No such file or directory (os error 2). Give the"),
        (&["verify", "proto"], 1, "error: proto: no model in it. Give the folder"),
    ] {
        let done = ours(arguments, b"");
        assert_eq!(done.status.code(), Some(code), "{:?}: {}", arguments, text(&done.stderr));
        assert!(text(&done.stderr).starts_with(said) || said.len() < 40, "{:?}: {}", arguments, text(&done.stderr));
        assert!(text(&done.stderr).contains(said), "{:?}: {}", arguments, text(&done.stderr));
        assert_eq!(code == 0, !done.stdout.is_empty(), "{:?}", arguments);
    }
}

/// A copy of a model's files in a folder of its own, which goes at the end.
struct Copied(std::path::PathBuf);

impl Copied {
    fn new(name: &str, tasks: &[&str]) -> Copied {
        let folder = std::env::temp_dir().join(format!("cerebellum-{}-{}", name, std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for task in tasks {
            for part in ["preprocessor.bin", "classifier.onnx", "parity.jsonl"] {
                let name = format!("{}_{}", task, part);
                std::fs::copy(Path::new(ROOT).join("models").join(&name), folder.join(&name)).unwrap();
            }
        }
        Copied(folder)
    }

    fn verify(&self, more: &[&str]) -> Output {
        ours(&[&["verify", self.0.to_str().unwrap()][..], more].concat(), b"")
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn verify_replays_and_names_what_differs() {
    let folder = Copied::new("verify", &["confirmation"]);
    let done = folder.verify(&[]);
    assert!(done.status.success() && text(&done.stdout).starts_with("confirmation: ok, "), "{}", text(&done.stdout));
    let parity = folder.0.join("confirmation_parity.jsonl");
    let cases = std::fs::read_to_string(&parity).unwrap();
    std::fs::write(&parity, cases.replacen("\"normalized\":\"\"", "\"normalized\":\"x\"", 1)).unwrap();
    let done = folder.verify(&[]);
    assert_eq!(done.status.code(), Some(4));
    assert!(text(&done.stdout).contains("parity.jsonl:1: normalized of \"\" differs\n"), "{}", text(&done.stdout));
    assert!(text(&done.stderr).starts_with("error: 1 of 1 models failed"), "{}", text(&done.stderr));
    for (content, said) in [
        ("", "parity.jsonl: no parity case in it. Export the model again.\n"),
        ("\n\n5\n", "parity.jsonl:3: not a parity case: text is wrong. Export the model again.\n"),
        (&"x".repeat((2 << 20) + 1), "parity.jsonl:1: not a parity case: its line is too long. Export"),
    ] {
        std::fs::write(&parity, content).unwrap();
        let done = folder.verify(&[]);
        assert!(text(&done.stdout).contains(said), "{}", text(&done.stdout));
        assert_eq!(done.status.code(), Some(4));
    }
}

/// One that is broken, one without its cases, one whose cases are a pipe: the last is verified all the same.
#[test]
fn verify_goes_on_after_a_broken_model() {
    let folder = Copied::new("broken", &["is_question"]);
    let link = |from: &str, to: &str| std::fs::copy(folder.0.join(from), folder.0.join(to)).unwrap();
    std::fs::write(folder.0.join("a_preprocessor.bin"), b"broken").unwrap();
    link("is_question_classifier.onnx", "a_classifier.onnx");
    let done = folder.verify(&[]);
    assert_eq!(done.status.code(), Some(4));
    let lines: Vec<&str> = text(&done.stdout).lines().collect();
    assert!(lines[0].starts_with("a: cannot be verified: ") && lines[0].contains("not a Protobuf"), "{:?}", lines);
    assert!(lines[1].starts_with("is_question: ok, "), "{:?}", lines);
    assert!(text(&done.stderr).starts_with("error: 1 of 2 models failed the verification. "), "{}", text(&done.stderr));
    let done = folder.verify(&["--json"]);
    let said = text(&done.stdout);
    assert!(said.starts_with("{\"schema_version\": 1, \"models\": [{\"task\": \"a\", \"ok\": false, \"error\": \""));
    assert!(said.contains("{\"task\": \"is_question\", \"ok\": true, \"cases\": "), "{}", said);
    let parity = folder.0.join("is_question_parity.jsonl");
    std::fs::remove_file(&parity).unwrap();
    let done = folder.verify(&["--task", "is_question"]);
    assert!(text(&done.stdout).contains("parity.jsonl: cannot be read: No such file"), "{}", text(&done.stdout));
    assert_eq!(done.status.code(), Some(4));
    assert!(Command::new("mkfifo").arg(&parity).status().unwrap().success());
    let done = folder.verify(&["--task", "is_question"]);
    assert!(text(&done.stdout).contains("parity.jsonl: is not a file. Copy it"), "{}", text(&done.stdout));
}

/// What `--json` prints is JSON, as Python reads it.
#[test]
fn json_is_json() {
    const READ: &str =
        "import json, sys; d = json.load(sys.stdin); print(d['schema_version'], d['task'], d['labels'], \
                        len(d['cues']), d['thresholds'][0]['label'], d['word_ngrams'], d['reflexes'][0])";
    let done = ours(&["inspect", "models", "is_question", "--json"], b"");
    let read = run(Command::new(python()).args(["-c", READ]), &done.stdout);
    assert!(text(&read.stdout).starts_with("1 is_question ['Question', 'Statement'] "), "{}", text(&read.stderr));
    let done = ours(&["verify", "models", "--json"], b"");
    let read = run(Command::new(python()).args(["-c", "import json, sys; json.load(sys.stdin)"]), &done.stdout);
    assert!(read.status.success() && !done.stdout.is_empty(), "{}", text(&read.stderr));
}

#[test]
fn a_model_that_cannot_be_read_is_not_one_that_is_not_there() {
    let folder = Copied::new("loop", &[]);
    let place = folder.0.join("mood_preprocessor.bin");
    std::os::unix::fs::symlink(&place, &place).unwrap();
    let done = ours(&["ask", folder.0.to_str().unwrap(), "mood", "hi"], b"");
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("mood_preprocessor.bin: cannot be read: "), "{}", text(&done.stderr));
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}
