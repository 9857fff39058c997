//! When a signature was made, as somebody else signed it: a token of a time stamp authority (RFC 3161), or a
//! countersignature (PKCS #9) with a time in it.

use super::der::{self, Item};
use super::{
    Certificate, Chain, Checked, Fault, Hash, Purpose, SIGNING_TIME, Signer, certificates, signed_data, signer,
};

const COUNTERSIGNATURE: &str = "1.2.840.113549.1.9.6";
/// Microsoft's attribute for a token, and the one of RFC 3161.
const TOKENS: [&str; 2] = ["1.3.6.1.4.1.311.3.3.1", "1.2.840.113549.1.9.16.2.14"];
const TOKEN_CONTENT: &str = "1.2.840.113549.1.9.16.1.4";

/// Who says when a signature was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// `rfc3161` or `pkcs9`.
    pub kind: &'static str,
    /// Microseconds since 1970.
    pub time: Option<i64>,
    pub subject: Option<String>,
    /// Whether it is about this very signature.
    pub matches: Option<bool>,
    pub checked: Option<Checked>,
    /// Whether who says so is somebody who may, as far as his certificates tell.
    pub chain: Option<Checked>,
    /// Whether his chain leads to a root that is known.
    pub rooted: bool,
    pub faults: Vec<StampFault>,
}

/// What is wrong with whoever says when something was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StampFault {
    pub what: Wrong,
    /// The certificate that it is wrong of.
    pub subject: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// Nobody but himself says that he may.
    SelfMade,
    Forged,
    MayNotIssue,
    /// The certificate is for something else.
    Purpose,
    /// It was not valid then.
    OutOfTime,
}

impl Stamp {
    /// The time, when it is said of this signature by somebody who may.
    pub fn sure_time(&self) -> Option<i64> {
        let right = [&self.checked, &self.chain].into_iter().all(|checked| *checked == Some(Checked::Right));
        self.time.filter(|_| right && self.matches == Some(true))
    }
}

/// The stamp of a signature, if it has one that can be read. `among` are the certificates of the whole message.
pub fn stamp(of: &Signer, among: &[Certificate]) -> Option<Stamp> {
    let token = TOKENS.iter().find_map(|oid| of.added(oid).next()).and_then(|item| token(of, item.whole));
    token.or_else(|| {
        of.added(COUNTERSIGNATURE).next().and_then(signer).map(|counter| countersignature(of, &counter, among))
    })
}

fn countersignature(of: &Signer, counter: &Signer, among: &[Certificate]) -> Stamp {
    let certificate = counter.certificate(among);
    let time = counter.attribute(SIGNING_TIME).and_then(|time| time.time());
    let By { chain, rooted, faults } = by_whom(certificate, among, time);
    Stamp {
        kind: "pkcs9",
        time,
        subject: certificate.map(Certificate::subject),
        matches: counter.digest_matches(of.signature),
        checked: certificate.map(|certificate| counter.check(certificate, of.signature)),
        chain,
        rooted,
        faults,
    }
}

fn token(of: &Signer, input: &[u8]) -> Option<Stamp> {
    let data = signed_data(input).filter(|data| data.content_type == TOKEN_CONTENT)?;
    let content = data.content.filter(|content| content.tag == der::OCTETS)?.content;
    let (info, _) = der::expect(content, der::SEQUENCE)?;
    let mut parts = info.items();
    let (_version, _policy) = (parts.next()?, parts.next()?);
    let imprint = parts.next().filter(|item| item.tag == der::SEQUENCE)?;
    let time = parts.find(|item| item.tag == der::GENERALIZED_TIME).and_then(|time| time.time());
    let own = certificates(&data.certificates);
    let by = data.signers.first();
    let certificate = by.and_then(|by| by.certificate(&own));
    let By { chain, rooted, faults } = by_whom(certificate, &own, time);
    Some(Stamp {
        kind: "rfc3161",
        time,
        subject: certificate.map(Certificate::subject),
        matches: imprint_matches(of, imprint),
        checked: by.zip(certificate).map(|(by, certificate)| check(by, certificate, content)),
        chain,
        rooted,
        faults,
    })
}

/// Who says a time: whether he may, and what is wrong if not.
#[derive(Default)]
struct By {
    chain: Option<Checked>,
    rooted: bool,
    faults: Vec<StampFault>,
}

fn by_whom(certificate: Option<&Certificate>, among: &[Certificate], time: Option<i64>) -> By {
    let Some(chain) = certificate.map(|certificate| certificate.chain(among)) else { return By::default() };
    let faults = faults(&chain, time);
    let checked = if faults.is_empty() { chain.is_right() } else { Checked::Wrong };
    By { chain: Some(checked).filter(|_| chain.is_linked()), rooted: chain.is_rooted() && faults.is_empty(), faults }
}

fn faults(chain: &Chain, time: Option<i64>) -> Vec<StampFault> {
    let first = chain.links.first().copied();
    let wrong = |what: Wrong, of: &Certificate| StampFault { what, subject: of.subject() };
    let links = chain.faults.iter().filter_map(|(of, fault)| match fault {
        Fault::Forged => Some(wrong(Wrong::Forged, of)),
        Fault::MayNotIssue => Some(wrong(Wrong::MayNotIssue, of)),
        Fault::Unknown(_) => None,
    });
    let self_made = first.filter(|_| chain.is_self_made()).map(|of| wrong(Wrong::SelfMade, of));
    let purpose = first.filter(|_| !chain.is_for(Purpose::Stamping)).map(|of| wrong(Wrong::Purpose, of));
    let late = time.and_then(|time| chain.not_valid_at(time)).map(|of| wrong(Wrong::OutOfTime, of));
    links.chain(self_made).chain(purpose).chain(late).collect()
}

fn check(by: &Signer, certificate: &Certificate, content: &[u8]) -> Checked {
    match by.check(certificate, content) {
        Checked::Right if by.digest_matches(content) == Some(false) => Checked::Wrong,
        checked => checked,
    }
}

/// Whether the token is about the signature: it holds a hash of it.
fn imprint_matches(of: &Signer, imprint: Item) -> Option<bool> {
    let mut parts = imprint.items();
    let hash = Hash::from_oid(&parts.next()?.first(der::OID)?.dotted()?)?;
    let stated = parts.next().filter(|item| item.tag == der::OCTETS)?;
    Some(hash.of(&[of.signature]) == stated.content)
}
