//! The result file that a script writes on its host: `key=value` lines, ASCII, closed by `end=redoubt-result`.
//!
//! The file comes back from a host that may be hostile, so the reader is strict: what is missing, cut off, doubled or
//! not a listed word is an error and never a success.

use model::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const BYTES_MAX: usize = 256 * 1024;
const LINES_MAX: usize = 8 * 1024;
const STEPS_MAX: usize = 1024;

/// What a script says it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScriptResult {
    /// The plan's id in the letters of a file name, as [`crate::plan_slug`] makes it.
    pub plan: String,
    /// The computer name the script was made for; empty when it was known by its product id.
    pub host: String,
    /// The name the computer gave itself. Shown, never trusted.
    pub computer: Option<String>,
    pub mode: Mode,
    pub verdict: Verdict,
    pub refusal: Option<String>,
    /// `6.1.7601` as the registry had it.
    pub system: Option<String>,
    pub steps: BTreeMap<u32, StepResult>,
    /// Sub-results: operation `3-1` -> `ok`, `failed` or `not-checked`.
    pub operations: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StepResult {
    pub action: String,
    pub state: Option<StepState>,
    pub why: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    Set,
    Verify,
    Undo,
    Rollback,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Set and read back; what needs a restart is not yet verified.
    Done,
    Verified,
    Undone,
    RolledBack,
    PendingReboot,
    Failed,
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    Ok,
    Failed,
    Manual,
    PendingReboot,
}

/// A result file that proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResultError {
    #[error("the result file is larger than {BYTES_MAX} bytes or {LINES_MAX} lines")]
    TooLarge,
    #[error("not a result file of a script")]
    NotAResult,
    #[error("the result file is cut off")]
    CutOff,
    #[error("line {line} is not a line of a result file")]
    Line { line: usize },
    #[error("line {line} says `{key}` a second time")]
    Twice { line: usize, key: String },
    #[error("the result file does not say `{key}`")]
    Missing { key: &'static str },
    #[error("the result file contradicts itself: {0}")]
    Contradiction(Contradiction),
}

/// A success that one of its own lines denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    #[error("the exit code is not that of the result")]
    Exit,
    #[error("the result is not one of its mode")]
    Mode,
    #[error("a step has no end")]
    StepWithoutEnd,
    #[error("a step did not succeed")]
    Step,
    #[error("an operation did not succeed")]
    Operation,
    #[error("no step was done")]
    NothingDone,
}

impl ResultError {
    /// What a person is told.
    pub fn message(&self) -> Message {
        let line = |code: &str, line: usize| Message::new(code).number("line", i64::try_from(line).unwrap_or(i64::MAX));
        match self {
            ResultError::TooLarge => Message::new("script.result-too-large")
                .number("bytes", BYTES_MAX as i64)
                .number("lines", LINES_MAX as i64),
            ResultError::NotAResult => Message::new("script.result-none"),
            ResultError::CutOff => Message::new("script.result-cut-off"),
            ResultError::Line { line: at } => line("script.result-line", *at),
            ResultError::Twice { line: at, key } => line("script.result-twice", *at).with("key", key),
            ResultError::Missing { key } => Message::new("script.result-missing").with("key", key),
            ResultError::Contradiction(contradiction) => Message::new(match contradiction {
                Contradiction::Exit => "script.result-exit",
                Contradiction::Mode => "script.result-mode",
                Contradiction::StepWithoutEnd => "script.result-step-open",
                Contradiction::Step => "script.result-step-failed",
                Contradiction::Operation => "script.result-operation-failed",
                Contradiction::NothingDone => "script.result-nothing-done",
            }),
        }
    }
}

impl ScriptResult {
    /// Every step a script carries out was read back as the plan wants it, now.
    pub fn verified(&self) -> bool {
        self.verdict == Verdict::Verified
    }

    /// Whether this is a result of the plan.
    pub fn is_of(&self, plan: &model::PlanId) -> bool {
        self.plan == crate::plan_slug(plan)
    }
}

