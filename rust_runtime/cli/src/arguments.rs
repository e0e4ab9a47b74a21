//! The words after a command: its options, and the rest.

use crate::Stop;

/// A command, how it is written, and its options without a value.
pub struct Command {
    pub name: &'static str,
    pub usage: &'static str,
    flags: &'static [&'static str],
}

pub const ASK: Command = Command {
    name: "ask",
    usage: "cerebellum ask MODELS TASK TEXT [--json], or: cerebellum ask MODELS TASK --stdin",
    flags: &["--json", "--stdin"],
};
pub const INSPECT: Command =
    Command { name: "inspect", usage: "cerebellum inspect MODELS TASK [--json]", flags: &["--json"] };
pub const VERIFY: Command =
    Command { name: "verify", usage: "cerebellum verify MODELS [--task TASK] [--json]", flags: &["--json"] };

/// What was said.
#[derive(Debug, Default)]
pub struct Arguments<'a> {
    pub words: Vec<&'a str>,
    flags: Vec<&'a str>,
    /// The value of `--task`.
    pub task: Option<&'a str>,
    /// `--help` is among them.
    pub help: bool,
}

impl Arguments<'_> {
    pub fn has(&self, flag: &str) -> bool {
        self.flags.contains(&flag)
    }
}

impl Command {
    /// Options may stand anywhere; behind `--` nothing is one. A word that looks like an option has to be one.
    pub(crate) fn read<'a>(&self, said: &[&'a str]) -> Result<Arguments<'a>, Stop> {
        let mut arguments = Arguments::default();
        let mut said = said.iter().copied();
        while let Some(word) = said.next() {
            match word {
                "--" => arguments.words.extend(said.by_ref()),
                "-h" | "--help" => arguments.help = true,
                flag if self.flags.contains(&flag) => arguments.flags.push(flag),
                "--task" if self.name == VERIFY.name => {
                    arguments.task = Some(said.next().ok_or_else(|| self.wrong("--task wants a task"))?);
                }
                option if option.starts_with('-') && option.len() > 1 => {
                    let next = "Put -- before words that begin with a -.";
                    return Err(self.wrong(&format!("{} has no option '{}'. {}", self.name, option, next)));
                }
                word => arguments.words.push(word),
            }
        }
        Ok(arguments)
    }

    /// Wrong usage: what is wrong, and how the command is written.
    pub(crate) fn wrong(&self, what: &str) -> Stop {
        Stop(2, format!("{}\nusage: {}", what, self.usage))
    }

    /// Words that are not those the usage names.
    pub(crate) fn not_its_words(&self) -> Stop {
        self.wrong(&format!("these are not the arguments of {}", self.name))
    }
}
