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
    /// It is signed by somebody whom the house trusts: by this certificate, which is called so.
    TrustedPublisher { thumbprint: String, name: String },
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
            Overruling::TrustedPublisher { name, .. } => Message::new("verdict.trusted-publisher").with("name", name),
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
        let counts = |(number, by): &&(usize, Overruling)| parts.get(number).is_some_and(|part| holds(by, part));
        self.let_decide(root.number, named.iter().filter(counts).cloned());
        self
    }

    /// As [`Verdict::overruled_by`] for lists that may speak of the parts they name, of which only the numbers are known.
    pub fn let_decide(&mut self, root: usize, named: impl IntoIterator<Item = (usize, Overruling)>) {
        // Of each part the highest list, so that an allowed one is not held against what holds it by a list below.
        let mut by_part: BTreeMap<usize, Overruling> = BTreeMap::new();
        for (number, by) in named {
            if by_part.get(&number).is_none_or(|other| by < *other) {
                by_part.insert(number, by);
            }
        }
        let speaks = |(number, by): &(usize, Overruling)| *number == root || by.state() == State::Malicious;
        let highest = by_part.into_iter().filter(speaks).min_by(|(a, by), (b, other)| (by, a).cmp(&(other, b)));
        self.overruled = highest.map(|(part, by)| Overruled { by, part });
    }
}

/// Whether a list may speak of a part: all may, and that of publishers where the part is as the publisher signed it.
fn holds(by: &Overruling, part: &Part) -> bool {
    match by {
        Overruling::TrustedPublisher { thumbprint, .. } => is_signed_by(thumbprint, part),
        Overruling::Denied | Overruling::Allowed | Overruling::KnownHash { .. } => true,
    }
}

/// Bytes that a signature does not cover, a second one that is wrong, or somebody who could not sign: then it is not just
/// what was signed, or not by whom it says.
const DOUBTS: &[&str] = &[
    "pe.behind-signature",
    "pe.signature-padded",
    "pe.signature-digest-wrong",
    "pe.signature-wrong",
    "pe.signature-chain-wrong",
    "pe.signature-issuer-unfit",
    "pe.signature-not-for-code",
    "pe.signature-out-of-time",
    "pe.stamp-wrong",
    "pe.stamp-self-made",
    "pe.stamp-chain-wrong",
    "pe.stamp-issuer-unfit",
    "pe.stamp-not-for-stamps",
    "pe.stamp-out-of-time",
    "pe.signature-unreadable",
    "pe.algorithm-unknown",
    "macho.signature-pages-wrong",
    "macho.signature-wrong",
    "macho.signature-unreadable",
    "macho.algorithm-unknown",
];

/// Who signed a program, with a signature that is right for the key of its certificate, which is one for that, and about just
/// these bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileSigner))]
pub struct Signer {
    /// As its certificate names it.
    pub name: String,
    /// The SHA-1 of that certificate in hexadecimal digits; absent of programs of macOS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbprint: Option<String>,
}

/// Those who signed a program; none when anything about its signatures is in doubt.
pub fn signers(part: &Part) -> Vec<Signer> {
    if part.oddities.iter().any(|odd| DOUBTS.contains(&odd.message.code.as_str())) {
        return Vec::new();
    }
    let of_windows = signatures(part).into_iter().filter_map(|signature| {
        let is = |fact: &str| signature.get(fact).is_some_and(|value| **value == Value::Flag(true));
        let holds =
            ["signature.digest_matches", "signature.content_matches", "signature.right", "signature.code_signing"];
        let holds = holds.into_iter().all(is);
        let text = |fact: &str| signature.get(fact).and_then(|value| text(value));
        let (name, thumbprint) = (text("signature.signer"), text("signature.thumbprint"));
        (holds && (name.is_some() || thumbprint.is_some()))
            .then(|| Signer { name: name.unwrap_or_default(), thumbprint })
    });
    let holds = ["signature.pages_match", "signature.content_matches", "signature.right"]
        .iter()
        .all(|fact| known(part, "macho", fact).is_some_and(|value| *value == Value::Flag(true)));
    let of_macos = known(part, "macho", "signature.subject")
        .and_then(text)
        .filter(|_| holds)
        .map(|name| Signer { name, thumbprint: None });
    of_windows.chain(of_macos).collect()
}

/// Whether some signature of a program is by that certificate, named by its SHA-1 in hexadecimal digits. A name can be had
/// by anybody who makes a certificate for himself, and is never enough.
pub fn is_signed_by(thumbprint: &str, part: &Part) -> bool {
    let is = |signer: &Signer| signer.thumbprint.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(thumbprint));
    signers(part).iter().any(is)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Digest(bytes) => Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        _ => None,
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