/// Reads a result file.
pub fn read_result(bytes: &[u8]) -> Result<ScriptResult, ResultError> {
    if bytes.len() > BYTES_MAX {
        return Err(ResultError::TooLarge);
    }
    let text = String::from_utf8_lossy(bytes);
    let mut lines = Lines::default();
    let mut last = "";
    for (index, line) in text.lines().enumerate() {
        if index >= LINES_MAX {
            return Err(ResultError::TooLarge);
        }
        let line = line.trim_end_matches('\r').trim_end();
        if index == 0 && line != "redoubt-result=1" {
            return Err(ResultError::NotAResult);
        }
        if last == "end=redoubt-result" && !line.is_empty() {
            return Err(ResultError::Line { line: index + 1 });
        }
        if line.is_empty() {
            continue;
        }
        lines.take(index + 1, line)?;
        last = line;
    }
    match last {
        "" => Err(ResultError::NotAResult),
        "end=redoubt-result" => lines.finish(),
        _ => Err(ResultError::CutOff),
    }
}

#[derive(Default)]
struct Lines {
    plain: BTreeMap<String, String>,
    steps: BTreeMap<u32, StepResult>,
    operations: BTreeMap<String, String>,
}

impl Lines {
    fn take(&mut self, line: usize, text: &str) -> Result<(), ResultError> {
        let bad = ResultError::Line { line };
        let (key, value) = text.split_once('=').ok_or(bad.clone())?;
        let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '{' | '}' | '_');
        if key.len() > 80 || !key.chars().all(name) || value.len() > 400 {
            return Err(bad);
        }
        // The computer names itself, in whatever code page; everything else is ours and ASCII.
        if key != "reported-computer" && !value.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Err(bad);
        }
        match key.split_once('.') {
            Some(("step", rest)) => self.step(rest, value).ok_or(bad),
            Some(("op", rest)) => {
                let known = !rest.contains('.') && !matches!(value, "ok" | "failed" | "not-checked");
                if known || self.operations.len() >= STEPS_MAX * 8 {
                    return Err(bad);
                }
                // A later line about the same operation never turns a failure into a success.
                let entry = self.operations.entry(rest.to_owned()).or_insert_with(|| value.to_owned());
                if value == "failed" {
                    *entry = value.to_owned();
                }
                Ok(())
            }
            _ => match self.plain.insert(key.to_owned(), value.to_owned()) {
                Some(_) => Err(ResultError::Twice { line, key: key.to_owned() }),
                None => Ok(()),
            },
        }
    }

    fn step(&mut self, rest: &str, value: &str) -> Option<()> {
        let (number, field) = rest.split_once('.').map_or((rest, None), |(number, field)| (number, Some(field)));
        let number: u32 = number.parse().ok()?;
        if self.steps.len() >= STEPS_MAX && !self.steps.contains_key(&number) {
            return None;
        }
        let step = self.steps.entry(number).or_default();
        match field {
            None if step.state.is_none() => step.state = Some(word(value)?),
            Some("action") if step.action.is_empty() => step.action = value.to_owned(),
            Some("why") if step.why.is_none() => step.why = Some(value.to_owned()),
            _ => return None,
        }
        Some(())
    }

    fn finish(mut self) -> Result<ScriptResult, ResultError> {
        let mut need = |key: &'static str| self.plain.remove(key).ok_or(ResultError::Missing { key });
        let plan = need("plan")?;
        let host = need("host").unwrap_or_default();
        let mode = word(&need("mode")?).ok_or(ResultError::Missing { key: "mode" })?;
        let verdict = word(&need("result")?).ok_or(ResultError::Missing { key: "result" })?;
        let exit = need("exit")?;
        let result = ScriptResult {
            plan,
            host,
            computer: self.plain.remove("reported-computer"),
            mode,
            verdict,
            refusal: self.plain.remove("refusal"),
            system: self.plain.remove("system"),
            steps: self.steps,
            operations: self.operations,
        };
        consistent(&result, &exit).map(|()| result)
    }
}

/// A success must be one in every line.
fn consistent(result: &ScriptResult, exit: &str) -> Result<(), ResultError> {
    let wrong = |what| Err(ResultError::Contradiction(what));
    let success = matches!(result.verdict, Verdict::Done | Verdict::Verified | Verdict::Undone | Verdict::RolledBack);
    if success != (exit == "0") {
        return wrong(Contradiction::Exit);
    }
    let expected = match result.mode {
        Mode::Set => Verdict::Done,
        Mode::Verify => Verdict::Verified,
        Mode::Undo => Verdict::Undone,
        Mode::Rollback => Verdict::RolledBack,
    };
    if success && result.verdict != expected {
        return wrong(Contradiction::Mode);
    }
    if result.steps.values().any(|step| step.state.is_none()) {
        return wrong(Contradiction::StepWithoutEnd);
    }
    let ended = |state| result.steps.values().any(|step| step.state == Some(state));
    if success && (ended(StepState::Failed) || ended(StepState::PendingReboot)) {
        return wrong(Contradiction::Step);
    }
    if success && result.operations.values().any(|state| state == "failed") {
        return wrong(Contradiction::Operation);
    }
    if success && !ended(StepState::Ok) {
        return wrong(Contradiction::NothingDone);
    }
    Ok(())
}

