//! What can be wrong with a file of the ledger.

use model::Message;

/// Where a mistake is, and which.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ledger file `{file}`, rule `{}`: {what}", rule.as_deref().unwrap_or("-"))]
pub struct BadLedger {
    pub file: String,
    /// None when it is the file itself.
    pub rule: Option<String>,
    pub what: Mistake,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    #[error("it cannot be read: {0}")]
    Syntax(String),
    #[error("there is no `ledger.toml`")]
    NoHead,
    #[error("the id is used twice")]
    Twice,
    #[error("the id `{0}` is not of lower-case letters, digits and hyphens")]
    BadId(String),
    #[error("the points {0} are zero, or beyond 100")]
    BadPoints(i32),
    #[error("`{0}` is no technique of ATT&CK")]
    BadTechnique(String),
    #[error("it has no condition")]
    NoCondition,
    #[error("a condition asks nothing")]
    NothingAsked,
    #[error("`{0}` does not belong to what the condition asks")]
    Unfit(String),
    #[error("no reader tells the fact `{0}`")]
    UnknownFact(String),
    #[error("the fact `{fact}` is of type {value} and cannot be compared so")]
    WrongType { fact: String, value: String },
    #[error("there is no kind or group `{0}`")]
    UnknownKind(String),
    #[error("`{0}` is none of the words that may stand there")]
    UnknownWord(String),
    #[error("there is no list `{0}`")]
    UnknownList(String),
    #[error("more words are asked for than there are")]
    TooFewWords,
    #[error("conditions stand too deep in one another")]
    TooDeep,
}

impl BadLedger {
    /// The words for it.
    pub fn message(&self) -> Message {
        match &self.rule {
            Some(rule) => Message::new("verdict.bad-rule").with("rule", rule),
            None => Message::new("verdict.bad-file"),
        }
        .with("file", &self.file)
        .reason("reason", self.what.message())
    }
}

impl Mistake {
    /// The words for it.
    pub fn message(&self) -> Message {
        match self {
            Mistake::Syntax(text) => Message::new("verdict.bad-syntax").with("text", text),
            Mistake::NoHead => Message::new("verdict.bad-head"),
            Mistake::Twice => Message::new("verdict.bad-twice"),
            Mistake::BadId(id) => Message::new("verdict.bad-id").with("id", id),
            Mistake::BadPoints(points) => Message::new("verdict.bad-points").number("points", *points),
            Mistake::BadTechnique(id) => Message::new("verdict.bad-technique").with("id", id),
            Mistake::NoCondition => Message::new("verdict.bad-no-condition"),
            Mistake::NothingAsked => Message::new("verdict.bad-nothing-asked"),
            Mistake::Unfit(word) => Message::new("verdict.bad-unfit").with("word", word),
            Mistake::UnknownFact(fact) => Message::new("verdict.bad-fact").with("fact", fact),
            Mistake::WrongType { fact, value } => {
                Message::new("verdict.bad-type").with("fact", fact).with("type", value)
            }
            Mistake::UnknownKind(kind) => Message::new("verdict.bad-kind").with("kind", kind),
            Mistake::UnknownWord(word) => Message::new("verdict.bad-word").with("word", word),
            Mistake::UnknownList(list) => Message::new("verdict.bad-list").with("list", list),
            Mistake::TooFewWords => Message::new("verdict.bad-too-few"),
            Mistake::TooDeep => Message::new("verdict.bad-depth"),
        }
    }
}
