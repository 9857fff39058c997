//! Help on the command line in the language of whoever asks: each command and argument has its words in `locales/`, under a
//! code such as `cli.help.<command>.<argument>`.

use clap::{Arg, ArgAction, Command};
use std::ffi::OsString;
use words::Language;

/// Where the words of a program's command line are.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Begins the codes, such as `cli.help`; words of arguments that many commands have stand under `<prefix>.any`.
    pub prefix: &'static str,
    /// What stands below the help of each command, such as `cli.exit-codes`.
    pub after: Option<&'static str>,
}

/// The language before a line is parsed, since the help of a wrong line must be in it too: `--lang`, else the environment.
pub fn asked_language(line: &[OsString]) -> Language {
    let texts: Vec<_> = line.iter().filter_map(|word| word.to_str()).collect();
    let joined = texts.iter().find_map(|word| word.strip_prefix("--lang="));
    let asked = joined.or_else(|| texts.windows(2).find(|pair| pair[0] == "--lang").map(|pair| pair[1]));
    asked.and_then(|asked| asked.parse().ok()).unwrap_or_else(environment_language)
}

fn environment_language() -> Language {
    ["REDOUBT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .map(|value| Language::from_locale(&value))
        .unwrap_or_default()
}

/// A program's command with its words. Help and version are our own arguments, since clap's come with English words.
pub fn command(command: Command, place: Place, language: Language) -> Command {
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    with_words(command.disable_version_flag(true).arg(version), place, place.prefix, language)
}

/// Gives a command, its arguments and the commands below it their words.
fn with_words(command: Command, place: Place, code: &str, language: Language) -> Command {
    let about = words::word(code, language);
    let prefix = code.to_owned();
    let command = command
        .disable_help_flag(true)
        .arg(Arg::new("help").short('h').long("help").action(ArgAction::Help))
        .about(about.clone())
        .long_about(about)
        .after_help(place.after.map(|code| words::word(code, language)).unwrap_or_default())
        .help_template("{about}\n\n{usage-heading} {usage}\n\n{all-args}{after-help}");
    let command = command.mut_args(|argument: Arg| {
        let own = format!("{prefix}.{}", argument.get_id());
        let shared = format!("{}.any.{}", place.prefix, argument.get_id());
        let code = if words::template(&own, language).is_some() { own } else { shared };
        argument.help(words::word(&code, language)).long_help(None::<&str>)
    });
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| {
        let code = format!("{prefix}.{name}");
        command.mut_subcommand(name, |sub| with_words(sub, place, &code, language))
    })
}

/// The codes of a command and those below it that have no words, for a test that there are none.
pub fn without_words(command: &Command, place: Place) -> Vec<String> {
    let helps = command.get_arguments().filter_map(Arg::get_help);
    let own = command.get_about().into_iter().chain(helps).map(ToString::to_string);
    let below = command.get_subcommands().flat_map(|sub| without_words(sub, place));
    let mut missing: Vec<String> = own.filter(|text| text.starts_with(place.prefix)).chain(below).collect();
    missing.sort();
    missing.dedup();
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_of_the_line_wins() {
        let line = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(asked_language(&line("redoubt --lang zh-CN assess x")), Language::ZhCn);
        assert_eq!(asked_language(&line("redoubt assess x --lang=en")), Language::En);
    }

    #[test]
    fn what_has_no_words_is_found() {
        let place = Place { prefix: "nowhere.help", after: None };
        let made = command(Command::new("x").subcommand(Command::new("y")), place, Language::En);
        let missing = without_words(&made, place);
        assert!(
            missing.contains(&"nowhere.help".to_owned()) && missing.contains(&"nowhere.help.y".to_owned()),
            "{missing:?}"
        );
    }
}