fn word<T: for<'a> Deserialize<'a>>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;
    use words::Language;

    const GOOD: &str = "redoubt-result=1\r\nplan=h1-ab\r\nhost=WIN7\r\nreported-computer=WIN7\r\nmode=verify\r\nsystem=6.1.7601\r\nproduct-type=WinNT\r\nstep.1.action=block-port\r\nop.1-1=ok\r\nop.1-1.note=x\r\nstep.1=ok\r\nresult=verified\r\nexit=0\r\nend=redoubt-result\r\n";

    fn check(text: &str, expect: Expect) {
        let said = match read_result(text.as_bytes()) {
            Ok(result) => format!("{:?} {:?} steps {:?}", result.mode, result.verdict, result.steps.keys()),
            Err(error) => error.to_string(),
        };
        expect.assert_eq(&said);
    }

    #[test]
    fn a_result_is_read() {
        check(GOOD, expect!["Verify Verified steps [1]"]);
        assert!(read_result(GOOD.as_bytes()).unwrap().is_of(&"h1:AB".into()));
    }

    #[test]
    fn what_is_cut_off_or_contradicts_itself_is_no_success() {
        check("", expect!["not a result file of a script"]);
        check("hello", expect!["not a result file of a script"]);
        check(
            &GOOD.replace("step.1=ok", "step.1=failed"),
            expect!["the result file contradicts itself: a step did not succeed"],
        );
        check(
            &GOOD.replace("op.1-1=ok", "op.1-1=ok\nop.1-1=failed"),
            expect!["the result file contradicts itself: an operation did not succeed"],
        );
        check(
            &GOOD.replace("exit=0", "exit=1"),
            expect!["the result file contradicts itself: the exit code is not that of the result"],
        );
        check(
            &GOOD.replace("mode=verify", "mode=set"),
            expect!["the result file contradicts itself: the result is not one of its mode"],
        );
        check(&GOOD.replace("step.1=ok\r\n", ""), expect!["the result file contradicts itself: a step has no end"]);
        check(&GOOD.replace("host=WIN7", "host=WIN7\nhost=B"), expect!["line 4 says `host` a second time"]);
        check(&GOOD.replace("plan=h1-ab", "plan=h1\u{1b}[2J"), expect!["line 2 is not a line of a result file"]);
        check(&format!("{GOOD}plan=other\n"), expect!["line 15 is not a line of a result file"]);
        for end in 0..GOOD.len() - 2 {
            assert!(read_result(&GOOD.as_bytes()[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn every_refusal_has_words_in_both_languages() {
        let twice = GOOD.replace("host=WIN7", "host=WIN7\nhost=B");
        let chinese = |text: &str| words::text(&read_result(text.as_bytes()).unwrap_err().message(), Language::ZhCn);
        assert_eq!(chinese(&twice), "第 4 行重复给出了 host");
        assert_eq!(chinese(&GOOD.replace("exit=0", "exit=1")), "结果文件自相矛盾：退出码与结果不符");
        let contradictions = [
            Contradiction::Exit,
            Contradiction::Mode,
            Contradiction::StepWithoutEnd,
            Contradiction::Step,
            Contradiction::Operation,
            Contradiction::NothingDone,
        ];
        let plain = [
            ResultError::TooLarge,
            ResultError::NotAResult,
            ResultError::CutOff,
            ResultError::Line { line: 3 },
            ResultError::Missing { key: "plan" },
        ];
        for error in plain.into_iter().chain(contradictions.map(ResultError::Contradiction)) {
            for language in Language::ALL {
                let text = words::text(&error.message(), language);
                assert!(!text.contains("script.") && !text.contains("{{"), "{error:?}: {text}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read_result(&bytes);
            let mut framed = b"redoubt-result=1\n".to_vec();
            framed.extend(bytes);
            framed.extend(b"\nend=redoubt-result\n");
            let _ = read_result(&framed);
        }
    }
}
