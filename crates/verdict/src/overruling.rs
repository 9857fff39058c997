//! What stands above the points: lists of what is denied, allowed, known or trusted.

use crate::verdict::{State, Verdict};
use formats::{Part, State as Known, Value};
use model::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The list that decided, and on which part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileOverruled))]
pub struct Overruled {
    pub by: Overruling,
    /// Number of the part that the list names.
    pub part: usize,
}

/// What a list says of a file, in the order in which the lists stand above one another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileOverruling))]
#[serde(rename_all = "kebab-case")]
pub enum Overruling {
    /// The house does not want it.
    Denied,
    /// The house wants it.
    Allowed,
    /// Its hash is known for a bad one.
    KnownHash { source: String },
    /// It is signed by somebody whom the house trusts.
    TrustedPublisher { name: String },
}

impl Overruling {
    /// What a file is by it.
    pub fn state(&self) -> State {
        match self {
            Overruling::Denied | Overruling::KnownHash { .. } => State::Malicious,
            Overruling::Allowed | Overruling::TrustedPublisher { .. } => State::Clean,
        }
    }

    /// The words for it.
    pub fn message(&self) -> Message {
        match self {
            Overruling::Denied => Message::new("verdict.denied"),
            Overruling::Allowed => Message::new("verdict.allowed"),
            Overruling::KnownHash { source } => Message::new("verdict.known-hash").with("source", source),
            Overruling::TrustedPublisher { name } => Message::new("verdict.trusted-publisher").with("name", name),
        }
    }
}

impl Verdict {
    /// Lets the highest list decide. `named` are parts by their numbers with what the lists say of each.
    ///
    /// What is denied or known for a bad one makes what holds it as bad as it is. What is allowed or trusted speaks for
    /// itself alone: an honest program in an archive does not clear the archive. A publisher counts where the file is just
    /// what was signed. What the ledger found stays as it was.
    #[must_use]
    pub fn overruled_by(mut self, root: &Part, named: &[(usize, Overruling)]) -> Verdict {
        let parts: BTreeMap<usize, &Part> = root.all().map(|part| (part.number, part)).collect();
        // Of each part the highest list, so that an allowed one is not held against what holds it by a list below.
        let mut by_part: BTreeMap<usize, &Overruling> = BTreeMap::new();
        for (number, by) in named {
            let counts = parts.get(number).is_some_and(|part| holds(by, part));
            if counts && by_part.get(number).is_none_or(|other| by < other) {
                by_part.insert(*number, by);
            }
        }
        let speaks = |(number, by): &(usize, &Overruling)| *number == root.number || by.state() == State::Malicious;
        let highest = by_part.into_iter().filter(speaks).min_by_key(|(number, by)| (*by, *number));
        self.overruled = highest.map(|(part, by)| Overruled { by: by.clone(), part });
        self
    }
}

/// Whether a list may speak of a part: all may, and that of publishers where the part is as the publisher signed it.
fn holds(by: &Overruling, part: &Part) -> bool {
    match by {
        Overruling::TrustedPublisher { name } => is_signed_by(name, part),
        Overruling::Denied | Overruling::Allowed | Overruling::KnownHash { .. } => true,
    }
}

/// Bytes that a signature does not cover, or a second one that is wrong: then it is not just what was signed.
const DOUBTS: &[&str] = &[
    "pe.behind-signature",
    "pe.signature-padded",
    "pe.signature-digest-wrong",
    "pe.signature-wrong",
    "pe.signature-unreadable",
    "pe.algorithm-unknown",
    "macho.signature-pages-wrong",
    "macho.signature-wrong",
    "macho.signature-unreadable",
    "macho.algorithm-unknown",
];

/// Whether some signature of a program is of that signer, right for the key of its certificate, and about these bytes.
///
/// The signer is named as its certificate does, or, of programs of Windows, by the SHA-1 of that certificate in hexadecimal
/// digits. A name alone can be had by anybody who issues a certificate to himself: a list that is to be relied on has the
/// latter.
pub fn is_signed_by(name: &str, part: &Part) -> bool {
    let doubted = part.oddities.iter().any(|odd| DOUBTS.contains(&odd.message.code.as_str()));
    let of_windows = signatures(part).iter().any(|signature| {
        let is = |fact: &str| signature.get(fact).is_some_and(|value| **value == Value::Flag(true));
        is("signature.digest_matches")
            && is("signature.content_matches")
            && is("signature.right")
            && ["signature.signer", "signature.thumbprint"]
                .iter()
                .any(|fact| signature.get(fact).is_some_and(|value| is_text(value, name)))
    });
    let of_macos = ["signature.pages_match", "signature.content_matches", "signature.right"]
        .iter()
        .all(|fact| known(part, "macho", fact).is_some_and(|value| *value == Value::Flag(true)))
        && known(part, "macho", "signature.subject").is_some_and(|value| is_text(value, name));
    !doubted && (of_windows || of_macos)
}

fn is_text(value: &Value, name: &str) -> bool {
    match value {
        Value::Text(text) => text == name,
        Value::Digest(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            digits.eq_ignore_ascii_case(name)
        }
        _ => false,
    }
}

fn known<'p>(part: &'p Part, namespace: &str, name: &str) -> Option<&'p Value> {
    part.vectors.iter().filter(|vector| vector.namespace == namespace && vector.name == name).find_map(|vector| {
        match &vector.state {
            Known::Known(value) => Some(value),
            _ => None,
        }
    })
}

/// The facts of each signature of a program of Windows. They are told one signature behind the other, and each begins with
/// the hash it states; a fact that is told a second time is of the next one as well.
fn signatures(part: &Part) -> Vec<BTreeMap<&str, &Value>> {
    let mut signatures: Vec<BTreeMap<&str, &Value>> = Vec::new();
    let facts = part.vectors.iter().filter(|vector| vector.namespace == "pe" && vector.name.starts_with("signature."));
    for vector in facts {
        if vector.name == "signature.digest" || signatures.is_empty() {
            signatures.push(BTreeMap::new());
        }
        if let (Some(last), Known::Known(value)) = (signatures.last_mut(), &vector.state) {
            last.entry(vector.name).or_insert(value);
        }
    }
    signatures
}
