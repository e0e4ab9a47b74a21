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
                assert!(text(&found.stdout).starts_with("{\"label\": \""), "{}", text(&found.stdout));
            }
        }
    }
}

#[test]
fn exit_codes() {
    for (arguments, code, said) in [
        (&["--help"][..], 0, ""),
        (&[], 2, "cerebellum ask MODELS TASK"),
        (&["forge"], 2, "no command 'forge'"),
        (&["ask", "models"], 2, "not the arguments of ask"),
        (&["ask", "models", "mood", "hi"], 1, "no model for task 'mood' in models; known: confirmation, is_question"),
        (&["inspect", "models", "is_question"], 0, ""),
        (&["verify", "nowhere"], 1, "nowhere: cannot be read"),
        (&["verify", "proto"], 1, "no model in it"),
    ] {
        let done = ours(arguments, b"");
        assert_eq!(done.status.code(), Some(code), "{:?}: {}", arguments, text(&done.stderr));
        assert!(text(&done.stderr).contains(said), "{:?}: {}", arguments, text(&done.stderr));
    }
}

#[test]
fn verify_replays_and_names_what_differs() {
    let folder = std::env::temp_dir().join(format!("cerebellum-verify-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for part in ["preprocessor.bin", "classifier.onnx", "parity.jsonl"] {
        let name = format!("confirmation_{}", part);
        std::fs::copy(Path::new(ROOT).join("models").join(&name), folder.join(&name)).unwrap();
    }
    let path = folder.to_string_lossy().into_owned();
    let done = ours(&["verify", &path], b"");
    assert!(done.status.success() && text(&done.stdout).starts_with("confirmation: ok, "), "{}", text(&done.stdout));
    let parity = folder.join("confirmation_parity.jsonl");
    let cases = std::fs::read_to_string(&parity).unwrap().replacen("\"normalized\":\"\"", "\"normalized\":\"x\"", 1);
    std::fs::write(&parity, cases).unwrap();
    let done = ours(&["verify", &path], b"");
    assert_eq!(done.status.code(), Some(4));
    assert!(text(&done.stdout).contains("parity.jsonl:1: normalized of \"\" differs"), "{}", text(&done.stdout));
    std::fs::remove_dir_all(&folder).unwrap();
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}
