//! The command line.

use clap::{Arg, ArgAction, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use words::Language;

#[derive(Parser, Debug)]
#[command(name = "redoubt-agent", version)]
pub struct Arguments {
    #[arg(long, global = true, value_name = "LANGUAGE")]
    pub lang: Option<Language>,
    #[command(subcommand)]
    pub command: Task,
}

#[derive(Subcommand, Debug)]
pub enum Task {
    Guard(Guard),
}

/// Protects files against programs that scramble them.
#[derive(Args, Debug)]
pub struct Guard {
    #[arg(long, value_name = "DIR", required = true)]
    pub protect: Vec<PathBuf>,
    #[arg(long, value_name = "DIR")]
    pub state: PathBuf,
    /// What is kept to undo, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u64).range(1..=16_777_216))]
    pub undo_max: u64,
    #[arg(long, value_name = "FILE")]
    pub allow: Vec<PathBuf>,
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=8_760))]
    pub keep: u64,
    #[arg(long)]
    pub json: bool,
}

impl Arguments {
    /// Reads the command line, with help in the language it asks for.
    pub fn read(line: Vec<OsString>) -> Result<(Arguments, Language), clap::Error> {
        let language = asked_language(&line);
        let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
        let command = Arguments::command().disable_version_flag(true).arg(version);
        let matches = with_words(command, "agent.help", language).try_get_matches_from(line)?;
        let arguments = Arguments::from_arg_matches(&matches)?;
        let language = arguments.lang.unwrap_or(language);
        Ok((arguments, language))
    }
}

/// The language before the line is parsed, since the help of a wrong line must be in it too: `--lang`, else the
/// environment.
fn asked_language(line: &[OsString]) -> Language {
    let texts: Vec<_> = line.iter().filter_map(|word| word.to_str()).collect();
    let joined = texts.iter().find_map(|word| word.strip_prefix("--lang="));
    let asked = joined.or_else(|| texts.windows(2).find(|pair| pair[0] == "--lang").map(|pair| pair[1]));
    let environment = || {
        let names = ["REDOUBT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"];
        let set = names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        set.map(|value| Language::from_locale(&value)).unwrap_or_default()
    };
    asked.and_then(|asked| asked.parse().ok()).unwrap_or_else(environment)
}

/// Gives a command, its arguments and the commands below it their words.
fn with_words(command: Command, code: &str, language: Language) -> Command {
    let about = words::word(code, language);
    let prefix = code.to_owned();
    let command = command
        .disable_help_flag(true)
        .arg(Arg::new("help").short('h').long("help").action(ArgAction::Help))
        .about(about.clone())
        .long_about(about)
        .help_template("{about}\n\n{usage-heading} {usage}\n\n{all-args}");
    let command = command.mut_args(|argument: Arg| {
        let own = format!("{prefix}.{}", argument.get_id());
        let shared = format!("agent.help.any.{}", argument.get_id());
        let code = if words::template(&own, language).is_some() { own } else { shared };
        argument.help(words::word(&code, language)).long_help(None::<&str>)
    });
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| {
        let code = format!("{prefix}.{name}");
        command.mut_subcommand(name, |sub| with_words(sub, &code, language))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_argument_has_words() {
        for language in Language::ALL {
            for line in [vec!["redoubt-agent", "--help"], vec!["redoubt-agent", "guard", "--help"]] {
                let mut line: Vec<OsString> = line.into_iter().map(OsString::from).collect();
                line.push(format!("--lang={language}").into());
                let help = Arguments::read(line).unwrap_err().to_string();
                assert!(!help.contains("agent.help"), "{help}");
            }
        }
    }
}
